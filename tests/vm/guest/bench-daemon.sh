#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-daemon.sh: what iommud takes of CPU and memory, idle, beside a CPU that does nothing but map and unmap,
# and with 100,000 domains. /driver.ko is iommulab. Prints "NAME NUMBERS".
. /opt/guest/lib.sh
lab=/sys/kernel/debug/iommulab

cpu_ns() { awk '{ print $1 }' /proc/$daemon/schedstat; }
uptime_s() { cut -d' ' -f1 /proc/uptime; }
rss() { awk -v n="$1" '/^VmRSS/ { print n, $2 }' /proc/$daemon/status; }

# during NAME COMMAND...: CPU ns of the daemon, seconds from and to
during() {
	name=$1 ns=$(cpu_ns) from=$(uptime_s)
	shift
	"$@"
	echo "$name $(($(cpu_ns) - ns)) $from $(uptime_s)"
}

maps() { echo "map 0.0 4096 2000000" >$lab/bench; }

fills() {
	for i in $(seq 100); do
		echo "fill 1000 0.0; keep" >$lab/scenario
		usleep 400000 # more than it can take when emulated would be lost
	done
}

insmod /driver.ko
ip link set lo up
iommud 2>/tmp/log &
daemon=$!
until grep -q ready: /tmp/log; do usleep 100000; done
sleep 3
rss rss_idle
during idle sleep 15
during hot maps
cat $lab/bench | sed 's/^/bench /'
rss rss_hot
during filled fills
sleep 5
rss rss_domains
wget -q -O - http://127.0.0.1:9741/metrics | grep -E '^iommu_domains.*UNMANAGED|^iommuscope_lossy'
kill $daemon
wait $daemon
