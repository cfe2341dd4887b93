// SPDX-License-Identifier: GPL-2.0-only
/* detail.c - parts of the report: how long domains lived, how latencies are spread, who leaks. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

static void print_bar(const struct view *v, unsigned int blanks, unsigned int length)
{
	fprintf(v->out, "%*s", (int)blanks, "");
	while (length--)
		fputs(v->o.ascii ? "#" : "\u2588", v->out);
}

/* ---- lifetimes ------------------------------------------------------------------------------ */

#define LIFE_COLUMNS 29u

/* The column that a time falls into. */
static unsigned int life_column(const struct model_overview *o, uint64_t time_ns)
{
	uint64_t span = o->last_ns - o->first_ns;

	if (time_ns <= o->first_ns || !span)
		return 0;
	if (time_ns >= o->last_ns)
		return LIFE_COLUMNS - 1;
	return (unsigned int)((double)(time_ns - o->first_ns) / (double)span * LIFE_COLUMNS);
}

static const char *allocated(char *buf, const struct view *v, const struct model_domain *d)
{
	if (!d->alloc_seen)
		return d->seen_at_start ? "at start" : "unseen";
	/* A stream may begin in the middle of its recording. */
	return d->alloc_ns < model_overview(v->m)->first_ns ? "before"
							    : view_time(buf, v->m, d->alloc_ns);
}

static void print_life(const struct view *v, const struct model_domain *d)
{
	const struct model_overview *o = model_overview(v->m);
	uint64_t begin = d->alloc_seen ? d->alloc_ns : o->first_ns;
	uint64_t end = d->freed ? d->free_ns : o->last_ns;
	char from[VIEW_TEXT], to[VIEW_TEXT], life[VIEW_TEXT];
	unsigned int first = life_column(o, begin), last = life_column(o, end);

	fprintf(v->out, "%7" PRIu64 " %14s %14s %c%8s  ", d->id, allocated(from, v, d),
		d->freed ? view_time(to, v->m, end) : "alive",
		d->alloc_seen && d->freed ? ' ' : '>',
		view_ns(life, end > begin ? end - begin : 0));
	print_bar(v, first, last > first ? last - first + 1 : 1);
	fputc('\n', v->out);
}

/* What was there all the time says nothing. */
static bool life_known(const struct model_domain *d)
{
	return d->alloc_seen || d->freed;
}

void view_lifetimes(const struct view *v)
{
	const struct model_domain *d = NULL;
	uint64_t row = 0;

	view_heading(v, "LIFETIMES");
	view_on(v, VIEW_DIM);
	fputs(" DOMAIN      ALLOCATED          FREED      LIFE  FROM BEGIN TO END\n", v->out);
	view_off(v);
	while ((d = model_next_domain(v->m, d)))
		if (life_known(d) && view_shows_domain(v->o.filter, d) && view_row_fits(v, row++))
			print_life(v, d);
	if (!row)
		fputs("  no domain was allocated or freed\n", v->out);
	view_left_out(v, row);
	fputc('\n', v->out);
}

/* ---- histograms ----------------------------------------------------------------------------- */

#define HIST_COLUMNS 40u
#define OCTAVES	     (IMS_HIST_BUCKETS / 4)

static uint64_t octave(const struct model_op *op, uint32_t i)
{
	const uint64_t *b = &op->bucket[4 * i];

	return b[0] + b[1] + b[2] + b[3];
}

static void print_octave(const struct view *v, const struct model_op *op, uint32_t i, uint64_t most)
{
	char low[VIEW_TEXT], count[VIEW_TEXT];
	uint64_t n = octave(op, i);
	unsigned int length = (unsigned int)((double)n / (double)most * HIST_COLUMNS + 0.5);

	fprintf(v->out, "  %8s %10s", view_ns(low, ims_hist_low(4 * i)), view_count(count, n, 10));
	if (n)
		print_bar(v, 2, length ? length : 1);
	fputc('\n', v->out);
}

void view_histogram(const struct view *v, const struct model_op *op)
{
	uint32_t first = OCTAVES, last = 0;
	uint64_t most = 0;

	for (uint32_t i = 0; i < OCTAVES; i++) {
		uint64_t n = octave(op, i);

		if (!n)
			continue;
		first = first < i ? first : i;
		last = i;
		most = most > n ? most : n;
	}
	for (uint32_t i = first; most && i <= last; i++)
		print_octave(v, op, i, most);
}

