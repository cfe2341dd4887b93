#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# failures.sh: what can go wrong with a capture, on a machine where it could work. Prints TAP.
. /opt/guest/lib.sh
. /opt/guest/recorder.sh
modprobe vfio-pci

ends_whole() {
	iommutrace report "$1" >/dev/null 2>/tmp/stderr && [ ! -s /tmp/stderr ]
}

signal_ends() {
	start_recording iommutrace record -q || return 1
	kill "-$1" $recorder
	wait $recorder && ends_whole /tmp/r.ims
}

killed() {
	start_recording iommutrace record -q || return 1
	sleep 2
	kill -9 $recorder
	wait $recorder
	iommutrace report --json /tmp/r.ims >/tmp/killed.json 2>/tmp/stderr || return 1
	grep -q 'no end' /tmp/stderr && grep -q '"instance":"' /tmp/killed.json
}

disk_full() {
	mkdir -p /tmp/small
	mount -t tmpfs -o size=4k none /tmp/small
	dd if=/dev/zero of=/tmp/small/filler bs=1k count=4 2>/dev/null
	says 'No space left' 1 iommutrace record -q -d 3 -o /tmp/small/a.ims
	ret=$?
	[ "$(ls /tmp/small)" = filler ] || { ls /tmp/small; ret=1; }
	umount /tmp/small
	return $ret
}

no_btf() {
	mount -t tmpfs none /sys/kernel/btf
	says 'CONFIG_DEBUG_INFO_BTF' 1 iommutrace record -o /tmp/x.ims
	ret=$?
	umount /sys/kernel/btf
	return $ret
}

keeps_old() {
	echo precious >/tmp/keep.ims
	iommutrace record -q -d 1 -o /tmp/keep.ims 2>/dev/null && grep -q precious /tmp/keep.ims.old
}

# A typo costs nothing.
keeps_good() {
	echo precious >/tmp/good.ims
	says 'cannot run no-such-command' 1 iommutrace record -o /tmp/good.ims -- no-such-command &&
		grep -q precious /tmp/good.ims && [ "$(echo /tmp/good.ims*)" = /tmp/good.ims ]
}

# What the command does once it was asked to end is recorded.
command_tidies() {
	iommutrace record -q -d 2 -o /tmp/tidy.ims -- /bin/sh -c \
		"trap 'vfio-loop -n 50 $card; exit' TERM; while :; do sleep 0.2; done" &&
		ends_whole /tmp/tidy.ims &&
		iommutrace report --json /tmp/tidy.ims | grep -q '"map":{"calls":[1-9]'
}

# Nor does it live long after it was asked to end, however long the recording took to begin.
command_stays() {
	rm -f /tmp/asked
	says 'was killed' 0 iommutrace record -q -d 3 -o /tmp/stays.ims -- /bin/sh -c \
		'trap "date +%s >/tmp/asked" TERM; while :; do date +%s >/tmp/alive; sleep 0.2; done' &&
		ends_whole /tmp/stays.ims && [ $(($(cat /tmp/alive) - $(cat /tmp/asked))) -lt 20 ]
}

command_fails() {
	iommutrace record -q -o /tmp/fails.ims -- false 2>/tmp/stderr
	[ $? = 0 ] && grep -q 'exited with 1' /tmp/stderr && ends_whole /tmp/fails.ims
}

check "a command that does not exist" says 'cannot run no-such-command' 1 \
	iommutrace record -o /tmp/x.ims -- no-such-command
check "... leaves no file" test ! -e /tmp/x.ims
check "an output that cannot be written" says 'cannot write /proc/x.ims' 1 \
	iommutrace record -o /proc/x.ims
check "a mechanism that does not exist" says 'no mechanism is called' 1 \
	iommutrace record --mechanism magic -o /tmp/x.ims
check "no capability" says 'no CAP_' 1 as_nobody iommutrace record -o /tmp/x.ims
check "no BTF" no_btf
check "disk full" disk_full
check "SIGINT ends a recording whole" signal_ends INT
check "SIGTERM ends a recording whole" signal_ends TERM
check "kill -9 leaves what was flushed" killed
check "a file that is there is kept" keeps_old
check "a command that does not exist costs no older recording" keeps_good
check "what a command does when asked to end is recorded" command_tidies
check "a command that does not end is killed" command_stays
check "a command that fails is told, the recording is whole" command_fails
