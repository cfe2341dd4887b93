# SPDX-License-Identifier: GPL-2.0-only
# recorder.sh - a recorder that runs beside us, and its counts against the kernel's tracepoints.
card=$(vfio_devices | awk 'NR == 1 { print $1 }')

# start_recording COMMAND...: returns once everything is attached: the file has its name then.
start_recording() {
	rm -f /tmp/r.ims
	"$@" -o /tmp/r.ims >/tmp/recorder.log 2>&1 &
	recorder=$!
	while [ ! -e /tmp/r.ims ]; do
		kill -0 $recorder 2>/dev/null || { cat /tmp/recorder.log; return 1; }
		usleep 50000
	done
}

stop_recording() {
	kill -INT $recorder
	wait $recorder
}

calls() { # OP: of the report
	sed -n 's/.*"totals":\(.*\)/\1/p' /tmp/r.json | sed -n "s/.*\"$1\":{\"calls\":\([0-9]*\).*/\1/p"
}

# recorded COMMAND...: its map and unmap calls are those of the tracepoints, nothing is lost.
recorded() {
	start_recording "$@" || return
	oracle_start
	vfio-loop -n 50 "$card" >/dev/null || return
	oracle_stop >/tmp/oracle
	stop_recording || { cat /tmp/recorder.log; return 1; }
	iommutrace report --json /tmp/r.ims >/tmp/r.json || return
	cat /tmp/oracle
	echo "map $(calls map) unmap $(calls unmap)"
	grep -qx "map $(calls map)" /tmp/oracle && grep -qx "unmap $(calls unmap)" /tmp/oracle &&
		grep -q '"lossy":false' /tmp/r.json && [ "$(calls map)" -ge 50 ]
}
