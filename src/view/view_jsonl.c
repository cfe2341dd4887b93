// SPDX-License-Identifier: GPL-2.0-only
/* view_jsonl.c - JSON Lines: an object per record; docs/jsonl.schema.json says what is in them. */
#include <inttypes.h>

#include "format.h"
#include "json.h"

static json_t *record(const char *type, uint64_t time_ns)
{
	json_t *o = json_with(json_object(), "type", json_text(type));

	return json_with(o, "time_ns", json_number(time_ns));
}

static json_t *flags_json(uint32_t flags)
{
	json_t *array = json_array();
	const char *name;

	for (unsigned int i = 0; (name = ims_event_flag_name(i)); i++)
		if (flags & 1u << i)
			json_array_append_new(array, json_text(name));
	return array;
}

/* As text: JSON's numbers do not hold all of 64 bits. */
static json_t *iova_json(const struct ims_event *e)
{
	char buf[VIEW_TEXT];

	if (!view_event_placed(e))
		return json_null();
	snprintf(buf, sizeof(buf), "0x%" PRIx64, e->iova);
	return json_text(buf);
}

static json_t *with_event(json_t *o, const struct ims_event *e)
{
	o = json_with(o, "hook", json_text(ims_hook_name(e->hook)));
	o = json_with(o, "function", json_text_or_null(e->function));
	o = json_with(o, "cpu", json_number(e->cpu));
	o = json_with(o, "pid", json_number(e->pid));
	o = json_with(o, "tid", json_number(e->tid));
	o = json_with(o, "comm", json_text_or_null(e->comm));
	o = json_with(o, "domain", json_number_or_null(e->domain));
	o = json_with(o, "domain_type", json_text_or_null(view_event_type(e)));
	o = json_with(o, "device", json_text_or_null(e->device));
	o = json_with(o, "group", json_group(e->group));
	o = json_with(o, "instance", json_text_or_null(e->instance));
	o = json_with(o, "domain_instance", json_text_or_null(e->domain_instance));
	o = json_with(o, "result", json_integer(e->result));
	o = json_with(o, "errno", json_text_or_null(view_errno_name(e->result)));
	o = json_with(o, "duration_ns",
		      view_event_timed(e) ? json_number(e->duration_ns) : json_null());
	o = json_with(o, "flags", flags_json(e->flags));
	o = json_with(o, "iova", iova_json(e));
	o = json_with(o, "size", json_number_or_null(e->size));
	o = json_with(o, "reason", json_text_or_null(e->reason));
	o = json_with(o, "format", json_text_or_null(e->format));
	o = json_with(o, "stack", json_stack(&e->stack));
	return json_with(o, "user_stack", json_stack(&e->user_stack));
}

/* Pairs of the least value that a bucket counts and its count, of those that counted any. */
static json_t *buckets_json(const struct ims_stats *s)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < IMS_HIST_BUCKETS; i++) {
		json_t *pair = s->bucket[i] ? json_array() : NULL;

		if (!pair)
			continue;
		json_array_append_new(pair, json_number(ims_hist_low(i)));
		json_array_append_new(pair, json_number(s->bucket[i]));
		json_array_append_new(array, pair);
	}
	return array;
}

static json_t *with_stats(json_t *o, const struct ims_stats *s)
{
	o = json_with(o, "hook", json_text(ims_hook_name(s->hook)));
	o = json_with(o, "domain", json_number(s->domain));
	o = json_with(o, "object", json_text_or_null(s->object));
	o = json_with(o, "sum_ns", json_number(s->sum_ns));
	o = json_with(o, "max_ns", json_number(s->max_ns));
	o = json_with(o, "bytes", json_number(s->bytes));
	o = json_with(o, "errors", json_number(s->errors));
	o = json_with(o, "untimed", json_number(s->untimed));
	return json_with(o, "buckets", buckets_json(s));
}

static json_t *record_json(const struct ims_record *rec)
{
	json_t *o;

	switch (rec->type) {
	case IMS_REC_HOST:
		return json_host(record("host", rec->time_ns), &rec->host);
	case IMS_REC_PLAN:
		return json_plan(record("plan", rec->time_ns), &rec->plan);
	case IMS_REC_INSTANCE:
		o = record("instance", rec->time_ns);
		o = json_with(o, "instance", json_text(rec->instance.name));
		return json_with(o, "driver", json_text_or_null(rec->instance.driver));
	case IMS_REC_EVENT:
		return with_event(record("event", rec->time_ns), &rec->event);
	case IMS_REC_STATS:
		return with_stats(record("statistics", rec->time_ns), &rec->stats);
	case IMS_REC_LOSS:
		return json_loss(record("loss", rec->time_ns), &rec->loss);
	case IMS_REC_END:
		return json_with(record("end", rec->time_ns), "goes_on",
				 json_boolean(rec->end.goes_on));
	case IMS_REC_COUNT:
		o = record("count", rec->time_ns);
		o = json_with(o, "hook", json_text(ims_hook_name(rec->count.hook)));
		return json_count(o, &rec->count);
	case IMS_REC_MAX:
		break;
	}
	return NULL;
}

static int write_line(FILE *out, json_t *object)
{
	int err = json_write(out, object);

	fputc('\n', out);
	return err ? err : ferror(out) ? -EIO : 0;
}

static int begin(FILE *out, void **state)
{
	json_t *o = json_with(json_object(), "schema", json_integer(VIEW_JSONL_SCHEMA));

	return write_line(out, json_with(o, "type", json_text("header")));
}

static int put(FILE *out, void *state, const struct ims_record *rec)
{
	return write_line(out, record_json(rec));
}

/* Always there, so that an export that was cut off can be told. */
static int end(FILE *out, void *state, const struct ims_damage *damage)
{
	json_t *o = json_with(json_object(), "type", json_text("damage"));
	json_t *fields = json_damage(damage);
	int err = o && fields ? json_object_update(o, fields) : -ENOMEM;

	json_decref(fields);
	if (!err)
		err = write_line(out, o);
	else
		json_decref(o);
	return err ? err : view_done(out);
}

const struct view_export view_jsonl = {
	.name = "jsonl",
	.begin = begin,
	.record = put,
	.end = end,
};
