// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_json.c - the report for programs. Objects go out one by one: 100,000 domains are never in
 * memory twice.
 */
#include <stdlib.h>

#include "format.h"
#include "json.h"

static json_t *instance_name(const struct model_instance *instance)
{
	return instance ? json_text(instance->name) : json_null();
}

static json_t *flag(bool value)
{
	return json_boolean(value);
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
	fputs(list->any ? ",\n" : "\n", list->out);
	list->any = true;
	return json_write(list->out, object);
}

static void list_close(struct list *list)
{
	fputs("]", list->out);
}

static json_t *cost_json(const struct model_verdict *v)
{
	json_t *o = json_object();

	o = json_with(o, "ns", json_number(v->cost_ns));
	o = json_with(o, "of", json_text(ims_hook_name(v->cost_hook)));
	o = json_with(o, "calls", json_number(v->cost_calls));
	return json_with(o, "untimed", json_number(v->cost_untimed));
}

static json_t *retry_json(const struct model_verdict *v)
{
	json_t *o = json_object();

	o = json_with(o, "domain", json_number_or_null(v->retry_domain));
	return json_with(o, "time_ns", json_number(v->retry_ns));
}

static json_t *story_json(const struct model *m, const struct model_verdict *v)
{
	char *story = view_story(m, v);
	json_t *value = story ? json_text(story) : NULL;

	free(story);
	return value;
}

static json_t *mapping_json(const struct model_mapping *p)
{
	json_t *o;

	if (!p->time_ns)
		return json_null();
	o = json_with(json_object(), "time_ns", json_number(p->time_ns));
	o = json_with(o, "domain", json_number(p->domain));
	o = json_with(o, "iova", json_number(p->iova));
	o = json_with(o, "size", json_number(p->size));
	o = json_with(o, "pid", json_number(p->pid));
	o = json_with(o, "comm", json_text_or_null(p->comm));
	return json_with(o, "stack", json_stack(p->stack));
}

static json_t *fault_json(const struct model_fault *f)
{
	const char *access = !f->access_known ? NULL : f->write ? "write" : "read";
	json_t *o = json_object();

	o = json_with(o, "iova", f->iova_known ? json_number(f->iova) : json_null());
	o = json_with(o, "access", access ? json_text(access) : json_null());
	o = json_with(o, "pasid", flag(f->pasid));
	o = json_with(o, "reason", json_text_or_null(f->reason));
	o = json_with(o, "more", flag(f->more));
	o = json_with(o, "left_domain", json_number_or_null(f->left_domain));
	o = json_with(o, "left_ns", f->left_domain ? json_number(f->left_ns) : json_null());
	o = json_with(o, "mapped", mapping_json(&f->mapped));
	o = json_with(o, "unmapped", mapping_json(&f->unmapped));
	return json_with(o, "searched", json_number(f->searched));
}

json_t *json_of_verdict(const struct model *m, const struct model_verdict *v)
{
	const struct model_instance *instance = v->device_instance;
	json_t *o = json_object();

	o = json_with(o, "verdict", json_text(model_verdict_info(v->kind)->name));
	o = json_with(o, "severity", json_text(model_severity_name(v->severity)));
	o = json_with(o, "time_ns", json_number(v->time_ns));
	o = json_with(o, "last_ns", json_number(v->last_ns));
	o = json_with(o, "count", json_number(v->count));
	o = json_with(o, "domain", json_number_or_null(v->domain));
	o = json_with(o, "group", json_group(v->group));
	o = json_with(o, "device", json_text_or_null(v->device));
	o = json_with(o, "device_instance", instance_name(instance));
	o = json_with(o, "domain_instance", instance_name(v->domain_instance));
	o = json_with(o, "evidence", json_text(model_evidence_name(v->evidence)));
	o = json_with(o, "rule", instance ? json_text(instance->rule_source) : json_null());
	o = json_with(o, "hook", json_text(ims_hook_name(v->hook)));
	o = json_with(o, "function", json_text_or_null(v->function));
	o = json_with(o, "pid", json_number(v->pid));
	o = json_with(o, "tid", json_number(v->tid));
	o = json_with(o, "comm", json_text_or_null(v->comm));
	o = json_with(o, "result", json_integer(v->result));
	o = json_with(o, "cost", v->cost_calls ? cost_json(v) : json_null());
	o = json_with(o, "retry", v->retry_ns ? retry_json(v) : json_null());
	o = json_with(o, "fault", v->fault ? fault_json(v->fault) : json_null());
	o = json_with(o, "reason", json_text_or_null(v->reason));
	o = json_with(o, "degraded", json_text_or_null(v->degraded));
	o = json_with(o, "stack", json_stack(v->stack));
	return json_with(o, "story", story_json(m, v));
}

