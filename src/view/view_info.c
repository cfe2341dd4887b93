// SPDX-License-Identifier: GPL-2.0-only
/* view_info.c - what a recording is: its size, time, host and completeness; not what it says. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "json.h"

static const char *const record_names[] = {
	[IMS_REC_HOST] = "host",   [IMS_REC_PLAN] = "plan",	   [IMS_REC_INSTANCE] = "instance",
	[IMS_REC_EVENT] = "event", [IMS_REC_STATS] = "statistics", [IMS_REC_LOSS] = "loss",
	[IMS_REC_END] = "end",
	[IMS_REC_COUNT] = "count",
};

static const char *const states[] = {"attached", "silent", "missing", "failed"};

#define STATES (sizeof(states) / sizeof(states[0]))

void view_count_record(struct view_counts *c, const struct ims_record *rec)
{
	c->records[rec->type]++;
	if (rec->type == IMS_REC_EVENT && rec->event.flags & IMS_EVENT_EARLIER)
		return;
	if (rec->type == IMS_REC_EVENT) {
		uint32_t hook = rec->event.hook < IMS_HOOK_MAX ? rec->event.hook : 0;

		c->events[hook]++;
		c->failed[hook] += rec->event.result != 0;
	}
	if (!rec->time_ns)
		return;
	if (!c->first_ns || rec->time_ns < c->first_ns)
		c->first_ns = rec->time_ns;
	if (rec->time_ns > c->last_ns)
		c->last_ns = rec->time_ns;
}

static uint64_t sum(const uint64_t *count, size_t n)
{
	uint64_t total = 0;

	while (n--)
		total += count[n];
	return total;
}

/* A host fact that is a number; returns whether there is such. */
static bool number(const struct model *m, const char *key, int64_t *out)
{
	const struct ims_host *h;
	char *end;

	for (size_t i = 0; (h = model_host(m, i)); i++)
		if (!strcmp(h->key, key))
			break;
	if (!h || !*h->value)
		return false;
	errno = 0;
	*out = strtoll(h->value, &end, 10);
	return !errno && !*end;
}

/* How long the machine was suspended meanwhile, which is in no other time of the recording. */
static uint64_t asleep_ns(const struct model *m)
{
	int64_t before, later;

	if (!number(m, "clock.boottime_offset_ns", &before) ||
	    !number(m, "clock.later.boottime_offset_ns", &later) || later < before)
		return 0;
	return (uint64_t)later - (uint64_t)before;
}

/* When @time_ns of the recording was, as UTC, by a clock; "" when the recording does not say. */
static const char *wall_clock(char *buf, const struct model *m, const char *clock, uint64_t time_ns)
{
	int64_t offset;
	uint64_t ns;
	time_t seconds;
	struct tm tm;
	size_t n;

	buf[0] = 0;
	if (!number(m, clock, &offset) || !time_ns)
		return buf;
	ns = time_ns + (uint64_t)offset;
	seconds = (time_t)(ns / 1000000000);
	if (!gmtime_r(&seconds, &tm))
		return buf;
	n = strftime(buf, VIEW_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, VIEW_TEXT - n, ".%06" PRIu64 "Z", ns % 1000000000 / 1000);
	return buf;
}

static const char *begin_clock(char *buf, const struct model *m, const struct view_counts *c)
{
	return wall_clock(buf, m, "clock.realtime_offset_ns", c->first_ns);
}

static const char *end_clock(char *buf, const struct model *m, const struct view_counts *c)
{
	const char *text = wall_clock(buf, m, "clock.later.realtime_offset_ns", c->last_ns);

	return *text ? text : wall_clock(buf, m, "clock.realtime_offset_ns", c->last_ns);
}

static uint64_t plan_rows(const struct model *m, const char *state)
{
	const struct ims_plan *p;
	uint64_t rows = 0;

	for (size_t i = 0; (p = model_plan(m, i)); i++)
		rows += !state || !strcmp(p->state, state);
	return rows;
}

/* ---- text ----------------------------------------------------------------------------------- */

static void print_recording(const struct view *v, const struct view_counts *c,
			    const struct ims_input *in)
{
	uint64_t span = c->last_ns - c->first_ns, asleep = asleep_ns(v->m);
	uint64_t records = sum(c->records, IMS_REC_MAX);
	char buf[VIEW_TEXT], raw[VIEW_TEXT];
	const char *begin;

	view_heading(v, "RECORDING");
	fprintf(v->out, "  format     version %u.%u, %" PRIu64 " chunks\n", in->major, in->minor,
		in->chunks);
	fprintf(v->out, "  size       %s (%" PRIu64 " bytes)", view_bytes(buf, in->bytes),
		in->bytes);
	fprintf(v->out, ", %s before compression\n", view_bytes(raw, in->raw_bytes));
	begin = begin_clock(buf, v->m, c);
	fprintf(v->out, "  begin      %s\n",
		*begin ? begin : "not known: no clock in the recording");
	if (*begin)
		fprintf(v->out, "  end        %s\n", end_clock(buf, v->m, c));
	fprintf(v->out, "  span       %" PRIu64 ".%06" PRIu64 " s", span / 1000000000,
		span % 1000000000 / 1000);
	if (asleep)
		fprintf(v->out, ", without %" PRIu64 ".%06" PRIu64 " s asleep", asleep / 1000000000,
			asleep % 1000000000 / 1000);
	fputc('\n', v->out);
	fprintf(v->out, "  ended      %s\n",
		model_overview(v->m)->ended ? "on purpose" : "no: it was cut off");
	fprintf(v->out, "  records    %" PRIu64, records);
	for (int i = 0, any = 0; i < IMS_REC_MAX; i++)
		if (c->records[i])
			fprintf(v->out, "%s%s %" PRIu64, any++ ? ", " : ": ", record_names[i],
				c->records[i]);
	fputs("\n\n", v->out);
}

