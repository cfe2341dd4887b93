#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# plan.sh PAIRS [best]: records the same work by each mechanism, or by the best only, with the kernel's tracepoints
# beside it, for tests/vm/check-plan to judge.
. /opt/guest/lib.sh
modprobe vfio-pci
pairs=${1:-200}
card=$(vfio_devices | awk 'NR == 1 { print $1 }')

# recorded NAME [OPTION...], started by $with
with=
recorded() {
	name=$1
	shift
	oracle_start
	$with iommutrace record -q "$@" -o "/out/$name.ims" -- vfio-loop -n "$pairs" "$card" >"/out/$name.log" 2>&1
	echo "status $?" >"/out/$name.oracle"
	oracle_stop >>"/out/$name.oracle"
}

echo 20000 >"$tracing/buffer_size_kb"
recorded best
[ $# -lt 2 ] || exit 0
for mechanism in fsession fentry kprobe-multi kprobe; do
	recorded $mechanism --mechanism $mechanism
done
# The function to map has to go down the ladder, alone: its better programs are refused.
export REFUSE="map_plain_fsess map_plain_fexit"
with="env LD_PRELOAD=/opt/lib/refuse.so"
recorded refused
iommutrace plan >/out/plan.txt 2>/out/plan.err
iommutrace plan --json >/out/plan.json 2>>/out/plan.err
dmesg >/out/dmesg.after
