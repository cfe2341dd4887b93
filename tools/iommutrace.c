// SPDX-License-Identifier: GPL-2.0-only
/* iommutrace - recordings of the life of IOMMU domains. */
#include <stdio.h>
#include <string.h>

#include "tools/bundle.h"
#include "tools/common.h"
#include "tools/diff.h"
#include "tools/events.h"
#include "tools/export.h"
#include "tools/info.h"
#include "tools/plan.h"
#include "tools/record.h"
#include "tools/report.h"

static const struct command *const commands[] = {&command_record, &command_report, &command_events,
						 &command_info,
						   &command_diff,   &command_export, &command_plan, &command_bundle};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *out)
{
	fprintf(out, "usage: iommutrace COMMAND [OPTION...]\n\n"
		     "Recordings of the life of IOMMU domains, for bug reports.\n\ncommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->synopsis);
	fprintf(out,
		"\n'iommutrace COMMAND --help' tells more. Exit status: 0 fine, 1 runtime error,\n"
		"2 usage, 3 a finding (--fail-on), 4 inconclusive (loss).\n");
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		help(stdout);
		return end_output(EXIT_FINE);
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("iommutrace " IMS_VERSION);
		return end_output(EXIT_FINE);
	}
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, argv[1]))
			return command_run("iommutrace", commands[i], argc - 1, argv + 1);
	if (argc > 1) {
		complain("there is no %s \"%s\"", argv[1][0] == '-' ? "option" : "command",
			 argv[1]);
		fputs("Try 'iommutrace --help'.\n", stderr);
	} else {
		help(stderr);
	}
	return EXIT_USAGE;
}
