// SPDX-License-Identifier: GPL-2.0-only
/* model.c - the model's life, its records, and its iterators. */
#include "internal.h"

const struct model_limits model_limits_default = {
	.instances = 1 << 13,
	.groups = 1 << 17,
	.devices = 1 << 17,
	.domains = 1 << 20,
	.stats = 1 << 18,
	.verdicts = 1 << 16,
	.tasks = 1 << 12,
	.rows = 1 << 8,
	.facts = 1 << 14,
	.stacks = 1 << 16,
	.mappings = 1 << 20,
	.string_bytes = 64 << 20,
};

struct model *model_new_limited(const struct model_limits *limits)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->limits = *limits;
	m->loss_reason = "";
	m->rest.pub.comm = m->rest.pub.alloc_device = m->rest.pub.alloc_instance = "";
	m->rest.pub.chosen_device = m->rest.pub.format = "";
	return m;
}

struct model *model_new(void)
{
	return model_new_limited(&model_limits_default);
}

void model_free(struct model *m)
{
	if (!m)
		return;
	attempts_free(m);
	verdicts_free(m);
	faults_free(m);
	objects_free(m);
	ops_free(m->rest.pub.op);
	intern_free(m);
	facts_free(m);
	free(m->plan);
	free(m->loss);
	free(m);
}

static int instance_apply(struct model *m, const struct ims_instance *i)
{
	struct instance_node *node;
	int err = 0;

	node = instance_get(m, i->name, &err);
	if (!node || !*i->driver)
		return err;
	node->pub.driver = intern(m, i->driver);
	rule_find(m, &node->pub);
	return 0;
}

static void see_time(struct model *m, uint64_t time_ns)
{
	struct model_overview *o = &m->overview;

	if (!time_ns)
		return;
	if (!o->first_ns || time_ns < o->first_ns)
		o->first_ns = time_ns;
	if (time_ns > o->last_ns)
		o->last_ns = time_ns;
}

int model_apply(struct model *m, const struct ims_record *rec)
{
	m->overview.records++;
	switch (rec->type) {
	case IMS_REC_HOST:
		return host_apply(m, &rec->host);
	case IMS_REC_PLAN:
		return plan_apply(m, &rec->plan);
	case IMS_REC_INSTANCE:
		return instance_apply(m, &rec->instance);
	case IMS_REC_EVENT:
		if (!(rec->event.flags & IMS_EVENT_EARLIER))
			see_time(m, rec->time_ns);
		else if (rec->time_ns <= m->overview.last_ns)
			return 0; /* it was read when it happened: files of a series, joined */
		return event_apply(m, &rec->event, rec->time_ns);
	case IMS_REC_STATS:
		see_time(m, rec->time_ns);
		return stats_apply(m, &rec->stats, rec->time_ns);
	case IMS_REC_LOSS:
		return loss_apply(m, &rec->loss, rec->time_ns);
	case IMS_REC_COUNT:
		return loss_count(m, &rec->count);
	case IMS_REC_END:
		m->overview.ended = true;
		m->goes_on = rec->end.goes_on;
		see_time(m, rec->time_ns);
		return 0;
	case IMS_REC_MAX:
		break;
	}
	m->overview.unknown_records++;
	return 0;
}

void model_finish(struct model *m)
{
	if (m->overview.ended && !m->goes_on)
		loss_balance(m);
	attempts_give_up(m, "");
	if (!m->overview.finished)
		leaks_find(m);
	m->overview.finished = true;
}

const struct model_instance *model_next_instance(const struct model *m,
						 const struct model_instance *prev)
{
	const struct instance_node *node = (const struct instance_node *)prev;

	return (const struct model_instance *)(node ? node->hh.next : m->instances);
}

const struct model_group *model_next_group(const struct model *m, const struct model_group *prev)
{
	const struct group_node *node = (const struct group_node *)prev;

	return (const struct model_group *)(node ? node->hh.next : m->groups);
}

const struct model_device *model_next_device(const struct model *m, const struct model_device *prev)
{
	const struct device_node *node = (const struct device_node *)prev;

	return (const struct model_device *)(node ? node->hh.next : m->devices);
}

const struct model_domain *model_next_domain(const struct model *m, const struct model_domain *prev)
{
	const struct domain_node *node = (const struct domain_node *)prev;

	return (const struct model_domain *)(node ? node->hh.next : m->domains);
}

const struct model_instance *model_find_instance(const struct model *m, const char *name)
{
	struct instance_node *node;

	HASH_FIND_STR(m->instances, name, node);
	return (const struct model_instance *)node;
}

const struct model_group *model_find_group(const struct model *m, uint32_t id)
{
	return (const struct model_group *)group_find(m, id);
}

const struct model_device *model_find_device(const struct model *m, const char *name)
{
	return (const struct model_device *)device_find(m, name);
}

const struct model_domain *model_find_domain(const struct model *m, uint64_t id)
{
	return (const struct model_domain *)(id ? domain_find(m, id) : &m->rest);
}

const char *model_domain_type(const struct model_domain *d)
{
	return d->type_known ? ims_domain_type_name(d->type) : "?";
}

const char *model_evidence_name(enum model_evidence evidence)
{
	static const char *const name[] = {
		[MODEL_EVIDENCE_NONE] = "none",
		[MODEL_EVIDENCE_SNAPSHOT] = "snapshot",
		[MODEL_EVIDENCE_FIRST_ATTACH] = "first-attach",
		[MODEL_EVIDENCE_ALLOC_DEVICE] = "alloc-device",
		[MODEL_EVIDENCE_DRIVER] = "driver",
	};

	return evidence <= MODEL_EVIDENCE_DRIVER ? name[evidence] : "?";
}

const struct model_overview *model_overview(const struct model *m)
{
	return &m->overview;
}

const struct ims_host *model_host(const struct model *m, size_t i)
{
	return i < m->host_count ? &m->host[i]->pub : NULL;
}

const struct ims_plan *model_plan(const struct model *m, size_t i)
{
	return i < m->plan_count ? &m->plan[i] : NULL;
}

const struct ims_loss *model_loss(const struct model *m, size_t i)
{
	return i < m->loss_count ? &m->loss[i] : NULL;
}

const struct ims_count *model_count(const struct model *m, uint32_t hook)
{
	return &m->count[hook < IMS_HOOK_MAX ? hook : 0];
}

const char *model_filter(const struct model *m)
{
	for (size_t i = 0; i < m->host_count; i++)
		if (!strcmp(m->host[i]->pub.key, "record.filter"))
			return m->host[i]->pub.value;
	return "";
}
