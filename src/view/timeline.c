// SPDX-License-Identifier: GPL-2.0-only
#include "timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct timeline_instance {
	struct timeline_track track;
	UT_hash_handle hh;
	char name[];
};

struct timeline_device {
	struct timeline_track track;
	uint64_t domain; /* of its span */
	uint32_t group;
	UT_hash_handle hh;
	char name[];
};

struct timeline_domain {
	struct timeline_track track, bytes;
	uint64_t id;
	uint64_t flow; /* of this life; 0: none */
	uint64_t mapped, unmapped;
	bool freed, changed;
	struct timeline_domain *next_changed;
	char name[VIEW_TEXT], span[2 * VIEW_TEXT];
	UT_hash_handle hh;
};

struct timeline *timeline_new(FILE *out, const struct timeline_sink *sink)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (t) {
		t->out = out;
		t->sink = sink;
	}
	return t;
}

/* ---- tracks --------------------------------------------------------------------------------- */

static int track_begin(struct timeline *t, struct timeline_track *track, const char *name,
		       const struct timeline_track *parent)
{
	track->uuid = ++t->last_uuid;
	track->name = name;
	track->parent = parent;
	return t->sink->track(t, track);
}

/* Each of the getters returns NULL at the cap, which is counted, and without memory (then *err). */
static void *node_new(struct timeline *t, size_t size, uint32_t count, uint32_t limit, int *err)
{
	void *node;

	if (count >= limit) {
		t->over++;
		return NULL;
	}
	node = calloc(1, size);
	if (!node)
		*err = -ENOMEM;
	return node;
}

static struct timeline_instance *instance_get(struct timeline *t, const char *name, int *err)
{
	size_t len = strlen(name);
	struct timeline_instance *i;

	HASH_FIND(hh, t->instances, name, len, i);
	if (i)
		return i;
	i = node_new(t, sizeof(*i) + len + 1, HASH_COUNT(t->instances),
		     model_limits_default.instances, err);
	if (!i)
		return NULL;
	memcpy(i->name, name, len);
	HASH_ADD(hh, t->instances, name, len, i);
	if (!i->hh.tbl) {
		free(i);
		*err = -ENOMEM;
		return NULL;
	}
	*err = track_begin(t, &i->track, len ? i->name : "instance not known", NULL);
	return i;
}

static struct timeline_device *device_get(struct timeline *t, const struct ims_event *e, int *err)
{
	size_t len = strlen(e->device);
	struct timeline_instance *parent;
	struct timeline_device *d;

	if (!len)
		return NULL;
	HASH_FIND(hh, t->devices, e->device, len, d);
	if (d)
		return d;
	parent = instance_get(t, e->instance, err);
	if (!parent || *err)
		return NULL;
	d = node_new(t, sizeof(*d) + len + 1, HASH_COUNT(t->devices), model_limits_default.devices,
		     err);
	if (!d)
		return NULL;
	memcpy(d->name, e->device, len);
	d->group = IMS_NO_GROUP;
	HASH_ADD(hh, t->devices, name, len, d);
	if (!d->hh.tbl) {
		free(d);
		*err = -ENOMEM;
		return NULL;
	}
	*err = track_begin(t, &d->track, d->name, &parent->track);
	return d;
}

static struct timeline_domain *domain_find(struct timeline *t, uint64_t id)
{
	struct timeline_domain *d;

	HASH_FIND(hh, t->domains, &id, sizeof(id), d);
	return d;
}

static struct timeline_domain *domain_get(struct timeline *t, const struct ims_event *e, int *err)
{
	struct timeline_domain *d = e->domain ? domain_find(t, e->domain) : NULL;
	struct timeline_instance *parent;

	if (d || !e->domain)
		return d;
	parent = instance_get(t, *e->domain_instance ? e->domain_instance : e->instance, err);
	if (!parent || *err)
		return NULL;
	d = node_new(t, sizeof(*d), HASH_COUNT(t->domains), model_limits_default.domains, err);
	if (!d)
		return NULL;
	d->id = e->domain;
	snprintf(d->name, sizeof(d->name), "domain %" PRIu64, d->id);
	snprintf(d->span, sizeof(d->span), "%s %s", d->name, view_event_type(e));
	HASH_ADD(hh, t->domains, id, sizeof(d->id), d);
	if (!d->hh.tbl) {
		free(d);
		*err = -ENOMEM;
		return NULL;
	}
	*err = track_begin(t, &d->track, d->name, &parent->track);
	return d;
}

