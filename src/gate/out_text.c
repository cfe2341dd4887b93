// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include <iommuscope/view.h>

#include "gate/output.h"

#define NAME 20 /* columns; a longer one has a line of its own */

static const char *color_of(const struct gate_report *r, enum gate_verdict v)
{
	static const char *const color[] = {"\033[32m", "\033[33m", "\033[31m"};

	return r->color ? color[v] : "";
}

static void print_side(FILE *out, const char *which, const char *name, const struct gate_run *run)
{
	fprintf(out, "%-5s", which);
	view_escape(out, name);
	fputs(": ", out);
	view_escape(out, run->workload);
	fprintf(out, "\n     %zu repeats, ", run->repeats);
	view_escape(out, gate_run_fact(run, "kernel.release"));
	if (!isnan(run->empty_pair)) {
		fputs("\n     ", out);
		gate_overhead(out, run, view_escape);
	}
	fputc('\n', out);
}

static void print_row(FILE *out, const struct gate_report *r, const struct gate_row *row)
{
	char base[GATE_CELL], new[GATE_CELL], change[GATE_CELL], confidence[GATE_CELL];

	view_escape(out, row->limit->metric.name);
	if (strlen(row->limit->metric.name) > NAME)
		fprintf(out, "\n%*s", NAME, "");
	else
		fprintf(out, "%*s", NAME - (int)strlen(row->limit->metric.name), "");
	fprintf(out, " %9s %9s %8s %15s  ",
		gate_value(base, row, row->base, r->base->unit),
		gate_value(new, row, row->new, r->new->unit), gate_change(change, row),
		gate_confidence(confidence, row));
	fprintf(out, "%s%s%s\n", color_of(r, row->verdict), gate_verdict_name(row->verdict),
		r->color ? "\033[0m" : "");
	if (row->verdict != GATE_PASS) {
		fputs("    ", out);
		view_escape(out, row->why);
		fputc('\n', out);
	}
	if (row->statistical && row->verdict != GATE_PASS)
		fprintf(out, "    noise floor %.1f %%, effect %+.2f, p %.2g\n", 100 * row->noise,
			row->effect, row->p);
}

static double noise_floor(const struct gate_result *g)
{
	double most = 0;

	for (size_t i = 0; i < g->rows; i++)
		most = fmax(most, g->row[i].statistical ? g->row[i].noise : 0);
	return most;
}

int gate_text(FILE *out, const struct gate_report *r)
{
	double noise = noise_floor(r->result);

	print_side(out, "BASE", r->base_name, r->base);
	print_side(out, "NEW", r->new_name, r->new);
	if (r->result->rows)
		fprintf(out, "\n%-*s %9s %9s %8s %15s  %s\n", NAME, "METRIC", "BASE", "NEW", "CHANGE",
			"CONFIDENCE", "VERDICT");
	for (size_t i = 0; i < r->result->rows; i++)
		print_row(out, r, &r->result->row[i]);
	if (noise > 0)
		fprintf(out, "\nIntervals hold with %g %% on each side. A change below the noise floor,\n"
			"about %.1f %% at the worst, would not show.\n", 100 * r->confidence,
			100 * noise);
	fputc('\n', out);
	gate_summary(out, r, view_escape);
	fputc('\n', out);
	return gate_written(out);
}
