// SPDX-License-Identifier: GPL-2.0-only
/* stats.c - statistics of operations, per object and over all, and what histograms answer. */
#include "internal.h"

static const uint32_t op_hook[MODEL_OPS] = {
	[MODEL_OP_MAP] = IMS_HOOK_MAP,
	[MODEL_OP_UNMAP] = IMS_HOOK_UNMAP,
	[MODEL_OP_IOTLB_SYNC] = IMS_HOOK_IOTLB_SYNC,
	[MODEL_OP_QUEUE_SYNC] = IMS_HOOK_QUEUE_SYNC,
	[MODEL_OP_DMA_MAP] = IMS_HOOK_DMA_MAP,
	[MODEL_OP_DMA_UNMAP] = IMS_HOOK_DMA_UNMAP,
};

uint32_t model_op_hook(enum model_op_kind op)
{
	return op_hook[op];
}

static uint64_t op_timed(const struct model_op *op)
{
	return op->calls - op->untimed;
}

void model_op_read(struct model_op *op, const struct ims_stats *s)
{
	*op = (struct model_op){
		.calls = s->untimed,
		.untimed = s->untimed,
		.errors = s->errors,
		.sum_ns = s->sum_ns,
		.max_ns = s->max_ns,
		.bytes = s->bytes,
	};
	for (int i = 0; i < IMS_HIST_BUCKETS; i++) {
		op->bucket[i] = s->bucket[i];
		op->calls += s->bucket[i];
	}
}

static const struct model_op no_op;

/* The totals lose what the pair had before and gain what it has now. */
static void total_update(struct model_op *total, const struct model_op *old,
			 const struct model_op *now)
{
	total->calls += now->calls - old->calls;
	total->untimed += now->untimed - old->untimed;
	total->errors += now->errors - old->errors;
	total->sum_ns += now->sum_ns - old->sum_ns;
	total->bytes += now->bytes - old->bytes;
	if (now->max_ns > total->max_ns)
		total->max_ns = now->max_ns;
	for (int i = 0; i < IMS_HIST_BUCKETS; i++)
		total->bucket[i] += now->bucket[i] - old->bucket[i];
}

static void judge_errors(struct model *m, const struct ims_stats *s, uint64_t time_ns,
			 uint64_t more)
{
	struct model_verdict v = {
		.kind = MODEL_UNMAP_SHORT,
		.time_ns = time_ns,
		.count = more,
		.domain = s->domain,
		.group = IMS_NO_GROUP,
		.hook = s->hook,
		.device = "",
		.comm = "",
		.function = "",
		.reason = "",
	};
	struct verdict_key key = {
		.kind = v.kind,
		.number = s->hook,
		.domain = s->domain,
	};

	verdict_once(m, &v, key, 0);
}

/* The place of a new operation of an object, or NULL: over the cap, or no memory (then *err). */
static struct model_op *op_get(struct model *m, const struct model_op **place,
			       const struct domain_node *keep, int *err)
{
	if (*place)
		return (struct model_op *)*place;
	while (m->op_count >= m->limits.stats && domain_evict(m, keep))
		;
	if (m->op_count >= m->limits.stats) {
		m->overview.over.stats++;
		return NULL;
	}
	*place = calloc(1, sizeof(**place));
	if (*place)
		m->op_count++;
	else
		*err = -ENOMEM;
	return (struct model_op *)*place;
}

uint32_t ops_free(const struct model_op *op[MODEL_OPS])
{
	uint32_t freed = 0;

	for (int i = 0; i < MODEL_OPS; i++) {
		freed += !!op[i];
		free((void *)op[i]);
		op[i] = NULL;
	}
	return freed;
}

/* Those of instances are few, and no cap of their own. */
static struct model_op *instance_op(struct instance_node *instance, int op, int *err)
{
	const struct model_op **place = &instance->pub.op[op];

	if (!*place)
		*place = calloc(1, sizeof(**place));
	if (!*place)
		*err = -ENOMEM;
	return (struct model_op *)*place;
}

/* An instance sums up what its domains count. */
static int instance_update(const struct model_instance *instance, int op,
			   const struct model_op *old, const struct model_op *now)
{
	struct model_op *sum;
	int err = 0;

	if (!instance)
		return 0;
	sum = instance_op((struct instance_node *)instance, op, &err);
	if (sum)
		total_update(sum, old, now);
	return err;
}

void stats_move(const struct model_domain *d, const struct model_instance *from)
{
	for (int i = 0; i < MODEL_OPS; i++) {
		if (!d->op[i])
			continue;
		instance_update(from, i, d->op[i], &no_op);
		instance_update(d->instance, i, &no_op, d->op[i]);
	}
}

/*
 * Where the statistics of the object that @s is of are, or NULL: over a cap, or no memory (then *err).
 * What got no slot of its own is domain 0: a domain node of its own, so that views see it as one.
 */
static struct model_op *stats_op(struct model *m, const struct ims_stats *s, int op,
				 struct domain_node **domain, int *err)
{
	const char *name = s->object ? s->object : "";
	struct instance_node *instance;
	struct device_node *device;

	*domain = NULL;
	if (*name && op == MODEL_OP_QUEUE_SYNC) {
		instance = instance_get(m, name, err);
		return instance ? instance_op(instance, op, err) : NULL;
	}
	if (*name) {
		device = device_get(m, name, err);
		return device ? op_get(m, &device->pub.op[op], NULL, err) : NULL;
	}
	*domain = s->domain ? domain_get(m, s->domain, err) : &m->rest;
	return *domain ? op_get(m, &(*domain)->pub.op[op], *domain, err) : NULL;
}

int stats_apply(struct model *m, const struct ims_stats *s, uint64_t time_ns)
{
	struct model_op *op, now;
	struct domain_node *d;
	int i, err = 0;

	for (i = 0; i < MODEL_OPS && op_hook[i] != s->hook; i++)
		;
	if (i == MODEL_OPS)
		return 0;
	op = stats_op(m, s, i, &d, &err);
	if (!op)
		return err;
	model_op_read(&now, s);
	if (now.errors > op->errors && (i == MODEL_OP_MAP || i == MODEL_OP_UNMAP))
		judge_errors(m, s, time_ns, now.errors - op->errors);
	total_update(&m->overview.op[i], op, &now);
	if (d)
		err = instance_update(d->pub.instance, i, op, &now);
	*op = now;
	return err;
}

uint64_t model_op_mean(const struct model_op *op)
{
	return op_timed(op) ? op->sum_ns / op_timed(op) : 0;
}

static uint64_t bucket_midpoint(uint32_t i)
{
	uint64_t low = ims_hist_low(i);

	return low + (ims_hist_low(i + 1) - low - 1) / 2;
}

uint64_t model_op_percentile(const struct model_op *op, unsigned int permille)
{
	uint64_t timed = op_timed(op), rank, seen = 0, ns;

	if (!timed)
		return 0;
	/* Nearest rank, without overflow for any count. */
	rank = timed / 1000 * permille + (timed % 1000 * permille + 999) / 1000;
	if (!rank)
		rank = 1;
	for (uint32_t i = 0; i < IMS_HIST_BUCKETS - 1; i++) {
		seen += op->bucket[i];
		if (seen < rank)
			continue;
		ns = bucket_midpoint(i);
		return ns < op->max_ns ? ns : op->max_ns;
	}
	/* The last bucket has no upper bound. */
	return op->max_ns;
}
