// SPDX-License-Identifier: GPL-2.0-only
/* view_diff.c - two recordings beside each other. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "format.h"

void view_count_failure(struct view_failures *f, const struct ims_record *rec)
{
	const struct ims_event *e = &rec->event;

	if (rec->type != IMS_REC_EVENT || !e->result || e->flags & IMS_EVENT_EARLIER)
		return;
	f->count[e->hook < IMS_HOOK_MAX ? e->hook : 0]
		[e->result < 0 && e->result > -VIEW_ERRNOS ? -e->result : 0]++;
}

static void print_side(const struct view *v, char letter, const struct view_side *side)
{
	const struct model_overview *o = model_overview(side->m);
	uint64_t ns = o->last_ns - o->first_ns;

	fprintf(v->out, "  %c ", letter);
	view_escape(v->out, side->name);
	fprintf(v->out, ": %" PRIu64 ".%06" PRIu64 " s, %" PRIu64 " records\n", ns / 1000000000,
		ns % 1000000000 / 1000, o->records);
	if (!model_lossy(side->m))
		return;
	view_on(v, VIEW_YELLOW);
	fputs("    something is missing: iommutrace info tells what\n", v->out);
	view_off(v);
}

static void print_fact(const struct view *v, char letter, const struct ims_host *h)
{
	fprintf(v->out, "    %c ", letter);
	if (h)
		view_cut(v, h->value, 74);
	else
		fputs("(not told)", v->out);
	fputc('\n', v->out);
}

/* The clocks of two recordings differ always. */
static int print_host(const struct view *v, const struct view_side side[2])
{
	struct diff_table t;
	int err = diff_host(&t, side);
	bool any = false;

	view_heading(v, "HOST");
	for (size_t i = 0; i < t.count && !err; i++) {
		const struct diff_row *row = &t.row[i];

		if (diff_same_host(row) || !strcmp(row->text[0], "clock.realtime_offset_ns"))
			continue;
		any = true;
		fputs("  ", v->out);
		view_cut(v, row->text[0], 76);
		fputc('\n', v->out);
		print_fact(v, 'A', row->of[0]);
		print_fact(v, 'B', row->of[1]);
	}
	fputs(any ? "\n" : "  no difference\n\n", v->out);
	diff_free(&t);
	return err;
}

/* The last column has no blanks behind it. */
static void print_point(const struct view *v, char letter, const struct ims_plan *p)
{
	char text[2 * VIEW_TEXT];

	snprintf(text, sizeof(text), "%.9s%s%.30s", p ? p->state : "-",
		 p && *p->mechanism ? " " : "", p ? p->mechanism : "");
	fprintf(v->out, " %c ", letter);
	if (letter == 'A')
		view_cell(v, text, 16);
	else
		view_cut(v, text, 16);
}

static int print_plan(const struct view *v, const struct view_side side[2])
{
	struct diff_table t;
	int err = diff_plan(&t, side);
	bool any = false;

	view_heading(v, "PLAN");
	for (size_t i = 0; i < t.count && !err; i++) {
		const struct diff_row *row = &t.row[i];

		if (diff_same_plan(row))
			continue;
		any = true;
		fputs("  ", v->out);
		view_cell(v, ims_hook_name(row->number), 13);
		fputc(' ', v->out);
		view_cell(v, *row->text[0] ? row->text[0] : "-", 24);
		print_point(v, 'A', row->of[0]);
		print_point(v, 'B', row->of[1]);
		fputc('\n', v->out);
	}
	fputs(any ? "\n" : "  no difference\n\n", v->out);
	diff_free(&t);
	return err;
}

static int print_about(const struct view *v, const struct diff_row *row,
		       const struct view_side side[2])
{
	int s = row->of[1] ? 1 : 0;
	char *story = view_story(side[s].m, row->of[s]);

	if (!story)
		return -ENOMEM;
	view_wrap(v, story, 6);
	free(story);
	return 0;
}

static int print_verdict(const struct view *v, const struct diff_row *row,
			 const struct view_side side[2])
{
	char a[VIEW_TEXT], b[VIEW_TEXT];

	fprintf(v->out, "%9s %9s  ", view_count(a, row->count[0], 9),
		view_count(b, row->count[1], 9));
	view_cell(v, diff_word(row), 6);
	view_on(v, view_severity_color(diff_severity(row)));
	fprintf(v->out, "%s", model_verdict_info(row->number)->name);
	view_off(v);
	fprintf(v->out, " (%s)", model_severity_name(diff_severity(row)));
	if (*row->text[0]) {
		fputs(" of ", v->out);
		view_cut(v, row->text[0], 20);
	}
	fputc('\n', v->out);
	/* What is there on both sides is told by a report. */
	return row->count[0] && row->count[1] ? 0 : print_about(v, row, side);
}

static int print_verdicts(const struct view *v, const struct view_side side[2])
{
	struct diff_table t;
	int err = diff_verdicts(&t, side);

	view_heading(v, "VERDICTS");
	view_on(v, VIEW_DIM);
	fputs("        A         B\n", v->out);
	view_off(v);
	for (int severity = MODEL_CRITICAL; severity >= MODEL_INFO; severity--)
		for (size_t i = 0; i < t.count && !err; i++)
			if ((int)diff_severity(&t.row[i]) == severity)
				err = print_verdict(v, &t.row[i], side);
	fputs(t.count ? "\n" : "  none on either side\n\n", v->out);
	diff_free(&t);
	return err;
}

