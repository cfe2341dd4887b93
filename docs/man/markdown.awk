# SPDX-License-Identifier: GPL-2.0-only
# markdown.awk - the Markdown of our specifications as mdoc: headings, paragraphs, lists, tables, code.

# What matches pattern, without its marks of that width, in a font.
function spans(s, pattern, width, font,  out)
{
	while (match(s, pattern)) {
		out = out substr(s, 1, RSTART - 1) "\\f" font \
			substr(s, RSTART + width, RLENGTH - 2 * width) "\\fR"
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}

# [text](address) becomes text.
function links(s,  out, link)
{
	while (match(s, /\[[^]]+\]\([^)]*\)/)) {
		link = substr(s, RSTART + 1, RLENGTH - 1)
		out = out substr(s, 1, RSTART - 1) substr(link, 1, index(link, "](") - 1)
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}

function inline(s)
{
	gsub(/\\\|/, "|", s)
	gsub(/\\/, "\\e", s)
	s = spans(s, "`[^`]+`", 1, "B")
	s = spans(s, "[*][*][^*]+[*][*]", 2, "B")
	s = spans(s, "[*][^* ][^*]*[*]", 1, "I")
	s = links(s)
	gsub(/--/, "\\-\\-", s)
	gsub(/\^/, "\\(ha", s)
	gsub(/~/, "\\(ti", s)
	return s
}

# A sentence begins on a line of its own.
function put(s,  at)
{
	while ((at = match(s, /[.:!?][)]? +[A-Z`\\]/)) && length(s) > RLENGTH) {
		put_line(substr(s, 1, RSTART))
		s = substr(s, RSTART + 1)
		sub(/^ +/, "", s)
	}
	put_line(s)
}

function put_line(s)
{
	if (s ~ /^[.']/)
		s = "\\&" s
	print s
}

# What is open when something else begins.
function end(what)
{
	if (list && what != "list") {
		print ".El"
		list = 0
		text = 1
	}
	if (table && what != "table") {
		print_table()
		table = 0
	}
}

function paragraph()
{
	if (text)
		print ".Pp"
	text = 0
}

# The last column takes what the others leave.
function print_columns(  r, c)
{
	print ".TS"
	for (c = 1; c < columns; c++)
		printf "l "
	print "lx."
	for (r = 1; r <= table; r++) {
		for (c = 1; c < columns; c++)
			printf "%s\t", cell[r, c]
		printf "T{\n%s\nT}\n", cell[r, c]
	}
	print ".TE"
}

# With more than one wide column a row is an item: no terminal is wide enough.
function print_rows(  r, c)
{
	print ".Bl -tag -width indent"
	for (r = 2; r <= table; r++) {
		print ".It " cell[r, 1]
		for (c = 2; c <= columns; c++) {
			print ".br"
			put(cell[1, c] ": " cell[r, c])
		}
	}
	print ".El"
}

function print_table()
{
	if (wide) {
		print_rows()
	} else {
		paragraph()
		print_columns()
	}
	text = 1
}

# "## 1. Chunks" is about Chunks.
function heading(s)
{
	sub(/^#+ ([0-9]+\. )?/, "", s)
	return s
}

function add_row(line,  n, f, c)
{
	gsub(/\\\|/, "\001", line)
	sub(/^\| */, "", line)
	sub(/ *\|$/, "", line)
	n = split(line, f, / *\| */)
	if (f[1] ~ /^-+$/)
		return
	if (!table++) {
		columns = n
		wide = 0
	}
	for (c = 1; c <= columns; c++) {
		wide += c < n && length(f[c]) > 24
		gsub(/\001/, "|", f[c])
		f[c] = f[c] == "" ? "\\&" : inline(f[c])
		if (f[c] ~ /^[.']/)
			f[c] = "\\&" f[c]
		cell[table, c] = table == 1 ? "\\fI" f[c] "\\fR" : f[c]
	}
}

NR == 1 {
	print "'\\\" t"
	print ".Dd $Mdocdate$\n.Dt " toupper(name) " " section "\n.Os iommuscope " version
	print ".Sh NAME\n.Nm " name "\n.Nd " title "\n.Sh DESCRIPTION"
	next
}
/^```/ {
	if (!code) {
		end("code")
		paragraph()
	}
	code = !code
	print code ? ".Bd -literal -offset indent" : ".Ed"
	text = !code
	next
}
code { gsub(/\\/, "\\e"); put_line($0 == "" ? "\\&" : $0); next }
/^<!--/ { next }
/^\|/ { end("table"); add_row($0); next }
/^##/ {
	end("")
	print /^## / ? ".Sh " toupper(inline(heading($0))) : ".Ss " inline(heading($0))
	text = 0
	next
}
/^- / {
	end("list")
	if (!list)
		print ".Bl -bullet"
	list = 1
	print ".It"
	put(inline(substr($0, 3)))
	next
}
/^  / && list { sub(/^ +/, ""); put(inline($0)); next }
/^$/ { blank = 1; next }
{
	end("")
	if (blank)
		paragraph()
	blank = 0
	put(inline($0))
	text = 1
}
END { end("") }
