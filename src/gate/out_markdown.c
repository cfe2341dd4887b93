// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate/output.h"
#include "gate/sample.h"

/* As code: nothing in it is markup but its end and, in a table, the bar. And '<', to who reads it as HTML. */
static void code(FILE *out, const char *s)
{
	fputc('`', out);
	for (s = *s ? s : "-"; *s; s++) {
		if (strchr("`|<", *s) || *s < ' ' || *s > '~')
			fprintf(out, "\\x%02x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('`', out);
}

#define SPARKS 16 /* of a run: more repeats are thinned out */

static void spark(FILE *out, struct sample s, double least, double most)
{
	size_t n = s.count < SPARKS ? s.count : SPARKS;

	for (size_t i = 0; i < n; i++) {
		double value = s.value[i * s.count / n];
		int level = most > least ? (int)(7.999 * (value - least) / (most - least)) : 0;

		fprintf(out, "\xe2\x96%c", 0x81 + level);
	}
}

/* The repeats of both runs on one scale. */
static int sparkline(FILE *out, const struct gate_report *r, const struct gate_row *row)
{
	double *value = calloc(r->base->repeats + r->new->repeats + 2, sizeof(*value));
	struct sample base, new, both;

	if (!value)
		return -ENOMEM;
	base = (struct sample){value,
			       gate_metric_values(&row->limit->metric, r->base, value)};
	new = (struct sample){value + base.count, gate_metric_values(&row->limit->metric, r->new,
								     value + base.count)};
	both = (struct sample){value, base.count + new.count};
	spark(out, base, sample_least(both), sample_most(both));
	fputc(' ', out);
	spark(out, new, sample_least(both), sample_most(both));
	free(value);
	return 0;
}

static int print_row(FILE *out, const struct gate_report *r, const struct gate_row *row)
{
	static const char *const mark[] = {"✅", "❔", "❌"};
	char base[GATE_CELL], new[GATE_CELL], change[GATE_CELL], confidence[GATE_CELL];
	int err = 0;

	fputs("| ", out);
	code(out, row->limit->metric.name);
	fprintf(out, " | %s | %s | %s | %s | ", gate_value(base, row, row->base, r->base->unit),
		gate_value(new, row, row->new, r->new->unit), gate_change(change, row),
		gate_confidence(confidence, row));
	if (row->known)
		err = sparkline(out, r, row);
	fprintf(out, " | %s %s", mark[row->verdict], gate_verdict_name(row->verdict));
	if (*row->why) {
		fputs(": ", out);
		code(out, row->why);
	}
	fputs(" |\n", out);
	return err;
}

static void print_side(FILE *out, const char *which, const struct gate_run *run)
{
	fprintf(out, "%s: kernel ", which);
	code(out, gate_run_fact(run, "kernel.release"));
	fputs("; ", out);
	gate_overhead(out, run, code);
	fputs(".\n", out);
}

int gate_markdown(FILE *out, const struct gate_report *r)
{
	int err = 0;

	fputs("### iommugate: ", out);
	gate_summary(out, r, code);
	fputs("\n\n", out);
	if (r->result->rows)
		fputs("| metric | base | new | change | confidence | base, new | verdict |\n"
		      "| --- | ---: | ---: | ---: | ---: | --- | --- |\n", out);
	for (size_t i = 0; !err && i < r->result->rows; i++)
		err = print_row(out, r, &r->result->row[i]);
	fputs("\nWorkload: ", out);
	code(out, r->new->workload);
	fprintf(out, "; in %s.\n", gate_unit_name(r->new->unit));
	print_side(out, "Base", r->base);
	print_side(out, "New", r->new);
	return err ? err : gate_written(out);
}
