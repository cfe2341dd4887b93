#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# survive.sh: what a recording survives, and the flight recorder, for tests/vm/check-record to judge.
# Prints TAP; the recordings are in /out.
. /opt/guest/lib.sh
# What is wrong with the disk is tried before a file is there, and in the middle of one.
first=$(vfio_devices | head -n 1)
card=${first%% *}
other=$(vfio_devices | awk -v i="${first##* }" '$2 != i { print $1 }' | head -n 1)
busy="while :; do vfio-loop -n 200 $card >/dev/null || exit; done"

# fails PATTERN COMMAND...: status 1, and the last line on stderr matches.
fails() {
	pattern=$1
	shift
	"$@" 2>/tmp/stderr
	got=$?
	cat /tmp/stderr
	[ $got = 1 ] && [ "$(grep -c '^iommutrace: cannot' /tmp/stderr)" = 1 ] &&
		tail -n 1 /tmp/stderr | grep -q "$pattern"
}

readable() { # FILE: everything in it, but for an end
	iommutrace report "$1" >/tmp/report 2>/tmp/stderr || return 1
	cat /tmp/stderr
	grep -q 'attached' /tmp/report && [ "$(grep -vc 'has no end' /tmp/stderr)" = 0 ]
}

disk_fills() {
	mkdir -p /tmp/small && mount -t tmpfs -o size=256k none /tmp/small || return
	fails 'cannot write /tmp/small/a.ims: No space left.* bytes of it are good and readable$' \
		iommutrace record -q --events all --compress 0 -d 30 -o /tmp/small/a.ims -- sh -c "$busy"
	ret=$?
	readable /tmp/small/a.ims || ret=1
	[ "$(stat -c %s /tmp/small/a.ims)" -gt 100000 ] || ret=1
	umount /tmp/small
	return $ret
}

# The disk takes everything, and says at the end that it could not keep it.
disk_fails() {
	modprobe ext4 && modprobe null_blk nr_devices=0 && mkdir -p /tmp/bad && mount -t configfs none /sys/kernel/config || return
	disk=/sys/kernel/config/nullb/nullb0
	mkdir $disk && echo 1 >$disk/memory_backed && echo 16 >$disk/size && echo 1 >$disk/power &&
		mke2fs /dev/nullb0 >/dev/null && mount -t ext4 /dev/nullb0 /tmp/bad || return
	fails 'cannot write /tmp/bad/a.ims: Input/output error; not all of it may be on disk' \
		iommutrace record -q -o /tmp/bad/a.ims -- sh -c "vfio-loop -n 10 $card; echo +0-32767 >$disk/badblocks"
	ret=$?
	umount /tmp/bad
	return $ret
}

# What is on a disk that cannot be read to its end.
disk_unreadable() {
	modprobe loop && truncate -s 1M /tmp/half && losetup /dev/loop0 /tmp/half || return
	cat /out/flight.ims >/dev/loop0 && sync && echo 3 >/proc/sys/vm/drop_caches
	truncate -s 0 /tmp/half
	iommutrace report /dev/loop0 >/tmp/stdout 2>/tmp/stderr
	got=$?
	losetup -d /dev/loop0
	cat /tmp/stderr
	[ $got = 1 ] && [ "$(wc -l </tmp/stderr)" = 1 ] && grep -q 'cannot read /dev/loop0.* error' /tmp/stderr
}

pipe_closes() {
	{
		iommutrace record -q -d 20 -o - -- sh -c "$busy" 2>/tmp/stderr
		echo $? >/tmp/status
	} | head -c 3000 >/tmp/piece
	cat /tmp/stderr
	[ "$(cat /tmp/status)" = 1 ] && [ "$(grep -c '^iommutrace: cannot write standard output: Broken pipe' /tmp/stderr)" = 1 ] &&
		iommutrace info /tmp/piece >/dev/null 2>&1
}

read_only() {
	mkdir -p /tmp/ro && mount -t tmpfs -o ro none /tmp/ro || return
	fails 'cannot write /tmp/ro/a.ims: Read-only file system; choose another place' \
		iommutrace record -q -d 1 -o /tmp/ro/a.ims &&
		fails 'cannot write /tmp/ro/a.ims: Read-only file system; choose another place' \
			iommutrace record -q -d 1 --flight 1M --trigger signal -o /tmp/ro/a.ims
	ret=$?
	umount /tmp/ro
	return $ret
}

