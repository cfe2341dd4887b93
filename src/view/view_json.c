// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_json.c - the report for programs. Objects go out one by one: 100,000 domains are never in
 * memory twice. Strings that are not UTF-8 are escaped as for a terminal.
 */
#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "format.h"

static json_t *text(const char *s)
{
	json_t *value = json_string(s);
	char *escaped = NULL;
	size_t len;
	FILE *out;

	if (value)
		return value;
	out = open_memstream(&escaped, &len);
	if (!out)
		return NULL;
	view_escape(out, s);
	if (!fclose(out))
		value = json_string(escaped);
	free(escaped);
	return value;
}

static json_t *text_or_null(const char *s)
{
	return *s ? text(s) : json_null();
}

static json_t *instance_name(const struct model_instance *instance)
{
	return instance ? text(instance->name) : json_null();
}

static json_t *number(uint64_t n)
{
	return json_integer(n < INT64_MAX ? (json_int_t)n : INT64_MAX);
}

static json_t *number_or_null(uint64_t n)
{
	return n ? number(n) : json_null();
}

static json_t *group_number(uint32_t group)
{
	return group == IMS_NO_GROUP ? json_null() : json_integer(group);
}

static json_t *stack_json(const struct ims_stack *stack)
{
	json_t *array = json_array();

	for (uint32_t i = 0; stack && i < stack->count; i++)
		json_array_append_new(array, text(stack->frame[i]));
	return array;
}

/* A list of objects of the report: opens, separates and closes. */
struct list {
	FILE *out;
	bool any;
};

static struct list list_open(FILE *out, const char *name)
{
	fprintf(out, ",\n\"%s\":[", name);
	return (struct list){ .out = out };
}

/* Takes @object. */
static int list_add(struct list *list, json_t *object)
{
	int err;

	if (!object)
		return -ENOMEM;
	fputs(list->any ? ",\n" : "\n", list->out);
	list->any = true;
	err = json_dumpf(object, list->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	return err ? -EIO : 0;
}

static void list_close(struct list *list)
{
	fputs("]", list->out);
}

static json_t *verdict_json(const struct model *m, const struct model_verdict *v)
{
	char *story = view_story(m, v);
	json_t *object;

	if (!story)
		return NULL;
	object = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:i}",
			   "verdict", model_verdict_info(v->kind)->name,
			   "severity", model_severity_name(v->severity),
			   "time_ns", number(v->time_ns),
			   "last_ns", number(v->last_ns),
			   "count", number(v->count),
			   "domain", number_or_null(v->domain),
			   "group", group_number(v->group),
			   "device", text_or_null(v->device),
			   "device_instance", instance_name(v->device_instance),
			   "domain_instance", instance_name(v->domain_instance),
			   "evidence", model_evidence_name(v->evidence),
			   "hook", ims_hook_name(v->hook),
			   "pid", number(v->pid),
			   "tid", number(v->tid),
			   "comm", text_or_null(v->comm),
			   "function", text_or_null(v->function),
			   "result", (int)v->result);
	if (object && v->cost_calls)
		json_object_set_new(object, "cost",
				    json_pack("{s:o,s:s,s:o,s:o}",
					      "ns", number(v->cost_ns),
					      "of", ims_hook_name(v->cost_hook),
					      "calls", number(v->cost_calls),
					      "untimed", number(v->cost_untimed)));
	if (object && v->retry_ns)
		json_object_set_new(object, "retry",
				    json_pack("{s:o,s:o}",
					      "domain", number_or_null(v->retry_domain),
					      "time_ns", number(v->retry_ns)));
	if (object) {
		json_object_set_new(object, "rule", v->device_instance ?
				    text(v->device_instance->rule_source) : json_null());
		json_object_set_new(object, "reason", text_or_null(v->reason));
		json_object_set_new(object, "degraded", text_or_null(v->degraded));
		json_object_set_new(object, "stack", stack_json(v->stack));
		json_object_set_new(object, "story", text(story));
	}
	free(story);
	return object;
}

