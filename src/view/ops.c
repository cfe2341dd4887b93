// SPDX-License-Identifier: GPL-2.0-only
/* ops.c - what operations cost: one table each for domains, instances and devices. */
#include <inttypes.h>

#include "format.h"

struct op_table {
	const struct view *v;
	bool named; /* of instances or devices, else of domains */
	uint64_t row;
};

static void print_op(const struct op_table *t, const char *object, int op, const struct model_op *s)
{
	char mean[VIEW_TEXT], p50[VIEW_TEXT], p99[VIEW_TEXT], max[VIEW_TEXT], bytes[VIEW_TEXT];
	char calls[VIEW_TEXT], errors[VIEW_TEXT];
	bool timed = s->calls > s->untimed, sized = op == MODEL_OP_MAP || op == MODEL_OP_UNMAP;
	FILE *out = t->v->out;

	view_ns(p50, model_op_percentile(s, 500));
	if (t->named)
		view_cell(t->v, object, 24);
	else
		fprintf(out, "%6s", object);
	fprintf(out, " %-10s %8s %8s%c", ims_hook_name(model_op_hook(op)),
		view_count(calls, s->calls, 8), timed ? view_ns(mean, model_op_mean(s)) : "-",
		s->untimed ? '*' : ' ');
	if (!t->named)
		fprintf(out, " %8s", timed ? p50 : "-");
	fprintf(out, " %8s %8s", timed ? view_ns(p99, model_op_percentile(s, 990)) : "-",
		timed ? view_ns(max, s->max_ns) : "-");
	if (!t->named)
		fprintf(out, " %9s", sized ? view_bytes(bytes, s->bytes) : "-");
	fprintf(out, " %6s\n", view_count(errors, s->errors, 6));
}

/* Prints those that fit. */
static void print_ops(struct op_table *t, const char *object, const struct model_op *const op[],
		      int first, int end)
{
	for (int i = first; i < end; i++)
		if (op[i] && view_row_fits(t->v, t->row++))
			print_op(t, object, i, op[i]);
}

static void print_ops_heading(const struct op_table *t, const char *title, const char *columns)
{
	view_heading(t->v, title);
	view_on(t->v, VIEW_DIM);
	fprintf(t->v->out, "%s\n", columns);
	view_off(t->v);
}

static void print_untimed(const struct view *v)
{
	const struct model_op *op = model_overview(v->m)->op;
	uint64_t untimed = 0;

	for (int i = 0; i < MODEL_OPS; i++)
		untimed += op[i].untimed;
	if (untimed)
		fprintf(v->out, "* of the timed calls only: %" PRIu64 " calls were not timed\n\n",
			untimed);
}

static void print_totals(const struct op_table *t, int first, int end)
{
	const struct model_overview *o = model_overview(t->v->m);

	for (int i = first; i < end; i++)
		if (o->op[i].calls)
			print_op(t, "all", i, &o->op[i]);
}

static void print_domain_ops(const struct view *v)
{
	struct op_table t = {.v = v};
	const struct model_domain *d = NULL;
	char id[VIEW_TEXT];

	print_ops_heading(&t, "MAP AND UNMAP, AND THEIR INVALIDATION",
			  "DOMAIN OP            COUNT     MEAN       P50      P99      MAX     BYTES "
			  "ERRORS");
	while ((d = model_next_domain(v->m, d))) {
		if (!view_shows_domain(v->o.filter, d))
			continue;
		snprintf(id, sizeof(id), "%" PRIu64, d->id);
		print_ops(&t, id, d->op, MODEL_OP_MAP, MODEL_OP_QUEUE_SYNC);
	}
	print_ops(&t, "others", model_find_domain(v->m, 0)->op, MODEL_OP_MAP, MODEL_OP_QUEUE_SYNC);
	view_left_out(v, t.row);
	print_totals(&t, MODEL_OP_MAP, MODEL_OP_QUEUE_SYNC);
	if (!t.row)
		fputs("  nothing was mapped or unmapped\n", v->out);
	fputc('\n', v->out);
}

#define NAMED_COLUMNS "OP            COUNT     MEAN       P99      MAX ERRORS"

static void print_instance_ops(const struct view *v)
{
	struct op_table t = {.v = v, .named = true};
	const struct model_instance *i = NULL;

	print_ops_heading(&t, "INSTANCES", "INSTANCE                 " NAMED_COLUMNS);
	while ((i = model_next_instance(v->m, i)))
		if (view_shows_instance(v->o.filter, i))
			print_ops(&t, i->name, i->op, 0, MODEL_OPS);
	print_ops(&t, "others", model_find_domain(v->m, 0)->op, MODEL_OP_QUEUE_SYNC,
		  MODEL_OP_QUEUE_SYNC + 1);
	view_left_out(v, t.row);
	if (!t.row)
		fputs("  nothing was counted\n", v->out);
	else
		fputs("  map, unmap and iotlb-sync: of its domains; they contain queue-syncs.\n",
		      v->out);
	fputc('\n', v->out);
}

/* Without DMA-API calls, which all devices of a host may do without, nothing at all. */
static void print_device_ops(const struct view *v)
{
	struct op_table t = {.v = v, .named = true};
	const struct model_overview *o = model_overview(v->m);
	const struct model_device *d = NULL;

	if (!o->op[MODEL_OP_DMA_MAP].calls && !o->op[MODEL_OP_DMA_UNMAP].calls)
		return;
	print_ops_heading(&t, "DMA API", "DEVICE                   " NAMED_COLUMNS);
	while ((d = model_next_device(v->m, d)))
		if (view_shows_device(v->o.filter, d))
			print_ops(&t, d->name, d->op, MODEL_OP_DMA_MAP, MODEL_OPS);
	print_ops(&t, "others", model_find_domain(v->m, 0)->op, MODEL_OP_DMA_MAP, MODEL_OPS);
	view_left_out(v, t.row);
	print_totals(&t, MODEL_OP_DMA_MAP, MODEL_OPS);
	fputs("  A dma-map contains its map, a dma-unmap its unmap: never add them up.\n\n", v->out);
}

void view_latency(const struct view *v)
{
	if (*model_filter(v->m)) {
		fputs("Counted only by a filter when recorded: ", v->out);
		view_escape(v->out, model_filter(v->m));
		fputs(".\n\n", v->out);
	}
	print_domain_ops(v);
	print_instance_ops(v);
	print_device_ops(v);
	print_untimed(v);
}