/* ---- items ---------------------------------------------------------------------------------- */

/* The time on a track never goes back. */
static uint64_t later(struct timeline_track *track, uint64_t time_ns)
{
	if (time_ns > track->last_ns)
		track->last_ns = time_ns;
	return track->last_ns;
}

static int put(struct timeline *t, struct timeline_track *track, uint64_t time_ns,
	       struct timeline_item item)
{
	item.track = track;
	item.time_ns = later(track, time_ns);
	return t->sink->item(t, &item);
}

static int span_end(struct timeline *t, struct timeline_track *track, const char *name,
		    uint64_t time_ns)
{
	if (!track->open)
		return 0;
	track->open = false;
	return put(t, track, time_ns, (struct timeline_item){.kind = TIMELINE_END, .name = name});
}

static int span_begin(struct timeline *t, struct timeline_track *track, const char *name,
		      uint64_t time_ns)
{
	track->open = true;
	return put(t, track, time_ns, (struct timeline_item){.kind = TIMELINE_BEGIN, .name = name});
}

static int instant(struct timeline *t, struct timeline_track *track, uint64_t time_ns,
		   const struct ims_event *e)
{
	return put(t, track, time_ns,
		   (struct timeline_item){
			   .kind = TIMELINE_INSTANT, .name = ims_hook_name(e->hook), .event = e});
}

static uint64_t begin_of(const struct ims_event *e, uint64_t time_ns)
{
	uint64_t ns = view_event_timed(e) ? e->duration_ns : 0;

	return ns < time_ns ? time_ns - ns : 0;
}

/* A call that returned at @time_ns; one that took no time, or was not timed, is an instant. */
static int call(struct timeline *t, struct timeline_track *track, uint64_t time_ns,
		const struct ims_event *e, enum timeline_flow flow_kind, uint64_t flow)
{
	uint64_t begin = later(track, begin_of(e, time_ns));
	char name[VIEW_TEXT], result[VIEW_TEXT];
	struct timeline_item item = {.kind = TIMELINE_BEGIN, .name = name, .event = e};
	int err;

	snprintf(name, sizeof(name), "%s%s%s", ims_hook_name(e->hook), e->result ? " " : "",
		 e->result ? view_errno(result, e->result) : "");
	if (begin >= time_ns) {
		item.kind = TIMELINE_INSTANT;
		return put(t, track, time_ns, item);
	}
	item.flow = flow;
	item.flow_kind = flow ? flow_kind : TIMELINE_NO_FLOW;
	err = put(t, track, begin, item);
	item.kind = TIMELINE_END;
	item.flow_kind = TIMELINE_NO_FLOW;
	return err ? err : put(t, track, time_ns, item);
}

/* ---- events --------------------------------------------------------------------------------- */

static int device_move(struct timeline *t, struct timeline_device *dev,
		       const struct timeline_domain *to, uint64_t time_ns)
{
	struct timeline_domain *from = domain_find(t, dev->domain);
	int err = span_end(t, &dev->track, from ? from->span : "", time_ns);

	dev->domain = to ? to->id : 0;
	if (err || !to)
		return err;
	return span_begin(t, &dev->track, to->span, time_ns);
}

/* What a caller gives back is no device's any more, unless the core has moved it already. */
static int group_detach(struct timeline *t, const struct ims_event *e, uint64_t time_ns)
{
	int err = 0;

	for (struct timeline_device *d = t->devices; d && !err; d = d->hh.next)
		if (d->group == e->group && e->group != IMS_NO_GROUP && d->domain == e->domain)
			err = device_move(t, d, NULL, time_ns);
	return err;
}

static int domain_call(struct timeline *t, struct timeline_domain *d, const struct ims_event *e,
		       uint64_t time_ns)
{
	int err;

	if (e->hook == IMS_HOOK_DOMAIN_ALLOC) {
		d->flow = later(&d->track, begin_of(e, time_ns)) < time_ns ? ++t->last_flow : 0;
		return call(t, &d->track, time_ns, e, TIMELINE_FLOW_BEGINS, d->flow);
	}
	err = call(t, &d->track, time_ns, e, TIMELINE_FLOW_ENDS, d->flow);
	d->flow = 0;
	d->freed = true;
	return err ? err : span_end(t, &d->track, d->span, time_ns);
}

