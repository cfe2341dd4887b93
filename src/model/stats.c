// SPDX-License-Identifier: GPL-2.0-only
/* stats.c - map and unmap statistics, per domain and over all, and what histograms answer. */
#include "internal.h"

static uint64_t op_timed(const struct model_op *op)
{
	return op->calls - op->untimed;
}

static void op_from_record(struct model_op *op, const struct ims_stats *s)
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

/* Domain 0 is "all without a slot": a domain node of its own, so that views see it as one. */
static struct domain_node *stats_domain(struct model *m, uint64_t id, int *err)
{
	return id ? domain_get(m, id, err) : &m->rest;
}

int stats_apply(struct model *m, const struct ims_stats *s, uint64_t time_ns)
{
	struct model_op *op, now;
	struct domain_node *d;
	int i, err = 0;

	if (s->hook != IMS_HOOK_MAP && s->hook != IMS_HOOK_UNMAP)
		return 0;
	i = s->hook == IMS_HOOK_MAP ? MODEL_OP_MAP : MODEL_OP_UNMAP;
	d = stats_domain(m, s->domain, &err);
	if (!d)
		return err;
	op = (struct model_op *)d->pub.op[i];
	if (!op) {
		while (m->op_count >= m->limits.stats && domain_evict(m, d))
			;
		if (m->op_count >= m->limits.stats) {
			m->overview.over.stats++;
			return 0;
		}
		op = calloc(1, sizeof(*op));
		if (!op)
			return -ENOMEM;
		m->op_count++;
		d->pub.op[i] = op;
	}
	op_from_record(&now, s);
	if (now.errors > op->errors)
		judge_errors(m, s, time_ns, now.errors - op->errors);
	total_update(&m->overview.op[i], op, &now);
	*op = now;
	return 0;
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
