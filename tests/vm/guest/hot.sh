#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# hot.sh CALLS [MODULE [timing]]: records DMA-API work with its oracles beside it, for tests/vm/check-hot to judge.
# "nic": a virtio network card sends CALLS packets. "disk": an NVMe disk reads CALLS times 64 KiB.
# "lab": iommulab's device maps CALLS pages, where that module is given; the driver's own counters are the witness.
. /opt/guest/lib.sh
calls=$1 module=${2-} timing=${3-}
kprobe="--mechanism kprobe"
lab=/sys/kernel/debug/iommulab

# Every call of the DMA API by the kernel's own tracepoints, which before 6.12 there are none of; there
# by kprobe events, which no program of ours has a part in. Ranges that are linked, which newer kernels
# have, have no tracepoint: the function tracer sees them.
dma_start() {
	mkdir "$tracing/instances/dma"
	if grep -q '^dma_iova_link$' "$tracing/available_filter_functions"; then
		mkdir "$tracing/instances/links"
		echo dma_iova_link dma_iova_destroy >"$tracing/instances/links/set_ftrace_filter"
		echo function >"$tracing/instances/links/current_tracer"
	fi
	if [ -d "$tracing/events/dma" ]; then
		for event in "$tracing"/instances/dma/events/dma/dma_*map*/enable \
			"$tracing"/instances/dma/events/dma/dma_alloc/enable \
			"$tracing"/instances/dma/events/dma/dma_free/enable; do
			echo 1 >"$event"
		done
		return
	fi
	for call in map_page map_sg map_resource alloc unmap_page unmap_sg unmap_resource free; do
		echo "p:oracle/dma_$call iommu_dma_$call" >>"$tracing/kprobe_events"
		echo 1 >"$tracing/instances/dma/events/oracle/dma_$call/enable"
	done
}

# "dma-map N", "dma-unmap N", "links N", "lost N"
dma_stop() {
	for instance in dma links; do
		[ ! -d "$tracing/instances/$instance" ] || echo 0 >"$tracing/instances/$instance/tracing_on"
	done
	awk '/^overrun|^dropped/ { lost += $NF } END { print "lost", lost + 0 }' \
		"$tracing"/instances/[dl]*/per_cpu/cpu*/stats
	cat "$tracing"/instances/[dl]*/trace |
		awk '/: dma_(map|alloc)/ { map++ } /: dma_iova_link/ { map++; links++ }
		     /: dma_(unmap|free)|: dma_iova_destroy/ { unmap++ }
		     END { print "dma-map", map + 0; print "dma-unmap", unmap + 0; print "links", links + 0 }'
	if [ -d "$tracing/instances/links" ]; then
		echo nop >"$tracing/instances/links/current_tracer"
		rmdir "$tracing/instances/links"
	fi
	for event in "$tracing"/instances/dma/events/*/enable; do
		echo 0 >"$event"
	done
	rmdir "$tracing/instances/dma"
	[ -d "$tracing/events/dma" ] || : >"$tracing/kprobe_events"
}

# recorded NAME OPTIONS COMMAND...
recorded() {
	name=$1 options=$2
	shift 2
	dma_start
	oracle_start
	iommutrace record -q $options -o "/out/$name.ims" -- "$@" \
		>"/out/$name.log" 2>&1
	echo "status $?" >"/out/$name.oracle"
	oracle_stop >>"/out/$name.oracle"
	dma_stop >>"/out/$name.oracle"
}

# A card behind the IOMMU, with its driver; the kernel itself makes the packets.
nic_up() {
	modprobe virtio_net && modprobe pktgen || return
	for nic in /sys/class/net/eth*; do
		pci=$(readlink -f "$nic/device/..")
		[ -e "$pci/iommu_group" ] && break
	done
	[ -e "$pci/iommu_group" ] || return
	echo "${pci##*/}" >/out/nic
	echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 # which would send when it likes
	ip link set "${nic##*/}" up && echo "add_device ${nic##*/}" >/proc/net/pktgen/kpktgend_0
}

cat >/tmp/nic <<'END'
nic=$(ls /proc/net/pktgen | grep eth)
for set in "count $1" "pkt_size 60" "dst_mac 52:54:00:00:00:99" "dst 10.0.0.2"; do
	echo "$set" >/proc/net/pktgen/$nic
done
echo start >/proc/net/pktgen/pgctrl
cat /proc/net/pktgen/$nic
END

cat >/tmp/lab <<'END'
lab=/sys/kernel/debug/iommulab
echo reset >$lab/counters
# The device goes and comes back in between: under its name it counts on.
echo "dma 0.0 4096 $(($1 / 2))" >$lab/bench && echo "remove 0.0; add 0.0" >$lab/scenario &&
	echo "dma 0.0 4096 $(($1 / 2))" >$lab/bench || exit
cat $lab/bench
sleep 0.1 # the flush queue's timer
cp $lab/counters /tmp/counters
END

echo 20000 >"$tracing/buffer_size_kb"
dmesg >/out/dmesg.before
if nic_up 2>/out/nic.err; then
	recorded nic "" /bin/sh /tmp/nic "$calls"
	[ -z "$timing" ] || recorded nic-some "--time 1/16" /bin/sh /tmp/nic "$calls"
	recorded nic-kprobe "$kprobe" /bin/sh /tmp/nic "$calls"
fi
if [ -e /sys/block/nvme0n1/device/device/iommu ]; then
	basename "$(readlink -f /sys/block/nvme0n1/device/device)" >/out/disk
	recorded disk "" dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct "count=$calls"
	recorded disk-kprobe "$kprobe" dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct "count=$calls"
	[ -z "$timing" ] || recorded disk-some "--time 1/16" dd if=/dev/nvme0n1 of=/dev/null bs=64k \
		iflag=direct "count=$calls"
fi
if [ -n "$module" ]; then
	insmod "$module" || exit 1
	recorded lab "" /bin/sh /tmp/lab "$calls"
	awk '{ split($2, c, "="); print "driver-" $1, c[2] }' /tmp/counters >>/out/lab.oracle
	recorded lab-kprobe "$kprobe" /bin/sh /tmp/lab "$calls"
	awk '{ split($2, c, "="); print "driver-" $1, c[2] }' /tmp/counters >>/out/lab-kprobe.oracle
fi
# What is hard to time, with the driver's clock: once is enough.
if [ -n "$module" ] && [ -n "$timing" ]; then
	for what in "nested 20" "migrated 20" "scattered 32"; do
		for how in "" "$kprobe"; do
			name=${what%% *}${how:+-kprobe}
			recorded "$name" "$how" /bin/sh -c 'echo "$1" >$2/timing' sh "$what" $lab
			cat $lab/timing >>"/out/$name.oracle"
		done
	done
fi
dmesg >/out/dmesg.after
