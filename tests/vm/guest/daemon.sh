#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# daemon.sh long|short REBINDS: iommud, those who read from it, and what happens on a machine meanwhile. With "long"
# also suspend, hot-plug, a card's driver that goes and comes so often, modules, 100,000 domains. /driver.ko is
# iommulab. Prints TAP; what it served stays in /out.
. /opt/guest/lib.sh
socket=/run/iommuscope/iommud.sock
web=http://127.0.0.1:9741/metrics
cards=$(vfio_devices | awk '{ print $1 }')
set -- "$1" "$2" $cards
how=$1 rebinds=$2 card=$3 other=$4

lab=/sys/kernel/debug/iommulab/scenario
chmod 755 /opt /opt/bin /opt/lib
ip link set lo up
echo 'iommuscope:x:900:1000' >>/etc/group
echo 'root:x:0:0:root:/:/bin/sh' >>/etc/passwd

# eventually COMMAND...: within a minute of a slow machine.
eventually() {
	for i in $(seq 300); do
		"$@" && return
		usleep 200000
	done
	return 1
}

is_ready() { grep -q "ready: serving" /out/daemon.log; }

# start_daemon [OPTION...]: returns when it is ready.
start_daemon() {
	: >/out/daemon.log
	iommud "$@" 2>>/out/daemon.log &
	daemon=$!
	eventually is_ready || { cat /out/daemon.log; return 1; }
}

stop_daemon() {
	kill -TERM $daemon
	wait $daemon
}

rss_kib() { awk '/^VmRSS/ { print $2 }' /proc/$daemon/status; }

metrics() { wget -q -O "$1" $web; }

# metric FILE PATTERN: the sum of the series that match.
metric() { awk -v p="$2" '$1 ~ p { n += $2 } END { print n + 0 }' "$1"; }

# same NAME GOT WANTED
same() { [ "$2" = "$3" ] || { echo "$1: $2, not $3"; return 1; }; }

# One refresh has passed, and its chunk was made.
settle() { sleep 2; }

maps='^iommu_operations_total\{.*operation="map"\}'

# has_counted FILE WANTED: so many maps since the metrics in FILE.
has_counted() {
	metrics /out/metrics.txt && [ $(($(metric /out/metrics.txt "$maps") - $(metric "$1" "$maps"))) -ge "$2" ]
}

# ---- what it serves ------------------------------------------------------------------------------

topology() {
	iommutrace report --json $socket >/out/start.json || return
	sysfs_topology | grep -c '^group' >/tmp/wanted
	grep -o '"seen_at_start":true,"removed":false' /out/start.json | wc -l >/tmp/got
	[ -s /tmp/got ] && cat /tmp/wanted /tmp/got
	for instance in /sys/class/iommu/*; do
		grep -q "\"${instance##*/}\"" /out/start.json || { echo "no ${instance##*/}"; return 1; }
	done
	for group in /sys/kernel/iommu_groups/*/devices/*; do
		grep -q "\"${group##*/}\"" /out/start.json || { echo "no ${group##*/}"; return 1; }
	done
}

calls_of() { # OP FILE
	sed -n 's/.*"totals":\(.*\)/\1/p' "$2" | sed -n "s/.*\"$1\":{\"calls\":\([0-9]*\).*/\1/p"
}

# What the kernel's tracepoints count is what a report from the socket and the metrics count.
counts() { # PAIRS
	metrics /tmp/before && iommutrace report --json $socket >/tmp/before.json || return
	oracle_start
	vfio-loop -n "$1" "$card" "$other" >/dev/null || return
	oracle_stop >/tmp/oracle
	wanted=$(awk '$1 == "map" { print $2 }' /tmp/oracle)
	eventually has_counted /tmp/before "$wanted"
	sleep 0.5 # the chunk
	iommutrace report --json $socket >/tmp/after.json || return
	same metrics $(($(metric /out/metrics.txt "$maps") - $(metric /tmp/before "$maps"))) "$wanted" &&
		same report $(($(calls_of map /tmp/after.json) - $(calls_of map /tmp/before.json))) "$wanted" &&
		[ "$wanted" -ge "$1" ] && same lossy "$(metric /out/metrics.txt iommuscope_lossy)" 0
}

# The plan of who follows has the hits of a hook that was called, and calls one silent that was not.
plan() {
	iommutop --json --once --screen plan -i $socket >/out/plan.json || return
	grep -o '"hook":"[^}]*' /out/plan.json >/tmp/plan
	hits=$(sed -n '/"hook":"vfio-attach"/d; s/"hook":"map".*"state":"attached","hits":\([0-9]*\).*/\1/p' /tmp/plan)
	cat /tmp/plan
	[ "${hits:-0}" -ge 1000 ] && grep -q '"hook":"attach-pasid".*"state":"silent","hits":null' /tmp/plan
}

