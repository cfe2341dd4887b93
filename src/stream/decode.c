// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "decode.h"

struct cursor {
	const uint8_t *pos;
	const uint8_t *end;
	bool bad; /* a varint that does not end, or a number that names nothing */
};

static uint64_t take_long(struct cursor *c)
{
	uint64_t v = 0;
	uint32_t shift;

	for (shift = 0; shift < 7 * VARINT_MAX && c->pos < c->end; shift += 7) {
		v |= (uint64_t)(*c->pos & 0x7f) << shift;
		if (!(*c->pos++ & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

/* A field that is not there is one the writer did not know: 0. */
static inline uint64_t take(struct cursor *c)
{
	if (__builtin_expect(c->pos >= c->end, 0))
		return 0;
	if (*c->pos < 0x80)
		return *c->pos++;
	return take_long(c);
}

static inline const char *take_string(struct cursor *c, const struct decoder *d)
{
	uint64_t n = take(c);

	if (n >= d->strings) {
		c->bad = true;
		return "";
	}
	return d->string[n];
}

static inline struct ims_stack take_stack(struct cursor *c, const struct decoder *d)
{
	uint64_t n = take(c);

	if (n >= d->stacks) {
		c->bad = true;
		n = 0;
	}
	return d->stack[n];
}

void decoder_reset(struct decoder *d, uint32_t bytes, uint64_t base_ns)
{
	d->pos = d->raw;
	d->end = d->raw + bytes;
	d->time_ns = base_ns;
	d->string[0] = "";
	d->strings = 1;
	d->stack[0] = (struct ims_stack){};
	d->stacks = 1;
	d->frames = 0;
	d->chunk++;
}

static bool define_string(struct decoder *d, struct cursor *c)
{
	size_t bytes = c->end - c->pos;

	if (d->strings == CHUNK_STRINGS || !bytes || bytes > STRING_MAX || c->end[-1])
		return false;
	d->string[d->strings++] = (const char *)c->pos;
	return true;
}

static bool define_stack(struct decoder *d, struct cursor *c)
{
	uint64_t count = take(c);
	uint64_t i;

	if (d->stacks == CHUNK_STACKS || count > IMS_STACK_MAX || count > CHUNK_FRAMES - d->frames)
		return false;
	d->stack[d->stacks++] = (struct ims_stack){count, d->frame + d->frames};
	for (i = 0; i < count; i++)
		d->frame[d->frames++] = take_string(c, d);
	return !c->bad;
}

/* The fields' order is the bits'. Bits that are not known here have a varint all the same. */
static void take_event(struct cursor *c, const struct decoder *d, struct ims_event *ev)
{
	uint64_t mask;

	for (mask = take(c); mask; mask &= mask - 1) {
		switch (__builtin_ctzll(mask)) {
		case EV_DURATION:
			ev->duration_ns = take(c);
			break;
		case EV_IOVA:
			ev->iova += unzigzag(take(c));
			break;
		case EV_SIZE:
			ev->size = take(c);
			break;
		case EV_DOMAIN:
			ev->domain = take(c);
			break;
		case EV_TID:
			ev->tid = take(c);
			break;
		case EV_STACK:
			ev->stack = take_stack(c, d);
			break;
		case EV_PID:
			ev->pid = take(c);
			break;
		case EV_RESULT:
			ev->result = unzigzag(take(c));
			break;
		case EV_FLAGS:
			ev->flags = take(c);
			break;
		case EV_GROUP:
			ev->group = take(c);
			break;
		case EV_DOMAIN_TYPE:
			ev->domain_type = take(c);
			break;
		case EV_FUNCTION:
			ev->function = take_string(c, d);
			break;
		case EV_COMM:
			ev->comm = take_string(c, d);
			break;
		case EV_DEVICE:
			ev->device = take_string(c, d);
			break;
		case EV_INSTANCE:
			ev->instance = take_string(c, d);
			break;
		case EV_DOMAIN_INSTANCE:
			ev->domain_instance = take_string(c, d);
			break;
		case EV_REASON:
			ev->reason = take_string(c, d);
			break;
		case EV_FORMAT:
			ev->format = take_string(c, d);
			break;
		case EV_USER_STACK:
			ev->user_stack = take_stack(c, d);
			break;
		default:
			take(c);
		}
	}
}

static inline struct ims_event *event_last(struct decoder *d, uint32_t state)
{
	struct ims_event *ev = &d->state[state];

	if (d->state_chunk[state] != d->chunk) {
		d->state_chunk[state] = d->chunk;
		*ev = (struct ims_event){
			.function = "",
			.comm = "",
			.device = "",
			.instance = "",
			.domain_instance = "",
			.reason = "",
			.format = "",
		};
	}
	return ev;
}

static int decode_event(struct cursor *c, struct decoder *d, uint64_t hook, struct ims_record *rec)
{
	uint32_t cpu = take(c);
	struct ims_event *ev = event_last(d, event_state(hook, cpu));

	d->time_ns += unzigzag(take(c));
	ev->hook = hook;
	ev->cpu = cpu;
	take_event(c, d, ev);
	if (c->bad)
		return -EBADMSG;
	d->pos = c->pos;
	rec->type = IMS_REC_EVENT;
	rec->time_ns = d->time_ns;
	rec->event = *ev;
	return 1;
}

static void decode_stats(struct cursor *c, const struct decoder *d, struct ims_stats *st)
{
	uint64_t i = 0, used;

	memset(st, 0, sizeof(*st));
	st->object = "";
	st->hook = take(c);
	st->domain = take(c);
	st->sum_ns = take(c);
	st->max_ns = take(c);
	st->bytes = take(c);
	st->errors = take(c);
	st->untimed = take(c);
	for (used = take(c); used && c->pos < c->end; used--, i++) {
		i += take(c);
		if (i >= IMS_HIST_BUCKETS) {
			c->bad = true;
			return;
		}
		st->bucket[i] = take(c);
	}
	st->object = take_string(c, d);
}

static void decode_plan(struct cursor *c, const struct decoder *d, struct ims_plan *plan)
{
	plan->hook = take(c);
	plan->function = take_string(c, d);
	plan->mechanism = take_string(c, d);
	plan->module = take_string(c, d);
	plan->state = take_string(c, d);
	plan->reason = take_string(c, d);
	plan->hits = take(c);
}

/* Returns false for a type that is not known. */
static bool decode_body(struct cursor *c, struct decoder *d, struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_HOST:
		rec->host.key = take_string(c, d);
		rec->host.value = take_string(c, d);
		return true;
	case IMS_REC_PLAN:
		decode_plan(c, d, &rec->plan);
		return true;
	case IMS_REC_INSTANCE:
		rec->instance.name = take_string(c, d);
		rec->instance.driver = take_string(c, d);
		return true;
	case IMS_REC_STATS:
		decode_stats(c, d, &rec->stats);
		return true;
	case IMS_REC_LOSS:
		rec->loss.hook = take(c);
		rec->loss.cause = take(c);
		rec->loss.lost = take(c);
		return true;
	case IMS_REC_COUNT:
		rec->count.hook = take(c);
		rec->count.emitted = take(c);
		rec->count.received = take(c);
		return true;
	case IMS_REC_END:
		rec->end.goes_on = take(c);
		return true;
	default:
		return false;
	}
}

static bool define(struct decoder *d, struct cursor *c, uint64_t type)
{
	if (type == REC_STRING)
		return define_string(d, c);
	if (type == REC_STACK)
		return define_stack(d, c);
	d->unknown_records++;
	return true;
}

int decoder_next(struct decoder *d, struct ims_record *rec)
{
	while (d->pos < d->end) {
		struct cursor c = {d->pos, d->end, false};
		uint64_t type = take(&c);
		uint64_t bytes;

		if (type >= REC_EVENT)
			return decode_event(&c, d, type - REC_EVENT, rec);
		bytes = take(&c);
		if (c.bad || bytes > (uint64_t)(c.end - c.pos))
			return -EBADMSG;
		c.end = c.pos + bytes;
		d->pos = c.end;
		if (type < IMS_REC_HOST) {
			if (!define(d, &c, type))
				return -EBADMSG;
			continue;
		}
		d->time_ns += unzigzag(take(&c));
		rec->time_ns = d->time_ns;
		rec->type = type < IMS_REC_MAX ? type : 0;
		if (decode_body(&c, d, rec))
			return c.bad ? -EBADMSG : 1;
		d->unknown_records++;
	}
	return 0;
}
