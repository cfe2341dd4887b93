// SPDX-License-Identifier: GPL-2.0-only
/* out_html.c - one page without a script: the table, and for each cost both histograms in one picture. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "gate/output.h"

#define WIDTH 720
#define HEIGHT 180
#define COLUMNS 120

/* Shares of all values, in columns that are equal on a logarithmic scale. */
struct columns {
	double share[COLUMNS];
};

static void add_bucket(struct columns *c, const struct gate_bucket *b, double total, double from,
		       double to)
{
	double low = log(fmax((double)b->low, 1)), high = log(fmax((double)b->high, 2));
	double width = (to - from) / COLUMNS;

	for (int i = 0; i < COLUMNS; i++) {
		double left = fmax(low, from + i * width);
		double right = fmin(high, from + (i + 1) * width);

		if (right > left)
			c->share[i] += (double)b->count / total * (right - left) / (high - low);
	}
}

static struct columns columns_of(const struct gate_bucket *bucket, size_t n, double from, double to)
{
	struct columns c = {};
	double total = 0;

	for (size_t i = 0; i < n; i++)
		total += (double)bucket[i].count;
	for (size_t i = 0; i < n && total > 0; i++)
		add_bucket(&c, &bucket[i], total, from, to);
	return c;
}

/* What few calls took does not make the picture: it is told. */
#define SHOWN .99

static void widen(const struct gate_bucket *bucket, size_t n, double *from, double *to)
{
	double unused, end = gate_percentile(bucket, n, SHOWN, INFINITY, &unused) * 1.02;

	for (size_t i = 0; i < n; i++)
		if (bucket[i].count)
			*from = fmin(*from, log(fmax((double)bucket[i].low, 1)));
	*to = fmax(*to, log(fmax(end, 2)));
}

static double above(const struct columns *c)
{
	double share = 1;

	for (int i = 0; i < COLUMNS; i++)
		share -= c->share[i];
	return share;
}

static void draw(FILE *out, const struct columns *c, double most, const char *class)
{
	fprintf(out, "<path class=\"%s\" d=\"M0 %d", class, HEIGHT);
	for (int i = 0; i < COLUMNS; i++) {
		double y = HEIGHT - c->share[i] / most * (HEIGHT - 20);

		fprintf(out, "L%d %.1fL%d %.1f", i * WIDTH / COLUMNS, y, (i + 1) * WIDTH / COLUMNS, y);
	}
	fprintf(out, "L%d %dZ\"/>", WIDTH, HEIGHT);
}

static void draw_scale(FILE *out, const struct gate_row *row, enum gate_unit unit, double from,
		       double to)
{
	char text[GATE_CELL];

	for (int i = 0; i <= 4; i++)
		fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>", i * WIDTH / 4,
			HEIGHT + 16, i == 0 ? "start" : i == 4 ? "end" : "middle",
			gate_value(text, row, exp(from + (to - from) * i / 4), unit));
}

static void draw_row(FILE *out, const struct gate_report *r, const struct gate_row *row)
{
	const struct gate_metric *m = &row->limit->metric;
	size_t base_count, new_count;
	struct gate_bucket *base = gate_metric_histogram(m, r->base, &base_count);
	struct gate_bucket *new = gate_metric_histogram(m, r->new, &new_count);
	double from = INFINITY, to = 0, most = 1e-9;
	struct columns b, n;

	widen(base, base_count, &from, &to);
	widen(new, new_count, &from, &to);
	if (from < to) {
		b = columns_of(base, base_count, from, to);
		n = columns_of(new, new_count, from, to);
		for (int i = 0; i < COLUMNS; i++)
			most = fmax(most, fmax(b.share[i], n.share[i]));
		fputs("<h2>", out);
		gate_escape(out, m->name);
		fprintf(out, "</h2>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"histograms of base "
			"and new\">", WIDTH, HEIGHT + 20);
		draw(out, &b, most, "base");
		draw(out, &n, most, "new");
		draw_scale(out, row, r->base->unit, from, to);
		if (fmax(above(&b), above(&n)) >= .0005)
			fprintf(out, "<text x=\"%d\" y=\"12\" text-anchor=\"end\">above: base %.1f %%, new "
				"%.1f %%</text>", WIDTH, 100 * fabs(above(&b)), 100 * fabs(above(&n)));
		fputs("</svg>\n", out);
	}
	free(base);
	free(new);
}

static void print_row(FILE *out, const struct gate_report *r, const struct gate_row *row)
{
	char base[GATE_CELL], new[GATE_CELL], change[GATE_CELL], confidence[GATE_CELL];

	fputs("<tr><td>", out);
	gate_escape(out, row->limit->metric.name);
	fprintf(out, "<td>%s<td>%s<td>%s<td>%s<td class=\"%s\">%s<td>",
		gate_value(base, row, row->base, r->base->unit),
		gate_value(new, row, row->new, r->new->unit), gate_change(change, row),
		gate_confidence(confidence, row), gate_verdict_name(row->verdict),
		gate_verdict_name(row->verdict));
	gate_escape(out, row->why);
	fputc('\n', out);
}

static const char head[] =
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n<title>iommugate</title>\n<style>\n"
	":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60em;"
	"margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}"
	"td,th{padding:.3em .6em;text-align:right;border-bottom:1px solid #8884}"
	"td:first-child,th:first-child,td:last-child{text-align:left}"
	".pass{color:#18794e}.regression{color:#ce2c31}.inconclusive{color:#ab6400}"
	"svg{width:100%}text{font-size:11px;fill:currentColor}.base{fill:#3e63dd88}"
	".new{fill:#f7690088}.key{padding:0 .4em}\n</style>\n";

static void print_side(FILE *out, const char *name, const struct gate_run *run)
{
	gate_escape(out, name);
	fputs("; ", out);
	gate_overhead(out, run, gate_escape);
}

int gate_html(FILE *out, const struct gate_report *r)
{
	fprintf(out, "%s<h1 class=\"%s\">%s</h1>\n<p>", head, gate_verdict_name(r->result->verdict),
		gate_verdict_name(r->result->verdict));
	if (*r->result->why) {
		gate_escape(out, r->result->why);
		fputs(".\n<p>", out);
	}
	gate_escape(out, r->new->workload);
	fprintf(out, ", in %s. <span class=\"key\"><svg style=\"width:1em\" viewBox=\"0 0 1 1\"><path "
		"class=\"base\" d=\"M0 0H1V1H0Z\"/></svg> base: ", gate_unit_name(r->base->unit));
	print_side(out, r->base_name, r->base);
	fputs("</span><span class=\"key\"><svg style=\"width:1em\" viewBox=\"0 0 1 1\"><path "
	      "class=\"new\" d=\"M0 0H1V1H0Z\"/></svg> new: ", out);
	print_side(out, r->new_name, r->new);
	fputs("</span>\n<table><tr><th>metric<th>base<th>new<th>change<th>confidence<th>verdict<th>\n",
	      out);
	for (size_t i = 0; i < r->result->rows; i++)
		print_row(out, r, &r->result->row[i]);
	fputs("</table>\n", out);
	for (size_t i = 0; i < r->result->rows; i++)
		draw_row(out, r, &r->result->row[i]);
	fputs("</html>\n", out);
	return gate_written(out);
}
