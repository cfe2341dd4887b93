// SPDX-License-Identifier: GPL-2.0-only
#include "tools/common.h"
#include "tools/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <iommuscope/stream.h>

#define MAX_OPTIONS 40

volatile sig_atomic_t stop_requested;

void complain(const char *fmt, ...)
{
	char text[2 * PATH_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	view_escape(stderr, text);
	fputc('\n', stderr);
}

int end_output(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	complain("cannot write to standard output: %s", strerror(errno));
	return EXIT_RUNTIME;
}

static void hint(const char *tool, const struct command *cmd)
{
	fprintf(stderr, "Try '%s%s%s --help'.\n", tool, cmd->name ? " " : "",
		cmd->name ? cmd->name : "");
}

static void print_option(const struct option_row *o)
{
	char left[40];

	snprintf(left, sizeof(left), "%s--%s%s%s", o->key < 256 ? "-x, " : "    ", o->name,
		 o->arg ? " " : "", o->arg ? o->arg : "");
	if (o->key < 256)
		left[1] = (char)o->key;
	printf("  %-24s %s\n", left, o->help);
}

static int print_help(const char *tool, const struct command *cmd)
{
	printf("usage: %s%s%s %s\n\n%s\n\noptions:\n", tool, cmd->name ? " " : "",
	       cmd->name ? cmd->name : "", cmd->synopsis, cmd->summary);
	for (const struct option_row *o = cmd->option; o->name; o++)
		print_option(o);
	print_option(&help_row);
	if (!cmd->name)
		print_option(&version_row);
	if (cmd->more)
		printf("\n%s\n", cmd->more);
	return end_output(EXIT_FINE);
}

static int print_version(const char *tool)
{
	printf("%s " IMS_VERSION "\n", tool);
	return end_output(EXIT_FINE);
}

/* What getopt refused: @why is ':' or '?', @word the argument that it has just read. */
static int refuse(const struct command *cmd, int why, const char *word)
{
	const struct option_row *o = cmd->option;

	while (o->name && o->key != optopt)
		o++;
	if (optopt == help_row.key)
		o = &help_row;
	else if (optopt == version_row.key)
		o = &version_row;
	if (why == ':')
		complain("--%s needs a value: %s", o->name, o->arg);
	else if (o->name)
		complain("--%s takes no value", o->name);
	else if (optopt)
		complain("there is no option \"-%c\"", optopt);
	else
		complain("there is no option \"%s\"", word);
	return EXIT_USAGE;
}

/* Fills getopt's tables from ours. */
static void getopt_tables(const struct command *cmd, struct option *longs, char *shorts)
{
	size_t n = 0, s = 0;

	if (cmd->runs_command)
		shorts[s++] = '+';
	shorts[s++] = ':';
	for (const struct option_row *o = cmd->option; o->name && n < MAX_OPTIONS - 3; o++) {
		longs[n++] = (struct option){o->name, o->arg ? required_argument : no_argument,
					     NULL, o->key};
		if (o->key >= 256)
			continue;
		shorts[s++] = (char)o->key;
		if (o->arg)
			shorts[s++] = ':';
	}
	longs[n++] = (struct option){help_row.name, no_argument, NULL, help_row.key};
	if (!cmd->name)
		longs[n++] = (struct option){version_row.name, no_argument, NULL, version_row.key};
	longs[n] = (struct option){0};
	shorts[s++] = (char)help_row.key;
	shorts[s] = 0;
}

int command_run(const char *tool, const struct command *cmd, int argc, char **argv)
{
	struct option longs[MAX_OPTIONS];
	char shorts[2 * MAX_OPTIONS + 4];
	int key, code;

	if (argc == 2 && !strcmp(argv[1], print_table))
		return tool_print_options(cmd);
	getopt_tables(cmd, longs, shorts);
	opterr = 0;
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (key == help_row.key)
			return print_help(tool, cmd);
		if (key == version_row.key)
			return print_version(tool);
		code = key == '?' || key == ':' ? refuse(cmd, key, argv[optind - 1])
						: cmd->set(cmd->arg, key, optarg);
		if (code) {
			hint(tool, cmd);
			return code;
		}
	}
	code = cmd->run(cmd->arg, argc - optind, argv + optind);
	if (code == EXIT_USAGE)
		hint(tool, cmd);
	return code;
}

int parse_number(const char *option, const char *value, double min, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(value, &end);
	if (errno || *end || end == value || !(*out >= min)) {
		complain("%s \"%s\" is no number of at least %g", option, value, min);
		return EXIT_USAGE;
	}
	return 0;
}

