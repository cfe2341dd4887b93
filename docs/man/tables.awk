# SPDX-License-Identifier: GPL-2.0-only
# tables.awk - fills a man page with what the tools' own tables say (tools/tool.h).

# A sentence begins on a line of its own.
function text(s)
{
	gsub(/\. +/, ".\n", s)
	gsub(/\\/, "\\e", s)
	gsub(/--/, "\\-\\-", s)
	if (s ~ /^[.']/)
		s = "\\&" s
	return s
}

# "[-o FILE] CMD" has its flags and arguments told apart.
function synopsis(s,  n, word, i, out, w, open, close_)
{
	n = split(s, word, " ")
	for (i = 1; i <= n; i++) {
		w = word[i]
		open = close_ = ""
		while (w ~ /^\[/) { open = open "["; w = substr(w, 2) }
		while (w ~ /\]$/) { close_ = close_ "]"; w = substr(w, 1, length(w) - 1) }
		if (w ~ /^-/) {
			gsub(/-/, "\\-", w)
			w = "\\fB" w "\\fR"
		} else if (w ~ /^[A-Z|.]+$/) {
			w = "\\fI" w "\\fR"
		}
		out = out (i > 1 ? " " : "") open w close_
	}
	return out
}

function values(list, help,  n, word, i, out, more)
{
	n = split(list, word, " ")
	for (i = 1; i <= n; i++) {
		more += index(help, word[i]) == 0
		out = out (i > 1 ? ", " : "") word[i]
	}
	return more ? "\nOne of: " out "." : ""
}

function option(f)
{
	printf ".It "
	if (f[2] != "-")
		printf "Fl %s , ", f[2]
	printf "Fl -%s%s\n", f[3], f[4] == "-" ? "" : " Ar " f[4]
	if (f[3] == "help")
		print "Print a short help and exit."
	else if (f[3] == "version")
		print "Print the version and exit."
	else
		print text(f[5]) "." (f[6] == "-" ? "" : values(f[6], f[5]))
}

function row(kind, line,  f)
{
	split(line, f, "\t")
	if (kind == "options" && f[1] == "option")
		option(f)
	else if (kind == "synopsis" && f[1] == "command")
		print ".Nm" (f[2] == "-" ? "" : " Cm " f[2]) "\n" synopsis(f[3])
	else if (kind == "summary" && f[1] == "command")
		print text(f[4])
	else if (kind == "commands" && f[1] == "command")
		print ".Nm Cm " f[2] "\n" synopsis(f[3]) "\n.br"
}

function fill(kind, tool, command,  run, line, rows)
{
	run = tools "/" tool (command ? " " command : "") " --print-table"
	while ((run | getline line) > 0) {
		row(kind, line)
		rows++
	}
	if (close(run) || !rows) {
		print "page: " run " failed" >"/dev/stderr"
		exit 1
	}
}

/^@/ {
	sub(/^@/, "")
	sub(/@$/, "")
	if ($1 == "options")
		print ".Bl -tag -width indent"
	fill($1, $2, $3)
	if ($1 == "options")
		print ".El"
	next
}
/^\.Os/ { print ".Os iommuscope " version; next }
{ print }
