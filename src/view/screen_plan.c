// SPDX-License-Identifier: GPL-2.0-only
/* screen_plan.c - what is hooked, how, and why not otherwise. */
#include <string.h>

#include "screen.h"

static int collect(const struct top *t, const struct model *m, struct rows *rows)
{
	const struct ims_plan *p;
	int err = 0;

	for (size_t i = 0; !err && (p = model_plan(m, i)); i++)
		err = rows_add(rows, &(struct row){.kind = ROW_PLAN, .id = i, .object = p});
	return err;
}

static const struct ims_plan *plan(const struct row *row)
{
	return row->object;
}

static void get_hook(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, ims_hook_name(plan(row)->hook));
}

static void get_function(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, plan(row)->function);
}

static void get_mechanism(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, plan(row)->mechanism);
}

static void get_module(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, plan(row)->module);
}

static void get_state(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, plan(row)->state);
	if (!strcmp(plan(row)->state, "failed"))
		v->style = TOP_BAD;
	else if (strcmp(plan(row)->state, "attached"))
		v->style = TOP_DIM;
}

static void get_hits(const struct top *t, const struct row *row, struct value *v)
{
	if (plan(row)->hits)
		value_count(v, plan(row)->hits);
}

static void get_reason(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, plan(row)->reason);
}

static const struct column columns[] = {
	{"hook", "HOOK", 13, 1, 0, .left = true, .name = true, get_hook},
	{"function", "FUNCTION", 30, 1, 8, .left = true, .ends = true, .name = true, get_function},
	{"mechanism", "MECHANISM", 12, 1, 0, .left = true, .name = true, get_mechanism},
	{"state", "STATE", 8, 1, 0, .left = true, .name = true, get_state},
	{"hits", "HITS", 6, 2, 2, .get = get_hits},
	{"module", "MODULE", 7, 6, 14, .left = true, .name = true, get_module},
	{"reason", "REASON", 20, 7, 60, .left = true, .name = true, get_reason},
	{0}};

static const struct table list = {.key = "plan",
				  .column = columns,
				  .sort = "",
				  .collect = collect,
				  .empty = "the stream told no plan"};

const struct screen screen_plan = {.name = "plan", .label = "Plan", .list = &list};
