// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_past.c - what there was at the end of the last interval, and so what happened in this one.
 *
 * The model keeps objects in the order they were first seen, and so does the past: both are walked
 * side by side, without a table to look up 100,000 domains in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

/* Room for one more of @size in *@list. Returns 0 or -ENOMEM. */
static int grow(void **list, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return 0;
	grown = realloc(*list, more * size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*room = more;
	return 0;
}

static uint64_t above(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static void count_op(struct counter *last, struct counter *delta, const struct model_op *op)
{
	struct counter now = {0};

	if (op)
		now = (struct counter){op->calls, op->calls - op->untimed, op->sum_ns, op->bytes};
	*delta = (struct counter){above(now.calls, last->calls), above(now.timed, last->timed),
				  above(now.sum_ns, last->sum_ns), above(now.bytes, last->bytes)};
	*last = now;
}

static bool any(const struct counter *delta, int ops)
{
	for (int i = 0; i < ops; i++)
		if (delta[i].calls)
			return true;
	return false;
}

/* ---- domains and devices -------------------------------------------------------------------- */

const struct past_domain *past_walk(const struct past *p, const struct model *m, size_t *at,
				    const struct model_domain *d)
{
	while (*at < p->domains && p->domain[*at].id != d->id &&
	       !model_find_domain(m, p->domain[*at].id))
		(*at)++; /* the model has forgotten that one */
	return *at < p->domains && p->domain[*at].id == d->id ? &p->domain[(*at)++] : NULL;
}

/* The past is packed while it is walked. New domains are the model's last. */
static int domains_refresh(struct past *p, const struct model *m)
{
	const struct model_domain *d = NULL;
	size_t read = 0, write = 0;

	while ((d = model_next_domain(m, d))) {
		size_t at;
		bool over = d->freed && d->free_ns < p->now_ns;
		const struct past_domain *known = past_walk(p, m, &read, d);
		struct past_domain now = {.id = d->id};

		if (!d->freed && map_get(&p->instance_map, d->instance, &at))
			p->instance[at].domains++;
		if (!known && (over || read < p->domains))
			continue;
		if (known)
			now = *known;
		for (int i = 0; i < DOMAIN_OPS; i++)
			count_op(&now.last[i], &now.delta[i], d->op[i]);
		if (over && !any(now.delta, DOMAIN_OPS))
			continue;
		if (grow((void **)&p->domain, write, &p->domain_room, sizeof(now)))
			return -ENOMEM;
		p->domain[write++] = now;
		if (!known)
			p->domains = read = write;
	}
	p->domains = write;
	return 0;
}

/* The model forgets no device. */
static int devices_refresh(struct past *p, const struct model *m)
{
	const struct model_device *d = NULL;
	size_t n = 0;

	for (; (d = model_next_device(m, d)); n++) {
		struct past_device *past;

		if (grow((void **)&p->device, n, &p->device_room, sizeof(*past)))
			return -ENOMEM;
		past = &p->device[n];
		if (n >= p->devices) {
			*past = (struct past_device){.device = d};
			if (map_put(&p->device_map, d, n))
				return -ENOMEM;
		}
		for (int i = 0; i < DEVICE_OPS; i++)
			count_op(&past->last[i], &past->delta[i], d->op[MODEL_OP_DMA_MAP + i]);
	}
	p->devices = n;
	return 0;
}

/* ---- instances, and all together ------------------------------------------------------------ */

static void op_refresh(struct past_op *p, const struct model_op *now)
{
	struct model_op *d = &p->delta;

	d->calls = above(now->calls, p->last.calls);
	d->untimed = above(now->untimed, p->last.untimed);
	d->errors = above(now->errors, p->last.errors);
	d->sum_ns = above(now->sum_ns, p->last.sum_ns);
	d->bytes = above(now->bytes, p->last.bytes);
	for (int i = 0; i < IMS_HIST_BUCKETS; i++)
		d->bucket[i] = above(now->bucket[i], p->last.bucket[i]);
	d->max_ns = now->max_ns; /* of all time: the interval's is not told */
	p->last = *now;
}

static int instance_refresh(struct past_instance *past, const struct model_instance *i)
{
	past->domains = past->faults = 0;
	for (int op = 0; op < MODEL_OPS; op++) {
		if (!i->op[op])
			continue;
		if (!past->op[op])
			past->op[op] = calloc(1, sizeof(*past->op[op]));
		if (!past->op[op])
			return -ENOMEM;
		op_refresh(past->op[op], i->op[op]);
	}
	return 0;
}

static void count_faults(struct past *p, const struct model *m)
{
	const struct model_verdict *v = NULL;
	size_t at;

	while (model_verdict_count(m, MODEL_FAULT) && (v = model_next_verdict(m, v)))
		if (v->kind == MODEL_FAULT && map_get(&p->instance_map, v->device_instance, &at))
			p->instance[at].faults += v->count;
}

static int instances_refresh(struct past *p, const struct model *m)
{
	const struct model_instance *i = NULL;
	size_t n = 0;

	for (; (i = model_next_instance(m, i)); n++) {
		if (grow((void **)&p->instance, n, &p->instance_room, sizeof(*p->instance)))
			return -ENOMEM;
		if (n >= p->instances) {
			p->instance[n] = (struct past_instance){.instance = i};
			p->instances = n + 1;
			if (map_put(&p->instance_map, i, n))
				return -ENOMEM;
		}
		if (instance_refresh(&p->instance[n], i))
			return -ENOMEM;
	}
	count_faults(p, m);
	return 0;
}

static void history_add(struct history *h, float value)
{
	if (h->count == HISTORY)
		memmove(h->value, h->value + 1, --h->count * sizeof(*h->value));
	h->value[h->count++] = value;
}

static float per_second(const struct past *p, uint64_t count)
{
	return (float)((double)count * 1e9 / (double)p->interval_ns);
}

static void overview_refresh(struct past *p, const struct model_overview *o)
{
	for (int op = 0; op < MODEL_OPS; op++)
		op_refresh(&p->all[op], &o->op[op]);
	for (int hook = 0; hook < IMS_HOOK_MAX; hook++) {
		p->new_events[hook] = above(o->events[hook], p->events[hook]);
		p->new_failed[hook] = above(o->failed[hook], p->failed[hook]);
		p->events[hook] = o->events[hook];
		p->failed[hook] = o->failed[hook];
	}
	if (!p->interval_ns)
		return;
	for (int op = 0; op < MODEL_OPS; op++) {
		history_add(&p->rate[op], per_second(p, p->all[op].delta.calls));
		history_add(&p->p99[op], (float)model_op_percentile(&p->all[op].delta, 990));
	}
	for (int hook = 0; hook < IMS_HOOK_MAX; hook++)
		history_add(&p->event_rate[hook], per_second(p, p->new_events[hook]));
}

int past_refresh(struct past *p, const struct model *m, uint64_t now_ns)
{
	int err;

	p->interval_ns = p->now_ns && now_ns > p->now_ns ? now_ns - p->now_ns : 0;
	overview_refresh(p, model_overview(m));
	err = instances_refresh(p, m);
	if (!err)
		err = domains_refresh(p, m); /* counts them at their instances, too */
	if (!err)
		err = devices_refresh(p, m);
	p->now_ns = now_ns;
	return err;
}

void past_free(struct past *p)
{
	for (size_t i = 0; i < p->instances; i++)
		for (int op = 0; op < MODEL_OPS; op++)
			free(p->instance[i].op[op]);
	free(p->instance);
	free(p->domain);
	free(p->device);
	map_free(&p->device_map);
	map_free(&p->instance_map);
	*p = (struct past){0};
}

/* ---- answers -------------------------------------------------------------------------------- */

const struct past_domain *past_domain(const struct past *p, uint64_t id)
{
	for (size_t i = 0; i < p->domains; i++)
		if (p->domain[i].id == id)
			return &p->domain[i];
	return NULL;
}

const struct past_device *past_device(const struct past *p, const struct model_device *d)
{
	size_t at;

	return map_get(&p->device_map, d, &at) ? &p->device[at] : NULL;
}

const struct past_instance *past_instance(const struct past *p, const struct model_instance *i)
{
	size_t at;

	return map_get(&p->instance_map, i, &at) ? &p->instance[at] : NULL;
}

void value_rate(struct value *v, const struct past *p, enum value_kind kind, uint64_t count)
{
	if (p->interval_ns)
		value_number(v, kind, (double)count * 1e9 / (double)p->interval_ns);
	else
		v->kind = VALUE_NONE;
}

void value_mean(struct value *v, const struct counter *c)
{
	if (c->timed)
		value_ns(v, c->sum_ns / c->timed);
	else
		v->kind = VALUE_NONE;
}
