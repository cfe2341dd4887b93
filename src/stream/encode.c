// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "encode.h"

void encoder_reset(struct encoder *e)
{
	e->bytes = 0;
	e->base_ns = 0;
	e->last_ns = 0;
	e->chunk++;
	e->strings.count = 0;
	memset(e->strings.slot, 0, sizeof(e->strings.slot));
	e->stacks.count = 0;
	memset(e->stacks.slot, 0, sizeof(e->stacks.slot));
}

static void append(struct encoder *e, uint32_t type, const void *body, uint32_t bytes)
{
	uint8_t *p = e->raw + e->bytes;

	p = put_varint(p, type);
	p = put_varint(p, bytes);
	memcpy(p, body, bytes);
	e->bytes = p + bytes - e->raw;
}

static uint32_t hash(const void *key, uint32_t bytes)
{
	const uint8_t *p = key;
	uint32_t h = 2166136261u;

	while (bytes--)
		h = (h ^ *p++) * 16777619u;
	return h ^ (h >> 15);
}

/* The number of @key in the chunk's dictionary; the first time it is written to the chunk. */
static uint32_t intern(struct encoder *e, struct dict *d, uint32_t type, const void *key,
		       uint32_t bytes)
{
	uint32_t i = hash(key, bytes) % DICT_SLOTS;
	uint32_t n;

	for (; (n = d->slot[i]); i = (i + 1) % DICT_SLOTS) {
		if (d->entry[n].bytes == bytes && !memcmp(e->raw + d->entry[n].offset, key, bytes))
			return n;
	}
	append(e, type, key, bytes);
	n = ++d->count;
	d->entry[n].offset = e->bytes - bytes;
	d->entry[n].bytes = bytes;
	d->slot[i] = n;
	return n;
}

/* A string that was left NULL is empty. */
static uint32_t intern_string(struct encoder *e, const char *s)
{
	size_t len = s ? strnlen(s, STRING_MAX) : 0;
	char cut[STRING_MAX];

	if (!len)
		return 0;
	if (len < STRING_MAX)
		return intern(e, &e->strings, REC_STRING, s, len + 1);
	memcpy(cut, s, STRING_MAX - 1);
	cut[STRING_MAX - 1] = '\0';
	return intern(e, &e->strings, REC_STRING, cut, STRING_MAX);
}

/* @guess: the number it had last time, which is nearly always the one it has now. */
static uint32_t intern_guess(struct encoder *e, const char *s, uint64_t guess)
{
	if (guess && s && !strcmp((const char *)e->raw + e->strings.entry[guess].offset, s))
		return guess;
	return intern_string(e, s);
}

static uint32_t intern_stack(struct encoder *e, const struct ims_stack *stack)
{
	uint32_t count = stack->count < IMS_STACK_MAX ? stack->count : IMS_STACK_MAX;
	uint8_t body[VARINT_MAX * (IMS_STACK_MAX + 1)];
	uint8_t *p = body;
	uint32_t i;

	if (!count)
		return 0;
	p = put_varint(p, count);
	for (i = 0; i < count; i++)
		p = put_varint(p, intern_string(e, stack->frame[i]));
	return intern(e, &e->stacks, REC_STACK, body, p - body);
}

static uint8_t *put_string(struct encoder *e, uint8_t *p, const char *s)
{
	return put_varint(p, intern_string(e, s));
}

static uint8_t *put_plan(struct encoder *e, uint8_t *p, const struct ims_plan *plan)
{
	p = put_varint(p, plan->hook);
	p = put_string(e, p, plan->function);
	p = put_string(e, p, plan->mechanism);
	p = put_string(e, p, plan->module);
	p = put_string(e, p, plan->state);
	p = put_string(e, p, plan->reason);
	return put_varint(p, plan->hits);
}

static uint64_t *event_last(struct encoder *e, uint32_t state)
{
	uint64_t *last = e->state[state];

	if (e->state_chunk[state] != e->chunk) {
		e->state_chunk[state] = e->chunk;
		memset(last, 0, sizeof(e->state[state]));
	}
	return last;
}

