// SPDX-License-Identifier: GPL-2.0-only
/* screen_overview.c - what happens on the machine now, and below it the verdicts. */
#include "screen.h"

static const uint32_t shown_hooks[] = {IMS_HOOK_DOMAIN_ALLOC, IMS_HOOK_DOMAIN_FREE, IMS_HOOK_ATTACH,
				       IMS_HOOK_FAULT};

static int collect(const struct top *t, const struct model *m, struct rows *rows)
{
	int err = 0;

	for (int op = 0; !err && op < MODEL_OPS; op++)
		err = rows_add(rows, &(struct row){.kind = ROW_OP, .op = (uint8_t)op});
	for (size_t i = 0; !err && i < sizeof(shown_hooks) / sizeof(*shown_hooks); i++)
		err = rows_add(rows, &(struct row){.kind = ROW_HOOK, .id = shown_hooks[i]});
	return err;
}

static bool is_op(const struct row *row)
{
	return row->kind == ROW_OP;
}

static const struct past_op *all(const struct top *t, const struct row *row)
{
	return &t->past.all[row->op];
}

static void get_op(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, ims_hook_name(is_op(row) ? model_op_hook(row->op) : (uint32_t)row->id));
}

static void get_rate(const struct top *t, const struct row *row, struct value *v)
{
	value_rate(v, &t->past, VALUE_RATE,
		   is_op(row) ? all(t, row)->delta.calls : t->past.new_events[row->id]);
}

static void get_total(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, is_op(row) ? all(t, row)->last.calls : t->past.events[row->id]);
}

static void get_failed(const struct top *t, const struct row *row, struct value *v)
{
	uint64_t n = is_op(row) ? all(t, row)->last.errors : t->past.failed[row->id];

	if (!is_op(row) && row->id == IMS_HOOK_FAULT)
		return;
	value_count(v, n);
	v->style = n ? TOP_BAD : TOP_PLAIN;
}

static void get_latency(const struct top *t, const struct row *row, struct value *v,
			unsigned int permille)
{
	const struct model_op *op = &all(t, row)->delta;

	if (is_op(row) && op->calls > op->untimed)
		value_ns(v, model_op_percentile(op, permille));
}

static void get_p50(const struct top *t, const struct row *row, struct value *v)
{
	get_latency(t, row, v, 500);
}

static void get_p99(const struct top *t, const struct row *row, struct value *v)
{
	get_latency(t, row, v, 990);
}

static void get_max(const struct top *t, const struct row *row, struct value *v)
{
	if (is_op(row) && all(t, row)->last.calls > all(t, row)->last.untimed)
		value_ns(v, all(t, row)->last.max_ns);
}

static void get_rates(const struct top *t, const struct row *row, struct value *v)
{
	const struct history *h = is_op(row) ? &t->past.rate[row->op] : &t->past.event_rate[row->id];

	value_graph(v, h->value, h->count);
	v->style = TOP_BAR;
}

static void get_p99s(const struct top *t, const struct row *row, struct value *v)
{
	if (!is_op(row))
		return;
	value_graph(v, t->past.p99[row->op].value, t->past.p99[row->op].count);
	v->style = TOP_BAR;
}

static const struct column columns[] = {
	{"what", "RATES", 12, 1, 2, .left = true, .name = true, get_op},
	{"rate", "PER S", 6, 1, 2, .get = get_rate},
	{"rates", "TREND", 12, 3, 30, .get = get_rates},
	{"p50", "P50", 6, 1, 1, .get = get_p50},
	{"p99", "P99", 6, 1, 1, .get = get_p99},
	{"p99s", "P99 TREND", 12, 3, 30, .get = get_p99s},
	{"max", "MAX", 6, 2, 1, .get = get_max},
	{"total", "TOTAL", 6, 2, 4, .get = get_total},
	{"failed", "FAILED", 6, 2, 0, .get = get_failed},
	{0}};

static const struct table rates = {
	.key = "rates", .column = columns, .sort = "", .collect = collect, .empty = ""};

const struct screen screen_overview = {
	.name = "overview", .label = "Overview", .head = &rates, .list = &table_verdicts};
