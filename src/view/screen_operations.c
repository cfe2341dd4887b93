// SPDX-License-Identifier: GPL-2.0-only
/*
 * screen_operations.c - what operations cost, over all and by instance: page-table work and the
 * invalidation apart, with the spread of their latencies.
 */
#include <string.h>

#include "screen.h"

#define OCTAVES (IMS_HIST_BUCKETS / 4)

static int add_ops(struct rows *rows, const struct past_instance *past, int first, int end)
{
	int err = 0;

	for (int op = first; !err && op < end; op++)
		if (!past || past->op[op])
			err = rows_add(rows, &(struct row){.kind = ROW_OP,
							   .op = (uint8_t)op,
							   .object = past ? past->instance : NULL,
							   .past = past});
	return err;
}

static int collect(const struct top *t, const struct model *m, struct rows *rows)
{
	int err = add_ops(rows, NULL, 0, MODEL_OPS);

	for (size_t i = 0; !err && i < t->past.instances; i++)
		if (view_shows_instance(t->filter, t->past.instance[i].instance))
			err = add_ops(rows, &t->past.instance[i], 0, MODEL_OPS);
	return err;
}

static const struct past_op *past_op(const struct top *t, const struct row *row)
{
	const struct past_instance *past = row->past;

	return past ? past->op[row->op] : &t->past.all[row->op];
}

/* Of the interval, or of all time before there was one. */
static const struct model_op *of(const struct top *t, const struct row *row)
{
	const struct past_op *p = past_op(t, row);

	return t->past.interval_ns ? &p->delta : &p->last;
}

static bool timed(const struct model_op *op)
{
	return op->calls > op->untimed;
}

static void get_object(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, row->object ? row_name(row) : "all");
	v->style = row->object ? TOP_PLAIN : TOP_BOLD;
}

static void get_op(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, ims_hook_name(model_op_hook(row->op)));
}

static void get_level(const struct top *t, const struct row *row, struct value *v)
{
	static const char *const level[MODEL_OPS] = {
		[MODEL_OP_MAP] = "page table",	       [MODEL_OP_UNMAP] = "page table",
		[MODEL_OP_IOTLB_SYNC] = "invalidation", [MODEL_OP_QUEUE_SYNC] = "queue",
		[MODEL_OP_DMA_MAP] = "DMA API",	       [MODEL_OP_DMA_UNMAP] = "DMA API",
	};

	value_text(v, level[row->op]);
}

static void get_rate(const struct top *t, const struct row *row, struct value *v)
{
	value_rate(v, &t->past, VALUE_RATE, past_op(t, row)->delta.calls);
}

/* Of one processor's time. Scaled up where not all calls were timed. */
static void get_share(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_op *op = &past_op(t, row)->delta;
	double all = timed(op) ? (double)op->calls / (double)(op->calls - op->untimed) : 0;

	if (t->past.interval_ns)
		value_number(v, VALUE_SHARE, (double)op->sum_ns * all / (double)t->past.interval_ns);
}

static void get_mean(const struct top *t, const struct row *row, struct value *v)
{
	if (timed(of(t, row)))
		value_ns(v, model_op_mean(of(t, row)));
}

static void get_p50(const struct top *t, const struct row *row, struct value *v)
{
	if (timed(of(t, row)))
		value_ns(v, model_op_percentile(of(t, row), 500));
}

static void get_p99(const struct top *t, const struct row *row, struct value *v)
{
	if (timed(of(t, row)))
		value_ns(v, model_op_percentile(of(t, row), 990));
}

static void get_max(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_op *op = &past_op(t, row)->last;

	if (timed(op))
		value_ns(v, op->max_ns);
}

static void get_bytes(const struct top *t, const struct row *row, struct value *v)
{
	if (row->op <= MODEL_OP_UNMAP)
		value_rate(v, &t->past, VALUE_BYTE_RATE, past_op(t, row)->delta.bytes);
}

static void get_calls(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, past_op(t, row)->last.calls);
}

static void get_errors(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, past_op(t, row)->last.errors);
	v->style = v->count ? TOP_BAD : TOP_PLAIN;
}

/* From 32 ns on, an octave a column; the last one has all that is slower. */
#define FIRST_OCTAVE 4
#define SPREAD	     23

static void get_spread(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_op *op = of(t, row);
	float *bar = (float *)(void *)v->buf;

	_Static_assert(SPREAD * sizeof(*bar) <= VALUE_ROOM, "bars fit");
	if (!timed(op))
		return;
	memset(bar, 0, SPREAD * sizeof(*bar));
	for (int i = 0; i < IMS_HIST_BUCKETS; i++) {
		int at = i / 4 - FIRST_OCTAVE;

		bar[at < 0 ? 0 : at < SPREAD ? at : SPREAD - 1] += (float)op->bucket[i];
	}
	value_graph(v, bar, SPREAD);
	v->style = TOP_BAR;
}

static const struct column columns[] = {
	{"object", "OBJECT", 10, 1, 14, .left = true, .ends = true, .name = true, get_object},
	{"op", "OPERATION", 10, 1, 0, .left = true, .name = true, get_op},
	{"level", "LEVEL", 12, 5, 0, .left = true, .name = true, get_level},
	{"rate", "CALLS/S", 7, 1, 1, .get = get_rate},
	{"share", "CPU%", 5, 2, 1, .get = get_share, "of one processor's time"},
	{"mean", "MEAN", 6, 3, 1, .get = get_mean, "in the interval"},
	{"p50", "P50", 6, 4, 1, .get = get_p50, "in the interval"},
	{"p99", "P99", 6, 1, 1, .get = get_p99, "in the interval"},
	{"max", "MAX", 6, 2, 1, .get = get_max, "since the start"},
	{"spread", "32ns 1us  33us 1ms  33m", SPREAD, 2, 0, .left = true, .get = get_spread,
	 "latencies: an octave a column"},
	{"bytes", "BYTES/S", 9, 6, 0, .get = get_bytes},
	{"calls", "TOTAL", 8, 7, 0, .get = get_calls, "calls since the start"},
	{"errors", "ERRORS", 6, 6, 0, .get = get_errors},
	{0}};

static const struct table list = {.key = "operations",
				  .column = columns,
				  .sort = "",
				  .collect = collect,
				  .empty = ""};

const struct screen screen_operations = {
	.name = "operations", .label = "Operations", .list = &list};