int parse_count(const char *option, const char *value, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(value, &end, 10);
	if (errno || *end || end == value || value[0] < '0' || value[0] > '9') {
		complain("%s \"%s\" is no whole number", option, value);
		return EXIT_USAGE;
	}
	return 0;
}

int parse_size(const char *option, const char *value, uint64_t min, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit = NULL;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	*out = strtoull(value, &end, 10);
	if (*end && (unit = strchr(units, *end)))
		shift = 10 * (unit - units + 1);
	if (errno || value[0] < '0' || value[0] > '9' || (unit ? end[1] : *end) ||
	    *out > UINT64_MAX >> shift || *out << shift < min) {
		complain("%s \"%s\" is no size of at least %" PRIu64 "K; 64M and 1G, for example, are",
			 option, value, min >> 10);
		return EXIT_USAGE;
	}
	*out <<= shift;
	return 0;
}

static void on_signal(int sig)
{
	stop_requested = sig;
}

void stop_on_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

const char *unreadable(int err)
{
	switch (err) {
	case -EPROTO:
		return "not an iommuscope recording";
	case -EPROTONOSUPPORT:
		return "made by a newer iommuscope; read it with that";
	case -ENODATA:
		return "empty; was the recording ended?";
	default:
		return strerror(-err);
	}
}

static const char *input_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static int read_records(struct ims_reader *r, const char *path, record_fn *each, void *arg)
{
	struct ims_record rec;
	int n, err = 0;

	while (!err && !stop_requested && (n = ims_reader_next(r, &rec)))
		err = n < 0 ? n : each(arg, &rec);
	if (err < 0)
		complain("cannot read %s to its end: %s", path, strerror(-err));
	return err ? EXIT_RUNTIME : EXIT_FINE;
}

int read_stream(const char *path, record_fn *each, void *arg, struct stream_facts *facts)
{
	bool from_stdin = !strcmp(path, "-");
	int fd = from_stdin ? STDIN_FILENO : ims_open(path, IMS_WANT_RECENT);
	struct ims_reader *r;
	int err, code = EXIT_RUNTIME;

	if (fd < 0) {
		complain("cannot open %s: %s%s", path, strerror(-fd),
			 fd == -ECONNREFUSED ? "; is iommud running?" : "");
		return EXIT_RUNTIME;
	}
	path = input_name(path);
	err = ims_reader_open(fd, &r);
	if (!err) {
		code = read_records(r, path, each, arg);
		facts->damage = *ims_reader_damage(r);
		facts->input = *ims_reader_input(r);
		ims_reader_free(r);
	} else {
		complain("cannot read %s: %s", path, unreadable(err));
	}
	if (!from_stdin)
		close(fd);
	return code;
}

static int to_model(void *arg, const struct ims_record *rec)
{
	return model_apply(arg, rec);
}

int read_model(const char *path, struct model **out, struct ims_damage *damage)
{
	struct stream_facts facts = {};
	struct model *m = model_new();
	int code;

	if (!m) {
		complain("cannot read %s: no memory", path);
		return EXIT_RUNTIME;
	}
	code = read_stream(path, to_model, m, &facts);
	if (code) {
		model_free(m);
		return code;
	}
	model_damage(m, &facts.damage);
	model_finish(m);
	*damage = facts.damage;
	*out = m;
	return EXIT_FINE;
}

bool tell_damage(const char *path, const struct ims_damage *d)
{
	path = input_name(path);
	if (d->skipped_bytes || d->bad_chunks || d->missing_chunks)
		complain("%s is damaged: chunks bad %" PRIu64 ", missing %" PRIu64 "; bytes skipped %"
			 PRIu64 "; what follows is the rest",
			 path, d->bad_chunks, d->missing_chunks, d->skipped_bytes);
	if (d->truncated || !d->ended)
		complain("%s has no end: the recording was cut off, what came after is missing",
			 path);
	if (d->unknown_records)
		complain("%s has %" PRIu64 " records of unknown types, made by a newer iommuscope",
			 path, d->unknown_records);
	return d->skipped_bytes || d->bad_chunks || d->missing_chunks || d->truncated || !d->ended;
}

struct view_options view_defaults(void)
{
	struct view_options o = {.width = 80};
	const char *no_color = getenv("NO_COLOR");

	setlocale(LC_CTYPE, "");
	o.color = isatty(STDOUT_FILENO) && !(no_color && no_color[0]);
	o.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	return o;
}
