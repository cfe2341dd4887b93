// SPDX-License-Identifier: GPL-2.0-only
/* carry.c - the newest record of each key, for a stream that begins in the middle. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include <iommuscope/stream.h>

#define KEY_LEN	    512
#define FREED_SLOTS 4096

/* A stack that events share: most domains are allocated in few places. */
struct shared_stack {
	UT_hash_handle hh; /* by the text */
	uint32_t users;
	const char **frame;
	char text[]; /* of all frames, each with its NUL */
};

/* In the order in which they were last seen: uthash keeps that of insertion. */
struct entry {
	UT_hash_handle hh;
	struct entry *next, **place; /* of the same domain; NULL: of none */
	struct shared_stack *stack, *user_stack;
	char *key;
	/* The record, of which only so much is here as its type has; then its strings. */
	size_t record_bytes;
	_Alignas(struct ims_record) char bytes[];
};

struct domain {
	UT_hash_handle hh;
	uint64_t id;
	struct entry *first;
};

struct ims_carry {
	struct entry *entries;
	struct domain *domains; /* that entries are of */
	struct shared_stack *stacks;
	/* Domains freed lately: the last statistics of one come after its free. */
	uint64_t freed[FREED_SLOTS];
};

struct ims_carry *ims_carry_new(void)
{
	return calloc(1, sizeof(struct ims_carry));
}

static struct ims_record *record(struct entry *e)
{
	return (struct ims_record *)e->bytes;
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static size_t size_of(const char *s)
{
	return s ? strlen(s) + 1 : 1;
}

static size_t text_bytes(const struct ims_stack *stack)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < stack->count; i++)
		bytes += size_of(stack->frame[i]);
	return bytes;
}

/* Behind the text, so that it is the key from its beginning on. */
static const char **frames_behind(struct shared_stack *s, size_t bytes)
{
	char *end = s->text + bytes;

	return (const char **)(end + (-(uintptr_t)end % sizeof(char *)));
}

static struct shared_stack *stack_new(const struct ims_stack *stack, size_t bytes)
{
	struct shared_stack *s = calloc(1, sizeof(*s) + bytes + (stack->count + 1) * sizeof(char *));
	char *to = s ? s->text : NULL;

	if (!s)
		return NULL;
	s->frame = frames_behind(s, bytes);
	for (uint32_t i = 0; i < stack->count; i++) {
		const char *frame = stack->frame[i] ? stack->frame[i] : "";

		s->frame[i] = to;
		to = stpcpy(to, frame) + 1;
	}
	return s;
}

/* Returns 0 with the stack in *@out, NULL for an empty one, or -ENOMEM. */
static int stack_get(struct ims_carry *c, struct ims_stack *stack, struct shared_stack **out)
{
	size_t bytes = text_bytes(stack);
	struct shared_stack *s, *same;

	*out = NULL;
	if (!stack->count)
		return 0;
	s = stack_new(stack, bytes);
	if (!s)
		return -ENOMEM;
	HASH_FIND(hh, c->stacks, s->text, bytes, same);
	if (same) {
		free(s);
		s = same;
	} else {
		HASH_ADD_KEYPTR(hh, c->stacks, s->text, bytes, s);
		if (!s->hh.tbl) {
			free(s);
			return -ENOMEM;
		}
	}
	s->users++;
	stack->frame = s->frame;
	*out = s;
	return 0;
}

static void stack_put(struct ims_carry *c, struct shared_stack *s)
{
	if (!s || --s->users)
		return;
	HASH_DEL(c->stacks, s);
	free(s);
}

/* ---- entries --------------------------------------------------------------------------------- */

static uint64_t domain_of(struct entry *e)
{
	const struct ims_record *rec = record(e);

	return rec->type == IMS_REC_EVENT ? rec->event.domain
	       : rec->type == IMS_REC_STATS ? rec->stats.domain : 0;
}

static void leave_domain(struct ims_carry *c, struct entry *e)
{
	uint64_t id = domain_of(e);
	struct domain *d;

	if (!e->place)
		return;
	*e->place = e->next;
	if (e->next)
		e->next->place = e->place;
	e->place = NULL;
	HASH_FIND(hh, c->domains, &id, sizeof(id), d);
	if (!d || d->first)
		return;
	HASH_DEL(c->domains, d);
	free(d);
}

static int join_domain(struct ims_carry *c, struct entry *e)
{
	uint64_t id = domain_of(e);
	struct domain *d;

	if (!id)
		return 0;
	HASH_FIND(hh, c->domains, &id, sizeof(id), d);
	if (!d) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return -ENOMEM;
		d->id = id;
		HASH_ADD(hh, c->domains, id, sizeof(d->id), d);
		if (!d->hh.tbl) {
			free(d);
			return -ENOMEM;
		}
	}
	e->next = d->first;
	e->place = &d->first;
	if (d->first)
		d->first->place = &e->next;
	d->first = e;
	return 0;
}

