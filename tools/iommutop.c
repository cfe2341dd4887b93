// SPDX-License-Identifier: GPL-2.0-only
/* iommutop - what IOMMU domains do now: options and wiring. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/choice.h"
#include "tools/top_run.h"

/* A text that nobody asked to be complete fits a screen or two. */
#define DEFAULT_ROWS 20

static struct {
	struct run run;
	bool batch, once, own, by_caller;
	struct ims_choice choice;
	const char *input, *btf;
	const char *screens, *sort, *columns, *only;
	double speed;
} options = {.run = {.delay = 1, .rows = SIZE_MAX}, .speed = 1};

enum {
	KEY_JSON = 256,
	KEY_ONCE,
	KEY_SPEED,
	KEY_SCREEN,
	KEY_SORT,
	KEY_COLUMNS,
	KEY_FILTER,
	KEY_OBJECT,
	KEY_ROWS,
	KEY_ASCII,
	KEY_OWN,
	KEY_BTF,
};

static const struct option_row rows[] = {
	{'b', "batch", NULL, "plain text, one refresh below the other"},
	{'n', "iterations", "N", "end after N refreshes"},
	{KEY_ONCE, "once", NULL, "one look as text: now, or the end of a recording"},
	{KEY_JSON, "json", NULL, "one JSON object a refresh, each on its line"},
	{'d', "delay", "SECONDS", "time between refreshes (default 1)"},
	{'i', "input", "FILE", "show a recording instead (- for stdin)"},
	{KEY_SPEED, "speed", "N", "play it N times as fast; 0: begin paused"},
	{KEY_SCREEN, "screen", "LIST", "which of them, separated by commas",
	 "overview instances devices domains operations verdicts faults plan"},
	{KEY_SORT, "sort", "COLUMN", "sort by it; -COLUMN: the greatest first"},
	{KEY_COLUMNS, "columns", "LIST", "show these columns"},
	{KEY_FILTER, "filter", "TEXT", "only rows with TEXT in one of their names"},
	FILTER_OPTIONS,
	CHOICE_CALLER,
	{KEY_OBJECT, "object", "KIND:NAME", "all about one: domain:12, device:NAME, ..."},
	{KEY_ROWS, "rows", "N", "at most N rows of a table (text: 20; 0: all)"},
	{KEY_ASCII, "ascii", NULL, "no UTF-8"},
	{KEY_OWN, "own", NULL, "trace by itself, although a daemon runs"},
	{KEY_BTF, "btf", "FILE", "where the kernel's BTF is, if it has none of its own"},
	{0}};

static int set_rows(const char *value)
{
	uint64_t n;

	if (parse_count("--rows", value, &n))
		return EXIT_USAGE;
	options.run.rows = n;
	return 0;
}

static int set_screens(const char *value)
{
	char name[16];

	options.run.screens = 0;
	for (size_t len; *value; value += len + (value[len] == ',')) {
		int screen;

		len = strcspn(value, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, value);
		screen = top_screen(name);
		if (screen < 0) {
			complain("--screen: there is no screen \"%s\"", name);
			return EXIT_USAGE;
		}
		if (!options.screens)
			options.screens = top_screen_name(screen);
		options.run.screens |= 1u << screen;
	}
	return 0;
}

static int set(void *arg, int key, const char *value)
{
	double n;

	switch (key) {
	case 'b':
		options.batch = true;
		return 0;
	case KEY_JSON:
		options.batch = options.run.json = true;
		return 0;
	case KEY_ONCE:
		options.batch = options.once = true;
		return 0;
	case 'n':
		if (parse_number("--iterations", value, 1, &n))
			return EXIT_USAGE;
		options.run.count = n < 1e18 ? (uint64_t)n : 0;
		return 0;
	case 'd':
		return parse_number("--delay", value, 0.1, &options.run.delay);
	case 'i':
		options.input = value;
		return 0;
	case KEY_SPEED:
		return parse_number("--speed", value, 0, &options.speed);
	case KEY_SCREEN:
		return set_screens(value);
	case KEY_SORT:
		options.sort = value;
		return 0;
	case KEY_COLUMNS:
		options.columns = value;
		return 0;
	case KEY_FILTER:
		options.only = value;
		return 0;
	case KEY_OBJECT:
		options.batch = options.once = true;
		options.run.object = value;
		return 0;
	case KEY_ROWS:
		return set_rows(value);
	case KEY_ASCII:
		options.run.ascii = true;
		return 0;
	case KEY_OWN:
		options.own = true;
		return 0;
	case KEY_BTF:
		options.btf = value;
		return 0;
	case 'p':
	case CHOICE_COMM:
		options.own = options.by_caller = true;
		return choice_set(&options.choice, key, value);
	}
	return filter_set(&options.run.session.filter, key, value);
}

