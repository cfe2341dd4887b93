// SPDX-License-Identifier: GPL-2.0-only
/* events.c - iommutrace events: a recording line by line. */
#include "tools/events.h"
#include "tools/filter.h"
#include "tools/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct events {
	struct filter filter;
	uint32_t hooks; /* bit N: hook N is wanted; 0: all are */
	bool all;
	/* running */
	struct view_options view;
	struct symbols *symbols;
};

static struct events events;

enum { KEY_HOOK = 256, KEY_ALL, KEY_STACKS };

static const struct option_row options[] = {
	{KEY_DEVICE, "device", "NAME", "only of this device; may be given again for more"},
	{KEY_DOMAIN, "domain", "N", "only of this domain; the same"},
	{KEY_HOOK, "hook", "NAME", "only of this hook; the same", VALUES_HOOK},
	{KEY_SINCE, "since", "TIME", "only from this time on, see below"},
	{KEY_UNTIL, "until", "TIME", "only up to this time"},
	{KEY_STACKS, "stacks", NULL, "also the stacks, below each event"},
	SYMBOLS_OPTION,
	{KEY_ALL, "all", NULL, "all records: also host, plan, statistics and loss"},
	{0}};

static int add_hook(struct events *e, const char *name)
{
	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (!strcmp(ims_hook_name(hook), name)) {
			e->hooks |= 1u << hook;
			return 0;
		}
	complain("--hook: no hook is called \"%s\"; docs/format.md lists them", name);
	return EXIT_USAGE;
}

static int set(void *arg, int key, const char *value)
{
	struct events *e = arg;

	switch (key) {
	case KEY_HOOK:
		return add_hook(e, value);
	case KEY_STACKS:
		e->view.stacks = true;
		return 0;
	case KEY_ALL:
		e->all = true;
		return 0;
	case KEY_DEBUG_PATH:
		return symbols_add_path(&e->symbols, value);
	}
	return filter_set(&e->filter, key, value);
}

static uint32_t hook_of(const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_EVENT:
		return rec->event.hook;
	case IMS_REC_STATS:
		return rec->stats.hook;
	case IMS_REC_LOSS:
		return rec->loss.hook;
	case IMS_REC_COUNT:
		return rec->count.hook;
	case IMS_REC_PLAN:
		return rec->plan.hook;
	default:
		return IMS_HOOK_NONE;
	}
}

static bool wanted(const struct events *e, const struct ims_record *rec)
{
	uint32_t hook = hook_of(rec);

	if (rec->type != IMS_REC_EVENT && !e->all)
		return false;
	if (e->hooks && !(hook < IMS_HOOK_MAX && e->hooks & 1u << hook))
		return false;
	return filter_record(&e->filter, rec);
}

static int print(void *arg, const struct ims_record *rec)
{
	struct events *e = arg;
	uint64_t first_ns;

	if (filter_learn(&e->filter, rec))
		return 1;
	if (!wanted(e, rec))
		return 0;
	/* What was told before anything happened is at the beginning, too. */
	first_ns = e->filter.first_ns ? e->filter.first_ns : rec->time_ns;
	if (e->view.stacks)
		rec = symbols_record(&e->symbols, rec);
	if (view_record(stdout, rec, first_ns, &e->view)) {
		complain("cannot write the events: %s", strerror(errno));
		return 1;
	}
	return 0;
}

static int run(void *arg, int argc, char **argv)
{
	struct events *e = arg;
	struct stream_facts facts = {};
	bool stacks = e->view.stacks;
	int code;

	if (argc != 1) {
		complain(argc ? "one FILE at a time" : "events needs a FILE");
		return EXIT_USAGE;
	}
	e->view = view_defaults();
	e->view.stacks = stacks;
	code = read_stream(argv[0], print, e, &facts);
	filter_free(&e->filter);
	symbols_free(e->symbols);
	if (code)
		return code;
	tell_damage(argv[0], &facts.damage);
	return end_output(EXIT_FINE);
}

const struct command command_events = {
	.name = "events",
	.synopsis = "[OPTION...] FILE",
	.summary =
		"Prints the events of a recording (- for standard input), one a line: seconds\n"
		"since the first, thread, [processor], hook, result, duration, and what it was\n"
		"about.",
	.more = "TIME is in seconds since the beginning, as in the first column, or HH:MM:SS or\n"
		"YYYY-MM-DDTHH:MM:SS in UTC, as iommutrace info prints it.\n"
		"Map and unmap are told one by one if recorded with --events all; --all shows\n"
		"their statistics.\n"
		"For programs there is: iommutrace export",
	.option = options,
	.set = set,
	.run = run,
	.arg = &events,
};
