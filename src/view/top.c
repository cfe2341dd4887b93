// SPDX-License-Identifier: GPL-2.0-only
/* top.c - the state behind the screens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

const struct screen *const screens[TOP_SCREENS] = {
	[TOP_OVERVIEW] = &screen_overview,     [TOP_INSTANCES] = &screen_instances,
	[TOP_DEVICES] = &screen_devices,       [TOP_DOMAINS] = &screen_domains,
	[TOP_OPERATIONS] = &screen_operations, [TOP_VERDICTS] = &screen_verdicts,
	[TOP_FAULTS] = &screen_faults,	       [TOP_PLAN] = &screen_plan,
};

struct top *top_new(void)
{
	struct top *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->stale = true;
	for (int i = 0; i < TOP_SCREENS; i++) {
		t->place[i].sort = -1;
		t->place[i].tree = screens[i]->tree;
		if (*screens[i]->list->sort)
			top_sort(t, i, screens[i]->list->sort);
		t->place[i].tree = screens[i]->tree;
	}
	return t;
}

void top_free(struct top *t)
{
	if (!t)
		return;
	past_free(&t->past);
	free(t->log.event);
	free(t->rows.row);
	free(t);
}

void top_show(struct top *t, const struct view_filter *filter, bool ascii)
{
	t->filter = filter;
	t->ascii = ascii;
	t->stale = true;
}

void top_restart(struct top *t)
{
	past_free(&t->past);
	t->log.seen = 0;
	t->rows.count = 0;
	t->stale = true;
}

void top_see(struct top *t, const struct model *m, const struct ims_record *rec)
{
	log_see(&t->log, m, rec);
}

int top_refresh(struct top *t, const struct model *m, uint64_t now_ns)
{
	t->stale = true;
	return past_refresh(&t->past, m, now_ns);
}