/* Straight into the chunk, once the dictionaries have what it needs. */
static void append_event(struct encoder *e, uint64_t time_delta, const struct ims_event *ev)
{
	uint64_t *last = event_last(e, event_state(ev->hook, ev->cpu));
	uint64_t now[EV_FIELDS] = {
		[EV_DURATION] = ev->duration_ns,
		[EV_IOVA] = ev->iova,
		[EV_SIZE] = ev->size,
		[EV_DOMAIN] = ev->domain,
		[EV_TID] = ev->tid,
		[EV_STACK] = intern_stack(e, &ev->stack),
		[EV_PID] = ev->pid,
		[EV_RESULT] = zigzag((int64_t)ev->result),
		[EV_FLAGS] = ev->flags,
		[EV_GROUP] = ev->group,
		[EV_DOMAIN_TYPE] = ev->domain_type,
		[EV_FUNCTION] = intern_guess(e, ev->function, last[EV_FUNCTION]),
		[EV_COMM] = intern_guess(e, ev->comm, last[EV_COMM]),
		[EV_DEVICE] = intern_guess(e, ev->device, last[EV_DEVICE]),
		[EV_INSTANCE] = intern_guess(e, ev->instance, last[EV_INSTANCE]),
		[EV_DOMAIN_INSTANCE] =
			intern_guess(e, ev->domain_instance, last[EV_DOMAIN_INSTANCE]),
		[EV_REASON] = intern_guess(e, ev->reason, last[EV_REASON]),
		[EV_FORMAT] = intern_guess(e, ev->format, last[EV_FORMAT]),
		[EV_USER_STACK] = intern_stack(e, &ev->user_stack),
	};
	uint8_t *p = e->raw + e->bytes;
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < EV_FIELDS; i++)
		mask |= (uint64_t)(now[i] != last[i]) << i;
	p = put_varint(p, REC_EVENT + (uint64_t)ev->hook);
	p = put_varint(p, ev->cpu);
	p = put_varint(p, time_delta);
	p = put_varint(p, mask);
	for (; mask; mask &= mask - 1) {
		i = __builtin_ctzll(mask);
		p = put_varint(p, i == EV_IOVA ? zigzag(now[i] - last[i]) : now[i]);
		last[i] = now[i];
	}
	e->bytes = p - e->raw;
}

static uint8_t *put_stats(struct encoder *e, uint8_t *p, const struct ims_stats *st)
{
	uint32_t i, used = 0, next = 0;

	p = put_varint(p, st->hook);
	p = put_varint(p, st->domain);
	p = put_varint(p, st->sum_ns);
	p = put_varint(p, st->max_ns);
	p = put_varint(p, st->bytes);
	p = put_varint(p, st->errors);
	p = put_varint(p, st->untimed);
	for (i = 0; i < IMS_HIST_BUCKETS; i++)
		used += !!st->bucket[i];
	p = put_varint(p, used);
	for (i = 0; i < IMS_HIST_BUCKETS; i++) {
		if (!st->bucket[i])
			continue;
		p = put_varint(p, i - next);
		p = put_varint(p, st->bucket[i]);
		next = i + 1;
	}
	return put_string(e, p, st->object);
}

static uint8_t *put_loss(uint8_t *p, const struct ims_loss *loss)
{
	p = put_varint(p, loss->hook);
	p = put_varint(p, loss->cause);
	return put_varint(p, loss->lost);
}

static uint8_t *put_count(uint8_t *p, const struct ims_count *count)
{
	p = put_varint(p, count->hook);
	p = put_varint(p, count->emitted);
	return put_varint(p, count->received);
}

int encoder_put(struct encoder *e, const struct ims_record *rec)
{
	uint8_t body[VARINT_MAX * (16 + 2 * IMS_HIST_BUCKETS)];
	uint64_t time_delta;
	uint8_t *p;

	if (rec->type < IMS_REC_HOST || rec->type >= IMS_REC_MAX)
		return -EINVAL;
	if (!e->bytes)
		e->base_ns = e->last_ns = rec->time_ns;
	time_delta = zigzag(rec->time_ns - e->last_ns);
	e->last_ns = rec->time_ns;
	if (rec->type == IMS_REC_EVENT) {
		append_event(e, time_delta, &rec->event);
		return 0;
	}
	p = put_varint(body, time_delta);
	switch (rec->type) {
	case IMS_REC_HOST:
		p = put_string(e, p, rec->host.key);
		p = put_string(e, p, rec->host.value);
		break;
	case IMS_REC_PLAN:
		p = put_plan(e, p, &rec->plan);
		break;
	case IMS_REC_INSTANCE:
		p = put_string(e, p, rec->instance.name);
		p = put_string(e, p, rec->instance.driver);
		break;
	case IMS_REC_EVENT:
	case IMS_REC_STATS:
		p = put_stats(e, p, &rec->stats);
		break;
	case IMS_REC_LOSS:
		p = put_loss(p, &rec->loss);
		break;
	case IMS_REC_COUNT:
		p = put_count(p, &rec->count);
		break;
	case IMS_REC_END:
		if (rec->end.goes_on)
			p = put_varint(p, 1);
		break;
	case IMS_REC_MAX:
		break;
	}
	append(e, rec->type, body, p - body);
	return 0;
}