static void print_histogram(const struct view *v, int kind, const struct model_op *op)
{
	if (op->calls <= op->untimed)
		return;
	fprintf(v->out, "  %s, from\n", ims_hook_name(model_op_hook(kind)));
	view_histogram(v, op);
}

void view_histograms(const struct view *v)
{
	const struct model_overview *o = model_overview(v->m);
	bool any = false;

	view_heading(v, "LATENCY, ALL TIMED CALLS");
	for (int kind = 0; kind < MODEL_OPS; kind++) {
		any |= o->op[kind].calls > o->op[kind].untimed;
		print_histogram(v, kind, &o->op[kind]);
	}
	if (!any)
		fputs("  no call was timed\n", v->out);
	fputc('\n', v->out);
}

/* ---- leaks ---------------------------------------------------------------------------------- */

/* Equal stacks are one in the model. */
static int by_stack(const void *a, const void *b)
{
	const struct model_verdict *x = *(const struct model_verdict *const *)a;
	const struct model_verdict *y = *(const struct model_verdict *const *)b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return x->domain < y->domain ? -1 : x->domain > y->domain;
}

static bool is_shown_leak(const struct view *v, const struct model_verdict *verdict)
{
	return verdict->kind == MODEL_LEAK && view_shows_verdict(v->o.filter, verdict);
}

static void print_leaks_of_stack(const struct view *v, const struct model_verdict *const *leak,
				 size_t n)
{
	const struct ims_stack *stack = leak[0]->stack;

	fprintf(v->out, "  %zu domain%s (", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && i < 5; i++)
		fprintf(v->out, "%s%" PRIu64, i ? ", " : "", leak[i]->domain);
	fprintf(v->out, "%s), allocated by\n", n > 5 ? ", ..." : "");
	if (!stack || !stack->count)
		fputs("      a caller whose stack is not known\n", v->out);
	for (uint32_t i = 0; stack && i < stack->count; i++) {
		fputs("      ", v->out);
		view_cut(v, stack->frame[i], 74);
		fputc('\n', v->out);
	}
}

/* How many behind @leak, itself included, have its stack. */
static size_t same_stack(const struct model_verdict *const *leak, size_t n)
{
	size_t same = 1;

	while (same < n && leak[same]->stack == leak[0]->stack)
		same++;
	return same;
}

struct leak_group {
	const struct model_verdict *const *leak;
	size_t count;
};

/* The most first; of those the one that leaked first. */
static int by_count(const void *a, const void *b)
{
	const struct leak_group *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->leak[0]->domain < y->leak[0]->domain ? -1 : 1;
}

static int print_leaks(const struct view *v, const struct model_verdict **leak, size_t n)
{
	struct leak_group *group = calloc(n, sizeof(*group));
	size_t groups = 0, row = 0;

	if (!group)
		return -ENOMEM;
	qsort(leak, n, sizeof(*leak), by_stack);
	for (size_t i = 0; i < n; i += group[groups++].count)
		group[groups] = (struct leak_group){
			leak + i, same_stack((const struct model_verdict *const *)leak + i, n - i)};
	qsort(group, groups, sizeof(*group), by_count);
	view_heading(v, "LEAKS, BY WHO ALLOCATED");
	for (; row < groups; row++)
		if (view_row_fits(v, row))
			print_leaks_of_stack(v, group[row].leak, group[row].count);
	view_left_out(v, groups);
	fputc('\n', v->out);
	free(group);
	return 0;
}

int view_leaks(const struct view *v)
{
	const struct model_verdict *verdict = NULL, **leak;
	size_t n = 0;
	int err;

	while ((verdict = model_next_verdict(v->m, verdict)))
		n += is_shown_leak(v, verdict);
	if (!n)
		return 0;
	leak = calloc(n, sizeof(*leak));
	if (!leak)
		return -ENOMEM;
	for (n = 0; (verdict = model_next_verdict(v->m, verdict));)
		if (is_shown_leak(v, verdict))
			leak[n++] = verdict;
	err = print_leaks(v, leak, n);
	free(leak);
	return err;
}