static unsigned int escaped_width(const char *s)
{
	unsigned int width = 0;

	for (; *s; s++)
		width += *s == '\\' ? 2 : *s < 0x20 || *s > 0x7e ? 4 : 1;
	return width;
}

/* All of each value: a command line that is cut may be cut before what matters. */
static void print_host(const struct view *v)
{
	const struct ims_host *h;

	view_heading(v, "HOST");
	for (size_t i = 0; (h = model_host(v->m, i)); i++) {
		bool fits = escaped_width(h->value) <= 49;

		fputs("  ", v->out);
		if (fits)
			view_cell(v, h->key, 28);
		else
			view_cut(v, h->key, 28);
		fputc(fits ? ' ' : '\n', v->out);
		if (fits)
			view_escape(v->out, h->value);
		else
			view_quote(v, h->value, 6);
		fputs(fits ? "\n" : "", v->out);
	}
	if (!model_host(v->m, 0))
		fputs("  nothing is known about it\n", v->out);
	fputc('\n', v->out);
}

static void print_events(const struct view *v, const struct view_counts *c)
{
	view_heading(v, "EVENTS");
	view_on(v, VIEW_DIM);
	fputs("  HOOK               COUNT     FAILED\n", v->out);
	view_off(v);
	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++)
		if (c->events[hook])
			fprintf(v->out, "  %-13s %10" PRIu64 " %10" PRIu64 "\n",
				hook ? ims_hook_name(hook) : "unknown", c->events[hook],
				c->failed[hook]);
	if (!sum(c->events, IMS_HOOK_MAX))
		fputs("  none\n", v->out);
	fputc('\n', v->out);
}

static void print_plan(const struct view *v)
{
	view_heading(v, "PLAN");
	fprintf(v->out, "  %" PRIu64 " rows", plan_rows(v->m, NULL));
	for (size_t i = 0; i < STATES; i++)
		fprintf(v->out, "%s%" PRIu64 " %s", i ? ", " : ": ", plan_rows(v->m, states[i]),
			states[i]);
	fputs("\n\n", v->out);
}

int view_info(FILE *out, const struct model *m, const struct view_counts *c,
	      const struct ims_input *input, const struct view_options *o)
{
	struct view v;

	view_init(&v, out, m, o);
	print_recording(&v, c, input);
	print_host(&v);
	print_events(&v, c);
	print_plan(&v);
	view_loss(&v);
	return view_done(out);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *input_json(const struct ims_input *in)
{
	json_t *o = json_object();

	o = json_with(o, "major", json_number(in->major));
	o = json_with(o, "minor", json_number(in->minor));
	o = json_with(o, "chunks", json_number(in->chunks));
	o = json_with(o, "bytes", json_number(in->bytes));
	return json_with(o, "raw_bytes", json_number(in->raw_bytes));
}

static json_t *time_json(const struct model *m, const struct view_counts *c)
{
	char buf[VIEW_TEXT];
	json_t *o = json_object();

	o = json_with(o, "first_ns", json_number(c->first_ns));
	o = json_with(o, "last_ns", json_number(c->last_ns));
	o = json_with(o, "begin", json_text_or_null(begin_clock(buf, m, c)));
	o = json_with(o, "end", json_text_or_null(end_clock(buf, m, c)));
	return json_with(o, "asleep_ns", json_number(asleep_ns(m)));
}

static json_t *records_json(const struct view_counts *c)
{
	json_t *o = json_object();

	for (int i = IMS_REC_HOST; i < IMS_REC_MAX; i++)
		o = json_with(o, record_names[i], json_number(c->records[i]));
	return o;
}

static json_t *events_json(const uint64_t count[IMS_HOOK_MAX])
{
	json_t *o = json_object();

	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++)
		if (count[hook])
			o = json_with(o, hook ? ims_hook_name(hook) : "unknown",
				      json_number(count[hook]));
	return o;
}

static json_t *states_json(const struct model *m)
{
	json_t *o = json_with(json_object(), "rows", json_number(plan_rows(m, NULL)));

	for (size_t i = 0; i < STATES; i++)
		o = json_with(o, states[i], json_number(plan_rows(m, states[i])));
	return o;
}

static json_t *hosts_json(const struct model *m)
{
	json_t *array = json_array();
	const struct ims_host *h;

	for (size_t i = 0; (h = model_host(m, i)); i++)
		json_array_append_new(array, json_host(json_object(), h));
	return array;
}

static json_t *losses_json(const struct model *m)
{
	json_t *array = json_array();
	const struct ims_loss *l;

	for (size_t i = 0; (l = model_loss(m, i)); i++)
		json_array_append_new(array, json_loss(json_object(), l));
	return array;
}

int view_info_json(FILE *out, const struct model *m, const struct view_counts *c,
		   const struct ims_input *input)
{
	json_t *o = json_with(json_object(), "schema", json_integer(VIEW_JSON_SCHEMA));
	int err;

	o = json_with(o, "format", input_json(input));
	o = json_with(o, "time", time_json(m, c));
	o = json_with(o, "records", records_json(c));
	o = json_with(o, "events", events_json(c->events));
	o = json_with(o, "failed", events_json(c->failed));
	o = json_with(o, "host", hosts_json(m));
	o = json_with(o, "plan", states_json(m));
	o = json_with(o, "counts", json_counts(m));
	o = json_with(o, "loss", losses_json(m));
	o = json_with(o, "damage", json_damage(&model_overview(m)->damage));
	o = json_with(o, "lossy", json_boolean(model_lossy(m)));
	err = json_write(out, o);
	fputc('\n', out);
	return err ? err : view_done(out);
}
