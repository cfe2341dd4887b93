// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_chrome.c - a timeline as Chrome's JSON trace events: an instance is a process, a device or a
 * domain a thread of it.
 */
#include <inttypes.h>

#include "json.h"
#include "timeline.h"

/* Microseconds; as text, as a double does not hold the nanoseconds of a long uptime. */
static void put_head(struct timeline *t, const struct timeline_track *track, const char *phase)
{
	const struct timeline_track *process = track;

	if (track->counter)
		track = track->parent;
	while (process->parent)
		process = process->parent;
	fprintf(t->out, "%s\n{\"ph\":\"%s\",\"pid\":%" PRIu64 ",\"tid\":%" PRIu64,
		t->any ? "," : "", phase, process->uuid, track->uuid);
	t->any = true;
}

static void put_time(struct timeline *t, uint64_t time_ns)
{
	fprintf(t->out, ",\"ts\":%" PRIu64 ".%03" PRIu64, time_ns / 1000, time_ns % 1000);
}

static int put_member(struct timeline *t, const char *key, json_t *value)
{
	fprintf(t->out, ",\"%s\":", key);
	return json_write(t->out, value);
}

static int put_track(struct timeline *t, const struct timeline_track *track)
{
	int err;

	if (track->counter)
		return 0;
	put_head(t, track, "M");
	fprintf(t->out, ",\"name\":\"%s\"", track->parent ? "thread_name" : "process_name");
	err = put_member(t, "args", json_with(json_object(), "name", json_text(track->name)));
	fputc('}', t->out);
	return err;
}

static json_t *args_json(const struct ims_event *e)
{
	json_t *o = json_object();
	struct timeline_args args;

	timeline_args(&args, e);
	for (size_t i = 0; i < args.count; i++) {
		const struct timeline_arg *a = &args.arg[i];

		o = json_with(o, a->key, a->text ? json_text(a->text) : json_number(a->number));
	}
	return o;
}

/* An arrow goes from slice to slice: it has the time of one that contains it. */
static void put_flow(struct timeline *t, const struct timeline_item *item)
{
	static const char *const phase[] = {
		[TIMELINE_FLOW_BEGINS] = "s",
		[TIMELINE_FLOW_STEP] = "t",
		[TIMELINE_FLOW_ENDS] = "f",
	};

	if (item->flow_kind == TIMELINE_NO_FLOW)
		return;
	put_head(t, item->track, phase[item->flow_kind]);
	put_time(t, item->time_ns);
	fprintf(t->out, ",\"cat\":\"domain\",\"name\":\"domain\",\"id\":%" PRIu64 ",\"bp\":\"e\"}",
		item->flow);
}

static int put_value(struct timeline *t, const struct timeline_item *item)
{
	char name[2 * VIEW_TEXT];
	int err;

	snprintf(name, sizeof(name), "%s %s", item->track->parent->name, item->name);
	err = put_member(t, "name", json_text(name));
	fprintf(t->out, ",\"args\":{\"bytes\":%" PRId64 "}}", item->value);
	return err;
}

static int put_item(struct timeline *t, const struct timeline_item *item)
{
	static const char *const phase[] = {
		[TIMELINE_BEGIN] = "B",
		[TIMELINE_END] = "E",
		[TIMELINE_INSTANT] = "i",
		[TIMELINE_VALUE] = "C",
	};
	int err;

	put_head(t, item->track, phase[item->kind]);
	put_time(t, item->time_ns);
	if (item->kind == TIMELINE_VALUE)
		return put_value(t, item);
	err = put_member(t, "name", json_text(item->name));
	if (item->kind == TIMELINE_INSTANT)
		fputs(",\"s\":\"t\"", t->out);
	if (item->event && !err)
		err = put_member(t, "args", args_json(item->event));
	fputc('}', t->out);
	put_flow(t, item);
	return err ? err : ferror(t->out) ? -EIO : 0;
}

static int begin(FILE *out, void **state)
{
	static const struct timeline_sink sink = {put_track, put_item};

	*state = timeline_new(out, &sink);
	fputs("{\"traceEvents\":[", out);
	return *state ? 0 : -ENOMEM;
}

static int end(FILE *out, void *state, const struct ims_damage *damage)
{
	struct timeline *t = state;
	int err = timeline_end(t);

	fprintf(out,
		"\n],\"displayTimeUnit\":\"ns\",\"otherData\":{\"uses_over_cap\":%" PRIu64
		",\"damage\":",
		t->over);
	if (!err)
		err = json_write(out, json_damage(damage));
	fputs("}}\n", out);
	return err ? err : view_done(out);
}

const struct view_export view_chrome = {
	.name = "chrome",
	.begin = begin,
	.record = timeline_record,
	.end = end,
	.free = timeline_free,
};
