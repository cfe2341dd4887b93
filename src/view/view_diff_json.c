// SPDX-License-Identifier: GPL-2.0-only
/* view_diff_json.c - two recordings beside each other, for programs. */
#include "diff.h"
#include "format.h"
#include "json.h"

static json_t *with_counts(json_t *o, const struct diff_row *row)
{
	o = json_with(o, "a", json_number(row->count[0]));
	return json_with(o, "b", json_number(row->count[1]));
}

static json_t *fact(const struct ims_host *h)
{
	return h ? json_text(h->value) : json_null();
}

static json_t *host_row(const struct diff_row *row)
{
	json_t *o = json_with(json_object(), "key", json_text(row->text[0]));

	o = json_with(o, "a", fact(row->of[0]));
	return json_with(o, "b", fact(row->of[1]));
}

static json_t *point(const struct ims_plan *p)
{
	return p ? json_plan(json_object(), p) : json_null();
}

static json_t *plan_row(const struct diff_row *row)
{
	json_t *o = json_with(json_object(), "hook", json_text(ims_hook_name(row->number)));

	o = json_with(o, "function", json_text_or_null(row->text[0]));
	o = json_with(o, "a", point(row->of[0]));
	return json_with(o, "b", point(row->of[1]));
}

static json_t *verdict_row(const struct diff_row *row)
{
	json_t *o = json_object();

	o = json_with(o, "verdict", json_text(model_verdict_info(row->number)->name));
	o = json_with(o, "severity", json_text(model_severity_name(diff_severity(row))));
	o = json_with(o, "device", json_text_or_null(row->text[0]));
	o = json_with(o, "device_instance", json_text_or_null(row->text[1]));
	o = json_with(o, "domain_instance", json_text_or_null(row->text[2]));
	o = json_with(o, "result", json_integer(row->result));
	o = json_with(o, "change", json_text_or_null(diff_word(row)));
	return with_counts(o, row);
}

static json_t *op_side(const struct model_op *op)
{
	return op ? json_op(op) : json_null();
}

static json_t *op_row(const struct diff_row *row)
{
	json_t *o = json_object();

	o = json_with(o, "operation", json_text(ims_hook_name(model_op_hook(row->number))));
	o = json_with(o, "of", json_text_or_null(row->text[0]));
	o = json_with(o, "name", json_text_or_null(row->text[1]));
	o = json_with(o, "a", op_side(row->of[0]));
	return json_with(o, "b", op_side(row->of[1]));
}

static json_t *failure_row(const struct diff_row *row)
{
	json_t *o = json_with(json_object(), "hook", json_text(ims_hook_name(row->number)));

	o = json_with(o, "result", row->result ? json_integer(row->result) : json_null());
	return with_counts(o, row);
}

static json_t *domain_row(const struct diff_row *row)
{
	json_t *o = json_with(json_object(), "type", json_text(row->text[0]));

	return with_counts(json_with(o, "instance", json_text_or_null(row->text[1])), row);
}

static json_t *side_json(const struct view_side *side)
{
	const struct model_overview *o = model_overview(side->m);
	json_t *json = json_with(json_object(), "name", json_text(side->name));

	json = json_with(json, "first_ns", json_number(o->first_ns));
	json = json_with(json, "last_ns", json_number(o->last_ns));
	json = json_with(json, "records", json_number(o->records));
	return json_with(json, "lossy", json_boolean(model_lossy(side->m)));
}

static const struct part {
	const char *name;
	int (*table)(struct diff_table *t, const struct view_side side[2]);
	json_t *(*row)(const struct diff_row *row);
	bool (*same)(const struct diff_row *row); /* NULL: all rows are told */
} parts[] = {
	{"verdicts", diff_verdicts, verdict_row, NULL},
	{"operations", diff_ops, op_row, NULL},
	{"failures", diff_failures, failure_row, NULL},
	{"host", diff_host, host_row, diff_same_host},
	{"plan", diff_plan, plan_row, diff_same_plan},
	{"domains", diff_domains, domain_row, NULL},
};

static int write_part(FILE *out, const struct part *part, const struct view_side side[2])
{
	struct diff_table t;
	int err = part->table(&t, side);
	bool any = false;

	fprintf(out, ",\n\"%s\":[", part->name);
	for (size_t i = 0; i < t.count && !err; i++) {
		if (part->same && part->same(&t.row[i]))
			continue;
		fputs(any ? ",\n" : "\n", out);
		any = true;
		err = json_write(out, part->row(&t.row[i]));
	}
	fputc(']', out);
	diff_free(&t);
	return err;
}

int view_diff_json(FILE *out, const struct view_side side[2])
{
	int err;

	fprintf(out, "{\"schema\":%d,\n\"a\":", VIEW_JSON_SCHEMA);
	err = json_write(out, side_json(&side[0]));
	fputs(",\n\"b\":", out);
	if (!err)
		err = json_write(out, side_json(&side[1]));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		err = write_part(out, &parts[i], side);
	fputs("\n}\n", out);
	return err ? err : view_done(out);
}
