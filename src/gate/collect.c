// SPDX-License-Identifier: GPL-2.0-only
#include "gate/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* 512 buckets an octave: each within 0.2 %, which is GATE_EXACT_SPREAD. */
#define FINE_BITS 9
#define FINE (1u << FINE_BITS)
#define FINE_BUCKETS ((65 - FINE_BITS) * FINE)

struct op_key {
	uint32_t hook;
	char size[8];
	char instance[IMS_NAME_LEN + 4]; /* the key has no hole; zeros at the end */
};

struct op_count {
	struct op_key key;
	uint64_t count, errors, untimed, sum, max;
	uint64_t *fine;			  /* of single calls: FINE_BUCKETS */
	uint64_t coarse[IMS_HIST_BUCKETS]; /* of totals */
	UT_hash_handle hh;
};

/* Totals as they were told last. */
struct total_key {
	uint64_t domain;
	uint32_t hook, size;
	char object[IMS_NAME_LEN]; /* the key has no hole; zeros at the end */
};

struct total {
	struct total_key key;
	struct ims_stats stats;
	UT_hash_handle hh;
};

struct gate_collect {
	bool single;
	struct model *m;
	struct op_count *ops;
	struct total *totals;
};

/* ---- buckets ---------------------------------------------------------------------------------- */

static uint32_t fine_bucket(uint64_t v)
{
	uint32_t shift;

	if (v < 2 * FINE)
		return (uint32_t)v;
	shift = ims_log2(v) - FINE_BITS;
	return shift * FINE + (uint32_t)(v >> shift);
}

static uint64_t fine_low(uint32_t i)
{
	uint32_t shift = i < 2 * FINE ? 0 : i / FINE - 1;

	return (uint64_t)(i - shift * FINE) << shift;
}

static const char *size_name(enum ims_size size)
{
	static const char *const names[IMS_SIZES] = {"", "4K", "64K", "2M", "1G"};

	return size < IMS_SIZES ? names[size] : "";
}

/* ---- counting --------------------------------------------------------------------------------- */

static struct op_count *op_of(struct gate_collect *c, uint32_t hook, const char *size,
			      const char *instance, bool fine)
{
	struct op_key key = {.hook = hook};
	struct op_count *op;

	snprintf(key.size, sizeof(key.size), "%s", size);
	snprintf(key.instance, sizeof(key.instance), "%s", instance);
	HASH_FIND(hh, c->ops, &key, sizeof(key), op);
	if (!op) {
		op = calloc(1, sizeof(*op));
		if (!op)
			return NULL;
		op->key = key;
		HASH_ADD(hh, c->ops, key, sizeof(key), op);
		if (!op->hh.tbl) {
			free(op);
			return NULL;
		}
	}
	if (fine && !op->fine)
		op->fine = calloc(FINE_BUCKETS, sizeof(*op->fine));
	return fine && !op->fine ? NULL : op;
}

static const char *instance_of_domain(const struct gate_collect *c, uint64_t id)
{
	const struct model_domain *d = id ? model_find_domain(c->m, id) : NULL;

	return d && d->instance ? d->instance->name : "";
}

static const char *instance_of_device(const struct gate_collect *c, const char *name)
{
	const struct model_device *d = model_find_device(c->m, name);

	return d && d->instance ? d->instance->name : "";
}

/* The device's, else the domain's. */
static const char *instance_of_event(const struct gate_collect *c, const struct ims_event *e)
{
	if (*e->instance)
		return e->instance;
	if (*e->domain_instance)
		return e->domain_instance;
	return instance_of_domain(c, e->domain);
}

static bool is_mapping(uint32_t hook)
{
	return hook == IMS_HOOK_MAP || hook == IMS_HOOK_UNMAP;
}

/* Found at start, or carried over from an earlier stream: it did not happen now. */
static bool is_call(const struct ims_event *e)
{
	return !(e->flags & (IMS_EVENT_SNAPSHOT | IMS_EVENT_EARLIER)) &&
	       e->hook != IMS_HOOK_SNAPSHOT && e->hook != IMS_HOOK_FAULT;
}

static int count_event(struct gate_collect *c, const struct ims_event *e)
{
	const char *instance = instance_of_event(c, e);
	struct op_count *op;

	if (!is_call(e))
		return 0;
	op = op_of(c, e->hook, is_mapping(e->hook) ? size_name(ims_size_of(e->size)) : "", instance,
		   true);
	if (!op)
		return -ENOMEM;
	op->count++;
	op->errors += e->result != 0;
	if (e->flags & IMS_EVENT_UNTIMED) {
		op->untimed++;
		return 0;
	}
	op->sum += e->duration_ns;
	op->fine[fine_bucket(e->duration_ns)]++;
	if (e->duration_ns > op->max)
		op->max = e->duration_ns;
	return 0;
}

