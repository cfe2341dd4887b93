// SPDX-License-Identifier: GPL-2.0-only
/* view_top.c - one refresh of iommutop: rates over the interval, the busiest domains, verdicts. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "format.h"

#define DEFAULT_ROWS 20

/* A domain, or an instance or device by its name. */
struct object {
	uint64_t domain;
	const char *name; /* the model's own; NULL: a domain */
};

/* What an object's operations had at the last refresh. */
struct past {
	struct object object;
	uint64_t generation;
	struct {
		uint64_t calls, timed, sum_ns, bytes, errors;
	} op[MODEL_OPS];
	UT_hash_handle hh;
};

struct view_top {
	struct past *past;
	struct past total; /* not in the table */
	uint64_t events[IMS_HOOK_MAX];
	uint64_t last_ns, generation;
};

/* One row: what happened in the interval. */
struct row {
	struct object object;
	int op;
	uint64_t calls, timed, sum_ns, bytes, errors;
};

struct view_top *view_top_new(void)
{
	return calloc(1, sizeof(struct view_top));
}

void view_top_free(struct view_top *top)
{
	struct past *past, *next;

	if (!top)
		return;
	HASH_ITER (hh, top->past, past, next) {
		HASH_DEL(top->past, past);
		free(past);
	}
	free(top);
}

static struct past *past_get(struct view_top *top, struct object object)
{
	struct past *past;

	HASH_FIND(hh, top->past, &object, sizeof(object), past);
	if (past)
		return past;
	past = calloc(1, sizeof(*past));
	if (!past)
		return NULL;
	past->object = object;
	HASH_ADD(hh, top->past, object, sizeof(past->object), past);
	if (!past->hh.tbl) {
		free(past);
		return NULL;
	}
	return past;
}

static uint64_t since(uint64_t now, uint64_t *then)
{
	uint64_t delta = now > *then ? now - *then : 0;

	*then = now;
	return delta;
}

static struct row row_since(struct past *past, int op, const struct model_op *now)
{
	return (struct row){
		.object = past->object,
		.op = op,
		.calls = since(now->calls, &past->op[op].calls),
		.timed = since(now->calls - now->untimed, &past->op[op].timed),
		.sum_ns = since(now->sum_ns, &past->op[op].sum_ns),
		.bytes = since(now->bytes, &past->op[op].bytes),
		.errors = since(now->errors, &past->op[op].errors),
	};
}

static int busiest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	if (x->object.domain != y->object.domain)
		return x->object.domain > y->object.domain ? 1 : -1;
	if (x->object.name && y->object.name && x->object.name != y->object.name)
		return strcmp(x->object.name, y->object.name);
	return x->op - y->op;
}

struct rows {
	struct row *row;
	size_t count, room;
};

