// SPDX-License-Identifier: GPL-2.0-only
/* carry.c - the newest record of each key, for a stream that begins in the middle. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include <iommuscope/stream.h>

#define KEY_LEN	    512
#define FREED_SLOTS 4096

/* In the order in which they were last seen: uthash keeps that of insertion. */
struct entry {
	UT_hash_handle hh;
	struct ims_record rec; /* its strings and stacks follow in @bytes */
	char *key;
	char bytes[];
};

struct ims_carry {
	struct entry *entries;
	/* Domains freed lately: the last statistics of one come after its free. */
	uint64_t freed[FREED_SLOTS];
};

struct ims_carry *ims_carry_new(void)
{
	return calloc(1, sizeof(struct ims_carry));
}

static void drop(struct ims_carry *c, struct entry *e)
{
	HASH_DEL(c->entries, e);
	free(e);
}

void ims_carry_free(struct ims_carry *c)
{
	struct entry *e, *next;

	if (!c)
		return;
	HASH_ITER (hh, c->entries, e, next)
		drop(c, e);
	free(c);
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* The strings of a record that is kept, each by its place. Returns how many. */
static size_t strings_of(struct ims_record *rec, const char **place[8])
{
	size_t n = 0;

	switch (rec->type) {
	case IMS_REC_HOST:
		place[n++] = &rec->host.key;
		place[n++] = &rec->host.value;
		break;
	case IMS_REC_PLAN:
		place[n++] = &rec->plan.function;
		place[n++] = &rec->plan.mechanism;
		place[n++] = &rec->plan.module;
		place[n++] = &rec->plan.state;
		place[n++] = &rec->plan.reason;
		break;
	case IMS_REC_INSTANCE:
		place[n++] = &rec->instance.name;
		place[n++] = &rec->instance.driver;
		break;
	case IMS_REC_STATS:
		place[n++] = &rec->stats.object;
		break;
	case IMS_REC_EVENT:
		place[n++] = &rec->event.function;
		place[n++] = &rec->event.comm;
		place[n++] = &rec->event.device;
		place[n++] = &rec->event.instance;
		place[n++] = &rec->event.domain_instance;
		place[n++] = &rec->event.reason;
		place[n++] = &rec->event.format;
		break;
	default:
		break;
	}
	return n;
}

static size_t size_of(const char *s)
{
	return s ? strlen(s) + 1 : 1;
}

static size_t stack_size(const struct ims_stack *stack)
{
	size_t size = stack->count * sizeof(char *);

	for (uint32_t i = 0; i < stack->count; i++)
		size += size_of(stack->frame[i]);
	return size;
}

static char *copy_string(char *to, const char **place)
{
	size_t size = size_of(*place);

	memcpy(to, *place ? *place : "", size);
	*place = to;
	return to + size;
}

/* The frames' pointers are first, so that they are aligned. */
static char *copy_stack(char *to, struct ims_stack *stack)
{
	const char **frame = (const char **)to;

	if (!stack->count)
		return to;
	memcpy(frame, stack->frame, stack->count * sizeof(*frame));
	to += stack->count * sizeof(*frame);
	for (uint32_t i = 0; i < stack->count; i++)
		to = copy_string(to, &frame[i]);
	stack->frame = frame;
	return to + (-(uintptr_t)to % sizeof(char *));
}

static struct entry *copy(const struct ims_record *rec, const char *key)
{
	struct ims_record r = *rec;
	bool event = r.type == IMS_REC_EVENT;
	const char **place[8];
	size_t n = strings_of(&r, place), size = size_of(key);
	struct entry *e;
	char *to;

	for (size_t i = 0; i < n; i++)
		size += size_of(*place[i]);
	if (event)
		size += stack_size(&r.event.stack) + stack_size(&r.event.user_stack) +
			2 * sizeof(char *);
	e = malloc(sizeof(*e) + size);
	if (!e)
		return NULL;
	to = e->bytes;
	if (event) {
		to = copy_stack(to, &r.event.stack);
		to = copy_stack(to, &r.event.user_stack);
	}
	for (size_t i = 0; i < n; i++)
		to = copy_string(to, place[i]);
	e->key = memcpy(to, key, size_of(key));
	e->rec = r;
	return e;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void forget(struct ims_carry *c, const char *key)
{
	struct entry *e;

	HASH_FIND_STR(c->entries, key, e);
	if (e)
		drop(c, e);
}

static int keep(struct ims_carry *c, const char *key, const struct ims_record *rec)
{
	struct entry *e = copy(rec, key);

	if (!e)
		return -ENOMEM;
	forget(c, key);
	HASH_ADD_KEYPTR(hh, c->entries, e->key, strlen(e->key), e);
	if (e->hh.tbl)
		return 0;
	free(e);
	return -ENOMEM;
}

/* What was found at start tells where a device is, also when the domain it was on is gone. */
static void free_domain(struct ims_carry *c, uint64_t domain)
{
	struct entry *e, *next;

	c->freed[domain % FREED_SLOTS] = domain;
	HASH_ITER (hh, c->entries, e, next) {
		struct ims_event *ev = &e->rec.event;

		if (e->rec.type == IMS_REC_STATS && e->rec.stats.domain == domain) {
			drop(c, e);
		} else if (e->rec.type == IMS_REC_EVENT && ev->domain == domain) {
			if (ev->hook != IMS_HOOK_SNAPSHOT) {
				drop(c, e);
				continue;
			}
			ev->domain = 0;
			ev->domain_type = 0;
			ev->flags &= ~(uint32_t)(IMS_EVENT_DEFAULT | IMS_EVENT_CURRENT);
		}
	}
}

static void remove_device(struct ims_carry *c, const char *device)
{
	struct entry *e, *next;

	HASH_ITER (hh, c->entries, e, next)
		if (e->rec.type == IMS_REC_EVENT && !strcmp(e->rec.event.device, device) &&
		    e->rec.event.hook != IMS_HOOK_DOMAIN_ALLOC &&
		    e->rec.event.hook != IMS_HOOK_FINALISE)
			drop(c, e);
}

/* Of a lifecycle event that left something behind; "" of any other. */
static void event_key(const struct ims_event *e, char *key)
{
	uint32_t place = e->flags & (IMS_EVENT_DEFAULT | IMS_EVENT_CURRENT);

	key[0] = 0;
	switch (e->hook) {
	case IMS_HOOK_DOMAIN_ALLOC:
	case IMS_HOOK_FINALISE:
		snprintf(key, KEY_LEN, "e%u|%" PRIu64, e->hook, e->domain);
		break;
	case IMS_HOOK_ATTACH:
	case IMS_HOOK_DEVICE_ADD:
	case IMS_HOOK_PROBE:
		snprintf(key, KEY_LEN, "e%u|%s", e->hook, e->device);
		break;
	case IMS_HOOK_ATTACH_GROUP:
	case IMS_HOOK_DETACH_GROUP:
		snprintf(key, KEY_LEN, "e%u|%u", IMS_HOOK_ATTACH_GROUP, e->group);
		break;
	case IMS_HOOK_ATTACH_PASID:
		snprintf(key, KEY_LEN, "e%u|%s|%" PRIu64, e->hook, e->device, e->domain);
		break;
	case IMS_HOOK_SNAPSHOT:
		snprintf(key, KEY_LEN, "e%u|%s|%u", e->hook, e->device, place);
		break;
	default:
		break;
	}
}

static int see_event(struct ims_carry *c, const struct ims_record *rec)
{
	struct ims_event e = rec->event;
	char key[KEY_LEN];

	if (e.result)
		return 0;
	if (e.hook == IMS_HOOK_DOMAIN_FREE) {
		free_domain(c, e.domain);
		return 0;
	}
	if (e.hook == IMS_HOOK_DEVICE_REMOVE) {
		remove_device(c, e.device);
		return 0;
	}
	if (e.hook == IMS_HOOK_DETACH_PASID) {
		e.hook = IMS_HOOK_ATTACH_PASID;
		event_key(&e, key);
		forget(c, key);
		return 0;
	}
	event_key(&e, key);
	return key[0] ? keep(c, key, rec) : 0;
}

static int see_stats(struct ims_carry *c, const struct ims_record *rec)
{
	const struct ims_stats *s = &rec->stats;
	char key[KEY_LEN];

	if (s->domain && c->freed[s->domain % FREED_SLOTS] == s->domain)
		return 0;
	snprintf(key, sizeof(key), "s%u|%" PRIu64 "|%s", s->hook, s->domain,
		 s->object ? s->object : "");
	return keep(c, key, rec);
}

int ims_carry_see(struct ims_carry *c, const struct ims_record *rec)
{
	char key[KEY_LEN];

	switch (rec->type) {
	case IMS_REC_EVENT:
		return see_event(c, rec);
	case IMS_REC_STATS:
		return see_stats(c, rec);
	case IMS_REC_HOST:
		snprintf(key, sizeof(key), "h%s", rec->host.key);
		break;
	case IMS_REC_PLAN:
		snprintf(key, sizeof(key), "p%u|%s|%s", rec->plan.hook, rec->plan.function,
			 rec->plan.module);
		break;
	case IMS_REC_INSTANCE:
		snprintf(key, sizeof(key), "i%s", rec->instance.name);
		break;
	case IMS_REC_LOSS:
		snprintf(key, sizeof(key), "l%u|%u", rec->loss.hook, rec->loss.cause);
		break;
	case IMS_REC_COUNT:
		snprintf(key, sizeof(key), "c%u", rec->count.hook);
		break;
	default:
		return 0;
	}
	return keep(c, key, rec);
}

int ims_carry_tell(const struct ims_carry *c, uint64_t time_ns,
		   int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	int err = 0;

	for (enum ims_record_type type = IMS_REC_HOST; type < IMS_REC_MAX; type++) {
		for (const struct entry *e = c->entries; !err && e; e = e->hh.next) {
			struct ims_record rec = e->rec;

			if (rec.type != type)
				continue;
			if (type == IMS_REC_EVENT)
				rec.event.flags |= IMS_EVENT_EARLIER;
			else
				rec.time_ns = time_ns;
			err = sink(arg, &rec);
		}
	}
	return err;
}
