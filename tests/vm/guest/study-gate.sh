#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# study-gate.sh exact|noisy RUNS PERCENT...: runs of iommulab's map loop for tests/bench/study-gate, as the
# driver is and slowed by so many percent of what a map and its unmap cost.
. /opt/guest/lib.sh
how=$1 runs=$2
shift 2
insmod /lab.ko || exit
rounds=/sys/module/iommulab/parameters/map_rounds
clock='' repeat=15 count=300
# Of a longer loop a timer's tick is a smaller part; the least of the repeats counts.
[ "$how" != exact ] || clock=--instructions repeat=4 count=5000

once() { # NAME REPEAT
	iommugate run -o "/out/$1.json" $clock --untraced --repeat "$2" --warmup 1 --workload lab-map \
		--count $count --device 0.0 || exit
}

work() { # FILE: the least, as a whole number
	sed 's/"work"/\n&/g' "$1" | sed -nE 's/^"work": ?([0-9]+).*/\1/p' | sort -n | head -n 1
}

sleep 10 # whatever still boots on the other CPU would count

# What 1,000 rounds cost, and so how many are one percent.
echo 0 >$rounds
once base 4
echo 1000 >$rounds
once rounds 4
base=$(work /out/base.json)
thousand=$(($(work /out/rounds.json) - base))
echo "base $base thousand $thousand" >/out/scale
for percent; do
	echo $((base * percent * 10 / thousand)) >$rounds
	for i in $(seq "$runs"); do
		once "$percent.$i" $repeat
	done
done
