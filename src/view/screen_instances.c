// SPDX-License-Identifier: GPL-2.0-only
/* screen_instances.c - one row for each IOMMU. */
#include "screen.h"

static int collect(const struct top *t, const struct model *m, struct rows *rows)
{
	int err = 0;

	for (size_t i = 0; !err && i < t->past.instances; i++) {
		const struct past_instance *past = &t->past.instance[i];

		if (view_shows_instance(t->filter, past->instance))
			err = rows_add(rows, &(struct row){.kind = ROW_INSTANCE,
							   .object = past->instance,
							   .past = past});
	}
	return err;
}

static const struct model_instance *instance(const struct row *row)
{
	return row->object;
}

static const struct past_op *op_of(const struct row *row, enum model_op_kind op)
{
	const struct past_instance *past = row->past;

	return past ? past->op[op] : NULL;
}

static void get_name(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, instance(row)->name);
}

static void get_driver(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, instance(row)->driver);
}

static void get_rule(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, model_rule_name(instance(row)->rule));
}

static void get_groups(const struct top *t, const struct row *row, struct value *v)
{
	uint64_t n = 0;

	for (const struct model_group *g = instance(row)->groups; g; g = g->next_of_instance)
		n++;
	value_count(v, n);
}

static void get_devices(const struct top *t, const struct row *row, struct value *v)
{
	uint64_t n = 0;

	for (const struct model_group *g = instance(row)->groups; g; g = g->next_of_instance)
		n += g->device_count;
	value_count(v, n);
}

static void get_domains(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, ((const struct past_instance *)row->past)->domains);
}

static void get_faults(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, ((const struct past_instance *)row->past)->faults);
	v->style = v->count ? TOP_BAD : TOP_PLAIN;
}

static void get_rate(const struct top *t, const struct row *row, struct value *v,
		     enum model_op_kind op)
{
	const struct past_op *p = op_of(row, op);

	value_rate(v, &t->past, VALUE_RATE, p ? p->delta.calls : 0);
}

static void get_map(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_MAP);
}

static void get_unmap(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_UNMAP);
}

static void get_sync(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_IOTLB_SYNC);
}

static void get_queue(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_QUEUE_SYNC);
}

static void get_latency(const struct row *row, struct value *v, enum model_op_kind op,
			unsigned int permille)
{
	const struct past_op *p = op_of(row, op);

	if (p && p->delta.calls > p->delta.untimed)
		value_ns(v, model_op_percentile(&p->delta, permille));
}

static void get_p50(const struct top *t, const struct row *row, struct value *v)
{
	get_latency(row, v, MODEL_OP_MAP, 500);
}

static void get_p99(const struct top *t, const struct row *row, struct value *v)
{
	get_latency(row, v, MODEL_OP_MAP, 990);
}

static void get_sync_p99(const struct top *t, const struct row *row, struct value *v)
{
	get_latency(row, v, MODEL_OP_IOTLB_SYNC, 990);
}

static void get_queue_p99(const struct top *t, const struct row *row, struct value *v)
{
	get_latency(row, v, MODEL_OP_QUEUE_SYNC, 990);
}

static void get_max(const struct top *t, const struct row *row, struct value *v)
{
	const struct past_op *p = op_of(row, MODEL_OP_MAP);

	if (p && p->last.calls > p->last.untimed)
		value_ns(v, p->last.max_ns);
}

static const struct column columns[] = {
	{"instance", "INSTANCE", 24, 1, 8, .left = true, .ends = true, .name = true, get_name},
	{"driver", "DRIVER", 12, 6, 6, .left = true, .name = true, get_driver},
	{"rule", "RULE", 7, 7, 0, .left = true, .get = get_rule, "bound: a domain works on one instance only"},
	{"groups", "GRP", 4, 6, 1, .get = get_groups},
	{"devices", "DEV", 4, 1, 1, .get = get_devices},
	{"domains", "DOM", 4, 1, 2, .get = get_domains},
	{"map", "MAP/S", 6, 1, 2, .get = get_map},
	{"unmap", "UNMAP/S", 7, 2, 1, .get = get_unmap},
	{"sync", "SYNC/S", 6, 1, 2, .get = get_sync, "invalidations of its domains"},
	{"p50", "P50", 6, 3, 1, .get = get_p50, "of maps in the interval"},
	{"p99", "P99", 6, 2, 1, .get = get_p99, "of maps in the interval"},
	{"max", "MAX", 6, 3, 1, .get = get_max, "of maps since the start"},
	{"sync_p99", "SYNC99", 6, 4, 1, .get = get_sync_p99, "99 % of invalidations were below"},
	{"queue", "QSYNC/S", 7, 2, 0, .get = get_queue, "times the command queue was waited for"},
	{"queue_p99", "QSYN99", 6, 5, 1, .get = get_queue_p99},
	{"faults", "FAULT", 5, 1, 2, .get = get_faults},
	{0}};

static const struct table list = {.key = "instances",
				  .column = columns,
				  .sort = "",
				  .collect = collect,
				  .empty = "no instance is known yet"};

const struct screen screen_instances = {
	.name = "instances", .label = "Instances", .list = &list};
