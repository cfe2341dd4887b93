// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>

#include <jansson.h>

#include "gate/output.h"

/* JSON has no infinity and no NaN. */
static json_t *number(double value, bool known)
{
	return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *row_json(const struct gate_row *row)
{
	bool s = row->statistical;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "metric",
			 row->limit->metric.name, "limit", row->limit->text, "base",
			 number(row->base, row->known), "new", number(row->new, row->known), "change",
			 number(row->change, row->known), "change_low", number(row->low, s),
			 "change_high", number(row->high, s), "p", number(row->p, s), "effect",
			 number(row->effect, s), "noise_floor", number(row->noise, s), "verdict",
			 gate_verdict_name(row->verdict), "why", row->why);
}

int gate_json(FILE *out, const struct gate_report *r)
{
	json_t *rows = json_array(), *root;
	int failed;

	for (size_t i = 0; i < r->result->rows; i++)
		json_array_append_new(rows, row_json(&r->result->row[i]));
	root = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:f, s:o}", "schema", GATE_SCHEMA, "verdict",
			 gate_verdict_name(r->result->verdict), "why", r->result->why, "base",
			 r->base_name, "new", r->new_name, "unit", gate_unit_name(r->base->unit),
			 "confidence", r->confidence, "metrics", rows);
	if (!root)
		return -ENOMEM;
	failed = json_dumpf(root, out, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(root);
	fputc('\n', out);
	return failed ? -EIO : gate_written(out);
}
