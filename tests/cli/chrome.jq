# SPDX-License-Identifier: GPL-2.0-only
# chrome.jq: what is wrong with a Chrome JSON trace, one text each; then a line of counts, as that of
# perfetto.awk. The slices of a thread lie within each other, and no time on it goes back.

def wrong($is; $text): if $is then .wrong += [$text] else . end;

# The flow $e goes on, or ends.
def flow($e): ($e.id | tostring) as $id |
	wrong(.flows[$id] == "f"; "flow \($id) goes on after its end") |
	wrong($e.ph == "f" and .flows[$id] == null; "flow \($id) ends and never began") | .flows[$id] = $e.ph;

def one($e; $on):
	wrong(.names[$on] == null; "an event on \($on), which has no name") |
	wrong($e.ts < (.last[$on] // 0); "time goes back on \($on)") | .last[$on] = $e.ts |
	if $e.ph == "B" then .open[$on] = [$e.name] + (.open[$on] // [])
	elif $e.ph == "E" then
		wrong((.open[$on] // [])[0] != $e.name; "\($e.name) ends on \($on): \(.open[$on])") |
		.open[$on] |= (. // [])[1:]
	elif $e.ph == "s" or $e.ph == "t" or $e.ph == "f" then
		wrong((.open[$on] // []) == []; "flow \($e.id) outside of a slice") | flow($e)
	else wrong($e.ph != "i"; "phase \($e.ph)") end;

reduce .traceEvents[] as $e ({names: {}, last: {}, open: {}, flows: {}, count: {}, wrong: []};
	"\($e.pid)/\($e.tid)" as $on | .count[$e.ph] += 1 |
	if $e.ph == "M" then wrong(.names[$on]; "\($on) has two names") | .names[$on] = $e.args.name
	elif $e.ph == "C" then wrong($e.args.bytes | type != "number"; "no bytes")
	else one($e; $on) end) |
.wrong += [.open | to_entries[] | select(.value != []) | "\(.key) has slices without an end"] |
.wrong[],
([.count | .M, .B, .i, .C, .f | . // 0] |
	"\(.[0]) tracks, \(.[1]) slices, \(.[2]) instants, \(.[3]) values, \(.[4]) flows end")