/* What is said of columns is said of the first screen that was named, or of the first one. */
static int choose(struct top *t)
{
	enum top_screen_id screen = options.screens ? top_screen(options.screens) : TOP_OVERVIEW;

	if (options.sort && top_sort(t, screen, options.sort)) {
		complain("--sort: the screen of %s has no column \"%s\"; --json shows their names",
			 top_screen_name(screen), options.sort);
		return EXIT_USAGE;
	}
	if (options.columns && top_columns(t, screen, options.columns)) {
		complain("--columns: not all of \"%s\" are columns of %s; --json shows their names",
			 options.columns, top_screen_name(screen));
		return EXIT_USAGE;
	}
	if (options.only && top_filter(t, options.only)) {
		complain("--filter: that is too long");
		return EXIT_USAGE;
	}
	top_go(t, screen);
	return 0;
}

static int show(struct run *r)
{
	bool terminal = isatty(STDOUT_FILENO);

	if (!options.batch && terminal)
		return run_terminal(r);
	/* Whoever redirects a recording wants to know how it ended. */
	if (options.once || (!options.batch && options.input))
		return run_once(r);
	return run_batch(r);
}

/* What is asked for; else the daemon's stream, where there is one; else this machine's kernel. */
static int open_source(struct run *r)
{
	int code;

	if (options.input)
		return source_file(&r->source, &r->session, options.input, options.speed,
				   !options.batch && isatty(STDOUT_FILENO));
	if (options.own || options.btf || access(IMS_SOCKET, F_OK))
		return source_live(&r->source, &r->session, &options.choice, options.btf);
	code = source_file(&r->source, &r->session, IMS_SOCKET, 1, false);
	if (!code)
		r->source.name = "daemon";
	return code;
}

static int open_and_show(struct run *r)
{
	int code = open_source(r);

	if (code)
		return code;
	code = show(r);
	if (options.batch || !isatty(STDOUT_FILENO))
		source_tell_damage(&r->source);
	r->source.ops->close(&r->source);
	return code;
}

static int run(void *arg, int argc, char **argv)
{
	struct run *r = arg;
	struct view_options view = view_defaults();
	int code;

	if (argc) {
		complain("what is \"%s\"? iommutop takes only options", argv[0]);
		return EXIT_USAGE;
	}
	if (options.input && options.by_caller) {
		complain("--pid and --comm choose what is traced: not with -i, whose statistics name no caller");
		return EXIT_USAGE;
	}
	if (!options.input && (r->session.filter.since.text || r->session.filter.until.text)) {
		complain("--since and --until are for a recording: -i FILE");
		return EXIT_USAGE;
	}
	if (!r->screens)
		r->screens = r->json ? (1u << TOP_SCREENS) - 1
				     : 1u << TOP_OVERVIEW | 1u << TOP_INSTANCES | 1u << TOP_DOMAINS;
	if (r->rows == SIZE_MAX)
		r->rows = r->json ? 0 : DEFAULT_ROWS;
	r->ascii |= view.ascii;
	r->color = view.color;
	if (session_open(&r->session)) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	top_show(r->session.top, filter_any(&r->session.filter) ? &r->session.filter.view : NULL,
		 r->ascii);
	stop_on_signals();
	code = choose(r->session.top);
	if (!code)
		code = open_and_show(r);
	session_close(&r->session);
	return code;
}

int main(int argc, char **argv)
{
	const struct command cmd = {
		.synopsis = "[OPTION...]",
		.summary = "Shows what the IOMMU domains of this machine do: instances, groups, devices,\n"
			   "map and unmap rates and latency, verdicts, loss. h on the screen: the keys.",
		.more = "Screens: overview, instances, devices, domains, operations, verdicts, faults,\n"
			"plan. --sort and --columns are about the first that is named.\n"
			"Shows what iommud sends where it runs; else it needs root, or CAP_BPF and\n"
			"CAP_PERFMON. With -i it needs neither; FILE may be the socket of a daemon.\n"
			"--pid and --comm choose what is traced: with them it traces by itself.\n"
			"One look, for a script or a mail: iommutop --once\n"
			"A recording in a file is played: p pauses, . steps, + and - change the speed,\n"
			"[ and ] seek. What comes from a pipe is kept in a temporary file for that.",
		.option = rows,
		.set = set,
		.run = run,
		.arg = &options.run,
	};

	return command_run("iommutop", &cmd, argc, argv);
}
