// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "gate/output.h"
#include "gate/sample.h"

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

	fputs("| `", out);
	gate_escape(out, row->limit->metric.name);
	fprintf(out, "` | %s | %s | %s | %s | ", gate_value(base, row, row->base, r->base->unit),
		gate_value(new, row, row->new, r->new->unit), gate_change(change, row),
		gate_confidence(confidence, row));
	if (row->known)
		err = sparkline(out, r, row);
	fprintf(out, " | %s %s", mark[row->verdict], gate_verdict_name(row->verdict));
	if (*row->why)
		fprintf(out, ": %s", row->why);
	fputs(" |\n", out);
	return err;
}

int gate_markdown(FILE *out, const struct gate_report *r)
{
	int err = 0;

	fputs("### iommugate: ", out);
	gate_summary(out, r);
	fputs("\n\n", out);
	if (r->result->rows)
		fputs("| metric | base | new | change | confidence | base, new | verdict |\n"
		      "| --- | ---: | ---: | ---: | ---: | --- | --- |\n", out);
	for (size_t i = 0; !err && i < r->result->rows; i++)
		err = print_row(out, r, &r->result->row[i]);
	fputs("\nWorkload: ", out);
	gate_escape(out, r->new->workload);
	fprintf(out, "; in %s; kernels ", gate_unit_name(r->new->unit));
	gate_escape(out, gate_run_fact(r->base, "kernel.release"));
	fputs(" and ", out);
	gate_escape(out, gate_run_fact(r->new, "kernel.release"));
	fputs(".\n", out);
	return err ? err : gate_written(out);
}
