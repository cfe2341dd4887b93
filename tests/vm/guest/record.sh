#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# record.sh PAIRS DRIVER [EXTRA...]: records work.sh with its oracles beside it, for tests/vm/check to
# judge. DRIVER: ours, loaded from /driver.ko first, or "stock". EXTRA: what else is tried: kprobe
# (a recording by that mechanism), plan, top.
. /opt/guest/lib.sh
pairs=$1 driver=$2
shift 2

run() { # NAME [OPTION...]
	name=$1
	shift
	[ "$driver" != iommulab ] || echo reset >/sys/kernel/debug/iommulab/counters
	oracle_start
	[ -z "$alloc_oracle" ] || alloc_oracle_start
	iommutrace record -q "$@" -o "/out/$name.ims" -- \
		sh /opt/guest/work.sh "$name" "$pairs" "$driver" >"/out/$name.log" 2>&1
	echo "status $?" >"/out/$name.oracle"
	[ -z "$alloc_oracle" ] || alloc_oracle_read >>"/out/$name.oracle"
	oracle_stop >>"/out/$name.oracle"
	[ -z "$alloc_oracle" ] || alloc_oracle_stop
	[ "$driver" != iommulab ] || sed -n 's/^\(map\|unmap\) calls=\([0-9]*\).*/driver-\1 \2/p' \
		/sys/kernel/debug/iommulab/counters >>"/out/$name.oracle"
}

echo 20000 >"$tracing/buffer_size_kb"
dmesg >/out/dmesg.before
[ "$driver" = stock ] || insmod /driver.ko || exit
[ "$driver" != smmuv3 ] || wait_for_cards
modprobe vfio-pci
# Where faults are reported, QEMU's "edu" makes two; a driver gives it a group on older kernels. At a fault
# of QEMU's AMD-Vi, 6.1 restarts its GA log for ever, recorded or not.
faults='^(smmu3|dmar|ivhd)'
case $(uname -r) in 6.1.*) faults='^(smmu3|dmar)' ;; esac
if [ "$driver" != iommulab ] && ls /sys/class/iommu | grep -qE "$faults" && command -v edu-dma >/dev/null; then
	edu=$(pci_device 0x1234 0x11e8)
	echo vfio-pci >"/sys/bus/pci/devices/$edu/driver_override"
	echo "$edu" >/sys/bus/pci/drivers_probe
	echo "$edu" >/out/edu
fi
sysfs_topology | sort >/out/topology
vfio_devices >/out/devices
# Where compilers left the inner function both in others and by itself, and each alloc comes to the driver.
alloc_oracle=
case $driver:$(uname -r) in stock:6.1.*) alloc_oracle=$(ls /sys/class/iommu | grep dmar) ;; esac

run best
for extra; do
	case $extra in
	kprobe) run kprobe --mechanism kprobe ;;
	plan) iommutrace plan --json >/out/plan.json 2>/out/plan.err ;;
	top)
		iommutop -b -n 1 >/out/top.txt 2>/out/top.err
		echo "status $?" >>/out/top.err
		;;
	esac
done
dmesg >/out/dmesg.after
