// SPDX-License-Identifier: GPL-2.0-only
/* screen_devices.c - the tree of instances, groups and devices. */
#include <inttypes.h>

#include "screen.h"

struct walk {
	const struct top *t;
	const struct model *m;
	struct rows *rows;
};

static int add_device(const struct walk *w, const struct model_device *d, unsigned int depth)
{
	if (d->removed || !view_shows_device(w->t->filter, d))
		return 0;
	return rows_add(w->rows, &(struct row){.kind = ROW_DEVICE,
					       .depth = (uint8_t)depth,
					       .last = !d->next_of_group,
					       .under_last = !d->group || !d->group->next_of_instance,
					       .object = d,
					       .past = past_device(&w->t->past, d)});
}

static int add_group(const struct walk *w, const struct model_group *g, unsigned int depth)
{
	int err = 0;

	if (!g->devices || !view_shows_group(w->t->filter, g))
		return 0;
	err = rows_add(w->rows, &(struct row){.kind = ROW_GROUP,
					      .depth = (uint8_t)depth,
					      .last = !g->next_of_instance,
					      .id = g->id,
					      .object = g});
	for (const struct model_device *d = g->devices; !err && d; d = d->next_of_group)
		err = add_device(w, d, depth + 1);
	return err;
}

static int add_instance(const struct walk *w, const struct past_instance *past)
{
	int err;

	if (!view_shows_instance(w->t->filter, past->instance))
		return 0;
	err = rows_add(w->rows, &(struct row){.kind = ROW_INSTANCE,
					      .object = past->instance,
					      .past = past});
	for (const struct model_group *g = past->instance->groups; !err && g; g = g->next_of_instance)
		err = add_group(w, g, 1);
	return err;
}

/* Instances, what is below them, and what is of no instance. */
static int collect_tree(const struct walk *w)
{
	const struct model_group *g = NULL;
	const struct model_device *d = NULL;
	int err = 0;

	for (size_t i = 0; !err && i < w->t->past.instances; i++)
		err = add_instance(w, &w->t->past.instance[i]);
	while (!err && (g = model_next_group(w->m, g)))
		if (!g->instance)
			err = add_group(w, g, 0);
	while (!err && (d = model_next_device(w->m, d)))
		if (!d->group)
			err = add_device(w, d, 0);
	return err;
}

static int collect(const struct top *t, const struct model *m, struct rows *rows)
{
	struct walk w = {t, m, rows};
	const struct model_device *d = NULL;
	int err = 0;

	if (t->place[TOP_DEVICES].tree)
		return collect_tree(&w);
	while (!err && (d = model_next_device(m, d)))
		err = add_device(&w, d, 0);
	return err;
}

/* ---- columns -------------------------------------------------------------------------------- */

static const struct model_device *device(const struct row *row)
{
	return row->kind == ROW_DEVICE ? row->object : NULL;
}

static void get_tree(const struct top *t, const struct row *row, struct value *v)
{
	const char *branch = row->last ? (t->ascii ? "`- " : "└─ ") : (t->ascii ? "|- " : "├─ ");
	const char *above = row->depth < 2 ? "" : row->under_last ? "   " : t->ascii ? "|  " : "│  ";

	if (row->kind == ROW_GROUP) {
		const struct model_group *g = row->object;

		value_format(v, "%sgroup %" PRIu32 "%s", row->depth ? branch : "", g->id,
			     g->mixed ? " (mixed)" : "");
		v->style = g->mixed ? TOP_WARN : TOP_PLAIN;
	} else if (row->depth) {
		value_format(v, "%s%s%s", above, branch, row_name(row));
	} else {
		value_text(v, row_name(row));
		v->style = row->kind == ROW_INSTANCE ? TOP_BOLD : TOP_PLAIN;
	}
}

static void get_name(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, row_name(row));
}

static void get_instance(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_device *d = device(row);

	value_text(v, d && d->instance ? d->instance->name : "");
}

static void get_group(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_device *d = device(row);

	if (d && d->group)
		value_count(v, d->group->id);
	else if (row->kind == ROW_GROUP)
		value_count(v, row->id);
}

static uint64_t domain_of(const struct row *row)
{
	if (row->kind == ROW_GROUP)
		return ((const struct model_group *)row->object)->domain;
	return device(row) ? device(row)->domain : 0;
}

static void get_domain(const struct top *t, const struct row *row, struct value *v)
{
	if (domain_of(row))
		value_count(v, domain_of(row));
}

static void get_type(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_domain *d =
		domain_of(row) ? model_find_domain(t->model, domain_of(row)) : NULL;

	value_text(v, d ? model_domain_type(d) : "");
}

static const struct counter *delta(const struct row *row, int op)
{
	const struct past_device *past = device(row) ? row->past : NULL;

	return past ? &past->delta[op - MODEL_OP_DMA_MAP] : NULL;
}

static void get_rate(const struct top *t, const struct row *row, struct value *v, int op)
{
	const struct counter *c = delta(row, op);

	if (c && device(row)->op[op])
		value_rate(v, &t->past, VALUE_RATE, c->calls);
}

static void get_map(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_DMA_MAP);
}

static void get_unmap(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_DMA_UNMAP);
}

static void get_mean(const struct top *t, const struct row *row, struct value *v, int op)
{
	const struct counter *c = delta(row, op);

	if (c)
		value_mean(v, c);
}

static void get_map_mean(const struct top *t, const struct row *row, struct value *v)
{
	get_mean(t, row, v, MODEL_OP_DMA_MAP);
}

static void get_unmap_mean(const struct top *t, const struct row *row, struct value *v)
{
	get_mean(t, row, v, MODEL_OP_DMA_UNMAP);
}

static void get_p99(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_op *op = device(row) ? device(row)->op[MODEL_OP_DMA_MAP] : NULL;

	if (op && op->calls > op->untimed)
		value_ns(v, model_op_percentile(op, 990));
}

static const struct column columns[] = {
	{"tree", "INSTANCE / GROUP / DEVICE", 26, 1, 14, .left = true, .ends = true, .name = true, get_tree},
	{"device", "DEVICE", 12, 0, 8, .left = true, .ends = true, .name = true, get_name},
	{"instance", "INSTANCE", 14, 0, 10, .left = true, .ends = true, .name = true, get_instance},
	{"group", "GROUP", 5, 5, 0, .get = get_group},
	{"domain", "DOMAIN", 6, 1, 1, .get = get_domain},
	{"type", "TYPE", 9, 1, 1, .left = true, .name = true, get_type},
	{"dma_map", "DMAMAP/S", 8, 1, 1, .get = get_map, "calls of the DMA API"},
	{"dma_map_mean", "MEAN", 6, 2, 1, .get = get_map_mean, "of dma-map in the interval"},
	{"dma_unmap", "DMAUNM/S", 8, 1, 1, .get = get_unmap},
	{"dma_unmap_mean", "MEAN", 6, 2, 1, .get = get_unmap_mean, "of dma-unmap in the interval"},
	{"p99", "MAP P99", 7, 4, 0, .get = get_p99, "of dma-map since the start"},
	{0}};

static const struct table list = {.key = "devices",
				  .column = columns,
				  .sort = "",
				  .collect = collect,
				  .empty = "no device is known yet"};

const struct screen screen_devices = {
	.name = "devices", .label = "Devices", .list = &list, .tree = true};
