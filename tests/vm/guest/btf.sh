#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# btf.sh OTHER: recording on a kernel whose BTF is hidden, with a file in its place. OTHER is the BTF of
# another kernel. Prints TAP.
. /opt/guest/lib.sh
. /opt/guest/recorder.sh
cp /sys/kernel/btf/vmlinux /tmp/vmlinux
mount -t tmpfs none /sys/kernel/btf

refused() { # PATTERN FILE
	iommutrace record -o /tmp/x.ims --btf "$2" 2>/tmp/stderr
	[ $? = 1 ] || return 1
	cat /tmp/stderr
	[ "$(wc -l </tmp/stderr)" = 1 ] && grep -q "$1" /tmp/stderr && [ ! -e /tmp/x.ims ]
}

# Nothing is hooked by what needs the kernel's own BTF, and the plan says that it does.
plan_without() {
	iommutrace plan --json --btf /tmp/vmlinux >/tmp/plan || return
	! grep -qE '"mechanism":"(fsession|fentry|tp_btf)"' /tmp/plan &&
		grep -q "fsession, fentry: needs the kernel's own BTF" /tmp/plan
}

check "without BTF, a file has it: the counts are the kernel's" recorded iommutrace record -q --btf /tmp/vmlinux
check "the plan says what that costs" plan_without
check "iommutop, too" iommutop -b -n 1 --btf /tmp/vmlinux
check "a file that is no BTF" refused 'cannot read BTF from /etc/run.sh' /etc/run.sh
check "a file that is not there" refused 'cannot read BTF from /tmp/none: No such file' /tmp/none
check "BTF of another kernel" refused 'not the BTF of this kernel' "$1"