static struct total *total_of(struct gate_collect *c, const struct ims_stats *s)
{
	struct total_key key = {.domain = s->domain, .hook = s->hook, .size = s->size};
	struct total *t;

	snprintf(key.object, sizeof(key.object), "%s", s->object);
	HASH_FIND(hh, c->totals, &key, sizeof(key), t);
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->key = key;
	HASH_ADD(hh, c->totals, key, sizeof(key), t);
	if (t->hh.tbl)
		return t;
	free(t);
	return NULL;
}

/* A total tells the greatest of all time only: of a repeat it is known by its highest bucket. */
static uint64_t most_of(const struct ims_stats *now, uint32_t bucket)
{
	uint64_t above = bucket + 1 < IMS_HIST_BUCKETS ? ims_hist_low(bucket + 1) - 1 : UINT64_MAX;
	uint64_t most = above < now->max_ns ? above : now->max_ns;

	return most < ims_hist_low(bucket) ? ims_hist_low(bucket) : most;
}

static int count_stats(struct gate_collect *c, const struct ims_stats *now)
{
	const char *instance = now->domain ? instance_of_domain(c, now->domain)
			       : now->hook == IMS_HOOK_QUEUE_SYNC
				       ? now->object
				       : instance_of_device(c, now->object);
	struct total *t = total_of(c, now);
	struct op_count *op;

	if (!t)
		return -ENOMEM;
	op = op_of(c, now->hook, size_name(now->size), instance, false);
	if (!op)
		return -ENOMEM;
	for (uint32_t i = 0; i < IMS_HIST_BUCKETS; i++) {
		uint64_t more = now->bucket[i] - t->stats.bucket[i];

		op->coarse[i] += more;
		op->count += more;
		if (more && most_of(now, i) > op->max)
			op->max = most_of(now, i);
	}
	op->count += now->untimed - t->stats.untimed;
	op->untimed += now->untimed - t->stats.untimed;
	op->errors += now->errors - t->stats.errors;
	op->sum += now->sum_ns - t->stats.sum_ns;
	t->stats = *now;
	return 0;
}

int gate_collect_put(struct gate_collect *c, const struct ims_record *rec)
{
	/* The model knows totals of all sizes only, and asks those of devices for nothing. */
	bool sized = rec->type == IMS_REC_STATS && rec->stats.size;
	int err = sized ? 0 : model_apply(c->m, rec);

	if (!err && rec->type == IMS_REC_EVENT)
		err = count_event(c, &rec->event);
	if (!err && rec->type == IMS_REC_STATS && !(c->single && is_mapping(rec->stats.hook)))
		err = count_stats(c, &rec->stats);
	return err;
}

/* ---- repeats ---------------------------------------------------------------------------------- */

static void forget_ops(struct gate_collect *c)
{
	struct op_count *op, *next;

	HASH_ITER(hh, c->ops, op, next)
	{
		HASH_DEL(c->ops, op);
		free(op->fine);
		free(op);
	}
}

struct gate_collect *gate_collect_new(bool single)
{
	struct gate_collect *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->single = single;
	c->m = model_new();
	if (c->m)
		return c;
	free(c);
	return NULL;
}

void gate_collect_free(struct gate_collect *c)
{
	struct total *t, *next;

	if (!c)
		return;
	forget_ops(c);
	HASH_ITER(hh, c->totals, t, next)
	{
		HASH_DEL(c->totals, t);
		free(t);
	}
	model_free(c->m);
	free(c);
}

void gate_collect_begin(struct gate_collect *c)
{
	forget_ops(c);
}

static void add_bucket(struct gate_op *to, uint64_t low, uint64_t high, uint64_t count)
{
	if (count)
		to->bucket[to->buckets++] = (struct gate_bucket){low, high, count};
}

static size_t filled(const struct op_count *op)
{
	size_t n = 0;

	for (uint32_t i = 0; i < (op->fine ? FINE_BUCKETS : IMS_HIST_BUCKETS); i++)
		n += (op->fine ? op->fine[i] : op->coarse[i]) != 0;
	return n;
}