json_t *json_op(const struct model_op *op)
{
	bool timed = op->calls > op->untimed;
	json_t *o = json_object();

	o = json_with(o, "calls", json_number(op->calls));
	o = json_with(o, "untimed", json_number(op->untimed));
	o = json_with(o, "errors", json_number(op->errors));
	o = json_with(o, "bytes", json_number(op->bytes));
	o = json_with(o, "mean_ns", timed ? json_number(model_op_mean(op)) : json_null());
	o = json_with(o, "p50_ns", timed ? json_number(model_op_percentile(op, 500)) : json_null());
	o = json_with(o, "p99_ns", timed ? json_number(model_op_percentile(op, 990)) : json_null());
	return json_with(o, "max_ns", timed ? json_number(op->max_ns) : json_null());
}

static const char *const op_keys[MODEL_OPS] = {
	[MODEL_OP_MAP] = "map",
	[MODEL_OP_UNMAP] = "unmap",
	[MODEL_OP_IOTLB_SYNC] = "iotlb_sync",
	[MODEL_OP_QUEUE_SYNC] = "queue_sync",
	[MODEL_OP_DMA_MAP] = "dma_map",
	[MODEL_OP_DMA_UNMAP] = "dma_unmap",
};

static json_t *with_ops(json_t *o, const struct model_op *const op[MODEL_OPS])
{
	for (int i = 0; i < MODEL_OPS; i++)
		if (op[i])
			o = json_with(o, op_keys[i], json_op(op[i]));
	return o;
}

static json_t *alloc_json(const struct model_domain *d)
{
	json_t *o = json_object();

	o = json_with(o, "time_ns", json_number(d->alloc_ns));
	o = json_with(o, "pid", json_number(d->pid));
	o = json_with(o, "tid", json_number(d->tid));
	o = json_with(o, "comm", json_text_or_null(d->comm));
	o = json_with(o, "blind", flag(d->alloc_blind));
	o = json_with(o, "device", json_text_or_null(d->alloc_device));
	o = json_with(o, "instance", json_text_or_null(d->alloc_instance));
	o = json_with(o, "chosen_device", json_text_or_null(d->chosen_device));
	return json_with(o, "stack", json_stack(d->stack));
}

