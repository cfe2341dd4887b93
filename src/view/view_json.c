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

/* @object with one member more; takes both. NULL when there was no memory for either. */
static json_t *with(json_t *object, const char *key, json_t *value)
{
	if (!object || !value) {
		json_decref(object);
		json_decref(value);
		return NULL;
	}
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *flag(bool value)
{
	return json_boolean(value);
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
	return (struct list){.out = out};
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

static json_t *cost_json(const struct model_verdict *v)
{
	json_t *o = json_object();

	o = with(o, "ns", number(v->cost_ns));
	o = with(o, "of", text(ims_hook_name(v->cost_hook)));
	o = with(o, "calls", number(v->cost_calls));
	return with(o, "untimed", number(v->cost_untimed));
}

static json_t *retry_json(const struct model_verdict *v)
{
	json_t *o = json_object();

	o = with(o, "domain", number_or_null(v->retry_domain));
	return with(o, "time_ns", number(v->retry_ns));
}

static json_t *story_json(const struct model *m, const struct model_verdict *v)
{
	char *story = view_story(m, v);
	json_t *value = story ? text(story) : NULL;

	free(story);
	return value;
}

static json_t *verdict_json(const struct model *m, const struct model_verdict *v)
{
	const struct model_instance *instance = v->device_instance;
	json_t *o = json_object();

	o = with(o, "verdict", text(model_verdict_info(v->kind)->name));
	o = with(o, "severity", text(model_severity_name(v->severity)));
	o = with(o, "time_ns", number(v->time_ns));
	o = with(o, "last_ns", number(v->last_ns));
	o = with(o, "count", number(v->count));
	o = with(o, "domain", number_or_null(v->domain));
	o = with(o, "group", group_number(v->group));
	o = with(o, "device", text_or_null(v->device));
	o = with(o, "device_instance", instance_name(instance));
	o = with(o, "domain_instance", instance_name(v->domain_instance));
	o = with(o, "evidence", text(model_evidence_name(v->evidence)));
	o = with(o, "rule", instance ? text(instance->rule_source) : json_null());
	o = with(o, "hook", text(ims_hook_name(v->hook)));
	o = with(o, "function", text_or_null(v->function));
	o = with(o, "pid", number(v->pid));
	o = with(o, "tid", number(v->tid));
	o = with(o, "comm", text_or_null(v->comm));
	o = with(o, "result", json_integer(v->result));
	o = with(o, "cost", v->cost_calls ? cost_json(v) : json_null());
	o = with(o, "retry", v->retry_ns ? retry_json(v) : json_null());
	o = with(o, "reason", text_or_null(v->reason));
	o = with(o, "degraded", text_or_null(v->degraded));
	o = with(o, "stack", stack_json(v->stack));
	return with(o, "story", story_json(m, v));
}

static json_t *op_json(const struct model_op *op)
{
	bool timed = op->calls > op->untimed;
	json_t *o = json_object();

	o = with(o, "calls", number(op->calls));
	o = with(o, "untimed", number(op->untimed));
	o = with(o, "errors", number(op->errors));
	o = with(o, "bytes", number(op->bytes));
	o = with(o, "mean_ns", timed ? number(model_op_mean(op)) : json_null());
	o = with(o, "p50_ns", timed ? number(model_op_percentile(op, 500)) : json_null());
	o = with(o, "p99_ns", timed ? number(model_op_percentile(op, 990)) : json_null());
	return with(o, "max_ns", timed ? number(op->max_ns) : json_null());
}

static json_t *with_ops(json_t *o, const struct model_domain *d)
{
	if (d->op[MODEL_OP_MAP])
		o = with(o, "map", op_json(d->op[MODEL_OP_MAP]));
	if (d->op[MODEL_OP_UNMAP])
		o = with(o, "unmap", op_json(d->op[MODEL_OP_UNMAP]));
	return o;
}

static json_t *alloc_json(const struct model_domain *d)
{
	json_t *o = json_object();

	o = with(o, "time_ns", number(d->alloc_ns));
	o = with(o, "pid", number(d->pid));
	o = with(o, "tid", number(d->tid));
	o = with(o, "comm", text_or_null(d->comm));
	o = with(o, "blind", flag(d->alloc_blind));
	o = with(o, "device", text_or_null(d->alloc_device));
	o = with(o, "instance", text_or_null(d->alloc_instance));
	o = with(o, "chosen_device", text_or_null(d->chosen_device));
	return with(o, "stack", stack_json(d->stack));
}

static json_t *domain_json(const struct model_domain *d)
{
	json_t *o = json_object();

	o = with(o, "domain", number(d->id));
	o = with(o, "type", text(model_domain_type(d)));
	o = with(o, "instance", instance_name(d->instance));
	o = with(o, "evidence", text(model_evidence_name(d->evidence)));
	o = with(o, "bound_to_none", flag(d->bound_to_none));
	o = with(o, "seen_at_start", flag(d->seen_at_start));
	o = with(o, "free_ns", d->freed ? number(d->free_ns) : json_null());
	o = with(o, "devices", number(d->device_count));
	o = with(o, "alloc", d->alloc_seen ? alloc_json(d) : json_null());
	return with_ops(o, d);
}

static json_t *instance_json(const struct model_instance *i)
{
	json_t *o = json_object();

	o = with(o, "instance", text(i->name));
	o = with(o, "driver", text_or_null(i->driver));
	o = with(o, "rule", text(model_rule_name(i->rule)));
	return with(o, "rule_source", text(i->rule_source));
}

static json_t *group_json(const struct model_group *g)
{
	json_t *o = json_object();

	o = with(o, "group", group_number(g->id));
	o = with(o, "instance", instance_name(g->instance));
	o = with(o, "domain", number_or_null(g->domain));
	o = with(o, "default_domain", number_or_null(g->default_domain));
	return with(o, "mixed", flag(g->mixed));
}

static json_t *device_json(const struct model_device *d)
{
	json_t *o = json_object();

	o = with(o, "device", text(d->name));
	o = with(o, "group", d->group ? group_number(d->group->id) : json_null());
	o = with(o, "instance", instance_name(d->instance));
	o = with(o, "domain", number_or_null(d->domain));
	o = with(o, "seen_at_start", flag(d->seen_at_start));
	return with(o, "removed", flag(d->removed));
}

static json_t *plan_json(const struct model_plan *p)
{
	json_t *o = json_object();

	o = with(o, "hook", text(ims_hook_name(p->hook)));
	o = with(o, "function", text_or_null(p->function));
	o = with(o, "mechanism", text_or_null(p->mechanism));
	o = with(o, "module", text_or_null(p->module));
	o = with(o, "state", text(p->state));
	return with(o, "reason", text_or_null(p->reason));
}

static json_t *host_json(const struct model_host *h)
{
	return with(with(json_object(), "key", text(h->key)), "value", text(h->value));
}

static json_t *loss_json(const struct ims_loss *l)
{
	json_t *o = json_object();

	o = with(o, "hook", text(ims_hook_name(l->hook)));
	o = with(o, "cause", text(ims_loss_cause_name(l->cause)));
	return with(o, "lost", number(l->lost));
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

static json_t *damage_json(const struct model_overview *overview)
{
	const struct ims_damage *d = &overview->damage;
	json_t *o = json_object();

	o = with(o, "skipped_bytes", number(d->skipped_bytes));
	o = with(o, "bad_chunks", number(d->bad_chunks));
	o = with(o, "missing_chunks", number(d->missing_chunks));
	o = with(o, "unknown_records", number(d->unknown_records + overview->unknown_records));
	o = with(o, "truncated", flag(d->truncated));
	return with(o, "ended", flag(overview->ended));
}

static json_t *over_json(const struct model_over *over)
{
	json_t *o = json_object();

	o = with(o, "instances", number(over->instances));
	o = with(o, "groups", number(over->groups));
	o = with(o, "devices", number(over->devices));
	o = with(o, "domains", number(over->domains));
	o = with(o, "stats", number(over->stats));
	o = with(o, "verdicts", number(over->verdicts));
	o = with(o, "tasks", number(over->tasks));
	o = with(o, "rows", number(over->rows));
	o = with(o, "stacks", number(over->stacks));
	o = with(o, "strings", number(over->strings));
	return with(o, "domains_forgotten", number(over->forgotten));
}

static json_t *missing_json(const struct model *m)
{
	const struct model_overview *overview = model_overview(m);
	json_t *o = json_object();

	o = with(o, "lossy", flag(model_lossy(m)));
	o = with(o, "lost", number(overview->lost));
	o = with(o, "damage", damage_json(overview));
	return with(o, "over_cap", over_json(&overview->over));
}

/* Counts by hook, without those that are 0. */
static json_t *hooks_json(const uint64_t count[IMS_HOOK_MAX])
{
	json_t *o = json_object();

	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (count[hook])
			o = with(o, ims_hook_name(hook), number(count[hook]));
	return o;
}

static json_t *totals_json(const struct model *m)
{
	const struct model_overview *overview = model_overview(m);
	json_t *o = json_object();

	o = with(o, "first_ns", number(overview->first_ns));
	o = with(o, "last_ns", number(overview->last_ns));
	o = with(o, "events", hooks_json(overview->events));
	o = with(o, "failed", hooks_json(overview->failed));
	o = with(o, "map", op_json(&overview->op[MODEL_OP_MAP]));
	return with(o, "unmap", op_json(&overview->op[MODEL_OP_UNMAP]));
}

/* One list of everything that the model iterates over as model_next_KIND(). */
#define WRITE_ALL(kind, name, args)                                                                \
	({                                                                                         \
		struct list list_ = list_open(out, name);                                          \
		const struct model_##kind *item = NULL;                                            \
		int err_ = 0;                                                                      \
		while (!err_ && (item = model_next_##kind(m, item)))                               \
			err_ = list_add(&list_, kind##_json args);                                 \
		list_close(&list_);                                                                \
		err_;                                                                              \
	})

#define WRITE_ROWS(type, kind, name)                                                               \
	({                                                                                         \
		struct list list_ = list_open(out, name);                                          \
		const struct type *row;                                                            \
		int err_ = 0;                                                                      \
		for (size_t i = 0; !err_ && (row = model_##kind(m, i)); i++)                       \
			err_ = list_add(&list_, kind##_json(row));                                 \
		list_close(&list_);                                                                \
		err_;                                                                              \
	})

static int write_body(FILE *out, const struct model *m)
{
	json_t *others = with_ops(json_object(), model_find_domain(m, 0));
	int err;

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