static int attach(struct timeline *t, struct timeline_device *dev, struct timeline_domain *d,
		  const struct ims_event *e, uint64_t time_ns)
{
	int err = call(t, &dev->track, time_ns, e, TIMELINE_FLOW_STEP, d ? d->flow : 0);

	return err || e->result ? err : device_move(t, dev, d, time_ns);
}

static int other(struct timeline *t, struct timeline_device *dev, struct timeline_domain *d,
		 const struct ims_event *e, uint64_t time_ns)
{
	struct timeline_instance *i;
	int err = 0;

	if (dev || d)
		return instant(t, dev ? &dev->track : &d->track, time_ns, e);
	i = instance_get(t, e->instance, &err);
	return err || !i ? err : instant(t, &i->track, time_ns, e);
}

static int event(struct timeline *t, const struct ims_event *e, uint64_t time_ns)
{
	int err = 0;
	struct timeline_device *dev = device_get(t, e, &err);
	struct timeline_domain *d = err ? NULL : domain_get(t, e, &err);

	if (err)
		return err;
	if (dev && e->group != IMS_NO_GROUP)
		dev->group = e->group;
	/* Numbers come again in streams that are one behind the other. */
	if (d && e->hook == IMS_HOOK_DOMAIN_ALLOC)
		d->freed = false;
	if (d && !d->track.open && !d->freed)
		err = span_begin(t, &d->track, d->span, begin_of(e, time_ns));
	if (err)
		return err;
	switch (e->hook) {
	case IMS_HOOK_DOMAIN_ALLOC:
	case IMS_HOOK_DOMAIN_FREE:
		return d ? domain_call(t, d, e, time_ns) : other(t, dev, d, e, time_ns);
	case IMS_HOOK_ATTACH:
		return dev ? attach(t, dev, d, e, time_ns) : other(t, dev, d, e, time_ns);
	case IMS_HOOK_SNAPSHOT:
		err = other(t, dev, d, e, time_ns);
		if (err || !dev || !(e->flags & IMS_EVENT_CURRENT))
			return err;
		return device_move(t, dev, d, time_ns);
	case IMS_HOOK_DEVICE_REMOVE:
		err = other(t, dev, d, e, time_ns);
		return err || !dev ? err : device_move(t, dev, NULL, time_ns);
	case IMS_HOOK_DETACH_GROUP:
		err = other(t, dev, d, e, time_ns);
		return err || e->result ? err : group_detach(t, e, time_ns);
	default:
		return other(t, dev, d, e, time_ns);
	}
}

/* ---- mapped bytes --------------------------------------------------------------------------- */

static int tell_bytes(struct timeline *t, struct timeline_domain *d)
{
	/* What was mapped before the recording began may be unmapped in it. */
	struct timeline_item item = {
		.kind = TIMELINE_VALUE,
		.name = "mapped bytes",
		.value = (int64_t)(d->mapped - d->unmapped),
	};
	int err = 0;

	d->changed = false;
	if (!d->bytes.uuid) {
		d->bytes.counter = true;
		err = track_begin(t, &d->bytes, "mapped bytes", &d->track);
	}
	return err ? err : put(t, &d->bytes, t->changed_ns, item);
}

/* Statistics of map and unmap are of one moment, and come one after the other. */
static int tell_changed(struct timeline *t)
{
	int err = 0;

	for (struct timeline_domain *d = t->changed, *next; d && !err; d = next) {
		next = d->next_changed;
		t->changed = next;
		err = tell_bytes(t, d);
	}
	return err;
}

static void stats(struct timeline *t, const struct ims_stats *s, uint64_t time_ns)
{
	struct timeline_domain *d = domain_find(t, s->domain);

	if (!d || *s->object || (s->hook != IMS_HOOK_MAP && s->hook != IMS_HOOK_UNMAP))
		return;
	*(s->hook == IMS_HOOK_MAP ? &d->mapped : &d->unmapped) = s->bytes;
	t->changed_ns = time_ns;
	if (d->changed)
		return;
	d->changed = true;
	d->next_changed = t->changed;
	t->changed = d;
}