static void print_op(const struct view *v, const char *letter, const struct model_op *op)
{
	char calls[VIEW_TEXT], mean[VIEW_TEXT], p50[VIEW_TEXT], p99[VIEW_TEXT], max[VIEW_TEXT];
	char errors[VIEW_TEXT];
	bool timed = op && op->calls > op->untimed;

	fprintf(v->out, "%26s %10s %8s %8s %8s %8s %6s\n", letter,
		op ? view_count(calls, op->calls, 10) : "0",
		timed ? view_ns(mean, model_op_mean(op)) : "-",
		timed ? view_ns(p50, model_op_percentile(op, 500)) : "-",
		timed ? view_ns(p99, model_op_percentile(op, 990)) : "-",
		timed ? view_ns(max, op->max_ns) : "-",
		op ? view_count(errors, op->errors, 6) : "0");
}

static const char *ratio(char *buf, uint64_t a, uint64_t b)
{
	if (!a)
		return "-";
	snprintf(buf, VIEW_TEXT, (double)b / (double)a < 1000 ? "%.2f" : "%.0e",
		 (double)b / (double)a);
	return buf;
}

static void print_ratios(const struct view *v, const struct model_op *a, const struct model_op *b)
{
	bool timed = a->calls > a->untimed && b->calls > b->untimed;
	char calls[VIEW_TEXT], mean[VIEW_TEXT], p50[VIEW_TEXT], p99[VIEW_TEXT], max[VIEW_TEXT];
	char errors[VIEW_TEXT];

	fprintf(v->out, "%26s %10s %8s %8s %8s %8s %6s\n", "B/A", ratio(calls, a->calls, b->calls),
		timed ? ratio(mean, model_op_mean(a), model_op_mean(b)) : "-",
		timed ? ratio(p50, model_op_percentile(a, 500), model_op_percentile(b, 500)) : "-",
		timed ? ratio(p99, model_op_percentile(a, 990), model_op_percentile(b, 990)) : "-",
		timed ? ratio(max, a->max_ns, b->max_ns) : "-",
		ratio(errors, a->errors, b->errors));
}

static int print_ops(const struct view *v, const struct view_side side[2])
{
	struct diff_table t;
	int err = diff_ops(&t, side);

	view_heading(v, "OPERATIONS");
	view_on(v, VIEW_DIM);
	fputs("                                COUNT     MEAN      P50      P99      MAX ERRORS\n",
	      v->out);
	view_off(v);
	for (size_t i = 0; i < t.count && !err; i++) {
		const struct diff_row *row = &t.row[i];

		fprintf(v->out, "  %s, ", ims_hook_name(model_op_hook(row->number)));
		view_cut(v, *row->text[0] ? row->text[1] : "all", 60);
		fputc('\n', v->out);
		print_op(v, "A", row->of[0]);
		print_op(v, "B", row->of[1]);
		if (row->of[0] && row->of[1])
			print_ratios(v, row->of[0], row->of[1]);
	}
	fputs(t.count ? "\n" : "  none on either side\n\n", v->out);
	diff_free(&t);
	return err;
}

static void print_counts(const struct view *v, const struct diff_row *row)
{
	char a[VIEW_TEXT], b[VIEW_TEXT];

	fprintf(v->out, "%9s %9s  %-6s", view_count(a, row->count[0], 9),
		view_count(b, row->count[1], 9), diff_word(row));
}

static int print_failures(const struct view *v, const struct view_side side[2])
{
	struct diff_table t;
	int err = diff_failures(&t, side);
	char result[VIEW_TEXT];

	view_heading(v, "FAILURES");
	for (size_t i = 0; i < t.count && !err; i++) {
		print_counts(v, &t.row[i]);
		fprintf(v->out, "%s %s\n", ims_hook_name(t.row[i].number),
			t.row[i].result ? view_errno(result, t.row[i].result) : "with no errno");
	}
	fputs(t.count ? "\n" : "  none on either side\n\n", v->out);
	diff_free(&t);
	return err;
}

static int print_domains(const struct view *v, const struct view_side side[2])
{
	struct diff_table t;
	int err = diff_domains(&t, side);

	view_heading(v, "DOMAINS ALIVE AT THE END");
	for (size_t i = 0; i < t.count && !err; i++) {
		print_counts(v, &t.row[i]);
		view_cell(v, t.row[i].text[0], 10);
		view_cut(v, *t.row[i].text[1] ? t.row[i].text[1] : "(of no instance)", 40);
		fputc('\n', v->out);
	}
	fputs(t.count ? "" : "  none on either side\n", v->out);
	diff_free(&t);
	return err;
}

int view_diff(FILE *out, const struct view_side side[2], const struct view_options *o)
{
	struct view v;
	int err;

	view_init(&v, out, side[0].m, o);
	view_heading(&v, "RECORDINGS");
	print_side(&v, 'A', &side[0]);
	print_side(&v, 'B', &side[1]);
	fputc('\n', out);
	err = print_verdicts(&v, side);
	if (!err)
		err = print_ops(&v, side);
	if (!err)
		err = print_failures(&v, side);
	if (!err)
		err = print_host(&v, side);
	if (!err)
		err = print_plan(&v, side);
	if (!err)
		err = print_domains(&v, side);
	return err ? err : view_done(out);
}

int view_diff_new(const struct view_side side[2], enum model_severity least)
{
	struct diff_table t;
	int found = diff_verdicts(&t, side);

	for (size_t i = 0; i < t.count && !found; i++)
		found = !t.row[i].count[0] && diff_severity(&t.row[i]) >= least;
	diff_free(&t);
	return found;
}
