#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# top.sh: iommutop on a terminal (tmux) in a guest with iommulab, live and with the daemon: keys are
# typed while work goes on, and screens captured into /out. Prints TAP.
. /opt/guest/lib.sh
export TERMINFO=/opt/terminfo LOCPATH=/opt/locale LC_ALL=C.UTF-8 HOME=/tmp SHELL=/bin/sh TERM=screen-256color
lab=/sys/kernel/debug/iommulab
pairs=2000

insmod /driver.ko || exit
echo "set -g default-terminal $TERM" >/tmp/tmux.conf

term() {
	timeout 20 tmux -S /tmp/tmux -f /tmp/tmux.conf "$@"
}

starts() { # COMMAND
	term kill-server 2>/dev/null
	sleep 1
	term new-session -d -x 120 -y 40 "cd /tmp; $1 2>/tmp/err; echo status \$?; sleep 1000"
}

screen() {
	term capture-pane -p
}

# shows PATTERN...: each, within 30 seconds.
shows() {
	for pattern; do
		i=0
		until screen | grep -qE -- "$pattern"; do
			i=$((i + 1))
			[ $i -lt 150 ] || { echo "no \"$pattern\" on"; screen; cat /tmp/err; return 1; }
			sleep 0.2
		done
	done
}

capture() { # NAME
	screen >"/out/$1.txt"
}

mapped() { # how many maps the first line of the rates tells
	screen | awk '$1 == "map" { print $(NF - 1); exit }'
}

begins() {
	starts "iommutop -d 0.5" && shows '^iommutop live' 'no loss' && mapped >/tmp/before
}

# As many maps as iommulab was told to do: none is lost on the way to the screen.
counts() {
	echo "map 0.0 4096 $pairs" >$lab/bench && sleep 2 && capture overview
	before=$(cat /tmp/before) after=$(mapped)
	[ $((after - before)) = $pairs ] || { echo "$before, then $after"; screen; return 1; }
}

# What goes on while we look.
load() {
	while [ ! -e /tmp/stop ]; do
		echo "map 0.0 4096 20000" >$lab/bench
		sleep 0.1
	done
}

verdict() {
	echo soft-mismatch >$lab/scenario && term send-keys 6 && shows 'soft-mismatch' && capture verdicts &&
		term send-keys Enter && shows 'soft-mismatch \(notice\)' 'allocated' && capture story &&
		term send-keys Escape
}

screens() {
	n=0
	for name in - instances devices domains operations - faults plan; do
		n=$((n + 1))
		[ $name != - ] || continue
		term send-keys $n && sleep 1.2 && capture $name
	done
	term send-keys 2 && shows '^iommulab0 .* [0-9.]+k? ' && term send-keys 8 && shows '^map .* attached +[0-9.]+k?' &&
		term send-keys 4 && shows '^ +[0-9]+ UNMANAGED '
}

detail() {
	term send-keys 2 Down Enter && shows '^INSTANCE iommulab' '^map$' && capture instance && term send-keys Escape
}

# The screen stands still; what comes goes on being counted.
pauses() {
	term send-keys 1 p && shows '\[paused\]' && sleep 1 && screen | sed 1,3d | grep -v '^F1' >/tmp/one && sleep 1.5 &&
		screen | sed 1,3d | grep -v '^F1' >/tmp/two && cmp /tmp/one /tmp/two && term send-keys p && sleep 1 &&
		screen | sed 1,3d | grep -v '^F1' >/tmp/three && ! cmp -s /tmp/one /tmp/three
}

records() {
	term send-keys r && shows '\[REC\]' && sleep 2 && term send-keys r && shows 'recorded to' &&
		cp /tmp/iommutop-*.ims /out/inside.ims && iommutrace report /out/inside.ims >/out/inside.txt
}

ends() {
	term send-keys q && shows 'status 0'
}

batch() {
	iommutop --json -n 2 -d 0.5 >/out/live.json && [ "$(wc -l </out/live.json)" = 2 ] &&
		iommutop --once --screen instances >/out/once.txt && grep -q '^iommulab0' /out/once.txt
}

# The threads of iommulab are called so; nobody is called nobody.
by_caller() {
	for comm in iommulab/0 nobody; do
		iommutop --json -n 2 -d 0.5 --comm $comm >"/out/${comm%/*}.json" || return
	done
	iommutop --json -n 2 -d 0.5 --pid 1 >/out/init.json
}

daemon() {
	iommud >/tmp/iommud.log 2>&1 &
	echo $! >/tmp/iommud.pid
	i=0
	until [ -S /run/iommuscope/iommud.sock ]; do
		i=$((i + 1))
		[ $i -lt 100 ] || { cat /tmp/iommud.log; return 1; }
		sleep 0.2
	done
	starts "iommutop -d 0.5" && shows '^iommutop daemon' '^map +[0-9.]+k? ' && term send-keys 2 &&
		shows '^iommulab0 .* [0-9.]+k? ' && capture daemon && ends
}

# One who may not: a line that says so, no screen.
refused() {
	says 'no CAP_\|group of' 1 as_nobody iommutop --own
}

check "iommutop, live" begins
check "it counts what iommulab did" counts
load &
check "a verdict, and its story" verdict
check "the screens" screens
check "all about an instance" detail
check "pause" pauses
check "a recording from inside" records
check "q" ends
check "text and JSON" batch
check "by who calls" by_caller
check "what the daemon sends" daemon
check "without privileges" refused
touch /tmp/stop
kill "$(cat /tmp/iommud.pid)"
wait
