#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-recording.sh cost|size: what it costs to record each map and unmap, ours and others'. "cost"
# runs with --icount: a nanosecond is an instruction. Lines of "WHAT WITH VALUE" go to /out/figures.
. /opt/guest/lib.sh
# trace-cmd and perf with libraries of their own, where the bench brought them.
devices=$(for d in /sys/bus/pci/devices/*; do
	[ "$(cat "$d/vendor") $(cat "$d/device")" = "0x1234 0x11e8" ] && [ -e "$d/iommu" ] && echo "${d##*/}"
done | head -n 1)
[ -n "$devices" ] || devices=$(vfio_devices | awk '{ print $1 }' | head -n 1)

# with TOOL FILE COMMAND...: runs the command, recorded by the tool.
with() {
	tool=$1 file=$2
	shift 2
	case $tool in
	none) "$@" ;;
	statistics) iommutrace record -q --operations map,unmap -o "$file" -- "$@" ;;
	maps) iommutrace record -q --events all --operations map,unmap -o "$file" -- "$@" ;;
	all) iommutrace record -q --events all -o "$file" -- "$@" ;;
	trace-cmd) trace-cmd record -e iommu:map -e iommu:unmap -o "$file" "$@" ;;
	perf) perf record -q -e iommu:map -e iommu:unmap -o "$file" "$@" ;;
	esac >>/out/log 2>&1
}

# The quickest map and the quickest unmap of three times 1,000.
cost() { # TOOL
	best=
	for round in 1 2 3; do
		with "$1" /tmp/rec vfio-loop -n 1000 --json /tmp/loop.json $devices || return
		now=$(sed -nE 's/.*"map".*"min_ns": ?([0-9]+).*"unmap".*"min_ns": ?([0-9]+).*/\1 \2/p' /tmp/loop.json |
			awk '{ print $1 + $2 }')
		[ -n "$best" ] && [ "$best" -le "$now" ] || best=$now
		rm -f /tmp/rec*
	done
	echo "cost $1 $best" >>/out/figures
}

network() {
	udp-flood 4000 10.9.0.2
}

vfio() {
	vfio-loop -n 20000 $devices
}

# What this program writes, and how many events are in it.
size() { # LOAD TOOL
	rm -f /tmp/rec*
	with "$2" /tmp/rec sh "$0" load "$1" || return
	bytes=$(wc -c </tmp/rec)
	case $2 in
	all) events=$(iommutrace info /tmp/rec | awk '$1 == "map" || $1 == "unmap" { n += $2 } END { print n }') ;;
	trace-cmd) events=$(trace-cmd report /tmp/rec | grep -cE ' (map|unmap): ') ;;
	perf) events=$(perf script -i /tmp/rec | grep -cE 'iommu:(map|unmap)') ;;
	esac
	echo "$1 $2 $bytes $events" >>/out/figures
	[ "$2" != all ] || cp /tmp/rec "/out/$1.ims"
}

others=$(for tool in trace-cmd perf; do command -v $tool >/dev/null && echo $tool; done)
case $1 in
load) "$2" ;;
cost)
	for tool in none statistics maps all $others; do
		cost $tool
	done
	;;
size)
	nic=$(ls /sys/class/net | grep -v lo | tail -n 1)
	ip addr add 10.9.0.1/24 dev "$nic" && ip link set "$nic" up && arp -s 10.9.0.2 02:00:00:00:00:02
	for tool in all $others; do
		size vfio $tool
		size network $tool
	done
	;;
esac