/* Of a sharing driver; an empty array else. */
static json_t *shares_json(const struct model_domain *d)
{
	json_t *list = json_array(), *o;

	for (uint32_t i = 0; list && i < d->share_count; i++) {
		const struct model_share *s = &d->share[i];

		o = json_with(json_object(), "instance", instance_name(s->instance));
		o = json_with(o, "devices", json_number(s->device_count));
		o = json_with(o, "evidence", json_text(s->by_driver ? "driver" : "devices"));
		if (!o || json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *json_of_domain(const struct model_domain *d)
{
	json_t *o = json_object();

	o = json_with(o, "domain", json_number(d->id));
	o = json_with(o, "type", json_text(model_domain_type(d)));
	o = json_with(o, "format", json_text_or_null(d->format));
	o = json_with(o, "instance", instance_name(d->instance));
	o = json_with(o, "instances", shares_json(d));
	o = json_with(o, "evidence", json_text(model_evidence_name(d->evidence)));
	o = json_with(o, "bound_to_none", flag(d->bound_to_none));
	o = json_with(o, "seen_at_start", flag(d->seen_at_start));
	o = json_with(o, "free_ns", d->freed ? json_number(d->free_ns) : json_null());
	o = json_with(o, "devices", json_number(d->device_count));
	o = json_with(o, "alloc", d->alloc_seen ? alloc_json(d) : json_null());
	return with_ops(o, d->op);
}

json_t *json_of_instance(const struct model_instance *i)
{
	json_t *o = json_object();

	o = json_with(o, "instance", json_text(i->name));
	o = json_with(o, "driver", json_text_or_null(i->driver));
	o = json_with(o, "rule", json_text(model_rule_name(i->rule)));
	o = json_with(o, "rule_source", json_text(i->rule_source));
	return with_ops(o, i->op);
}

json_t *json_of_group(const struct model_group *g)
{
	json_t *o = json_object();

	o = json_with(o, "group", json_group(g->id));
	o = json_with(o, "instance", instance_name(g->instance));
	o = json_with(o, "domain", json_number_or_null(g->domain));
	o = json_with(o, "default_domain", json_number_or_null(g->default_domain));
	return json_with(o, "mixed", flag(g->mixed));
}

json_t *json_of_device(const struct model_device *d)
{
	json_t *o = json_object();

	o = json_with(o, "device", json_text(d->name));
	o = json_with(o, "group", d->group ? json_group(d->group->id) : json_null());
	o = json_with(o, "instance", instance_name(d->instance));
	o = json_with(o, "domain", json_number_or_null(d->domain));
	o = json_with(o, "seen_at_start", flag(d->seen_at_start));
	o = json_with(o, "removed", flag(d->removed));
	return with_ops(o, d->op);
}

static int write_member(FILE *out, const char *name, json_t *value)
{
	fprintf(out, ",\n\"%s\":", name);
	return json_write(out, value);
}

static json_t *damage_json(const struct model_overview *overview)
{
	struct ims_damage d = overview->damage;

	d.unknown_records += overview->unknown_records;
	d.ended = overview->ended;
	return json_damage(&d);
}

static json_t *over_json(const struct model_over *over)
{
	json_t *o = json_object();

	o = json_with(o, "instances", json_number(over->instances));
	o = json_with(o, "groups", json_number(over->groups));
	o = json_with(o, "devices", json_number(over->devices));
	o = json_with(o, "domains", json_number(over->domains));
	o = json_with(o, "stats", json_number(over->stats));
	o = json_with(o, "verdicts", json_number(over->verdicts));
	o = json_with(o, "tasks", json_number(over->tasks));
	o = json_with(o, "rows", json_number(over->rows));
	o = json_with(o, "stacks", json_number(over->stacks));
	o = json_with(o, "strings", json_number(over->strings));
	return json_with(o, "domains_forgotten", json_number(over->forgotten));
}

json_t *json_missing(const struct model *m)
{
	const struct model_overview *overview = model_overview(m);
	json_t *o = json_object();

	o = json_with(o, "lossy", flag(model_lossy(m)));
	o = json_with(o, "lost", json_number(overview->lost));
	o = json_with(o, "damage", damage_json(overview));
	return json_with(o, "over_cap", over_json(&overview->over));
}

/* Counts by hook, without those that are 0. */
static json_t *hooks_json(const uint64_t count[IMS_HOOK_MAX])
{
	json_t *o = json_object();

	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (count[hook])
			o = json_with(o, ims_hook_name(hook), json_number(count[hook]));
	return o;
}

json_t *json_totals(const struct model *m)
{
	const struct model_overview *overview = model_overview(m);
	json_t *o = json_object();

	o = json_with(o, "first_ns", json_number(overview->first_ns));
	o = json_with(o, "last_ns", json_number(overview->last_ns));
	o = json_with(o, "events", hooks_json(overview->events));
	o = json_with(o, "failed", hooks_json(overview->failed));
	for (int i = 0; i < MODEL_OPS; i++)
		o = json_with(o, op_keys[i], json_op(&overview->op[i]));
	return o;
}

/* One list of everything that the model iterates over as model_next_KIND(). */
#define WRITE_ALL(kind, name, args)                                                                \
	({                                                                                         \
		struct list list_ = list_open(out, name);                                          \
		const struct model_##kind *item = NULL;                                            \
		int err_ = 0;                                                                      \
		while (!err_ && (item = model_next_##kind(m, item)))                               \
			if (view_shows_##kind(filter, item))                                       \
				err_ = list_add(&list_, json_of_##kind args);                                 \
		list_close(&list_);                                                                \
		err_;                                                                              \
	})

#define WRITE_ROWS(type, kind, name)                                                               \
	({                                                                                         \
		struct list list_ = list_open(out, name);                                          \
		const struct type *row;                                                            \
		int err_ = 0;                                                                      \
		for (size_t i = 0; !err_ && (row = model_##kind(m, i)); i++)                       \
			err_ = list_add(&list_, json_##kind(json_object(), row));                  \
		list_close(&list_);                                                                \
		err_;                                                                              \
	})

static int write_body(FILE *out, const struct model *m, const struct view_filter *filter)
{
	json_t *others = with_ops(json_object(), model_find_domain(m, 0)->op);
	int err;

	if ((err = write_member(out, "filter", filter ? json_text(filter->text) : json_null())) ||
	    (err = write_member(out, "others", others)) ||
	    (err = write_member(out, "totals", json_totals(m))) ||
	    (err = write_member(out, "missing", json_missing(m))) ||
	    (err = write_member(out, "counts", json_counts(m))) ||
	    (err = WRITE_ROWS(ims_loss, loss, "loss")) ||
	    (err = WRITE_ROWS(ims_host, host, "host")) ||
	    (err = WRITE_ROWS(ims_plan, plan, "plan")) ||
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
	err = write_body(out, m, o ? o->filter : NULL);
	fputs("\n}\n", out);
	if (err)
		return err;
	return view_done(out);
}
