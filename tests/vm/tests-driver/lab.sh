# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Sourced by the guest scripts of iommulab: loading, running scenarios, and what dmesg must not hold.

lab=/sys/kernel/debug/iommulab
failures=0

fail() {
	echo "not ok - $*"
	failures=$((failures + 1))
}

ok() { echo "ok - $*"; }

# check WHAT CMD...
check() {
	what=$1
	shift
	if "$@"; then ok "$what"; else fail "$what"; fi
}

# put FILE TEXT: prints the errno of the write, 0 if it went well.
put() {
	if out=$(printf '%s' "$2" 2>&1 >"$lab/$1"); then echo 0; else echo "${out##*: }"; fi
}

# result: what the last script returned.
result() { sed -n 's/^result //p' "$lab/scenario"; }

# run SCRIPT: its errno, without the shell's words for it.
run() {
	printf '%s' "$1" 2>/dev/null >"$lab/scenario"
	result
}

expect() { # SCRIPT RESULT
	got=$(run "$1")
	if [ "$got" = "$2" ]; then
		ok "$1 returns $2"
	else
		fail "$1 returns $got, not $2"
		sed 's/^/    /' "$lab/scenario"
	fi
}

calls() { sed -n "s/^$1 calls=\([0-9]*\).*/\1/p" "$lab/counters"; }
errors() { sed -n "s/^$1 calls=[0-9]* errors=\([0-9]*\)/\1/p" "$lab/counters"; }

# Nothing that our scenarios made is left: as many frees as successful allocations.
balanced() {
	[ $(($(calls ptpage) - $(errors ptpage))) = "$(calls ptpage-free)" ]
}

dmesg_clean() {
	if dmesg | grep -E 'WARNING:|BUG:|Oops|Call trace|Call Trace|leak|lockdep|INFO: task|refcount_t' >/tmp/bad; then
		fail "dmesg is clean"
		dmesg | tail -n 80 | sed 's/^/    /'
	else
		ok "dmesg is clean"
	fi
}

finish() {
	dmesg_clean
	echo "failures: $failures"
	[ "$failures" = 0 ]
}
