// SPDX-License-Identifier: GPL-2.0-only
#include "gate/output.h"

#include <errno.h>
#include <math.h>

const struct gate_output gate_outputs[] = {
	{"text", gate_text},
	{"json", gate_json},
	{"junit", gate_junit},
	{"markdown", gate_markdown},
	{"html", gate_html},
	{0},
};

int gate_written(FILE *out)
{
	return fflush(out) || ferror(out) ? -EIO : 0;
}

/* Of nanoseconds. */
static void three_digits(char to[GATE_CELL], double value)
{
	static const char *const unit[] = {"ns", "us", "ms", "s"};
	int i = 0;

	for (; value >= 999.5 && i < 3; i++)
		value /= 1000;
	snprintf(to, GATE_CELL, "%.*f%s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit[i]);
}

const char *gate_value(char to[GATE_CELL], const struct gate_row *row, double value,
		       enum gate_unit unit)
{
	if (!row->known)
		snprintf(to, GATE_CELL, "-");
	else if (!gate_metric_is_cost(&row->limit->metric))
		snprintf(to, GATE_CELL, "%.0f", value);
	else if (unit == GATE_INSTRUCTIONS)
		snprintf(to, GATE_CELL, "%.1f", value);
	else
		three_digits(to, value);
	return to;
}

const char *gate_change(char to[GATE_CELL], const struct gate_row *row)
{
	if (!row->known || isnan(row->change))
		snprintf(to, GATE_CELL, row->known && row->new > row->base ? "new" : "-");
	else if (row->change == 0)
		snprintf(to, GATE_CELL, "=");
	else
		snprintf(to, GATE_CELL, "%+.*f%%", fabs(row->change) < .001 ? 3 : 1,
			 100 * row->change);
	return to;
}

const char *gate_confidence(char to[GATE_CELL], const struct gate_row *row)
{
	if (!row->known)
		snprintf(to, GATE_CELL, "-");
	else if (row->statistical)
		snprintf(to, GATE_CELL, "%+.1f .. %+.1f%%", 100 * row->low, 100 * row->high);
	else
		snprintf(to, GATE_CELL, "%s",
			 gate_metric_is_cost(&row->limit->metric) ? "exact" : "counted");
	return to;
}

void gate_escape(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*s >= ' ' && *s < 127 ? *s : '?', out);
		}
	}
}

void gate_summary(FILE *out, const struct gate_report *r, gate_escape_fn *escape)
{
	const struct gate_result *g = r->result;
	size_t count[3] = {};

	for (size_t i = 0; i < g->rows; i++)
		count[g->row[i].verdict]++;
	fprintf(out, "%s: ", gate_verdict_name(g->verdict));
	if (*g->why)
		escape(out, g->why);
	else
		fprintf(out, "%zu passed, %zu regressed, %zu inconclusive", count[GATE_PASS],
			count[GATE_REGRESSION], count[GATE_INCONCLUSIVE]);
}

void gate_overhead(FILE *out, const struct gate_run *run, gate_escape_fn *escape)
{
	if (isnan(run->empty_pair)) {
		fputs("what a probe pair adds was not measured", out);
		return;
	}
	fprintf(out, "an empty probe pair adds %.0f %s (", run->empty_pair, gate_unit_name(run->unit));
	escape(out, run->mechanism);
	fputc(')', out);
}
