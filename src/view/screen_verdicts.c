// SPDX-License-Identifier: GPL-2.0-only
/* screen_verdicts.c - verdicts, the most severe first, and I/O page faults as a list of their own. */
#include <inttypes.h>

#include "screen.h"

enum top_style severity_style(enum model_severity severity)
{
	static const enum top_style style[] = {
		[MODEL_INFO] = TOP_PLAIN,    [MODEL_NOTICE] = TOP_NOTE, [MODEL_UNDECIDED] = TOP_WARN,
		[MODEL_WARNING] = TOP_WARN,  [MODEL_ERROR] = TOP_BAD,	[MODEL_CRITICAL] = TOP_BAD,
	};

	return style[severity];
}

const char *severity_mark(enum model_severity severity)
{
	static const char *const mark[] = {
		[MODEL_INFO] = " ",    [MODEL_NOTICE] = ".", [MODEL_UNDECIDED] = "?",
		[MODEL_WARNING] = "!", [MODEL_ERROR] = "E",  [MODEL_CRITICAL] = "X",
	};

	return mark[severity];
}

static int add(struct rows *rows, const struct model_verdict *v, uint64_t number)
{
	return rows_add(rows, &(struct row){.kind = ROW_VERDICT, .id = number, .object = v});
}

/* One pass for each severity there is; equal ones as they were told. */
static int collect_all(const struct top *t, const struct model *m, struct rows *rows)
{
	int err = 0;

	for (int severity = MODEL_CRITICAL; !err && severity >= MODEL_INFO; severity--) {
		const struct model_verdict *v = NULL;

		for (uint64_t i = 0; !err && (v = model_next_verdict(m, v)); i++)
			if ((int)v->severity == severity && view_shows_verdict(t->filter, v))
				err = add(rows, v, i);
	}
	return err;
}

static int collect_faults(const struct top *t, const struct model *m, struct rows *rows)
{
	const struct model_verdict *v = NULL;
	int err = 0;

	for (uint64_t i = 0; !err && (v = model_next_verdict(m, v)); i++)
		if (v->kind == MODEL_FAULT && v->fault && view_shows_verdict(t->filter, v))
			err = add(rows, v, i);
	return err;
}

static const struct model_verdict *verdict(const struct row *row)
{
	return row->object;
}

static void get_severity(const struct top *t, const struct row *row, struct value *v)
{
	enum model_severity severity = verdict(row)->severity;

	value_format(v, "%s %s", severity_mark(severity), model_severity_name(severity));
	v->style = severity_style(severity);
}

static void get_kind(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, model_verdict_info(verdict(row)->kind)->name);
	v->style = severity_style(verdict(row)->severity);
}

static void get_count(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, verdict(row)->count);
}

static void get_time(struct value *v, const struct top *t, uint64_t ns)
{
	uint64_t first = model_overview(t->model)->first_ns;

	if (!ns)
		return;
	v->kind = VALUE_TIME;
	v->count = ns > first ? ns - first : 0;
}

static void get_first(const struct top *t, const struct row *row, struct value *v)
{
	get_time(v, t, verdict(row)->time_ns);
}

static void get_last(const struct top *t, const struct row *row, struct value *v)
{
	get_time(v, t, verdict(row)->last_ns);
}

static void get_domain(const struct top *t, const struct row *row, struct value *v)
{
	if (verdict(row)->domain)
		value_count(v, verdict(row)->domain);
}

static void get_device(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_verdict *of = verdict(row);

	if (!*of->device && of->group != IMS_NO_GROUP)
		value_format(v, "group %" PRIu32, of->group);
	else
		value_text(v, of->device);
}

static void get_instance(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_instance *i = verdict(row)->device_instance;

	value_text(v, i ? i->name : "");
}

static void get_result(const struct top *t, const struct row *row, struct value *v)
{
	if (!verdict(row)->result)
		return;
	v->kind = VALUE_TEXT;
	v->text = view_errno(v->buf, verdict(row)->result);
}

static void get_owner(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, verdict(row)->comm);
}

