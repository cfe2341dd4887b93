# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# tap.sh - TAP, for suites that judge on the host. $tests counts;

tests=0

ok() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

# not_ok NAME [WHY]
not_ok() {
	tests=$((tests + 1))
	echo "not ok $tests - $1"
	[ $# -lt 2 ] || head -n 15 <<<"$2" | sed 's/^/# /'
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got: $2"$'\n'"wanted: $3"; fi
}

# renumber PREFIX FILE: the TAP lines of a guest among ours.
renumber() {
	local line
	while IFS= read -r line; do
		case $line in
		ok\ * | not\ ok\ *)
			tests=$((tests + 1))
			sed -E "s/ok [0-9]+ -/ok $tests - $1:/" <<<"$line"
			;;
		*) echo "$line" ;;
		esac
	done <"$2"
}
