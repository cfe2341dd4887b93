#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-start.sh: when a command runs that has to wait for all hooks, ours and those of bpftrace on the same functions.
# "WHAT VALUE" lines go to /out/figures.
. /opt/guest/lib.sh

uptime() { cut -d ' ' -f 1 /proc/uptime; }
cat >/tmp/attached <<'END'
cut -d ' ' -f 1 /proc/uptime >/tmp/at
END

# until WHAT COMMAND...: the quicker of two.
until_attached() {
	what=$1 best=
	shift
	for round in 1 2; do
		begin=$(uptime)
		rm -f /tmp/at
		"$@" >/out/$what.log 2>&1
		[ -s /tmp/at ] || { echo "$what did not attach"; tail -n 4 /out/$what.log; exit 1; }
		best=$(awk -v b="$begin" -v e="$(cat /tmp/at)" -v best="$best" \
			'BEGIN { t = e - b; if (best == "" || t < best) best = t; print best }')
	done
	echo "$what $best" >>/out/figures
}

# Modules' functions have kprobes, which bpftrace would have to be told.
iommutrace plan --json >/tmp/plan.json 2>/out/plan.err
sed 's/{/\n{/g' /tmp/plan.json | grep '"mechanism": *"fsession"\|"mechanism": *"fentry"' |
	sed 's/.*"function": *"\([^"]*\)".*/\1/' | sort -u >/out/functions
echo "functions $(wc -l </out/functions)" >>/out/figures
awk '{ list = list (NR > 1 ? "," : "") "fentry:vmlinux:" $1; ret = ret ",fexit:vmlinux:" $1 }
	END { print list ret " { }" }' /out/functions >/tmp/empty.bt
until_attached iommutrace iommutrace record -q -o /tmp/start.ims -- /bin/busybox sh /tmp/attached
until_attached bpftrace bpftrace -c "/bin/busybox sh /tmp/attached" /tmp/empty.bt
