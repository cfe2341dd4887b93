#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# record.sh PAIRS: records the VFIO workload with its oracles beside it, for tests/vm/check to judge.
# Devices behind two instances ("mixed") where there are two, and behind one ("same").
. /opt/guest/lib.sh
pairs=${1:-500}

# run NAME MECHANISM BDF...
run() {
	name=$1 mechanism=$2
	shift 2
	oracle_start
	iommutrace record -q ${mechanism:+--mechanism $mechanism} -o "/out/$name.ims" -- \
		vfio-loop -n "$pairs" --json "/out/$name.loop.json" "$@" >"/out/$name.log" 2>&1
	echo "status $?" >"/out/$name.oracle"
	oracle_stop >>"/out/$name.oracle"
}

echo 20000 >"$tracing/buffer_size_kb"
sysfs_topology | sort >/out/topology
vfio_devices >/out/devices
dmesg >/out/dmesg.before

first=$(head -n 1 /out/devices)
behind=${first##* }
same=$(awk -v i="$behind" '$2 == i { print $1 }' /out/devices | head -n 2)
other=$(awk -v i="$behind" '$2 != i { print $1 }' /out/devices | head -n 1)

run same "" $same
[ -z "$other" ] || run mixed "" "${first%% *}" "$other"
run kprobe kprobe ${other:+"${first%% *}" "$other"} ${other:-$same}

iommutrace plan --json >/out/plan.json 2>/out/plan.err
iommutop -b -n 1 >/out/top.txt 2>/out/top.err
echo "status $?" >>/out/top.err
dmesg >/out/dmesg.after