# Every reader of the stream has the events that were there.
live_reader() {
	timeout 6 iommutop -b -n 2 -d 2 -i $socket >/out/top.txt 2>&1 &
	reader=$!
	sleep 1
	vfio-loop -n 100 "$card" >/dev/null
	wait $reader
	cat /out/top.txt
	grep -q dmar0 /out/top.txt || grep -q smmu3 /out/top.txt
}

# Clients that never read: others get all, and they cost next to nothing.
stuck_clients() {
	before=$(rss_kib)
	socket-peer hold $socket 40 "iommuscope 1 live" >/tmp/hold1 &
	hold1=$!
	socket-peer hold $socket 20 "nonsense" >/tmp/hold2 &
	hold2=$!
	settle
	counts 2000
	status=$?
	now=$(rss_kib)
	echo "rss before $before KiB, with 60 clients $now KiB"
	kill $hold1 $hold2
	[ $status = 0 ] && [ $((now - before)) -lt 24000 ]
}

refused_user() {
	with-caps 2000 none iommutrace report $socket >/tmp/o 2>/tmp/e
	[ $? = 1 ] && [ "$(wc -l </tmp/e)" = 1 ] && grep -q "Permission denied" /tmp/e || { cat /tmp/o /tmp/e; return 1; }
}

kept_capabilities() {
	grep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/$daemon/status
	got=$(awk '/^CapEff|^CapPrm/ { print $2 }' /proc/$daemon/status | sort -u)
	[ $((0x$got & ~(1 << 39 | 1 << 38 | 1 << 34 | 1 << 21 | 1 << 1 | 1 << 5))) = 0 ] &&
		grep -q '^NoNewPrivs:.1' /proc/$daemon/status
}

bundle() {
	iommutrace bundle -q -o /out/bundle.ims $socket && iommutrace info /out/bundle.ims >/out/info.txt &&
		grep -q redacted /out/info.txt && iommutrace report /out/bundle.ims | grep -q '12\|UNMANAGED'
}

# ---- its life ------------------------------------------------------------------------------------

reloads() {
	printf 'metrics = 127.0.0.1:9742\nclients = 7\n' >/tmp/iommud.conf
	kill -HUP $daemon
	eventually wget -q -O /out/metrics.9742 http://127.0.0.1:9742/metrics || return
	! wget -q -O /dev/null $web 2>/dev/null || return
	echo 'metrics = nowhere:9743' >/tmp/iommud.conf
	kill -HUP $daemon
	eventually grep -q 'cannot serve metrics on nowhere:9743' /out/daemon.log &&
		eventually wget -q -O /dev/null http://127.0.0.1:9742/metrics || return
	echo 'clients = none' >/tmp/iommud.conf
	kill -HUP $daemon
	eventually grep -q 'iommud.conf:1: clients "none" is no whole number' /out/daemon.log || return
	: >/tmp/iommud.conf
	kill -HUP $daemon
	eventually wget -q -O /dev/null $web
}

notifies() {
	grep -q 'READY=1' /out/notify && grep -q 'RELOADING=1' /out/notify && grep -q 'WATCHDOG=1' /out/notify
}

stops() {
	timeout 10 iommutop -b -n 100 -i $socket >/dev/null 2>&1 &
	stop_daemon
	status=$?
	cat /out/daemon.log
	tail -n 3 /out/notify
	[ $status = 0 ] && [ ! -e $socket ] && grep -q 'STOPPING=1' /out/notify
}

# Killed, it comes back, finds the state as it is, and counts from the beginning.
restarts() {
	metrics /tmp/killed
	kill -9 $daemon
	wait $daemon
	start_daemon || return
	settle
	metrics /tmp/again
	domains='^iommu_domains\{'
	topology && same domains "$(metric /tmp/again "$domains")" "$(metric /tmp/killed "$domains")" &&
		same maps "$(metric /tmp/again '^iommu_operations_total\{.*operation="map"\}')" 0 && counts 300
}

unprivileged() {
	chmod 777 /tmp
	with-caps 1000 bpf,perfmon,syslog,sys_admin iommud --socket /tmp/user.sock --metrics off --group "" \
		2>/tmp/user.log &
	user=$!
	eventually grep -q ready: /tmp/user.log || { cat /tmp/user.log; return 1; }
	iommutrace report /tmp/user.sock >/tmp/user.txt && grep -q TOPOLOGY /tmp/user.txt
	status=$?
	kill $user
	wait $user || return
	return $status
}

# ---- the machine around it -----------------------------------------------------------------------

