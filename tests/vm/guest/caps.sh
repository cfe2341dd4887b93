#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# caps.sh: what a recording needs of capabilities, what it says when it lacks one, and what it keeps.
# Prints TAP. with-caps makes us a user with just the capabilities named.
. /opt/guest/lib.sh
. /opt/guest/recorder.sh
paranoid=/proc/sys/kernel/perf_event_paranoid
all=bpf,perfmon,syslog,sys_admin
chmod 755 /opt /opt/bin /opt/lib

# notices CAPS: of what would show more, by the capability that is named.
notices() {
	with-caps 1000 "$1" iommutrace record -d 0.1 -o /tmp/n.ims 2>&1 >/dev/null |
		sed -n '/^iommutrace:/s/.*no \(CAP_[A-Z_]*\).*/\1/p' | tr '\n' ' '
}

# Attached to everything, with the kernel's own counts.
counts() { # CAPS [OPTION...]
	caps=$1
	shift
	recorded with-caps 1000 "$caps" iommutrace record -q "$@"
}

# kept MASK COMMAND...: a recorder that runs has these capabilities, and can get no others.
kept() {
	wanted=$1
	shift
	start_recording "$@" || return
	grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs)' /proc/$recorder/status
	got=$(awk '/^CapEff|^CapPrm/ { print $2 }' /proc/$recorder/status | sort -u)
	grep -q '^NoNewPrivs:.1' /proc/$recorder/status
	safe=$?
	stop_recording
	[ $safe = 0 ] && [ $((0x$got)) = $((wanted)) ]
}

# command_has UID MASK COMMAND...: what the command of a recording runs as.
command_has() {
	uid=$1 wanted=$2
	shift 2
	"$@" record -q -o /tmp/c.ims -- grep -E '^(CapEff|Uid)' /proc/self/status >/tmp/cmd 2>/dev/null
	cat /tmp/cmd
	[ "$(awk '/^Uid/ { print $2 }' /tmp/cmd)" = "$uid" ] &&
		[ $((0x$(awk '/^CapEff/ { print $2 }' /tmp/cmd))) = $((wanted)) ]
}

bit() { # NUMBER...
	sum=0
	for n; do sum=$((sum | 1 << n)); done
	echo $sum
}
lent=$(bit 39 38 34) # BPF, PERFMON, SYSLOG

check "none: CAP_BPF is named" says 'no CAP_BPF, .*to load BPF programs; ' 1 \
	with-caps 1000 none iommutrace record -o /tmp/x.ims
check "CAP_BPF alone: CAP_PERFMON is named" says 'no CAP_PERFMON, .*to attach them' 1 \
	with-caps 1000 bpf iommutrace record -o /tmp/x.ims
check "CAP_PERFMON alone: CAP_BPF is named" says 'no CAP_BPF' 1 \
	with-caps 1000 perfmon iommutrace record -o /tmp/x.ims
echo 3 >$paranoid # as Debian has it
check "kprobes: perf_event_paranoid and CAP_SYS_ADMIN are named" \
	says 'kprobe: perf_event_paranoid is 3: needs CAP_SYS_ADMIN; ' 1 \
	with-caps 1000 bpf,perfmon,syslog iommutrace record --mechanism kprobe -o /tmp/x.ims
check "... CAP_SYS_ADMIN is enough" counts $all --mechanism kprobe
check "a recorder keeps that too where modules need it" \
	kept $((lent | $(bit 21))) with-caps 1000 $all iommutrace record -q
echo 2 >$paranoid
check "... so is perf_event_paranoid=2" counts bpf,perfmon --mechanism kprobe
check "CAP_BPF and CAP_PERFMON: the counts are the kernel's" counts bpf,perfmon
check "... without CAP_SYSLOG, which is named" [ "$(notices bpf,perfmon)" = "CAP_SYSLOG " ]
check "with it nothing is" [ -z "$(notices bpf,perfmon,syslog)" ]
check "a user's recorder keeps what modules need" kept "$lent" with-caps 1000 $all iommutrace record -q
check "... or nothing, with --drop-all" kept 0 with-caps 1000 $all iommutrace record -q --drop-all
check "root's keeps what writes files and signals as well" \
	kept $((lent | $(bit 1 5))) iommutrace record -q
check "with nothing kept the counts are the kernel's" recorded iommutrace record -q --drop-all
check "a user's command has no capability" command_has 1000 0 with-caps 1000 $all iommutrace
check "root's command has all of root's" \
	command_has 0 0x"$(awk '/^CapBnd/ { print $2 }' /proc/self/status)" iommutrace
