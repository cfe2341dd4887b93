// SPDX-License-Identifier: GPL-2.0-only
#include "tools/trigger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "tools/common.h"

/* How many are remembered: more than there are statistics slots. */
#define SLOW_MOST 16384

/* Calls that were too slow, by what was last told of a (domain, object, hook); the newest last. */
struct slow_calls {
	UT_hash_handle hh;
	uint64_t calls, max_ns;
	struct {
		uint64_t domain;
		uint32_t hook;
		char object[IMS_NAME_LEN];
	} key;
};

volatile sig_atomic_t trigger_signalled;

/* A recorder may run for months: when the model is full it begins anew, from the state there is. */
static const struct model_limits limits = {
	.instances = 1 << 13,
	.groups = 1 << 17,
	.devices = 1 << 17,
	.domains = 1 << 17,
	.stats = 1 << 12,
	.verdicts = 1 << 10,
	.tasks = 1 << 12,
	.rows = 1 << 8,
	.facts = 1 << 14,
	.stacks = 1 << 12,
	.string_bytes = 16 << 20,
};

static int parse_slower(struct trigger *t, const char *value)
{
	double usec;

	if (parse_number("--trigger slower=", value, 0.001, &usec))
		return EXIT_USAGE;
	t->slower_ns = (uint64_t)(usec * 1000);
	return 0;
}

int trigger_parse(struct trigger *t, const char *value)
{
	int kind;

	t->any = true;
	if (!strncmp(value, "slower=", 7))
		return parse_slower(t, value + 7);
	if (!strcmp(value, "fault")) {
		t->fault = true;
		return 0;
	}
	if (!strcmp(value, "signal")) {
		t->signal = true;
		return 0;
	}
	kind = model_verdict_kind(value);
	if (kind == MODEL_LEAK) {
		complain("--trigger leak: that is known only when a recording ends");
		return EXIT_USAGE;
	}
	if (kind < 0) {
		complain("--trigger \"%s\" is no verdict, nor fault, slower=USEC or signal", value);
		return EXIT_USAGE;
	}
	t->verdicts |= 1ull << kind;
	return 0;
}

static void on_signal(int sig)
{
	trigger_signalled = 1;
}

int trigger_open(struct trigger *t)
{
	struct sigaction sa = {.sa_handler = on_signal};

	if (t->signal)
		sigaction(SIGUSR1, &sa, NULL);
	if (!t->verdicts)
		return 0;
	t->model = model_new_limited(&limits);
	t->carry = ims_carry_new();
	return t->model && t->carry ? 0 : -ENOMEM;
}

static void forget(struct trigger *t, struct slow_calls *s)
{
	HASH_DEL(t->slow, s);
	free(s);
}

void trigger_close(struct trigger *t)
{
	model_free(t->model);
	ims_carry_free(t->carry);
	while (t->slow)
		forget(t, t->slow);
	t->model = NULL;
	t->carry = NULL;
}

/* Statistics are totals: whether slow calls are among those made since they were last told. */
static bool got_slower(struct trigger *t, const struct ims_stats *stats)
{
	struct slow_calls *old, *s = calloc(1, sizeof(*s));
	bool slower;

	if (!s)
		return false;
	s->key.domain = stats->domain;
	s->key.hook = stats->hook;
	if (stats->object)
		memccpy(s->key.object, stats->object, 0, sizeof(s->key.object));
	s->max_ns = stats->max_ns;
	for (uint32_t i = 0; i < IMS_HIST_BUCKETS; i++)
		if (ims_hist_low(i) >= t->slower_ns)
			s->calls += stats->bucket[i];
	HASH_FIND(hh, t->slow, &s->key, sizeof(s->key), old);
	slower = s->max_ns >= t->slower_ns &&
		 (!old || s->calls > old->calls || s->max_ns > old->max_ns);
	if (old)
		forget(t, old);
	else if (HASH_COUNT(t->slow) >= SLOW_MOST)
		forget(t, t->slow);
	HASH_ADD(hh, t->slow, key, sizeof(s->key), s);
	if (!s->hh.tbl)
		free(s);
	return slower;
}

static bool is_slow(struct trigger *t, const struct ims_record *rec)
{
	if (rec->type == IMS_REC_STATS)
		return got_slower(t, &rec->stats);
	return rec->type == IMS_REC_EVENT && rec->event.duration_ns >= t->slower_ns &&
	       !(rec->event.flags & (IMS_EVENT_EARLIER | IMS_EVENT_UNTIMED));
}

int trigger_see(struct trigger *t, const struct ims_record *rec)
{
	int err;

	if (t->slower_ns && is_slow(t, rec))
		t->fired = "slower";
	if (t->fault && rec->type == IMS_REC_EVENT && rec->event.hook == IMS_HOOK_FAULT)
		t->fired = "fault";
	if (!t->model)
		return 0;
	t->quiet &= rec->type != IMS_REC_EVENT;
	err = model_apply(t->model, rec);
	return err ? err : ims_carry_see(t->carry, rec);
}

static void count(const struct model *m, uint64_t counts[MODEL_VERDICTS])
{
	const struct model_verdict *v = NULL;

	memset(counts, 0, MODEL_VERDICTS * sizeof(*counts));
	while ((v = model_next_verdict(m, v)))
		counts[v->kind] += v->count;
}

static bool is_over(const struct model *m)
{
	const struct model_over *over = &model_overview(m)->over;

	return over->verdicts || over->stats || over->stacks || over->strings || over->tasks ||
	       over->domains || over->forgotten;
}

/* A verdict that finds no room is not seen: there has to be some. */
static bool is_nearly_full(const struct model *m)
{
	uint64_t verdicts = 0;

	for (int kind = 0; kind < MODEL_VERDICTS; kind++)
		verdicts += model_verdict_count(m, kind);
	return verdicts > limits.verdicts / 2;
}

static int to_model(void *arg, const struct ims_record *rec)
{
	return model_apply(arg, rec);
}

/* Without memory the old one goes on. */
static void begin_anew(struct trigger *t)
{
	struct model *m = model_new_limited(&limits);

	if (!m)
		return;
	if (ims_carry_tell(t->carry, 0, to_model, m)) {
		model_free(m);
		return;
	}
	model_free(t->model);
	t->model = m;
	count(m, t->seen);
}

static const char *verdict_fired(struct trigger *t)
{
	const char *fired = NULL;
	uint64_t now[MODEL_VERDICTS];

	count(t->model, now);
	for (int kind = 0; kind < MODEL_VERDICTS; kind++)
		if (t->verdicts & 1ull << kind && now[kind] > t->seen[kind])
			fired = model_verdict_info(kind)->name;
	memcpy(t->seen, now, sizeof(now));
	/* What a new model does not know is which attaches are half-way: a quiet moment is better.
	 */
	if (is_over(t->model) || (t->quiet && is_nearly_full(t->model)))
		begin_anew(t);
	t->quiet = true;
	return fired;
}

const char *trigger_fired(struct trigger *t)
{
	const char *fired = t->fired, *verdict = t->model ? verdict_fired(t) : NULL;

	t->fired = NULL;
	if (trigger_signalled) {
		trigger_signalled = 0;
		fired = "signal";
	}
	return verdict ? verdict : fired;
}
