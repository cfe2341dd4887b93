# SPDX-License-Identifier: GPL-2.0-only
# facts.awk: from C declarations, one on a line, as bpftool dumps them from BTF and vmlinux.h has them:
#
#   struct device.kobj: struct kobject      a member and its type; of unions too
#   enum bpf_map_type.BPF_MAP_TYPE_HASH: 1  an enumerator and its value; "enum ." is one without a name
#   typedef u8: __u8
#   struct iommu_domain_ops                 a struct, or its declaration
#
# Members of an anonymous struct or union are those of the struct around it, as in C.

function emit(line) {
	held[depth] = held[depth] line "\n"
}

# A declaration without its ";": sets name and type. An array's length is not of its type, as our
# header need not have all of it.
function parse(text,    m) {
	if (match(text, /\(\*+[a-zA-Z0-9_]+\)\(/)) {
		name = substr(text, RSTART, RLENGTH)
		gsub(/[(*)]/, "", name)
		type = "function *"
		return
	}
	m = gsub(/\[[^]]*\]/, "", text)
	sub(/ *: *[0-9]+$/, "", text) # a bit field
	match(text, /[a-zA-Z0-9_]+$/)
	name = substr(text, RSTART)
	type = substr(text, 1, RSTART - 1)
	gsub(/[ \t]+/, " ", type)
	sub(/ $/, "", type)
	if (m)
		type = type "[]"
}

{
	gsub(/^[ \t]+|[ \t]+$/, "")
	sub(/ *__attribute__\(\(.*\)\)/, "")
}

# The ends of a struct or enum: named members of a struct without a name of its own are one member.
/^}/ {
	mine = held[depth--]
	if (depth && $0 != "};") {
		sub(/^} */, "")
		sub(/;$/, "")
		parse($0)
		emit(tag "." name ": struct {...}")
	} else if (depth) {
		held[depth] = held[depth] mine
	} else if (tag != "typedef") {
		printf "%s", mine
	}
	next
}

!depth && /^(typedef )?(struct|union|enum) .*{$/ {
	tag = $1 == "typedef" ? "typedef" : $1 " " ($2 == "{" ? "" : $2)
	held[++depth] = tag ~ /^(struct|union) / ? tag "\n" : ""
	next
}

depth && /{$/ {
	held[++depth] = ""
	next
}

!depth && /^(struct|union) [a-zA-Z0-9_]+;$/ {
	sub(/;$/, "")
	print
	next
}

!depth && /^typedef / {
	sub(/^typedef /, "")
	sub(/;$/, "")
	parse($0)
	print "typedef " name ": " type
	next
}

depth && tag ~ /^enum/ && / = / {
	sub(/,$/, "")
	sub(/ = /, ": ")
	emit(tag "." $0)
	next
}

depth && /;$/ {
	sub(/;$/, "")
	parse($0)
	emit(tag "." name ": " type)
}