offline() {
	echo 0 >/sys/devices/system/cpu/cpu1/online || return
	counts 300
	status=$?
	echo 1 >/sys/devices/system/cpu/cpu1/online
	[ $status = 0 ] && counts 300
}

clock_jumps() {
	date -s "2031-01-01 00:00:00" >/dev/null
	counts 300
	status=$?
	date -s "2026-01-01 00:00:00" >/dev/null
	[ $status = 0 ] && counts 300 && kill -0 $daemon
}

# A device of iommulab goes and comes, ROUNDS times.
rebind() {
	for i in $(seq "$1"); do
		echo "remove 0.0; add 0.0; keep" >$lab || return
	done
}

# A table that gets twice as large does so once; what leaks does so in both halves.
rebinds() {
	insmod /driver.ko && rebind 100 || return
	settle
	before=$(rss_kib)
	rebind 450 || return
	settle
	half=$(rss_kib)
	rebind 450 || return
	settle
	now=$(rss_kib)
	metrics /tmp/rebound
	echo "$before $half $now" >/out/rss.rebinds
	echo "rss after 100 rounds $before KiB, after 550 $half KiB, after 1000 $now KiB"
	same devices "$(metric /tmp/rebound '^iommu_devices\{')" \
		"$(ls -d /sys/kernel/iommu_groups/*/devices/* | wc -l)" &&
		rmmod iommulab && [ $((now - before)) -lt 6000 ] &&
		{ [ $((half - before)) -lt 512 ] || [ $((now - half)) -lt 512 ]; }
}

monotonic_ms() { awk '/now at/ { printf "%d", $3 / 1000000; exit }' /proc/timer_list; }
boottime_ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

# about GOT WANTED: in milliseconds, as readings are one after the other.
about() { [ "$1" -gt $(($2 - 1000)) ] && [ "$1" -lt $(($2 + 1000)) ] || { echo "$1 ms, not $2"; return 1; }; }

to_memory() { # SECONDS: until the clock's alarm
	echo 0 >/sys/class/rtc/rtc0/wakealarm
	echo "+$1" >/sys/class/rtc/rtc0/wakealarm
	echo mem >/sys/power/state
	status=$?
	# QEMU does not tell again that the ports to the host are open; what is written first is lost with the old ones.
	echo 0000:00:1e.0 >/sys/bus/pci/drivers/virtio-pci/unbind
	echo 0000:00:1e.0 >/sys/bus/pci/drivers/virtio-pci/bind
	echo | tee /tmp/.stdout >/tmp/.stderr
	return $status
}