static void get_pid(const struct top *t, const struct row *row, struct value *v)
{
	if (verdict(row)->pid)
		value_count(v, verdict(row)->pid);
}

static void get_sound(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, *verdict(row)->degraded ? "incomplete" : "sound");
}

static const struct column columns[] = {
	{"severity", "SEVERITY", 10, 1, 1, .left = true, .name = true, get_severity},
	{"verdict", "VERDICT", 17, 1, 1, .left = true, .name = true, get_kind},
	{"count", "COUNT", 6, 2, 1, .get = get_count},
	{"first", "FIRST", 9, 5, 1, .get = get_first, "seconds since the beginning"},
	{"last", "LAST", 9, 2, 1, .get = get_last, "seconds since the beginning"},
	{"domain", "DOMAIN", 6, 1, 1, .name = true, .get = get_domain},
	{"device", "DEVICE", 12, 1, 12, .left = true, .ends = true, .name = true, get_device},
	{"result", "RESULT", 8, 3, 4, .left = true, .name = true, get_result},
	{"owner", "BY", 10, 4, 5, .left = true, .name = true, get_owner},
	{"pid", "PID", 7, 6, 0, .get = get_pid},
	{"instance", "DEVICE'S INSTANCE", 17, 7, 7, .left = true, .ends = true, .name = true, get_instance},
	{"sound", "SOUND", 10, 8, 0, .left = true, .get = get_sound, "or loss may have hidden something"},
	{0}};

const struct table table_verdicts = {.key = "verdicts",
				     .column = columns,
				     .sort = "",
				     .collect = collect_all,
				     .empty = "no verdict: nothing to complain about so far"};

const struct screen screen_verdicts = {
	.name = "verdicts", .label = "Verdicts", .list = &table_verdicts};

/* ---- faults --------------------------------------------------------------------------------- */

static const struct model_fault *fault(const struct row *row)
{
	return verdict(row)->fault;
}

static void get_iova(const struct top *t, const struct row *row, struct value *v)
{
	if (fault(row)->iova_known)
		value_format(v, "0x%" PRIx64 "%s", fault(row)->iova, fault(row)->more ? ", ..." : "");
}

static void get_access(const struct top *t, const struct row *row, struct value *v)
{
	if (fault(row)->access_known)
		value_text(v, fault(row)->write ? "write" : "read");
}

static void get_reason(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, fault(row)->reason);
}

static void get_mapped(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, fault(row)->mapped.time_ns ? fault(row)->mapped.comm : "");
}

static void get_unmapped(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, fault(row)->unmapped.time_ns ? fault(row)->unmapped.comm : "");
}

static const struct column fault_columns[] = {
	{"device", "DEVICE", 12, 1, 6, .left = true, .ends = true, .name = true, get_device},
	{"iova", "IOVA", 14, 1, 10, .left = true, .name = true, get_iova},
	{"access", "ACCESS", 6, 1, 0, .left = true, .name = true, get_access},
	{"count", "COUNT", 6, 1, 1, .get = get_count},
	{"first", "FIRST", 9, 5, 1, .get = get_first, "seconds since the beginning"},
	{"last", "LAST", 9, 2, 1, .get = get_last, "seconds since the beginning"},
	{"domain", "DOMAIN", 6, 1, 1, .name = true, .get = get_domain},
	{"reason", "REASON", 18, 1, 22, .left = true, .name = true, get_reason},
	{"instance", "INSTANCE", 14, 4, 10, .left = true, .ends = true, .name = true, get_instance},
	{"mapped_by", "MAPPED BY", 10, 6, 5, .left = true, .name = true, get_mapped,
	 "known with --events all"},
	{"unmapped_by", "UNMAPPED BY", 11, 7, 4, .left = true, .name = true, get_unmapped},
	{0}};

const struct table table_faults = {.key = "faults",
				   .column = fault_columns,
				   .sort = "",
				   .collect = collect_faults,
				   .empty = "no I/O page fault was seen"};

const struct screen screen_faults = {.name = "faults", .label = "Faults", .list = &table_faults};