int timeline_record(FILE *out, void *state, const struct ims_record *rec)
{
	struct timeline *t = state;
	bool earlier = rec->type == IMS_REC_EVENT && rec->event.flags & IMS_EVENT_EARLIER;
	int err = 0;

	if (t->changed && rec->time_ns != t->changed_ns)
		err = tell_changed(t);
	if (err)
		return err;
	if (earlier && rec->time_ns <= t->last_ns)
		return 0; /* it was read when it happened: files of a series, joined */
	if (!earlier && (rec->type == IMS_REC_EVENT || rec->type == IMS_REC_STATS) &&
	    rec->time_ns > t->last_ns)
		t->last_ns = rec->time_ns;
	switch (rec->type) {
	case IMS_REC_INSTANCE:
		instance_get(t, rec->instance.name, &err);
		return err;
	case IMS_REC_EVENT:
		return event(t, &rec->event, rec->time_ns);
	case IMS_REC_STATS:
		stats(t, &rec->stats, rec->time_ns);
		return 0;
	default:
		return 0;
	}
}

int timeline_end(struct timeline *t)
{
	int err = tell_changed(t);

	for (struct timeline_device *d = t->devices; d && !err; d = d->hh.next) {
		struct timeline_domain *on = domain_find(t, d->domain);

		err = span_end(t, &d->track, on ? on->span : "", t->last_ns);
	}
	for (struct timeline_domain *d = t->domains; d && !err; d = d->hh.next)
		err = span_end(t, &d->track, d->span, t->last_ns);
	return err;
}

void timeline_free(void *state)
{
	struct timeline *t = state;
	struct timeline_instance *i, *next_i;
	struct timeline_device *v, *next_v;
	struct timeline_domain *d, *next_d;

	HASH_ITER (hh, t->instances, i, next_i) {
		HASH_DEL(t->instances, i);
		free(i);
	}
	HASH_ITER (hh, t->devices, v, next_v) {
		HASH_DEL(t->devices, v);
		free(v);
	}
	HASH_ITER (hh, t->domains, d, next_d) {
		HASH_DEL(t->domains, d);
		free(d);
	}
	free(t);
}

/* ---- what an event says --------------------------------------------------------------------- */

static void add_text(struct timeline_args *a, const char *key, const char *text)
{
	if (*text)
		a->arg[a->count++] = (struct timeline_arg){.key = key, .text = text};
}

static void add_number(struct timeline_args *a, const char *key, uint64_t number)
{
	a->arg[a->count++] = (struct timeline_arg){.key = key, .number = number};
}

static void add_flags(struct timeline_args *a, uint32_t flags)
{
	const char *name;
	size_t n = 0;

	a->flags[0] = 0;
	for (unsigned int i = 0; (name = ims_event_flag_name(i)); i++)
		if (flags & 1u << i && n < sizeof(a->flags))
			n += (size_t)snprintf(a->flags + n, sizeof(a->flags) - n, "%s%s",
					      n ? "," : "", name);
	add_text(a, "flags", a->flags);
}

void timeline_args(struct timeline_args *a, const struct ims_event *e)
{
	a->count = 0;
	add_text(a, "result", view_errno(a->result, e->result));
	if (view_event_timed(e))
		add_number(a, "duration_ns", e->duration_ns);
	add_number(a, "cpu", e->cpu);
	add_text(a, "comm", e->comm);
	add_number(a, "pid", e->pid);
	add_number(a, "tid", e->tid);
	add_text(a, "function", e->function);
	if (e->domain)
		add_number(a, "domain", e->domain);
	add_text(a, "domain_instance", e->domain_instance);
	add_text(a, "device", e->device);
	if (e->group != IMS_NO_GROUP)
		add_number(a, "group", e->group);
	if (view_event_placed(e)) {
		snprintf(a->iova, sizeof(a->iova), "0x%" PRIx64, e->iova);
		add_text(a, "iova", a->iova);
	}
	if (e->size)
		add_number(a, "size", e->size);
	add_text(a, "reason", e->reason);
	add_text(a, "format", e->format);
	add_flags(a, e->flags);
}
