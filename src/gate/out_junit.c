// SPDX-License-Identifier: GPL-2.0-only
/* out_junit.c - a regression is a failure, what is inconclusive an error: neither is a pass. */
#include <math.h>

#include "gate/output.h"

static void print_case(FILE *out, const char *name, enum gate_verdict verdict, const char *why)
{
	fputs("  <testcase classname=\"iommugate\" name=\"", out);
	gate_escape(out, name);
	if (verdict == GATE_PASS) {
		fputs("\"/>\n", out);
		return;
	}
	fprintf(out, "\">\n    <%s message=\"", verdict == GATE_REGRESSION ? "failure" : "error");
	gate_escape(out, why);
	fputs("\"/>\n  </testcase>\n", out);
}

static void print_row(FILE *out, const struct gate_report *r, const struct gate_row *row)
{
	char base[GATE_CELL], new[GATE_CELL], change[GATE_CELL], why[320];

	snprintf(why, sizeof(why), "%s: %s to %s, %s; %s", gate_verdict_name(row->verdict),
		 gate_value(base, row, row->base, r->base->unit),
		 gate_value(new, row, row->new, r->new->unit), gate_change(change, row), row->why);
	print_case(out, row->limit->metric.name, row->verdict, why);
}

static void print_overhead(FILE *out, const char *side, const struct gate_run *run)
{
	char pair[32] = "null";

	if (!isnan(run->empty_pair))
		snprintf(pair, sizeof(pair), "%.17g", run->empty_pair);
	fprintf(out, "    <property name=\"%s.empty_pair\" value=\"%s\"/>\n"
		"    <property name=\"%s.mechanism\" value=\"", side, pair, side);
	gate_escape(out, *run->mechanism ? run->mechanism : "null");
	fputs("\"/>\n", out);
}

int gate_junit(FILE *out, const struct gate_report *r)
{
	const struct gate_result *g = r->result;
	size_t count[3] = {};

	for (size_t i = 0; i < g->rows; i++)
		count[g->row[i].verdict]++;
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"iommugate\" "
		"tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
		g->rows + !!*g->why, count[GATE_REGRESSION], count[GATE_INCONCLUSIVE] + !!*g->why);
	fprintf(out, "  <properties>\n    <property name=\"unit\" value=\"%s\"/>\n",
		gate_unit_name(r->base->unit));
	print_overhead(out, "base", r->base);
	print_overhead(out, "new", r->new);
	fputs("  </properties>\n", out);
	if (*g->why)
		print_case(out, "comparable", g->verdict, g->why);
	for (size_t i = 0; i < g->rows; i++)
		print_row(out, r, &g->row[i]);
	fputs("</testsuite>\n", out);
	return gate_written(out);
}
