# SPDX-License-Identifier: GPL-2.0-only
# tables.awk - fills a man page with what the tools' own tables say (tools/tool.h): for a line
# @KIND TOOL@ the synopsis, the summary, the options or more of them; of a tool with commands the
# commands with their synopses, or sections about each; of a daemon its settings.

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

# Text as it is, but for "NAME  what it is": these are items, with what is indented below them.
function more(f, n,  i, line, list, gap)
{
	gap = 1
	for (i = 2; i <= n; i++) {
		line = f[i]
		if (match(line, /^[a-z]+  +/)) {
			if (!list)
				print ".Bl -tag -width indent"
			list = 1
			print ".It Cm " substr(line, 1, index(line, " ") - 1)
			line = substr(line, RLENGTH + 1)
		} else if (list && line !~ /^ /) {
			print ".El"
			list = 0
		}
		sub(/^ +/, "", line)
		if (gap && line != "" && !list)
			print ".Pp"
		gap = line == ""
		if (!gap)
			print text(line)
	}
	if (list)
		print ".El"
}

function row(kind, line,  f, n)
{
	n = split(line, f, "\t")
	if (kind == "options" && f[1] == "option")
		option(f)
	else if (kind == "more" && f[1] == "more")
		more(f, n)
	else if (kind == "synopsis" && f[1] == "command")
		print ".Nm" (f[2] == "-" ? "" : " Cm " f[2]) "\n" synopsis(f[3])
	else if (kind == "summary" && f[1] == "command")
		print text(f[4])
	else if (kind == "commands" && f[1] == "command")
		print ".Nm Cm " f[2] "\n" synopsis(f[3]) "\n.br"
	else if (kind == "names" && f[1] == "command")
		names = names " " f[2]
}

function fill(kind, tool, command,  run, line, rows)
{
	run = tools "/" tool (command ? " " command : "") " --print-table"
	if (kind == "options")
		print ".Bl -tag -width indent"
	while ((run | getline line) > 0) {
		row(kind, line)
		rows++
	}
	if (close(run) || !rows) {
		print "page: " run " failed" >"/dev/stderr"
		exit 1
	}
	if (kind == "options")
		print ".El"
}

# The settings of a daemon, as its --print-config has them: "# ARG: help", then "#name = value".
function settings(tool,  run, line, help, at)
{
	run = tools "/" tool " --print-config"
	print ".Bl -tag -width indent"
	while ((run | getline line) > 0) {
		if (line ~ /^#[a-z]/) {
			at = index(help, ": ")
			sub(/\.$/, "", help)
			printf ".It Va %s No = Ar %s\n%s.\n", substr(line, 2, index(line, " ") - 2), \
				substr(help, 1, at - 1), text(substr(help, at + 2))
			sub(/^[^=]*= */, "", line)
			print "The default is" (line == "\"\"" ? " none." : "\n.Ql " line " .")
		}
		help = line ~ /^# / ? help (help ? " " : "") substr(line, 3) : ""
	}
	print ".El"
	if (close(run)) {
		print "page: " run " failed" >"/dev/stderr"
		exit 1
	}
}

function section(tool, command)
{
	print ".Ss " command
	fill("synopsis", tool, command)
	print ".Pp"
	fill("summary", tool, command)
	fill("options", tool, command)
	fill("more", tool, command)
}

/^@/ {
	sub(/^@/, "")
	sub(/@$/, "")
	if ($1 == "sections") {
		fill("names", $2)
		n = split(names, command, " ")
		for (i = 1; i <= n; i++)
			section($2, command[i])
	} else if ($1 == "settings") {
		settings($2)
	} else {
		fill($1, $2)
	}
	next
}
/^\.Os/ { print ".Os iommuscope " version; next }
{ print }