static json_t *op_json(const struct model_op *op)
{
	bool timed = op->calls > op->untimed;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
			 "calls", number(op->calls),
			 "untimed", number(op->untimed),
			 "errors", number(op->errors),
			 "bytes", number(op->bytes),
			 "mean_ns", timed ? number(model_op_mean(op)) : json_null(),
			 "p50_ns", timed ? number(model_op_percentile(op, 500)) : json_null(),
			 "p99_ns", timed ? number(model_op_percentile(op, 990)) : json_null(),
			 "max_ns", timed ? number(op->max_ns) : json_null());
}

static void ops_json(json_t *object, const struct model_domain *d)
{
	if (d->op[MODEL_OP_MAP])
		json_object_set_new(object, "map", op_json(d->op[MODEL_OP_MAP]));
	if (d->op[MODEL_OP_UNMAP])
		json_object_set_new(object, "unmap", op_json(d->op[MODEL_OP_UNMAP]));
}

static json_t *alloc_json(const struct model_domain *d)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:o}",
			 "time_ns", number(d->alloc_ns),
			 "pid", number(d->pid),
			 "tid", number(d->tid),
			 "comm", text_or_null(d->comm),
			 "blind", (int)d->alloc_blind,
			 "device", text_or_null(d->alloc_device),
			 "instance", text_or_null(d->alloc_instance),
			 "stack", stack_json(d->stack));
}

static json_t *domain_json(const struct model_domain *d)
{
	json_t *object;

	object = json_pack("{s:o,s:s,s:o,s:s,s:b,s:b,s:o,s:o,s:o}",
			   "domain", number(d->id),
			   "type", model_domain_type(d),
			   "instance", instance_name(d->instance),
			   "evidence", model_evidence_name(d->evidence),
			   "bound_to_none", (int)d->bound_to_none,
			   "seen_at_start", (int)d->seen_at_start,
			   "free_ns", d->freed ? number(d->free_ns) : json_null(),
			   "devices", number(d->device_count),
			   "alloc", d->alloc_seen ? alloc_json(d) : json_null());
	if (object)
		ops_json(object, d);
	return object;
}

static json_t *instance_json(const struct model_instance *i)
{
	return json_pack("{s:o,s:o,s:s,s:o}",
			 "instance", text(i->name),
			 "driver", text_or_null(i->driver),
			 "rule", model_rule_name(i->rule),
			 "rule_source", text(i->rule_source));
}

static json_t *group_json(const struct model_group *g)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:b}",
			 "group", group_number(g->id),
			 "instance", instance_name(g->instance),
			 "domain", number_or_null(g->domain),
			 "default_domain", number_or_null(g->default_domain),
			 "mixed", (int)g->mixed);
}

static json_t *device_json(const struct model_device *d)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:b,s:b}",
			 "device", text(d->name),
			 "group", d->group ? group_number(d->group->id) : json_null(),
			 "instance", instance_name(d->instance),
			 "domain", number_or_null(d->domain),
			 "seen_at_start", (int)d->seen_at_start,
			 "removed", (int)d->removed);
}

static json_t *plan_json(const struct model_plan *p)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}",
			 "hook", ims_hook_name(p->hook),
			 "function", text_or_null(p->function),
			 "mechanism", text_or_null(p->mechanism),
			 "module", text_or_null(p->module),
			 "state", text(p->state),
			 "reason", text_or_null(p->reason));
}

static json_t *host_json(const struct model_host *h)
{
	return json_pack("{s:o,s:o}", "key", text(h->key), "value", text(h->value));
}

static json_t *loss_json(const struct ims_loss *l)
{
	return json_pack("{s:s,s:s,s:o}", "hook", ims_hook_name(l->hook), "cause",
			 ims_loss_cause_name(l->cause), "lost", number(l->lost));
}

