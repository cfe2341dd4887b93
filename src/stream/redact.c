// SPDX-License-Identifier: GPL-2.0-only
/* redact.c - records to records: what they say about domains stays, whom it happened to goes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <iommuscope/stream.h>

#include "scrub.h"

#define TEXT_MAX  4096
#define HELD_MOST 512 /* lines of the kernel's log that wait for the names of tasks */

struct ims_redact {
	int (*sink)(void *arg, const struct ims_record *rec);
	void *arg;
	struct scrub *scrub;
	bool begun;   /* the first record came */
	bool pending; /* and since the last end another */
	char summary[512];
	/* The strings of one record. */
	char key[TEXT_MAX], value[TEXT_MAX];
	char comm[64], device[TEXT_MAX], instance[TEXT_MAX], domain_instance[TEXT_MAX],
		reason[TEXT_MAX];
	const char *frame[2][IMS_STACK_MAX];
	char frame_text[2][IMS_STACK_MAX][512];
	unsigned int held_count;
	struct {
		char *key, *value;
		uint64_t time_ns;
	} held[HELD_MOST];
};

struct ims_redact *ims_redact_new(int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct ims_redact *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->sink = sink;
	r->arg = arg;
	r->scrub = scrub_new();
	if (r->scrub)
		return r;
	free(r);
	return NULL;
}

static void drop_held(struct ims_redact *r)
{
	while (r->held_count) {
		r->held_count--;
		free(r->held[r->held_count].key);
		free(r->held[r->held_count].value);
	}
}

void ims_redact_free(struct ims_redact *r)
{
	if (!r)
		return;
	drop_held(r);
	scrub_free(r->scrub);
	free(r);
}

static const char *text(struct ims_redact *r, const char *s, char *buf, size_t size)
{
	scrub_text(r->scrub, s ? s : "", buf, size);
	return buf;
}

#define TEXT(r, field, s) text(r, s, (r)->field, sizeof((r)->field))

/* ---- host facts ------------------------------------------------------------------------------ */

static int tell(struct ims_redact *r, uint64_t time_ns, const char *key, const char *value)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = time_ns};

	rec.host = (struct ims_host){key, value};
	return r->sink(r->arg, &rec);
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n >= m && !strcmp(s + n - m, with);
}

/* Numbers that look like addresses: registers of features, clocks, versions. */
static bool is_plain(const char *key)
{
	static const char *const names[] = {".cap", ".ecap", ".features", ".version"};

	if (begins(key, "clock.") || begins(key, "tool.") || !strcmp(key, "kernel.release"))
		return true;
	for (size_t i = 0; begins(key, "instance.") && i < sizeof(names) / sizeof(names[0]); i++)
		if (ends(key, names[i]))
			return true;
	return false;
}

/* Before the names of tasks are known, which it may have: it waits for the end of the stream. What
 * finds no room is left out: it might name somebody. */
static int hold(struct ims_redact *r, uint64_t time_ns, const struct ims_host *host)
{
	unsigned int i = r->held_count;

	if (i == HELD_MOST)
		return 0;
	r->held[i].key = strdup(host->key);
	r->held[i].value = strdup(host->value);
	r->held[i].time_ns = time_ns;
	if (r->held[i].key && r->held[i].value) {
		r->held_count++;
		return 0;
	}
	free(r->held[i].key);
	free(r->held[i].value);
	return -ENOMEM;
}

static int put_host(struct ims_redact *r, uint64_t time_ns, const struct ims_host *host)
{
	const char *key = TEXT(r, key, host->key);

	if (!strcmp(host->key, "redacted"))
		return 0; /* what it said is so again, and told anew */
	if (begins(host->key, "dmesg."))
		return hold(r, time_ns, host);
	if (!strcmp(host->key, "host.name")) {
		scrub_learn_host(r->scrub, host->value);
		return tell(r, time_ns, key, "host-1");
	}
	if (is_plain(host->key))
		return tell(r, time_ns, key, host->value);
	if (!strcmp(host->key, "kernel.cmdline"))
		scrub_cmdline(r->scrub, host->value, r->value, sizeof(r->value));
	else
		TEXT(r, value, host->value);
	return tell(r, time_ns, key, r->value);
}

