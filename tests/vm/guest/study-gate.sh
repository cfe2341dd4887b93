#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# study-gate.sh exact|traced|noisy SAME SLOWED PERCENT...: for tests/bench/study-gate, SAME runs of iommugate
# with iommulab's map loop as the driver is, and SLOWED when it is slower by so many percent of what a map
# and its unmap cost. Exact also VFIO's loop, traced that traced.
. /opt/guest/lib.sh
how=$1 same=$2 slowed=$3
shift 3
insmod /lab.ko || exit
rounds=/sys/module/iommulab/parameters/map_rounds
clock='' count=20000
[ "$how" = noisy ] || clock=--instructions count=3000

once() { # NAME OPTION...
	name=$1
	shift
	iommugate run -o "/out/$name.json" $clock --repeat 15 "$@" || exit
}

lab() { # NAME
	once "$1" --untraced --workload lab-map --count $count --device 0.0
}

work() { # FILE: the least, as a whole number
	sed 's/"work"/\n&/g' "$1" | sed -nE 's/^"work": ?([0-9]+).*/\1/p' | sort -n | head -n 1
}

vfio() {
	for module in vfio vfio_iommu_type1 vfio-pci; do
		modprobe $module || exit
	done
	set -- "$(pci_device 0x1234 0x11e8 | head -n 1)"
	once vfio --untraced --workload vfio-map --count 200 --device "$1"
	[ "$how" != traced ] || once traced --workload vfio-map --count 200 --device "$1"
}

sleep 10 # whatever still boots on the other CPU would count

# What 1,000 rounds cost, and so how many are one percent.
echo 0 >$rounds
lab base
echo 1000 >$rounds
lab rounds
base=$(work /out/base.json)
thousand=$(($(work /out/rounds.json) - base))
echo "base $base thousand $thousand" >/out/scale
runs() { # PERCENT RUNS
	echo $((base * $1 * 10 / thousand)) >$rounds
	for i in $(seq "$2"); do
		lab "$1.$i"
	done
}

runs 0 "$same"
for percent; do
	runs "$percent" "$slowed"
done
[ "$how" = noisy ] || vfio
