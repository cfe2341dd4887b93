// SPDX-License-Identifier: GPL-2.0-only
#include "tools/tool.h"

#include <stdio.h>
#include <string.h>

const struct option_row help_row = {'h', "help", NULL, "this text"};
const struct option_row version_row = {10000, "version", NULL, "which version this is"};
const char print_table[] = "--print-table";

static void print_line(const char *text, const char *newline)
{
	for (; *text; text++)
		if (*text == '\n')
			fputs(newline, stdout);
		else
			putchar(*text == '\t' ? ' ' : *text);
}

static void print_verdicts(bool live)
{
	const char *before = "";

	for (int kind = 0; kind < MODEL_VERDICTS; kind++) {
		if (live && kind == MODEL_LEAK)
			continue;
		printf("%s%s", before, model_verdict_info(kind)->name);
		before = " ";
	}
}

static void print_values(const char *word)
{
	size_t n;

	for (; *word; word += n + (word[n] == ' ')) {
		n = strcspn(word, " ");
		if (!strncmp(word, VALUES_VERDICT, n))
			print_verdicts(false);
		else if (!strncmp(word, VALUES_LIVE, n))
			print_verdicts(true);
		else if (!strncmp(word, VALUES_HOOK, n))
			for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
				printf("%s%s", hook > 1 ? " " : "", ims_hook_name(hook));
		else
			printf("%.*s", (int)n, word);
		if (word[n])
			putchar(' ');
	}
}

static void print_row(const struct option_row *o)
{
	printf("option\t%c\t%s\t%s\t", o->key < 256 ? o->key : '-', o->name,
	       o->arg ? o->arg : "-");
	print_line(o->help, " ");
	putchar('\t');
	print_values(o->values ? o->values : "-");
	putchar('\n');
}

static void print_command(const struct command *cmd)
{
	printf("command\t%s\t%s\t", cmd->name ? cmd->name : "-", cmd->synopsis);
	print_line(cmd->summary, " ");
	putchar('\n');
}

int tool_print_options(const struct command *cmd)
{
	print_command(cmd);
	for (const struct option_row *o = cmd->option; o->name; o++)
		print_row(o);
	print_row(&help_row);
	if (!cmd->name)
		print_row(&version_row);
	if (cmd->more) {
		fputs("more\t", stdout);
		print_line(cmd->more, "\t");
		putchar('\n');
	}
	return end_output(EXIT_FINE);
}

static int print_commands(const struct tool *tool)
{
	for (size_t i = 0; tool->command[i]; i++)
		print_command(tool->command[i]);
	print_row(&help_row);
	print_row(&version_row);
	return end_output(EXIT_FINE);
}

static void help(const struct tool *tool, FILE *out)
{
	fprintf(out, "usage: %s COMMAND [OPTION...]\n\n%s\n\ncommands:\n", tool->name,
		tool->summary);
	for (size_t i = 0; tool->command[i]; i++)
		fprintf(out, "  %-8s %s\n", tool->command[i]->name, tool->command[i]->synopsis);
	fprintf(out, "\noptions:\n  -h, --help               %s\n      --version            %s\n",
		help_row.help, version_row.help);
	fprintf(out, "\n%s\n", tool->more);
}

int tool_run(const struct tool *tool, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		help(tool, stdout);
		return end_output(EXIT_FINE);
	}
	if (!strcmp(word, "--version")) {
		printf("%s " IMS_VERSION "\n", tool->name);
		return end_output(EXIT_FINE);
	}
	if (!strcmp(word, print_table))
		return print_commands(tool);
	for (size_t i = 0; *word && tool->command[i]; i++)
		if (!strcmp(tool->command[i]->name, word))
			return command_run(tool->name, tool->command[i], argc - 1, argv + 1);
	if (argc > 1) {
		complain("there is no %s \"%s\"", *word == '-' ? "option" : "command", word);
		fprintf(stderr, "Try '%s --help'.\n", tool->name);
	} else {
		help(tool, stderr);
	}
	return EXIT_USAGE;
}
