# SPDX-License-Identifier: GPL-2.0-only
# perfetto.awk: what is wrong with a Perfetto trace, from what "protoc --decode_raw" prints of it. It
# knows field numbers only, and shares nothing with the program that wrote the trace:
# TracePacket 8 timestamp, 10 sequence, 11 event, 60 track; TrackDescriptor 1 uuid, 5 parent, 8 counter;
# TrackEvent 9 type, 11 track, 30 value, 47 flow, 48 flow that ends here.
# Ends with a line of counts: tracks, slices, instants, values, flows that end.

function wrong(what) { print "packet " packets ": " what; bad = 1 }

function track() {
	if (!uuid || uuid in parent) wrong("track " uuid " without a number of its own")
	if (up && !(up in parent)) wrong("track " uuid " is below " up ", which is not there")
	parent[uuid] = up
	if (counter) is_counter[uuid] = 1; else tracks++
}

function event() {
	if (!(on in parent)) { wrong("an event on track " on ", which is not there"); return }
	if (time == "") wrong("an event without a time")
	if (on in last && time < last[on]) wrong("time goes back on track " on)
	last[on] = time
	if ((type == 4) != (on in is_counter)) wrong("type " type " on track " on)
	if ((type == 4) != (value != "")) wrong("a value where none belongs, or none")
	if (type == 1) { open[on]++; slices++ }
	else if (type == 2) { if (--open[on] < 0) wrong("an end without a beginning on track " on) }
	else if (type == 3) instants++
	else if (type == 4) values++
	else wrong("type " type)
	if (flow != "" && flow in ended) wrong("flow " flow " goes on after its end")
	if (flow != "") flows[flow]++
	if (last_flow != "" && !(last_flow in flows)) wrong("flow " last_flow " ends and never began")
	if (last_flow != "") { ended[last_flow] = 1; ends++ }
}

# Numbers of 64 bits are compared as text of one length: awk's own are doubles.
function wide(n) { return sprintf("%20s", n) }

depth == 0 && $1 == "1" && $2 == "{" {
	packets++; depth = 1; kind = 0
	time = uuid = up = type = on = value = flow = last_flow = ""; counter = sequence = 0
	next
}
depth == 0 { wrong("not a packet: " $0); next }
$0 ~ /^ *}$/ {
	if (--depth == 0) {
		if (!sequence) wrong("without a sequence")
		if (kind == 60) track(); else if (kind == 11) event(); else wrong("neither track nor event")
	}
	next
}
depth == 1 && $2 == "{" { kind = $1; depth++; next }
depth == 1 && $1 == "8:" { time = wide($2) }
depth == 1 && $1 == "10:" { sequence = $2 }
depth == 2 && kind == 60 && $1 == "1:" { uuid = $2 }
depth == 2 && kind == 60 && $1 == "5:" { up = $2 }
depth == 2 && kind == 60 && $1 == "8" { counter = 1 }
depth == 2 && kind == 11 && $1 == "9:" { type = $2 }
depth == 2 && kind == 11 && $1 == "11:" { on = $2 }
depth == 2 && kind == 11 && $1 == "30:" { value = $2 }
depth == 2 && kind == 11 && $1 == "47:" { flow = $2 }
depth == 2 && kind == 11 && $1 == "48:" { last_flow = $2 }
$NF == "{" { depth++ }

END {
	for (t in open) if (open[t]) { print "track " t " has slices without an end"; bad = 1 }
	if (depth) { print "cut off"; bad = 1 }
	printf "%d tracks, %d slices, %d instants, %d values, %d flows end\n", tracks, slices, instants, values, ends
	exit bad
}
