/* SPDX-License-Identifier: GPL-2.0-only */
/* tool.h - a tool with commands, and the tables of a tool for man pages and completion. */
#ifndef IMS_TOOLS_TOOL_H
#define IMS_TOOLS_TOOL_H

#include "tools/common.h"

struct tool {
	const char *name;
	const char *summary;
	const char *more;		      /* shown at the end of the help */
	const struct command *const *command; /* ends with NULL */
};

/* main() of a tool with commands. Returns the exit code. */
int tool_run(const struct tool *tool, int argc, char **argv);

/*
 * --print-table, which people need not know: what completion and the man pages are made of. A line
 * each, its fields divided by tabs: "command" NAME SYNOPSIS SUMMARY; "option" LETTER NAME ARG HELP
 * VALUES, where values are divided by spaces; "more" LINE... What is not there is "-".
 */
extern const char print_table[];

int tool_print_options(const struct command *cmd);

/* Those that every command has, and, without commands, every tool. */
extern const struct option_row help_row, version_row;

#endif
