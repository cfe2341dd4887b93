// SPDX-License-Identifier: GPL-2.0-only
/* events.c - iommutrace events: a recording line by line. */
#include "tools/events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct events {
	const char *device;
	uint64_t domain;
	bool by_domain;
	uint32_t hooks;	     /* bit N: hook N is wanted; 0: all are */
	double since, until; /* seconds since the first event; until 0: the end */
	bool all;
	/* running */
	struct view_options view;
	uint64_t first_ns; /* 0: nothing has happened yet */
};

static struct events events;

enum { KEY_DEVICE = 256, KEY_DOMAIN, KEY_HOOK, KEY_SINCE, KEY_UNTIL, KEY_ALL, KEY_STACKS };

static const struct option_row options[] = {
	{KEY_DEVICE, "device", "BDF", "only of this device"},
	{KEY_DOMAIN, "domain", "N", "only of this domain"},
	{KEY_HOOK, "hook", "NAME", "only of this hook; may be given again for more"},
	{KEY_SINCE, "since", "SECONDS", "only from this time on, as in the first column"},
	{KEY_UNTIL, "until", "SECONDS", "only up to this time"},
	{KEY_STACKS, "stacks", NULL, "also the kernel stacks, below each event"},
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
	case KEY_DEVICE:
		e->device = value;
		return 0;
	case KEY_DOMAIN:
		e->by_domain = true;
		return parse_count("--domain", value, &e->domain);
	case KEY_HOOK:
		return add_hook(e, value);
	case KEY_SINCE:
		return parse_number("--since", value, 0, &e->since);
	case KEY_UNTIL:
		return parse_number("--until", value, 0, &e->until);
	case KEY_STACKS:
		e->view.stacks = true;
		return 0;
	case KEY_ALL:
		e->all = true;
		return 0;
	}
	return EXIT_USAGE;
}

/* What a record is about, for the filters: one that is about no device is not of that device. */
struct about {
	uint32_t hook;
	uint64_t domain;
	const char *device;
};

static struct about about(const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_EVENT:
		return (struct about){rec->event.hook, rec->event.domain, rec->event.device};
	case IMS_REC_STATS:
		return (struct about){rec->stats.hook, rec->stats.domain, rec->stats.object};
	case IMS_REC_LOSS:
		return (struct about){rec->loss.hook, 0, ""};
	case IMS_REC_COUNT:
		return (struct about){rec->count.hook, 0, ""};
	case IMS_REC_PLAN:
		return (struct about){rec->plan.hook, 0, ""};
	default:
		return (struct about){0, 0, ""};
	}
}

/* As in sysfs, or without the segment 0000, as lspci has it. */
static bool is_device(const char *device, const char *wanted)
{
	return !strcmp(device, wanted) ||
	       (!strncmp(device, "0000:", 5) && !strcmp(device + 5, wanted));
}

static bool in_time(const struct events *e, uint64_t time_ns)
{
	double seconds = time_ns > e->first_ns ? (double)(time_ns - e->first_ns) / 1e9 : 0;

	return seconds >= e->since && (!e->until || seconds <= e->until);
}

static bool wanted(const struct events *e, const struct ims_record *rec)
{
	struct about of = about(rec);

	if (rec->type != IMS_REC_EVENT && !e->all)
		return false;
	if (e->device && !is_device(of.device, e->device))
		return false;
	if (e->by_domain && of.domain != e->domain)
		return false;
	if (e->hooks && !(of.hook < IMS_HOOK_MAX && e->hooks & 1u << of.hook))
		return false;
	return in_time(e, rec->time_ns);
}

static int print(void *arg, const struct ims_record *rec)
{
	struct events *e = arg;
	bool happened = rec->type == IMS_REC_STATS ||
			(rec->type == IMS_REC_EVENT && !(rec->event.flags & IMS_EVENT_EARLIER));

	if (!e->first_ns && happened)
		e->first_ns = rec->time_ns;
	if (!wanted(e, rec))
		return 0;
	/* What was told before anything happened is at the beginning, too. */
	if (view_record(stdout, rec, e->first_ns ? e->first_ns : rec->time_ns, &e->view)) {
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
	if (code)
		return code;
	tell_damage(argv[0], &facts.damage);
	return end_output(EXIT_FINE);
}

const struct command command_events = {
	.name = "events",
	.synopsis = "[OPTION...] FILE",
	.summary = "Prints the events of a recording (- for standard input), one a line: seconds "
		   "since\n"
		   "the first, thread, [processor], hook, result, duration, and what it was about.",
	.more = "Map and unmap are counted, not recorded one by one: --all shows their "
		"statistics.\n"
		"For programs there is: iommutrace export",
	.option = options,
	.set = set,
	.run = run,
	.arg = &events,
};
