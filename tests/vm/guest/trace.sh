#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# trace.sh PAIRS: records each map and unmap with the kernel's own trace of them beside it, for
# tests/vm/check-trace to judge; and storms into buffers that are too small.
. /opt/guest/lib.sh
pairs=${1:-500}

# What the oracle saw on each CPU, in its order: "map IOVA SIZE", "unmap IOVA SIZE" (as asked for).
keep_trace() { # NAME
	for cpu in "$tracing"/instances/oracle/per_cpu/cpu*; do
		sed -nE 's/.*: (map|unmap): IOMMU: iova=0x0*([0-9a-f]+) .* size=([0-9]+).*/\1 0x\2 \3/p' \
			"$cpu/trace" >"/out/$1.${cpu##*/}"
	done
}

run() { # NAME OPTION... -- LOAD...
	name=$1
	shift
	oracle_start
	iommutrace record -o "/out/$name.ims" "$@" >"/out/$name.log" 2>&1
	echo "status $?" >"/out/$name.oracle"
	keep_trace "$name"
	oracle_stop >>"/out/$name.oracle"
	iommutrace report --fail-on hard-mismatch "/out/$name.ims" >/dev/null 2>&1
	echo "fail-on $?" >>"/out/$name.oracle"
}

echo 20000 >"$tracing/buffer_size_kb"
devices=$(vfio_devices | awk '{ print $1 }' | head -n 3)
load="sh /opt/guest/load.sh"
run all --events all -- $load two_loops "$pairs" $devices
run storm --events all --buffer 16K -- $load stopped one_loop "$pairs" $devices
run sample --sample 1/4 -- $load one_loop 2000 $devices
run slower --slower 16.384 --stacks both -- $load one_loop 2000 $devices
first=${devices%%[!0-9a-f:.]*}
run device --events all --device "$first" -- $load two_loops "$pairs" $devices
run comm --events all --comm nobody -- $load one_loop "$pairs" $devices
run count --comm nobody -- $load one_loop "$pairs" $devices
# A process that waits until it is recorded, beside another that is not asked for.
sh -c "while [ ! -e /tmp/go ]; do usleep 10000; done; exec taskset 1 vfio-loop -n $pairs $first" \
	>/dev/null 2>&1 &
export OTHER=$!
run pid --events all --pid "$OTHER" -- $load beside "$pairs" ${devices#"$first"}
run ring --ring 4K -- $load stopped attaches "$pairs" $devices
dmesg >/out/dmesg
