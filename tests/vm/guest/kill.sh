#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kill.sh TIMES SEED: kills recorders at random moments, for tests/vm/check-record to judge what they
# left. Meanwhile devices are given to VFIO and taken back, one short process after the other: /out/runs
# has "PID BEGIN END" of each, /out/kills "FILE COMMITTED KILLED", all in seconds since boot.
. /opt/guest/lib.sh
times=$1
RANDOM=$2
card=$(vfio_devices | awk 'NR == 1 { print $1 }')

now() {
	cut -d' ' -f1 /proc/uptime
}

work() {
	while [ ! -e /tmp/stop ]; do
		begin=$(now)
		vfio-loop -n 20 "$card" >/dev/null 2>&1 &
		pid=$!
		wait $pid || echo "vfio-loop failed" >>/out/errors
		echo "$pid $begin $(now)" >>/out/runs
	done
}

# Whether a process of the load began after COMMITTED and has been over for more than a second.
is_held() { # COMMITTED
	awk -v from="$1" -v now="$(now)" '$2 > from && $3 < now - 1.2 { held = 1 } END { exit !held }' /out/runs
}

# Up to 2.5 s after its file is there; every second one not before there is something it must have.
one() { # NAME HUNDREDTHS
	file=/out/$1.ims
	iommutrace record -q --events all -o "$file" 2>>/out/errors &
	recorder=$!
	while [ ! -e "$file" ]; do
		[ -d /proc/$recorder ] || return 1
		sleep 0.05
	done
	committed=$(now)
	sleep "$(($2 / 100)).$(printf %02d $(($2 % 100)))"
	tries=200
	while [ $(($1 % 2)) = 0 ] && [ $((tries -= 1)) -gt 0 ] && ! is_held "$committed"; do
		sleep 0.1
	done
	killed=$(now)
	kill -9 $recorder
	wait $recorder 2>/dev/null
	echo "$1 $committed $killed" >>/out/kills
}

# To attach is mostly waiting: some at a time.
some() { # NAME...
	for name; do
		one "$name" $((RANDOM % 250)) &
		pids="$pids $!"
	done
	wait $pids
	pids=
}

touch /out/runs
work &
worker=$!
i=0
while [ $i -lt "$times" ]; do
	names=
	for _ in 1 2 3 4; do
		i=$((i + 1))
		[ $i -gt "$times" ] || names="$names $i"
	done
	some $names
done
touch /tmp/stop
wait $worker
