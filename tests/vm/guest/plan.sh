#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# plan.sh PAIRS: records the same work by each mechanism, with the kernel's tracepoints beside it, for
# tests/vm/check-plan to judge.
. /opt/guest/lib.sh
modprobe vfio-pci
pairs=${1:-200}
card=$(vfio_devices | awk 'NR == 1 { print $1 }')

echo 20000 >"$tracing/buffer_size_kb"
for mechanism in best fsession fentry kprobe-multi kprobe; do
	oracle_start
	iommutrace record -q $([ $mechanism = best ] || echo --mechanism $mechanism) \
		-o "/out/$mechanism.ims" -- vfio-loop -n "$pairs" "$card" >"/out/$mechanism.log" 2>&1
	echo "status $?" >"/out/$mechanism.oracle"
	oracle_stop >>"/out/$mechanism.oracle"
done
iommutrace plan >/out/plan.txt 2>/out/plan.err
iommutrace plan --json >/out/plan.json 2>>/out/plan.err
dmesg >/out/dmesg.after
