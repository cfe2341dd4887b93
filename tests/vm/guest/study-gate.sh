#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# study-gate.sh exact|noisy RUNS PERCENT...: runs of iommugate for tests/bench/study-gate: iommulab's map loop, as the
# driver is and slowed by so many percent of what a map and its unmap cost; exact also VFIO's, and it traced.
. /opt/guest/lib.sh
how=$1 runs=$2
shift 2
insmod /lab.ko || exit
rounds=/sys/module/iommulab/parameters/map_rounds
clock='' count=300
[ "$how" != exact ] || clock=--instructions count=2000

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
	once traced --workload vfio-map --count 200 --device "$1"
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
for percent; do
	echo $((base * percent * 10 / thousand)) >$rounds
	for i in $(seq "$runs"); do
		lab "$percent.$i"
	done
done
[ "$how" != exact ] || vfio
