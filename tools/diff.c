// SPDX-License-Identifier: GPL-2.0-only
/* diff.c - iommutrace diff: what changed from one recording to another. */
#include "tools/diff.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct diff {
	bool json;
	bool fail_on_new;
	bool ascii;
	/* running */
	struct model *m[2];
	struct view_failures failures[2];
	int side; /* that is read */
};

static struct diff diff;

enum { KEY_JSON = 256, KEY_FAIL_ON, KEY_ASCII };

static const struct option_row options[] = {
	{KEY_JSON, "json", NULL, "one JSON object instead of text"},
	{KEY_FAIL_ON, "fail-on", "new", "exit 3 if B has a new verdict, 4 if one may be hidden", "new"},
	{KEY_ASCII, "ascii", NULL, "no UTF-8"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct diff *d = arg;

	switch (key) {
	case KEY_JSON:
		d->json = true;
		return 0;
	case KEY_ASCII:
		d->ascii = true;
		return 0;
	case KEY_FAIL_ON:
		d->fail_on_new = !strcmp(value, "new");
		if (!d->fail_on_new)
			complain("--fail-on \"%s\": there is only new", value);
		return d->fail_on_new ? 0 : EXIT_USAGE;
	}
	return EXIT_USAGE;
}

static int put(void *arg, const struct ims_record *rec)
{
	struct diff *d = arg;

	view_count_failure(&d->failures[d->side], rec);
	return model_apply(d->m[d->side], rec);
}

static int read_side(struct diff *d, int side, const char *path)
{
	struct stream_facts facts = {};
	int code;

	d->side = side;
	d->m[side] = model_new();
	if (!d->m[side]) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	code = read_stream(path, put, d, &facts);
	if (code)
		return code;
	model_damage(d->m[side], &facts.damage);
	model_finish(d->m[side]);
	tell_damage(path, &facts.damage);
	return EXIT_FINE;
}

/* What A could see and B could not may hide a verdict. */
static bool hidden(const struct diff *d)
{
	uint32_t hook;

	for (int kind = 0; kind < MODEL_VERDICTS; kind++) {
		if (model_verdict_info(kind)->severity < MODEL_WARNING ||
		    model_missing_hook(d->m[0], kind))
			continue;
		hook = model_missing_hook(d->m[1], kind);
		if (!hook)
			continue;
		complain("--fail-on new cannot be answered for %s: B did not observe %s",
			 model_verdict_info(kind)->name, ims_hook_name(hook));
		return true;
	}
	return model_lossy(d->m[0]) || model_lossy(d->m[1]);
}

static int finding(const struct diff *d, const struct view_side side[2])
{
	int found;

	if (!d->fail_on_new)
		return EXIT_FINE;
	found = view_diff_new(side, MODEL_WARNING);
	if (found < 0) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	if (found)
		return EXIT_FINDING;
	return hidden(d) ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int show(const struct diff *d, char **paths)
{
	const struct view_side side[2] = {{paths[0], d->m[0], &d->failures[0]},
					  {paths[1], d->m[1], &d->failures[1]}};
	struct view_options view = view_defaults();

	view.ascii |= d->ascii;
	if ((d->json ? view_diff_json(stdout, side) : view_diff(stdout, side, &view))) {
		complain("cannot write to standard output: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	return finding(d, side);
}

static int run(void *arg, int argc, char **argv)
{
	struct diff *d = arg;
	int code;

	if (argc != 2) {
		complain("diff needs two FILEs");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[0], "-") && !strcmp(argv[1], "-")) {
		complain("only one of the two can be standard input");
		return EXIT_USAGE;
	}
	code = read_side(d, 0, argv[0]);
	if (!code)
		code = read_side(d, 1, argv[1]);
	if (!code)
		code = show(d, argv);
	model_free(d->m[0]);
	model_free(d->m[1]);
	return code;
}

const struct command command_diff = {
	.name = "diff",
	.synopsis = "[OPTION...] A B",
	.summary =
		"Compares two recordings, of before and after a change (- for standard input):\n"
		"verdicts, counts and latencies of operations, failures, facts about the host,\n"
		"the plan, domains.",
	.more =
		"Things are the same when their names are: a device, an instance, a type of\n"
		"domain. --fail-on new looks at verdicts of severity warning or above that A has\n"
		"not.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &diff,
};
