// SPDX-License-Identifier: GPL-2.0-only
/* view_top.c - one refresh of iommutop: rates over the interval, the busiest domains, verdicts. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "format.h"

#define DEFAULT_ROWS 20

/* What a domain's operation had at the last refresh. */
struct past {
	uint64_t domain;
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
	uint64_t domain, calls;
	int op;
	uint64_t timed, sum_ns, bytes, errors;
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

static struct past *past_get(struct view_top *top, uint64_t domain)
{
	struct past *past;

	HASH_FIND(hh, top->past, &domain, sizeof(domain), past);
	if (past)
		return past;
	past = calloc(1, sizeof(*past));
	if (!past)
		return NULL;
	past->domain = domain;
	HASH_ADD(hh, top->past, domain, sizeof(past->domain), past);
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
		.domain = past->domain,
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
	if (x->domain != y->domain)
		return x->domain > y->domain ? 1 : -1;
	return x->op - y->op;
}

static int rows_of_domain(struct view_top *top, const struct model_domain *d, struct row **rows,
			  size_t *count, size_t *room)
{
	struct past *past = NULL;
	struct row *more, row;

	for (int op = 0; op < MODEL_OPS; op++) {
		if (!d->op[op])
			continue;
		past = past ? past : past_get(top, d->id);
		if (!past)
			return -ENOMEM;
		past->generation = top->generation;
		row = row_since(past, op, d->op[op]);
		if (!row.calls && !row.errors)
			continue;
		if (*count == *room) {
			*room = *room ? 2 * *room : 64;
			more = realloc(*rows, *room * sizeof(**rows));
			if (!more)
				return -ENOMEM;
			*rows = more;
		}
		(*rows)[(*count)++] = row;
	}
	return 0;
}

/* Domains the model no longer has need no past. */
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

static int rows_collect(struct view_top *top, const struct model *m, struct row **rows,
			size_t *count)
{
	const struct model_domain *d = NULL;
	size_t room = 0;
	int err;

	*rows = NULL;
	*count = 0;
	top->generation++;
	while ((d = model_next_domain(m, d))) {
		err = rows_of_domain(top, d, rows, count, &room);
		if (err)
			return err;
	}
	err = rows_of_domain(top, model_find_domain(m, 0), rows, count, &room);
	if (err)
		return err;
	past_prune(top);
	if (*count)
		qsort(*rows, *count, sizeof(**rows), busiest_first);
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

static void print_rate(const struct view *v, const struct row *row, uint64_t interval_ns)
{
	static const char *const name[MODEL_OPS] = {"map", "unmap"};
	char id[VIEW_TEXT] = "others", mean[VIEW_TEXT] = "-";
	char calls[VIEW_TEXT], bytes[VIEW_TEXT], errors[VIEW_TEXT];

	if (row->domain)
		snprintf(id, sizeof(id), "%" PRIu64, row->domain);
	if (row->timed)
		view_ns(mean, row->sum_ns / row->timed);
	fprintf(v->out, "%7s %-5s %12s %9s %12s %8s", row->domain == UINT64_MAX ? "all" : id,
		name[row->op], rate_text(calls, row->calls, interval_ns, 12), mean,
		view_bytes(bytes, whole(per_second(row->bytes, interval_ns))),
		view_count(errors, row->errors, 8));
}

static void print_rows(const struct view *v, const struct row *rows, size_t count,
		       uint64_t interval_ns)
{
	const struct model_domain *d;

	view_on(v, VIEW_BOLD);
	fprintf(v->out, " DOMAIN OP    %12s %9s %12s %8s  TYPE      BY\n",
		interval_ns ? "CALLS/s" : "CALLS", "MEAN", interval_ns ? "BYTES/s" : "BYTES",
		"ERRORS");
	view_off(v);
	for (size_t i = 0; i < count && view_row_fits(v, i); i++) {
		d = model_find_domain(v->m, rows[i].domain);
		print_rate(v, &rows[i], interval_ns);
		if (rows[i].domain && d) {
			fputs("  ", v->out);
			view_cell(v, model_domain_type(d), 10);
			view_cut(v, d->comm, 10);
		}
		fputc('\n', v->out);
	}
	view_left_out(v, count);
}

static void print_totals(const struct view *v, struct view_top *top, uint64_t interval_ns)
{
	const struct model_overview *o = model_overview(v->m);
	struct row row;

	top->total.domain = UINT64_MAX;
	for (int op = 0; op < MODEL_OPS; op++) {
		row = row_since(&top->total, op, &o->op[op]);
		print_rate(v, &row, interval_ns);
		fputc('\n', v->out);
	}
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
	struct row *rows;
	struct view v;
	size_t count;
	int err;

	view_init(&v, out, m, o);
	if (!v.o.rows)
		v.o.rows = DEFAULT_ROWS;
	err = rows_collect(top, m, &rows, &count);
	if (err) {
		free(rows);
		return err;
	}
	if (!top->last_ns)
		interval_ns = 0;
	else if (!interval_ns && now_ns > top->last_ns)
		interval_ns = now_ns - top->last_ns;
	print_overview(&v, top, interval_ns);
	print_instances(&v);
	print_rows(&v, rows, count, interval_ns);
	print_totals(&v, top, interval_ns);
	fputc('\n', out);
	top->last_ns = now_ns;
	free(rows);
	view_heading(&v, "VERDICTS");
	view_verdict_counts(&v);
	fputc('\n', out);
	view_loss(&v);
	return view_done(out);
}