/* ---- the other records ----------------------------------------------------------------------- */

static void put_frames(struct ims_redact *r, struct ims_stack *stack, int which)
{
	if (stack->count > IMS_STACK_MAX)
		stack->count = IMS_STACK_MAX;
	for (uint32_t i = 0; i < stack->count; i++) {
		char *buf = r->frame_text[which][i];
		size_t size = sizeof(r->frame_text[which][i]);

		/* A frame of the kernel is a symbol, or an address that was in none. */
		if (which)
			scrub_frame(r->scrub, stack->frame[i], buf, size);
		else
			scrub_text(r->scrub, stack->frame[i], buf, size);
		r->frame[which][i] = buf;
	}
	stack->frame = r->frame[which];
}

static void redact_event(struct ims_redact *r, struct ims_event *e)
{
	scrub_task(r->scrub, e->comm ? e->comm : "", r->comm, sizeof(r->comm));
	e->comm = r->comm;
	e->pid = scrub_pid(r->scrub, e->pid);
	e->tid = scrub_pid(r->scrub, e->tid);
	e->device = TEXT(r, device, e->device);
	e->instance = TEXT(r, instance, e->instance);
	e->domain_instance = TEXT(r, domain_instance, e->domain_instance);
	e->reason = TEXT(r, reason, e->reason);
	put_frames(r, &e->stack, 0);
	put_frames(r, &e->user_stack, 1);
}

static int put_begin(struct ims_redact *r, uint64_t time_ns)
{
	size_t len = 0;

	r->begun = true;
	for (int kind = 0; kind < SCRUB_KINDS; kind++)
		len += (size_t)snprintf(r->summary + len, sizeof(r->summary) - len, "%s%s",
					kind ? ", " : "", scrub_what(kind));
	return tell(r, time_ns, "redacted", r->summary);
}

const char *ims_redact_summary(struct ims_redact *r)
{
	size_t len = 0;

	r->summary[0] = 0;
	for (int kind = 0; kind < SCRUB_KINDS; kind++)
		if (scrub_count(r->scrub, kind))
			len += (size_t)snprintf(r->summary + len, sizeof(r->summary) - len,
						"%s%s (%u)", len ? ", " : "", scrub_what(kind),
						scrub_count(r->scrub, kind));
	return *r->summary ? r->summary : "nothing was found to redact";
}

int ims_redact_end(struct ims_redact *r, uint64_t time_ns)
{
	int err = 0;

	if (!r->pending)
		return 0;
	r->pending = false;
	for (unsigned int i = 0; !err && i < r->held_count; i++) {
		scrub_log(r->scrub, r->held[i].value, r->value, sizeof(r->value));
		err = tell(r, r->held[i].time_ns, r->held[i].key, r->value);
	}
	drop_held(r);
	return err ? err : tell(r, time_ns, "redacted", ims_redact_summary(r));
}

int ims_redact_put(struct ims_redact *r, const struct ims_record *rec)
{
	struct ims_record out = *rec;
	int err = r->begun ? 0 : put_begin(r, rec->time_ns);

	if (err)
		return err;
	r->pending = true;
	switch (rec->type) {
	case IMS_REC_HOST:
		return put_host(r, rec->time_ns, &rec->host);
	case IMS_REC_INSTANCE:
		out.instance.name = TEXT(r, instance, rec->instance.name);
		break;
	case IMS_REC_PLAN:
		out.plan.reason = TEXT(r, reason, rec->plan.reason);
		break;
	case IMS_REC_STATS:
		out.stats.object = TEXT(r, device, rec->stats.object);
		break;
	case IMS_REC_EVENT:
		redact_event(r, &out.event);
		break;
	case IMS_REC_END:
		err = ims_redact_end(r, rec->time_ns);
		break;
	default:
		break;
	}
	return err ? err : r->sink(r->arg, &out);
}