static int row_append(struct rows *rows, const struct row *row)
{
	struct row *more;

	if (rows->count == rows->room) {
		more = realloc(rows->row, (rows->room ? 2 * rows->room : 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		rows->row = more;
		rows->room = rows->room ? 2 * rows->room : 64;
	}
	rows->row[rows->count++] = *row;
	return 0;
}

/* Those of operations @first to before @end that something happened in. */
static int rows_of(struct view_top *top, struct object object,
		   const struct model_op *const op[MODEL_OPS], int first, int end,
		   struct rows *rows)
{
	struct past *past = NULL;
	struct row row;
	int err = 0;

	for (int i = first; !err && i < end; i++) {
		if (!op[i])
			continue;
		past = past ? past : past_get(top, object);
		if (!past)
			return -ENOMEM;
		past->generation = top->generation;
		row = row_since(past, i, op[i]);
		if (row.calls || row.errors)
			err = row_append(rows, &row);
	}
	return err;
}

static int rows_of_objects(struct view_top *top, const struct model *m, struct rows *rows)
{
	const struct model_instance *i = NULL;
	const struct model_device *dev = NULL;
	const struct model_domain *d = NULL;
	int err = rows_of(top, (struct object){0}, model_find_domain(m, 0)->op, 0, MODEL_OPS, rows);

	while (!err && (d = model_next_domain(m, d)))
		err = rows_of(top, (struct object){.domain = d->id}, d->op, MODEL_OP_MAP,
			      MODEL_OP_QUEUE_SYNC, rows);
	while (!err && (i = model_next_instance(m, i)))
		err = rows_of(top, (struct object){.name = i->name}, i->op, MODEL_OP_QUEUE_SYNC,
			      MODEL_OP_DMA_MAP, rows);
	while (!err && (dev = model_next_device(m, dev)))
		err = rows_of(top, (struct object){.name = dev->name}, dev->op, MODEL_OP_DMA_MAP,
			      MODEL_OPS, rows);
	return err;
}

/* Objects the model no longer has need no past. */
static void past_prune(struct view_top *top)
{
	struct past *past, *next;

	HASH_ITER (hh, top->past, past, next) {
		if (past->generation == top->generation)
			continue;
		HASH_DEL(top->past, past);
		free(past);
	}
}

static int rows_collect(struct view_top *top, const struct model *m, struct rows *rows)
{
	int err;

	top->generation++;
	err = rows_of_objects(top, m, rows);
	if (err)
		return err;
	past_prune(top);
	if (rows->count)
		qsort(rows->row, rows->count, sizeof(*rows->row), busiest_first);
	return 0;
}

static double per_second(uint64_t count, uint64_t interval_ns)
{
	return interval_ns ? count * 1e9 / interval_ns : count;
}

static uint64_t whole(double rate)
{
	return rate < 1e19 ? (uint64_t)rate : UINT64_MAX;
}

static const char *rate_text(char *buf, uint64_t count, uint64_t interval_ns, unsigned int width)
{
	double rate = per_second(count, interval_ns);

	if (snprintf(buf, VIEW_TEXT, "%.*f", interval_ns ? 1 : 0, rate) > (int)width)
		view_count(buf, whole(rate), width);
	return buf;
}

/* Operation, calls, mean. */
static void print_calls(const struct view *v, const struct row *row, uint64_t interval_ns)
{
	char calls[VIEW_TEXT], mean[VIEW_TEXT] = "-";

	if (row->timed)
		view_ns(mean, row->sum_ns / row->timed);
	fprintf(v->out, " %-10s %10s %9s", ims_hook_name(model_op_hook(row->op)),
		rate_text(calls, row->calls, interval_ns, 10), mean);
}

static void print_domain_row(const struct view *v, const char *id, const struct row *row,
			     uint64_t interval_ns)
{
	bool sized = row->op == MODEL_OP_MAP || row->op == MODEL_OP_UNMAP;
	char bytes[VIEW_TEXT], errors[VIEW_TEXT];

	fprintf(v->out, "%7s", id);
	print_calls(v, row, interval_ns);
	fprintf(v->out, " %10s %6s",
		sized ? view_bytes(bytes, whole(per_second(row->bytes, interval_ns))) : "-",
		view_count(errors, row->errors, 6));
}

static void print_domains(const struct view *v, const struct rows *rows, uint64_t interval_ns)
{
	const struct model_domain *d;
	char id[VIEW_TEXT];
	uint64_t shown = 0;

	view_on(v, VIEW_BOLD);
	fprintf(v->out, " DOMAIN OP         %10s %9s %10s %6s  TYPE      BY\n",
		interval_ns ? "CALLS/s" : "CALLS", "MEAN", interval_ns ? "BYTES/s" : "BYTES",
		"ERRORS");
	view_off(v);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (row->object.name || !view_row_fits(v, shown++))
			continue;
		d = row->object.domain ? model_find_domain(v->m, row->object.domain) : NULL;
		snprintf(id, sizeof(id), "%" PRIu64, row->object.domain);
		print_domain_row(v, row->object.domain ? id : "others", row, interval_ns);
		if (d) {
			fputs("  ", v->out);
			view_cell(v, model_domain_type(d), 10);
			view_cut(v, d->comm, 10);
		}
		fputc('\n', v->out);
	}
	view_left_out(v, shown);
}

/* Of domains; what instances and devices do contains it, or is contained in it. */
static void print_totals(const struct view *v, struct view_top *top, uint64_t interval_ns)
{
	const struct model_overview *o = model_overview(v->m);
	struct row row;

	for (int op = MODEL_OP_MAP; op < MODEL_OP_QUEUE_SYNC; op++) {
		row = row_since(&top->total, op, &o->op[op]);
		print_domain_row(v, "all", &row, interval_ns);
		fputc('\n', v->out);
	}
	fputc('\n', v->out);
}

/* Instances and devices, when there was anything. */
static void print_named(const struct view *v, const struct rows *rows, uint64_t interval_ns)
{
	char errors[VIEW_TEXT];
	uint64_t shown = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (!row->object.name)
			continue;
		if (!shown) {
			view_on(v, VIEW_BOLD);
			fprintf(v->out, "INSTANCE OR DEVICE       OP         %10s %9s ERRORS\n",
				interval_ns ? "CALLS/s" : "CALLS", "MEAN");
			view_off(v);
		}
		if (!view_row_fits(v, shown++))
			continue;
		view_cell(v, row->object.name, 24);
		print_calls(v, row, interval_ns);
		fprintf(v->out, " %6s\n", view_count(errors, row->errors, 6));
	}
	if (!shown)
		return;
	view_left_out(v, shown);
	fputc('\n', v->out);
}

