// SPDX-License-Identifier: GPL-2.0-only
/* report.c - iommutrace report: what a recording says. */
#include "tools/filter.h"
#include "tools/report.h"
#include "tools/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct report {
	struct view_options view;
	struct filter filter;
	bool json;
	int fail_on; /* enum model_verdict_kind; negative: not asked for */
	/* running */
	struct model *m;
	struct symbols *symbols;
};

static struct report report = {.fail_on = -1};

enum { KEY_JSON = 256, KEY_PLAN, KEY_STACKS, KEY_FAIL_ON, KEY_ASCII };

static const struct option_row options[] = {
	{KEY_JSON, "json", NULL, "one JSON object instead of text"},
	{KEY_PLAN, "plan", NULL, "also show what was hooked, how, and why not otherwise"},
	{KEY_STACKS, "stacks", NULL, "also show the stacks"},
	SYMBOLS_OPTION,
	{KEY_FAIL_ON, "fail-on", "VERDICT", "exit 3 if there is one, 4 if one may be hidden",
	 VALUES_VERDICT},
	FILTER_OPTIONS,
	{KEY_ASCII, "ascii", NULL, "no UTF-8"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct report *r = arg;

	switch (key) {
	case KEY_JSON:
		r->json = true;
		return 0;
	case KEY_PLAN:
		r->view.plan = true;
		return 0;
	case KEY_STACKS:
		r->view.stacks = true;
		return 0;
	case KEY_ASCII:
		r->view.ascii = true;
		return 0;
	case KEY_FAIL_ON:
		r->fail_on = model_verdict_kind(value);
		if (r->fail_on < 0) {
			complain("--fail-on: no verdict is called \"%s\"; docs/verdicts.md lists them",
				 value);
			return EXIT_USAGE;
		}
		return 0;
	}
	if (key == KEY_DEBUG_PATH)
		return symbols_add_path(&r->symbols, value);
	return filter_set(&r->filter, key, value);
}

/* That there is no such verdict proves something only when it could have been seen. */
static int finding(const struct report *r, const struct model *m, bool damaged)
{
	uint32_t hook;

	if (r->fail_on < 0)
		return EXIT_FINE;
	if (view_verdicts_shown(r->view.filter, m, r->fail_on))
		return EXIT_FINDING;
	if (r->fail_on == MODEL_UNMAP_SHORT && *model_filter(m)) {
		complain("--fail-on unmap-short cannot be answered: only some maps were counted, by a "
			 "filter");
		return EXIT_INCONCLUSIVE;
	}
	hook = model_missing_hook(m, r->fail_on);
	if (hook)
		complain("--fail-on %s cannot be answered: %s was not observed; --plan tells why",
			 model_verdict_info(r->fail_on)->name, ims_hook_name(hook));
	return hook || damaged || model_lossy(m) ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int put(void *arg, const struct ims_record *rec)
{
	struct report *r = arg;

	if (filter_any(&r->filter) && filter_learn(&r->filter, rec))
		return 1;
	return model_apply(r->m, r->view.stacks || r->json ? symbols_record(&r->symbols, rec) : rec);
}

static int read_report(struct report *r, const char *path, struct ims_damage *damage)
{
	struct stream_facts facts = {};
	int code;

	r->m = model_new();
	if (!r->m) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	code = read_stream(path, put, r, &facts);
	symbols_free(r->symbols);
	if (!code && filter_any(&r->filter)) {
		r->view.filter = &r->filter.view;
		code = filter_end(&r->filter);
	}
	model_damage(r->m, &facts.damage);
	model_finish(r->m);
	*damage = facts.damage;
	return code;
}

static int show(struct report *r, const char *path)
{
	struct ims_damage damage = {};
	bool damaged;
	int code;

	code = read_report(r, path, &damage);
	if (code)
		return code;
	damaged = tell_damage(path, &damage);
	if ((r->json ? view_json(stdout, r->m, &r->view) : view_text(stdout, r->m, &r->view)) ||
	    fflush(stdout)) {
		complain("cannot write the report: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	return finding(r, r->m, damaged);
}

static int run(void *arg, int argc, char **argv)
{
	struct report *r = arg;
	struct view_options view = view_defaults();
	int code;

	if (argc != 1) {
		complain(argc ? "one FILE at a time" : "report needs a FILE");
		return EXIT_USAGE;
	}
	view.plan = r->view.plan;
	view.stacks = r->view.stacks;
	view.ascii |= r->view.ascii;
	r->view = view;
	code = show(r, argv[0]);
	model_free(r->m);
	filter_free(&r->filter);
	return code;
}

const struct command command_report = {
	.name = "report",
	.synopsis = "[OPTION...] FILE",
	.summary =
		"Tells what a recording (- for standard input) says: verdicts first, then\n"
		"topology, domains and how long they lived, operations and their latencies,\n"
		"leaks by who allocated, and what was lost.",
	.more =
		"TIME is in seconds since the beginning, or HH:MM:SS or YYYY-MM-DDTHH:MM:SS in\n"
		"UTC, as iommutrace info prints it. --fail-on looks at the verdicts that are\n"
		"shown.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &report,
};