# Suspended to memory: counts go on, who follows stays connected, and a recording tells how long that was.
suspends() {
	iommutop -b -n 1000 -i $socket >/out/asleep.txt 2>&1 &
	follower=$!
	iommutrace record -q -o /out/asleep.ims &
	recorder=$!
	eventually test -s /out/asleep.ims && counts 300 || return
	asleep=$(($(monotonic_ms) - $(boottime_ms)))
	to_memory 5 || return
	asleep=$((asleep - $(monotonic_ms) + $(boottime_ms)))
	counts 300 || return
	kill -0 $follower && kill $follower || return
	kill -INT $recorder
	wait $recorder || return
	now=$(date +%s)
	iommutrace info --json /out/asleep.ims >/out/asleep.json || return
	end=$(date -d "$(sed -n 's/.*"end": *"\([^.]*\)T\([^.]*\)\..*/\1 \2/p' /out/asleep.json)" +%s)
	echo "asleep for $asleep ms"
	[ "$asleep" -gt 1000 ] && same seconds "$(((now - end) / 3))" 0 &&
		about "$(sed -n 's/.*"asleep_ns": *\([0-9]*\)[0-9]\{6\}.*/\1/p' /out/asleep.json)" "$asleep"
}

# The driver of a network card goes and comes: what its rings mapped is counted, and nothing stays behind. Memory was
# seen to grow by 4 MiB once, in 50 rounds as in 1,000.
unbind_bind() { # ROUNDS
	for i in $(seq "$1"); do
		echo "$card" >/sys/bus/pci/drivers/virtio-pci/unbind || return
		echo "$card" >/sys/bus/pci/drivers/virtio-pci/bind || return
	done
}

unbinds() {
	modprobe virtio_net && unbind_bind 10 || return
	settle
	metrics /tmp/u0
	before=$(rss_kib)
	oracle_start
	unbind_bind "$rebinds" || return
	oracle_stop >/tmp/oracle
	wanted=$(awk '$1 == "map" { print $2 }' /tmp/oracle)
	eventually has_counted /tmp/u0 "$wanted"
	settle
	metrics /tmp/u1
	now=$(rss_kib)
	cat /tmp/oracle
	echo "rss $before KiB, after $rebinds rounds $now KiB" | tee /out/rss.unbinds
	grep -q '^overrun 0' /tmp/oracle && [ "$wanted" -ge "$rebinds" ] &&
		same maps $(($(metric /tmp/u1 "$maps") - $(metric /tmp/u0 "$maps"))) "$wanted" &&
		same series "$(grep -c '^iommu_' /tmp/u1)" "$(grep -c '^iommu_' /tmp/u0)" &&
		same devices "$(metric /tmp/u1 '^iommu_devices\{')" "$(metric /tmp/u0 '^iommu_devices\{')" &&
		same domains "$(metric /tmp/u1 '^iommu_domains\{')" "$(metric /tmp/u0 '^iommu_domains\{')" &&
		[ $((now - before)) -lt 6000 ]
}

# Cards that are pulled and put in, and their driver: what sysfs has is what is told, and nothing else.
hotplug() {
	for i in 1 2 3 4 5; do
		echo 1 >/sys/bus/pci/devices/$card/remove
		echo 1 >/sys/bus/pci/rescan
		echo "$card" >/sys/bus/pci/devices/$card/driver/unbind
		echo "$card" >/sys/bus/pci/drivers/virtio-pci/bind
	done
	settle
	metrics /tmp/plugged
	same devices "$(metric /tmp/plugged '^iommu_devices\{')" \
		"$(ls -d /sys/kernel/iommu_groups/*/devices/* | wc -l)"
}

modules() {
	metrics /tmp/m0
	for i in 1 2 3; do
		insmod /driver.ko || return
		rmmod iommulab || return
	done
	settle
	metrics /tmp/m1
	same devices "$(metric /tmp/m1 '^iommu_devices\{')" "$(metric /tmp/m0 '^iommu_devices\{')" &&
		same domains "$(metric /tmp/m1 '^iommu_domains\{')" "$(metric /tmp/m0 '^iommu_domains\{')"
}

has_domains() {
	metrics /tmp/many && [ "$(metric /tmp/many '^iommu_domains\{.*UNMANAGED')" -ge "$1" ]
}

has_no_domains() {
	metrics /tmp/many && [ "$(metric /tmp/many '^iommu_domains\{.*iommulab.*UNMANAGED')" = 0 ]
}

many_domains() {
	insmod /driver.ko || return
	echo "fill 100000 0.0; keep" >$lab || { cat $lab; return 1; }
	eventually has_domains 100000 || { metric /tmp/many '^iommu_domains\{'; return 1; }
	rss_kib >/out/rss.domains
	echo "rss with 100,000 domains: $(rss_kib) KiB"
	begin=$(cut -d' ' -f1 /proc/uptime)
	metrics /out/metrics.many || return
	echo "$begin $(cut -d' ' -f1 /proc/uptime)" >/out/scrape.many
	iommutrace info $socket >/out/info.many || return
	echo reset >$lab
	eventually has_no_domains && rmmod iommulab && kill -0 $daemon &&
		same lossy "$(metric /tmp/many iommuscope_lossy)" 0
}

# ---- all of it -----------------------------------------------------------------------------------

: >/tmp/iommud.conf
socket-peer notify /tmp/notify >/out/notify &
peer=$!
export NOTIFY_SOCKET=/tmp/notify
check "it starts, and says when it is ready" start_daemon --config /tmp/iommud.conf --ring 64M
unset NOTIFY_SOCKET
modprobe vfio-pci
check "the state is that of sysfs" topology
check "it keeps only the capabilities that it needs" kept_capabilities
check "report and metrics count what the tracepoints do" counts 1000
wget -q -O /out/openmetrics.txt --header 'Accept: application/openmetrics-text' $web
check "the plan has the hits of hooks while it runs" plan
check "iommutop follows the socket" live_reader
check "clients that never read disturb nobody" stuck_clients
check "who is not in the group is refused" refused_user
check "iommutrace bundle takes the last minutes" bundle
check "SIGHUP: good settings are taken over, bad ones are not" reloads
check "systemd is told" notifies
if [ "$how" = long ]; then
	check "a CPU goes and comes" offline
	check "the clock jumps" clock_jumps
	check "the machine is suspended" suspends
	check "100,000 domains come and go" many_domains
	check "modules come and go" modules
	check "devices go and come, and leave no row" hotplug
	check "a device goes and comes 1,000 times, and memory does not grow" rebinds
	check "a card's driver goes and comes $rebinds times: counts are right, no row more, no memory" unbinds
fi
check "it stops when asked to, and says so" stops
check "it starts again" start_daemon
check "killed, it comes back with the state and no count twice" restarts
stop_daemon
check "it runs as a user with four capabilities" unprivileged
kill $peer
dmesg >/out/dmesg