# What was before the mismatch is in the file, and a second after it; then it is over.
flight_mismatch() {
	iommutrace record --flight 1M --trigger soft-mismatch --after 1 -o /out/flight.ims -- sh -c \
		"vfio-loop -n 10 $card; echo same; vfio-loop -n 10 $card $other; echo mixed; sleep 1; exec sleep 60" \
		>/tmp/stdout 2>/out/flight.err
	ret=$?
	cat /out/flight.err
	[ $ret = 0 ] && grep -q 'soft-mismatch at .* writing /out/flight.ims' /out/flight.err &&
		grep -q 'triggered 1 (soft-mismatch)' /out/flight.err
}

flight_quiet() {
	iommutrace record --flight 1M --trigger soft-mismatch -o /tmp/none.ims -- vfio-loop -n 10 "$card" 2>/tmp/stderr
	ret=$?
	cat /tmp/stderr
	[ $ret = 0 ] && [ ! -e /tmp/none.ims ] && grep -q 'nothing triggered, no file was written' /tmp/stderr
}

# Each SIGUSR1 makes a file; the newest two are kept.
flight_signal() {
	# shellcheck disable=SC2016 # the inner shell's
	iommutrace record --flight 256K --trigger signal --after 0.1 --rotate 2 -o /out/signal.ims -- sh -c '
		for i in 1 2 3; do
			vfio-loop -n 1 "$0" >/dev/null
			kill -USR1 $PPID
			sleep 3
		done' "$card" 2>/tmp/stderr
	ret=$?
	cat /tmp/stderr
	[ $ret = 0 ] && [ ! -e /out/signal.ims ] && [ -e /out/signal.ims.1 ] && [ -e /out/signal.ims.2 ] &&
		[ ! -e /out/signal.ims.3 ]
}

flight_slower() {
	iommutrace record -q --flight 256K --trigger slower=1 --after 0 -o /out/slower.ims -- \
		vfio-loop -n 100 "$card" 2>/tmp/stderr
	ret=$?
	cat /tmp/stderr
	[ $ret = 0 ] && [ -e /out/slower.ims ]
}

# One container all the time: its domain is older than the later files.
rotates() {
	iommutrace record --events all --compress 0 --max-size 256K --rotate 3 -o /out/series.ims -- \
		vfio-loop -n 20000 "$card" "$other" >/tmp/stdout 2>/out/series.err
	ret=$?
	cat /out/series.err
	ls /out >/out/series.list
	[ $ret = 0 ] && grep -q 'in 3 files, the last is /out/series.ims.' /out/series.err
}

size_is_kept() {
	iommutrace record -q --events all --max-size 256K -d 60 -o /out/sized.ims -- sh -c "$busy" 2>/tmp/stderr
	ret=$?
	cat /tmp/stderr
	[ $ret = 0 ] && [ "$(stat -c %s /out/sized.ims)" -le 262144 ] &&
		[ "$(stat -c %s /out/sized.ims)" -gt 131072 ]
}

bundles() {
	echo vault >/proc/sys/kernel/hostname
	mkdir -p /usr/share/misc && cp /opt/guest/pci.ids /usr/share/misc/
	iommutrace record -q -o /out/plain.ims -- vfio-loop -n 10 "$card" "$other" &&
		iommutrace bundle -d 2 -o /out/live.ims 2>/tmp/stderr
	ret=$?
	cat /tmp/stderr
	[ $ret = 0 ] && grep -q 'redacted: command names' /tmp/stderr
}

sysfs_topology | sort >/out/topology
check "the flight recorder writes at a mismatch" flight_mismatch
check "... and not without one" flight_quiet
check "... at each signal, and keeps the newest files" flight_signal
check "... at a slow call" flight_slower
check "a series of files" rotates
check "one file of bounded size" size_is_kept
check "a bundle of the next seconds" bundles
check "a disk that fills up" disk_fills
check "a disk that fails" disk_fails
check "a recording on a disk that fails" disk_unreadable
check "a pipe that closes" pipe_closes
check "a read-only folder" read_only
dmesg >/out/dmesg