static int write_member(FILE *out, const char *name, json_t *value)
{
	int err;

	if (!value)
		return -ENOMEM;
	fprintf(out, ",\n\"%s\":", name);
	err = json_dumpf(value, out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	json_decref(value);
	return err ? -EIO : 0;
}

static json_t *missing_json(const struct model *m)
{
	const struct model_overview *o = model_overview(m);
	const struct ims_damage *d = &o->damage;
	const struct model_over *over = &o->over;

	return json_pack("{s:b,s:o,s:{s:o,s:o,s:o,s:o,s:b},s:{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}}",
			 "lossy", (int)model_lossy(m),
			 "lost", number(o->lost),
			 "damage",
			 "skipped_bytes", number(d->skipped_bytes),
			 "bad_chunks", number(d->bad_chunks),
			 "missing_chunks", number(d->missing_chunks),
			 "unknown_records", number(d->unknown_records + o->unknown_records),
			 "truncated", (int)d->truncated,
			 "over_cap",
			 "instances", number(over->instances),
			 "groups", number(over->groups),
			 "devices", number(over->devices),
			 "domains", number(over->domains),
			 "stats", number(over->stats),
			 "verdicts", number(over->verdicts),
			 "tasks", number(over->tasks),
			 "rows", number(over->rows),
			 "stacks", number(over->stacks),
			 "strings", number(over->strings),
			 "domains_forgotten", number(over->forgotten));
}

static json_t *totals_json(const struct model *m)
{
	const struct model_overview *o = model_overview(m);
	json_t *object = json_object(), *events = json_object(), *failed = json_object();

	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++) {
		if (o->events[hook])
			json_object_set_new(events, ims_hook_name(hook), number(o->events[hook]));
		if (o->failed[hook])
			json_object_set_new(failed, ims_hook_name(hook), number(o->failed[hook]));
	}
	json_object_set_new(object, "first_ns", number(o->first_ns));
	json_object_set_new(object, "last_ns", number(o->last_ns));
	json_object_set_new(object, "events", events);
	json_object_set_new(object, "failed", failed);
	json_object_set_new(object, "map", op_json(&o->op[MODEL_OP_MAP]));
	json_object_set_new(object, "unmap", op_json(&o->op[MODEL_OP_UNMAP]));
	return object;
}

/* One list of everything that the model iterates over as model_next_KIND(). */
#define WRITE_ALL(kind, name, args)                                                           \
	({                                                                                     \
		struct list list_ = list_open(out, name);                                      \
		const struct model_##kind *item = NULL;                                        \
		int err_ = 0;                                                                  \
		while (!err_ && (item = model_next_##kind(m, item)))                           \
			err_ = list_add(&list_, kind##_json args);                             \
		list_close(&list_);                                                            \
		err_;                                                                          \
	})

#define WRITE_ROWS(type, kind, name)                                                          \
	({                                                                                     \
		struct list list_ = list_open(out, name);                                      \
		const struct type *row;                                                        \
		int err_ = 0;                                                                  \
		for (size_t i = 0; !err_ && (row = model_##kind(m, i)); i++)                   \
			err_ = list_add(&list_, kind##_json(row));                             \
		list_close(&list_);                                                            \
		err_;                                                                          \
	})

static int write_body(FILE *out, const struct model *m)
{
	json_t *others = json_object();
	int err;

	ops_json(others, model_find_domain(m, 0));
	if ((err = write_member(out, "others", others)) ||
	    (err = write_member(out, "totals", totals_json(m))) ||
	    (err = write_member(out, "missing", missing_json(m))) ||
	    (err = WRITE_ROWS(ims_loss, loss, "loss")) ||
	    (err = WRITE_ROWS(model_host, host, "host")) ||
	    (err = WRITE_ROWS(model_plan, plan, "plan")) ||
	    (err = WRITE_ALL(verdict, "verdicts", (m, item))) ||
	    (err = WRITE_ALL(instance, "instances", (item))) ||
	    (err = WRITE_ALL(group, "groups", (item))) ||
	    (err = WRITE_ALL(device, "devices", (item))))
		return err;
	return WRITE_ALL(domain, "domains", (item));
}

int view_json(FILE *out, const struct model *m, const struct view_options *o)
{
	int err;

	fprintf(out, "{\"schema\":%d", VIEW_JSON_SCHEMA);
	err = write_body(out, m);
	fputs("\n}\n", out);
	if (err)
		return err;
	return view_done(out);
}
