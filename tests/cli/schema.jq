# SPDX-License-Identifier: GPL-2.0-only
# schema.jq: what is wrong with the lines of input, by the JSON Schema in $schema[0], one text each:
#   jq -nr --slurpfile schema docs/jsonl.schema.json -f tests/cli/schema.jq FILE
# Knows the keywords that schema uses, and complains about any other. Stricter in one thing: a member
# that the schema does not have is wrong, as output and schema are of the same version here.

def known: ["$schema", "$defs", "$ref", "title", "description", "type", "const", "minimum", "required",
	"properties", "items", "minItems", "maxItems", "oneOf"];

def types: if type == "number" and floor == . then ["integer", "number"] else [type] end;

def check($s; $where):
	. as $v |
	(($s | keys) - known | .[] | "\($where): the checker does not know the keyword \(.)"),
	(if $s["$ref"] then
		($s["$ref"] | ltrimstr("#/$defs/")) as $name |
		if $schema[0]["$defs"][$name] then $v | check($schema[0]["$defs"][$name]; $where)
		else "\($where): no definition \($name)" end
	else empty end),
	(if $s.type and ((($s.type | if type == "array" then . else [.] end) - ($v | types))
			== ($s.type | if type == "array" then . else [.] end))
	then "\($where): \($v | type) is not \($s.type)" else empty end),
	(if ($s | has("const")) and $v != $s.const then "\($where): not \($s.const)" else empty end),
	(if $s.minimum and ($v | type) == "number" and $v < $s.minimum
	then "\($where): \($v) is below \($s.minimum)" else empty end),
	(if $s.oneOf then
		([$s.oneOf[] as $o | [$v | check($o; $where)] | select(length == 0)] | length) as $n |
		if $n == 1 then empty else "\($where): fits \($n) of oneOf: \($v | tojson)" end
	else empty end),
	(if ($v | type) == "object" and ($s.required or $s.properties) then
		((($s.required // []) - ($v | keys))[] | "\($where): no \(.)"),
		((($v | keys) - ($s.properties // {} | keys))[] | "\($where): \(.) is not in the schema"),
		($v | to_entries[] | .key as $k | select(($s.properties // {}) | has($k)) |
			.value | check($s.properties[$k]; "\($where).\($k)"))
	else empty end),
	(if ($v | type) == "array" then
		(if $s.minItems and ($v | length) < $s.minItems then "\($where): too short" else empty end),
		(if $s.maxItems and ($v | length) > $s.maxItems then "\($where): too long" else empty end),
		(if $s.items then $v[] | check($s.items; "\($where)[]") else empty end)
	else empty end);

foreach inputs as $line (0; . + 1; . as $n | $line | check($schema[0]; "line \($n)"))
