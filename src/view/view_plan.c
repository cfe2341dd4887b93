// SPDX-License-Identifier: GPL-2.0-only
/* view_plan.c - the plan of a machine, without anything that happened there. */
#include "format.h"
#include "json.h"

int view_plan(FILE *out, const struct model *m, const struct view_options *o)
{
	struct view v;

	view_init(&v, out, m, o);
	view_on(&v, VIEW_DIM);
	fputs("  HOOK          FUNCTION                            MECHANISM    STATE      HITS\n",
	      out);
	view_off(&v);
	view_plan_rows(&v);
	return view_done(out);
}

int view_plan_json(FILE *out, const struct model *m)
{
	json_t *o = json_with(json_object(), "schema", json_integer(VIEW_JSON_SCHEMA));
	json_t *rows = json_array();
	const struct ims_plan *p;
	int err;

	for (size_t i = 0; (p = model_plan(m, i)); i++)
		json_array_append_new(rows, json_plan(json_object(), p));
	err = json_write(out, json_with(o, "plan", rows));
	fputc('\n', out);
	return err ? err : view_done(out);
}
