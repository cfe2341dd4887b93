#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# work.sh NAME PAIRS DRIVER: the load that record.sh records: devices behind one instance map PAIRS
# times; then, where there are two instances, devices behind both do. Then a device reads two pages
# that are mapped nowhere. iommulab's devices do no DMA:
# the kernel does the same with its domains.
name=$1 pairs=$2 driver=$3
lab=/sys/kernel/debug/iommulab

if [ "$driver" = iommulab ]; then
	echo soft-mismatch >$lab/scenario && echo "map 0.0 4096 $pairs" >$lab/bench || exit
	cat $lab/bench
	exit
fi
loop() { # WHICH BDF...
	which=$1
	shift
	vfio-loop -n "$pairs" --json "/out/$name.$which.json" "$@"
}
first=$(head -n 1 /out/devices)
same=$(awk -v i="${first##* }" '$2 == i { print $1 }' /out/devices | head -n 2)
other=$(awk -v i="${first##* }" '$2 != i { print $1 }' /out/devices | head -n 1)
loop same $same && { [ -z "$other" ] || loop mixed "${first%% *}" "$other"; } || exit
[ ! -e /out/edu ] || edu-dma "$(cat /out/edu)" read 0x2000000 0x2001000