static void entry_free(struct ims_carry *c, struct entry *e)
{
	leave_domain(c, e);
	stack_put(c, e->stack);
	stack_put(c, e->user_stack);
	free(e);
}

static void drop(struct ims_carry *c, struct entry *e)
{
	HASH_DEL(c->entries, e);
	entry_free(c, e);
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

static char *copy_string(char *to, const char **place)
{
	size_t size = size_of(*place);

	memcpy(to, *place ? *place : "", size);
	*place = to;
	return to + size;
}

/* Of a record: what its type has of the union. */
static size_t record_bytes(const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_HOST:
		return offsetof(struct ims_record, host) + sizeof(rec->host);
	case IMS_REC_PLAN:
		return offsetof(struct ims_record, plan) + sizeof(rec->plan);
	case IMS_REC_INSTANCE:
		return offsetof(struct ims_record, instance) + sizeof(rec->instance);
	case IMS_REC_EVENT:
		return offsetof(struct ims_record, event) + sizeof(rec->event);
	default:
		return sizeof(*rec);
	}
}

static struct entry *copy(struct ims_carry *c, const struct ims_record *rec, const char *key)
{
	size_t bytes = record_bytes(rec), size = bytes + size_of(key);
	const char **place[8];
	struct entry *e;
	size_t n = strings_of((struct ims_record *)rec, place);
	char *to;

	for (size_t i = 0; i < n; i++)
		size += size_of(*place[i]);
	e = calloc(1, sizeof(*e) + size);
	if (!e)
		return NULL;
	e->record_bytes = bytes;
	memcpy(e->bytes, rec, bytes);
	to = e->bytes + bytes;
	strings_of(record(e), place);
	for (size_t i = 0; i < n; i++)
		to = copy_string(to, place[i]);
	e->key = memcpy(to, key, size_of(key));
	if (rec->type != IMS_REC_EVENT ||
	    (!stack_get(c, &record(e)->event.stack, &e->stack) &&
	     !stack_get(c, &record(e)->event.user_stack, &e->user_stack)))
		return e;
	entry_free(c, e);
	return NULL;
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
	struct entry *e = copy(c, rec, key);

	if (!e)
		return -ENOMEM;
	forget(c, key);
	if (!join_domain(c, e))
		HASH_ADD_KEYPTR(hh, c->entries, e->key, strlen(e->key), e);
	if (e->hh.tbl)
		return 0;
	entry_free(c, e);
	return -ENOMEM;
}

/* What was found at start tells where a device is, also when the domain it was on is gone. */
static void free_domain(struct ims_carry *c, uint64_t domain)
{
	struct domain *d;
	struct entry *e, *next;

	c->freed[domain % FREED_SLOTS] = domain;
	HASH_FIND(hh, c->domains, &domain, sizeof(domain), d);
	for (e = d ? d->first : NULL; e; e = next) {
		struct ims_event *ev = &record(e)->event;

		next = e->next;
		if (record(e)->type != IMS_REC_EVENT || ev->hook != IMS_HOOK_SNAPSHOT) {
			drop(c, e);
			continue;
		}
		leave_domain(c, e);
		ev->domain = 0;
		ev->domain_type = 0;
		ev->flags &= ~(uint32_t)(IMS_EVENT_DEFAULT | IMS_EVENT_CURRENT);
	}
}

static void remove_device(struct ims_carry *c, const char *device)
{
	struct entry *e, *next;

	HASH_ITER (hh, c->entries, e, next)
		if (record(e)->type == IMS_REC_EVENT && !strcmp(record(e)->event.device, device) &&
		    record(e)->event.hook != IMS_HOOK_DOMAIN_ALLOC &&
		    record(e)->event.hook != IMS_HOOK_FINALISE)
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

/* What begins here begins with the clock as it is now. */
static struct ims_record of_now(const struct ims_record *rec, char name[64])
{
	static const char later[] = "clock.later.";
	struct ims_record now = *rec;

	if (strncmp(rec->host.key, later, sizeof(later) - 1))
		return now;
	snprintf(name, 64, "clock.%.57s", rec->host.key + sizeof(later) - 1);
	now.host.key = name;
	return now;
}

int ims_carry_see(struct ims_carry *c, const struct ims_record *rec)
{
	char key[KEY_LEN], name[64];
	struct ims_record now;

	switch (rec->type) {
	case IMS_REC_EVENT:
		return see_event(c, rec);
	case IMS_REC_STATS:
		return see_stats(c, rec);
	case IMS_REC_HOST:
		now = of_now(rec, name);
		snprintf(key, sizeof(key), "h%s", now.host.key);
		return keep(c, key, &now);
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
		for (struct entry *e = c->entries; !err && e; e = e->hh.next) {
			struct ims_record rec;

			if (record(e)->type != type)
				continue;
			memcpy(&rec, record(e), e->record_bytes);
			if (type == IMS_REC_EVENT)
				rec.event.flags |= IMS_EVENT_EARLIER;
			else
				rec.time_ns = time_ns;
			err = sink(arg, &rec);
		}
	}
	return err;
}
