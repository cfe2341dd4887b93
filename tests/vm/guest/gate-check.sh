#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# gate-check.sh [blocks]: runs of iommugate for tests/vm/check-gate; lines of "NAME status" go to /out/status. All
# on a machine of one instance; on one of several what needs two.
. /opt/guest/lib.sh
rounds=/sys/module/iommulab/parameters/map_rounds
vfio_devices >/out/devices
dev=$(awk '{ print $1; exit }' /out/devices)

run() { # NAME OPTION...
	name=$1
	shift
	iommugate run -o "/out/$name.json" "$@" 2>"/out/$name.err"
	echo "$name $?" >>/out/status
}

blocks() {
	run blocks --repeat 2 --count 100 --workload dma-block --device /dev/nvme0n1 --size 64K
}

if [ "${1-}" = blocks ]; then
	blocks
	exit
fi

# The first device behind each of two instances.
two=$(awk '!seen[$2]++ && n++ < 2 { print "--device", $1 }' /out/devices)
if [ "$(echo "$two" | wc -l)" = 2 ]; then
	# shellcheck disable=SC2086 # two options
	run mixed --repeat 2 --count 100 --workload vfio-mixed $two
	run not-mixed --repeat 1 --untraced --workload vfio-mixed --device "$dev" --device "$dev"
	exit 0
fi

insmod /lab.ko || exit
card=$(basename "/sys/bus/pci/devices/$dev"/virtio*/net/*)
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 # which would send when it likes
ip link set "$card" up
run net --repeat 2 --count 300 --workload dma-net --device "$card"
ip link set "$card" down
run block --repeat 2 --count 300 --workload dma-block --device /dev/nvme0n1
blocks
run vfio --repeat 2 --count 200 --workload vfio-map --device "$dev"
run aggregate --repeat 2 --count 200 --workload vfio-map --device "$dev" --aggregate
run attach --repeat 1 --count 10 --workload vfio-attach --device "$dev"
readlink -f "/sys/bus/pci/devices/$dev/driver" | sed 's/.*\///' >/out/driver
iommutrace record -q --time 1/16 -o /out/time.ims -- vfio-loop -n 2000 "$dev" >/dev/null 2>/out/time.err
echo "time $?" >>/out/status
run lab --untraced --repeat 12 --count 500 --workload lab-map --device 0.0
echo 20000 >$rounds
run slow --untraced --repeat 12 --count 500 --workload lab-map --device 0.0
run fails --untraced --repeat 2 --workload lab-map --device 0.99
run command --untraced --repeat 1 -- sh -c 'exit 7'
