#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# load.sh WHAT PAIRS BDF...: the loads of trace.sh; "stopped" before WHAT stops the recorder, its
# parent, meanwhile. That the load ends shows that nothing in it waits to be recorded.
. /opt/guest/lib.sh

# Two at once, each on a CPU of its own, with ranges of different sizes.
two_loops() {
	taskset 1 vfio-loop -n "$pairs" "$1" &
	one=$!
	shift
	taskset 2 vfio-loop -n "$pairs" -s 65536 "$@"
	two=$?
	wait $one && return $two
}

one_loop() {
	vfio-loop -n "$pairs" "$@"
}

beside() {
	touch /tmp/go
	taskset 2 vfio-loop -n "$pairs" "$@" || return
	while [ -e "/proc/$OTHER" ]; do usleep 10000; done
}

attaches() {
	for i in 1 2 3 4 5 6 7 8; do
		vfio-loop -n 1 "$@" || return
	done
}

recorder=
if [ "$1" = stopped ]; then
	recorder=$PPID
	shift
	kill -STOP "$recorder"
fi
what=$1 pairs=$2
shift 2
"$what" "$@"
status=$?
[ -z "$recorder" ] || kill -CONT "$recorder"
exit $status
