#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-overhead.sh PAIRS WITH...: the VFIO and the iommulab loop, untraced, and with each of the tracers
# named; several times, each short enough to have no tick in it, mostly. For tests/bench/overhead: lines of
# "LOAD WITH ns-a-pair" go to /out/costs, and of "WITH bytes events lost" to /out/sizes.
. /opt/guest/lib.sh
pairs=$1 times=8
shift
dev=$(pci_device 0x1234 0x11e8 | head -n 1)
[ -n "$dev" ] || dev=$(vfio_devices | awk '{ print $1; exit }')
lab=/sys/kernel/debug/iommulab/bench
[ -e $lab ] || insmod /gate/0.ko || exit
# The peers are large: their libraries came with them.
probes='f:vmlinux:iommu_map_nosync { @s[tid, 0] = nsecs }
	fexit:vmlinux:iommu_map_nosync { @map = hist(nsecs - @s[tid, 0]); delete(@s[tid, 0]) }
	f:vmlinux:__iommu_unmap { @s[tid, 1] = nsecs }
	fexit:vmlinux:__iommu_unmap { @unmap = hist(nsecs - @s[tid, 1]); delete(@s[tid, 1]) }'

loads() { # NAME
	for i in $(seq $times); do
		vfio-loop -n "$pairs" --json /tmp/loop.json "$dev" >/dev/null || exit
		sed -nE 's/.*"map".*"total_ns": ?([0-9]+).*"unmap".*"total_ns": ?([0-9]+).*/\1 \2/p' /tmp/loop.json |
			awk -v n="$pairs" -v with="$1" '{ print "vfio", with, ($1 + $2) / n }' >>/out/costs
		echo "map 0.0 4096 $pairs" >$lab || exit
		sed -nE 's/.*total_ns=([0-9]+).*/\1/p' $lab |
			awk -v n="$pairs" -v with="$1" '{ print "lab", with, $1 / n }' >>/out/costs
	done
}

# bpftrace NAME PROGRAM: until it says that it is attached.
with_bpftrace() {
	bpftrace -e "BEGIN { printf(\"ready\\n\") } $2" >/tmp/bpftrace 2>&1 &
	pid=$!
	until grep -q ready /tmp/bpftrace; do
		kill -0 $pid || { cat /tmp/bpftrace; return 1; }
		sleep 1
	done
	loads "$1"
	kill -INT $pid
	wait $pid
}

# What the events add to a recording without any; a map and an unmap are two of them, of two loads.
size() { # WITH LOST
	echo "$1 $(($(wc -c </tmp/rec) - $(wc -c </tmp/none))) $((pairs * 4 * times)) $2" >>/out/sizes
	rm -f /tmp/rec* /tmp/none*
}

ours() { # NAME OPTION...
	name=$1
	shift
	iommutrace record -q -o /tmp/rec --operations map,unmap "$@" -- sh "$0" "$pairs" loads "$name" || exit
	cp /tmp/rec "/out/$name.ims"
}

with() {
	case $1 in
	untraced) loads $1 ;;
	empty)
		bpftool prog loadall /opt/empty-maps.bpf.o /sys/fs/bpf/empty autoattach >/dev/null || exit
		loads $1
		rm -r /sys/fs/bpf/empty
		;;
	ours) ours $1 ;;
	ours-fentry) ours $1 --mechanism fentry ;;
	ours-kprobe) ours $1 --mechanism kprobe ;;
	ours-time-16) ours $1 --time 1/16 ;;
	ours-all)
		ours $1 --events all
		iommutrace record -q -o /tmp/none --operations map,unmap --events all -- true
		iommutrace info --json /tmp/rec >/out/$1.json
		size $1 "$(grep -oE '"lost": ?[0-9]+' /out/$1.json | awk -F: '{ n += $2 } END { print n + 0 }')"
		;;
	bpftrace-fentry) with_bpftrace $1 "$probes" ;;
	bpftrace-kprobe) with_bpftrace $1 "$(echo "$probes" | sed 's/fexit:vmlinux/kr/; s/f:vmlinux/k/')" ;;
	trace-cmd)
		trace-cmd record -e iommu:map -e iommu:unmap -o /tmp/none true >/tmp/log 2>&1
		trace-cmd record -e iommu:map -e iommu:unmap -o /tmp/rec sh "$0" "$pairs" loads $1 >/tmp/log 2>&1
		size $1 "$(awk '/overrun|dropped/ { n += $NF } END { print n + 0 }' /tmp/log)"
		;;
	perf)
		# All CPUs: iommulab's loop is a thread of the kernel, and the others see it, too.
		perf record -q -a -e iommu:map -e iommu:unmap -o /tmp/none true >/tmp/log 2>&1
		perf record -q -a -e iommu:map -e iommu:unmap -o /tmp/rec sh "$0" "$pairs" loads $1 >/tmp/log 2>&1
		size $1 "$(grep -c LOST /tmp/log)"
		;;
	esac
}

if [ "$1" = loads ]; then
	loads "$2"
	exit
fi
loads warm
sleep 10 # whatever still boots on the other CPU would count
for tracer; do
	echo "$(cut -d' ' -f1 /proc/uptime) $tracer" >>/out/log
	with "$tracer" >>/out/log 2>&1
done
