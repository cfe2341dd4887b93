// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include <iommuscope/view.h>

#include "gate/output.h"

/* JSON has no infinity and no NaN. */
static json_t *number(double value, bool known)
{
	return known && isfinite(value) ? json_real(value) : json_null();
}

/* A path need not be UTF-8, and a reason may have been cut in a character: JSON has to be. */
static json_t *text(const char *s)
{
	json_t *value = json_string(s);
	char *escaped = NULL;
	size_t len;
	FILE *out = value ? NULL : open_memstream(&escaped, &len);

	if (!out)
		return value;
	view_escape(out, s);
	if (!fclose(out))
		value = json_string(escaped);
	free(escaped);
	return value;
}

static json_t *overhead(const struct gate_run *run)
{
	return json_pack("{s:o, s:o}", "empty_pair", number(run->empty_pair, true), "mechanism",
			 *run->mechanism ? text(run->mechanism) : json_null());
}

static json_t *row_json(const struct gate_row *row)
{
	bool s = row->statistical;

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "metric",
			 text(row->limit->metric.name), "limit", row->limit->text, "base",
			 number(row->base, row->known), "new", number(row->new, row->known), "change",
			 number(row->change, row->known), "change_low", number(row->low, s),
			 "change_high", number(row->high, s), "p", number(row->p, s), "effect",
			 number(row->effect, s), "noise_floor", number(row->noise, s), "verdict",
			 gate_verdict_name(row->verdict), "why", text(row->why));
}

int gate_json(FILE *out, const struct gate_report *r)
{
	json_t *rows = json_array(), *root;
	int failed;

	for (size_t i = 0; i < r->result->rows; i++)
		json_array_append_new(rows, row_json(&r->result->row[i]));
	root = json_pack("{s:i, s:s, s:o, s:o, s:o, s:s, s:{s:o, s:o}, s:f, s:o}", "schema", GATE_SCHEMA,
			 "verdict", gate_verdict_name(r->result->verdict), "why", text(r->result->why),
			 "base", text(r->base_name), "new", text(r->new_name), "unit",
			 gate_unit_name(r->base->unit), "overhead", "base", overhead(r->base), "new",
			 overhead(r->new), "confidence", r->confidence, "metrics", rows);
	if (!root)
		return -ENOMEM;
	failed = json_dumpf(root, out, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(root);
	fputc('\n', out);
	return failed ? -EIO : gate_written(out);
}