static void print_overview(const struct view *v, struct view_top *top, uint64_t interval_ns)
{
	static const uint32_t shown[] = {
		IMS_HOOK_DOMAIN_ALLOC, IMS_HOOK_DOMAIN_FREE,  IMS_HOOK_ATTACH,
		IMS_HOOK_ATTACH_GROUP, IMS_HOOK_DETACH_GROUP, IMS_HOOK_PROBE,
	};
	const struct model_overview *o = model_overview(v->m);
	char buf[VIEW_TEXT];

	fprintf(v->out,
		"%" PRIu64 " instances, %" PRIu64 " groups, %" PRIu64 " devices, %" PRIu64
		" domains%s\n",
		o->instances, o->groups, o->devices, o->domains,
		model_lossy(v->m) ? "; LOSS, see below" : "");
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		fprintf(v->out, "%12s %8s%s%s", ims_hook_name(shown[i]),
			rate_text(buf, since(o->events[shown[i]], &top->events[shown[i]]),
				  interval_ns, 8),
			interval_ns ? "/s" : "", i % 3 == 2 ? "\n" : "  ");
	fputc('\n', v->out);
}

static void print_instances(const struct view *v)
{
	const struct model_instance *i = NULL;
	uint64_t row = 0;

	view_on(v, VIEW_BOLD);
	fputs("INSTANCE                 DRIVER            RULE      GROUPS  DEVICES\n", v->out);
	view_off(v);
	for (; (i = model_next_instance(v->m, i)); row++) {
		uint64_t groups = 0, devices = 0;

		if (!view_row_fits(v, row))
			continue;
		for (const struct model_group *g = i->groups; g; g = g->next_of_instance) {
			groups++;
			devices += g->device_count;
		}
		view_cell(v, i->name, 25);
		view_cell(v, *i->driver ? i->driver : "?", 18);
		fprintf(v->out, "%-8s %7" PRIu64 " %8" PRIu64 "\n", model_rule_name(i->rule), groups,
			devices);
	}
	view_left_out(v, row);
	fputc('\n', v->out);
}

int view_top(FILE *out, const struct model *m, struct view_top *top, uint64_t interval_ns,
	     const struct view_options *o)
{
	uint64_t now_ns = model_overview(m)->last_ns;
	struct rows rows = {0};
	struct view v;
	int err;

	view_init(&v, out, m, o);
	if (!v.o.rows)
		v.o.rows = DEFAULT_ROWS;
	err = rows_collect(top, m, &rows);
	if (err) {
		free(rows.row);
		return err;
	}
	if (!top->last_ns)
		interval_ns = 0;
	else if (!interval_ns && now_ns > top->last_ns)
		interval_ns = now_ns - top->last_ns;
	print_overview(&v, top, interval_ns);
	print_instances(&v);
	print_domains(&v, &rows, interval_ns);
	print_totals(&v, top, interval_ns);
	print_named(&v, &rows, interval_ns);
	top->last_ns = now_ns;
	free(rows.row);
	view_heading(&v, "VERDICTS");
	view_verdict_counts(&v);
	fputc('\n', out);
	view_loss(&v);
	return view_done(out);
}