static int take_op(const struct op_count *from, struct gate_op *to)
{
	*to = (struct gate_op){
		.name = strdup(ims_hook_name(from->key.hook)),
		.size = strdup(from->key.size),
		.instance = strdup(from->key.instance),
		.count = from->count,
		.errors = from->errors,
		.untimed = from->untimed,
		.sum = from->sum,
		.max = from->max,
		.bucket = calloc(filled(from) ?: 1, sizeof(*to->bucket)),
	};
	if (!to->name || !to->size || !to->instance || !to->bucket)
		return -ENOMEM;
	for (uint32_t i = 0; from->fine && i < FINE_BUCKETS; i++)
		add_bucket(to, fine_low(i), fine_low(i + 1), from->fine[i]);
	for (uint32_t i = 0; !from->fine && i < IMS_HIST_BUCKETS; i++)
		add_bucket(to, ims_hist_low(i), ims_hist_low(i + 1), from->coarse[i]);
	return 0;
}

static int compare_ops(const struct op_count *a, const struct op_count *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* What is hooked and was not called happened no times: that is known, too. */
static int add_unseen(struct gate_collect *c)
{
	bool seen[IMS_HOOK_MAX] = {};
	struct op_count *op;

	for (op = c->ops; op; op = op->hh.next)
		seen[op->key.hook] = true;
	for (uint32_t hook = IMS_HOOK_NONE + 1; hook < IMS_HOOK_MAX; hook++)
		if (!seen[hook] && hook != IMS_HOOK_SNAPSHOT && hook != IMS_HOOK_FAULT &&
		    model_hooked(c->m, hook) && !op_of(c, hook, "", "", false))
			return -ENOMEM;
	return 0;
}

int gate_collect_end(struct gate_collect *c, struct gate_run *run, double work, double traced)
{
	struct gate_repeat *more = realloc(run->repeat, (run->repeats + 1) * sizeof(*more)), *r;
	struct op_count *op;
	int err = more ? add_unseen(c) : -ENOMEM;

	if (!more)
		return err;
	run->repeat = more;
	r = &run->repeat[run->repeats++];
	*r = (struct gate_repeat){.work = work, .traced = traced};
	r->op = calloc(HASH_COUNT(c->ops) + 1, sizeof(*r->op));
	if (!r->op || err)
		return -ENOMEM;
	HASH_SORT(c->ops, compare_ops);
	for (op = c->ops; op && !err; op = op->hh.next)
		err = take_op(op, &r->op[r->ops++]);
	return err;
}

/* ---- the whole run ---------------------------------------------------------------------------- */

int gate_run_set_fact(struct gate_run *run, const char *key, const char *value)
{
	struct gate_fact *more = realloc(run->host, (run->hosts + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	run->host = more;
	for (size_t i = 0; i < run->hosts; i++) {
		if (strcmp(run->host[i].key, key))
			continue;
		free(run->host[i].value);
		run->host[i].value = strdup(value);
		return run->host[i].value ? 0 : -ENOMEM;
	}
	more = &run->host[run->hosts++];
	*more = (struct gate_fact){strdup(key), strdup(value)};
	return more->key && more->value ? 0 : -ENOMEM;
}

static int take_facts(const struct model *m, struct gate_run *run)
{
	static const char *const wanted[] = {"kernel.release", "kernel.version", "kernel.arch",
					     "kernel.cmdline"};
	const struct ims_host *fact;
	int err = 0;

	for (size_t i = 0; !err && (fact = model_host(m, i)); i++)
		for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++)
			if (!strcmp(fact->key, wanted[j]))
				err = gate_run_set_fact(run, fact->key, fact->value);
	return err;
}

static int take_loss(const struct model *m, struct gate_run *run)
{
	const struct ims_loss *loss;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	run->lost = model_overview(m)->lost;
	for (size_t i = 0; (loss = model_loss(m, i)); i++)
		if (loss->lost && loss->cause != IMS_LOSS_NO_ENTRY)
			fprintf(out, "%s: %s %" PRIu64 "; ", ims_hook_name(loss->hook),
				ims_loss_cause_name(loss->cause), loss->lost);
	if (!run->lost && model_lossy(m)) {
		run->lost = 1;
		fputs("more objects than can be followed", out);
	}
	if (fclose(out))
		return -ENOMEM;
	free(run->loss);
	run->loss = text;
	return 0;
}

int gate_collect_finish(struct gate_collect *c, struct gate_run *run)
{
	int err;

	model_finish(c->m);
	for (int i = 0; i < MODEL_VERDICTS; i++)
		run->verdict[i] = model_verdict_count(c->m, i);
	err = take_facts(c->m, run);
	return err ? err : take_loss(c->m, run);
}
