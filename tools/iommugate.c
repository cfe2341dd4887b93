// SPDX-License-Identifier: GPL-2.0-only
/* iommugate - what the map path costs, and whether a change made it dearer. */
#include <stdio.h>
#include <string.h>

#include "tools/gate.h"

static const struct command *const commands[] = {&command_gate_compare, &command_gate_history};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *out)
{
	fprintf(out, "usage: iommugate COMMAND [OPTION...]\n\n"
		     "Performance gates for kernels and IOMMU drivers.\n\ncommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->synopsis);
	fprintf(out,
		"\n'iommugate COMMAND --help' tells more. Exit status: 0 pass, 1 runtime error,\n"
		"2 usage, 3 a regression, 4 inconclusive (loss, noise, nothing to compare).\n");
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		help(stdout);
		return end_output(EXIT_FINE);
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("iommugate " IMS_VERSION);
		return end_output(EXIT_FINE);
	}
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, argv[1]))
			return command_run("iommugate", commands[i], argc - 1, argv + 1);
	if (argc > 1) {
		complain("there is no %s \"%s\"", argv[1][0] == '-' ? "option" : "command",
			 argv[1]);
		fputs("Try 'iommugate --help'.\n", stderr);
	} else {
		help(stderr);
	}
	return EXIT_USAGE;
}
