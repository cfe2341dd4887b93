// SPDX-License-Identifier: GPL-2.0-only
/* verdict.c - the verdicts there are, and the list of those given. */
#include "internal.h"

#define VERDICT(kind, name, severity, text) [kind] = {name, severity, text}

static const struct model_verdict_info infos[MODEL_VERDICTS] = {
	VERDICT(MODEL_ACCEPTED_MISMATCH, "accepted-mismatch", MODEL_CRITICAL,
		"a domain bound to one instance was accepted for a device behind another"),
	VERDICT(MODEL_HARD_MISMATCH, "hard-mismatch", MODEL_ERROR,
		"a domain of another instance was refused, and the caller's operation failed with "
		"it"),
	VERDICT(MODEL_SOFT_MISMATCH, "soft-mismatch", MODEL_NOTICE,
		"a domain of another instance was refused, and the caller took another domain"),
	VERDICT(MODEL_ATTACH_FAILED, "attach-failed", MODEL_ERROR,
		"an attach failed although the instances do not disagree"),
	VERDICT(MODEL_PROBE_LOST, "probe-lost", MODEL_ERROR,
		"a device lost its probe: its default domain could not be attached"),
	VERDICT(MODEL_FAULT, "fault", MODEL_ERROR,
		"a device did DMA that its IOMMU refused (an I/O page fault)"),
	VERDICT(MODEL_PASID_FORMAT, "pasid-format", MODEL_WARNING,
		"a PASID attach failed: the group or the format of its domain does not allow it"),
	VERDICT(MODEL_LEAK, "leak", MODEL_WARNING,
		"a domain was kept with no device attached to it"),
	VERDICT(MODEL_UNMAP_SHORT, "unmap-short", MODEL_ERROR,
		"less was unmapped than asked, or a map failed"),
	VERDICT(MODEL_BLIND_ALLOC, "blind-alloc", MODEL_WARNING,
		"a domain was allocated with no device: its instance is left to chance or to "
		"attach"),
	VERDICT(MODEL_PROXY_ALLOC, "proxy-alloc", MODEL_INFO,
		"a domain was allocated for one device and first attached to another"),
	VERDICT(MODEL_MIXED_GROUP, "mixed-group", MODEL_WARNING,
		"one group has devices behind different instances"),
	VERDICT(MODEL_LATE_FINALISE, "late-finalise", MODEL_INFO,
		"a domain was bound to an instance only at its first attach"),
	VERDICT(MODEL_SHARED, "shared", MODEL_INFO,
		"a domain spans instances, as its driver allows"),
	VERDICT(MODEL_UNKNOWN, "unknown", MODEL_UNDECIDED,
		"evidence is missing, and nothing is guessed"),
};

const struct model_verdict_info *model_verdict_info(enum model_verdict_kind kind)
{
	return kind < MODEL_VERDICTS ? &infos[kind] : &infos[MODEL_UNKNOWN];
}

int model_verdict_kind(const char *name)
{
	for (int kind = 0; kind < MODEL_VERDICTS; kind++)
		if (!strcmp(infos[kind].name, name))
			return kind;
	return -ENOENT;
}

const char *model_severity_name(enum model_severity severity)
{
	static const char *const name[] = {
		[MODEL_INFO] = "info",		 [MODEL_NOTICE] = "notice",
		[MODEL_UNDECIDED] = "undecided", [MODEL_WARNING] = "warning",
		[MODEL_ERROR] = "error",	 [MODEL_CRITICAL] = "critical",
	};

	return severity <= MODEL_CRITICAL ? name[severity] : "?";
}

/* A snapshot in place that found no group is "silent". Streams made before it had a row have none. */
static bool snapshot_found_nothing(const struct model *m)
{
	const struct ims_plan *row;
	bool seen = false;

	for (size_t i = 0; (row = model_plan(m, i)); i++) {
		if (row->hook != IMS_HOOK_SNAPSHOT)
			continue;
		if (!strcmp(row->state, "attached"))
			return false;
		seen = true;
	}
	return seen;
}

uint32_t model_missing_hook(const struct model *m, enum model_verdict_kind kind)
{
	static const uint32_t all[] = {IMS_HOOK_ATTACH, IMS_HOOK_DOMAIN_ALLOC};
	/* What else events of one kind take; IMS_HOOK_NONE is 0. */
	static const uint32_t more[MODEL_VERDICTS][2] = {
		[MODEL_PROBE_LOST] = {IMS_HOOK_PROBE},
		[MODEL_FAULT] = {IMS_HOOK_FAULT},
		[MODEL_PASID_FORMAT] = {IMS_HOOK_ATTACH_PASID},
		[MODEL_LEAK] = {IMS_HOOK_DOMAIN_FREE},
		[MODEL_UNMAP_SHORT] = {IMS_HOOK_UNMAP, IMS_HOOK_MAP},
		[MODEL_MIXED_GROUP] = {IMS_HOOK_DEVICE_ADD},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!model_hooked(m, all[i]))
			return all[i];
	for (size_t i = 0; kind < MODEL_VERDICTS && i < 2 && more[kind][i]; i++)
		if (!model_hooked(m, more[kind][i]))
			return more[kind][i];
	if (kind == MODEL_FAULT && !faults_hooked(m))
		return IMS_HOOK_FAULT;
	return snapshot_found_nothing(m) ? IMS_HOOK_SNAPSHOT : IMS_HOOK_NONE;
}

static void pin(struct model *m, uint64_t domain)
{
	struct domain_node *d = domain_find(m, domain);

	if (d)
		d->pinned = true;
}

/* Whether what happened from @since_ns on may be incomplete. */
static const char *degraded(const struct model *m, uint64_t since_ns)
{
	return since_ns && since_ns <= m->loss_ns ? m->loss_reason : "";
}

static struct verdict_node *verdict_new(struct model *m, const struct model_verdict *v,
					uint64_t since_ns)
{
	struct verdict_node *node;

	node = m->verdict_count < m->limits.verdicts ? calloc(1, sizeof(*node)) : NULL;
	if (!node) {
		m->overview.over.verdicts++;
		return NULL;
	}
	node->pub = *v;
	node->pub.last_ns = v->time_ns;
	node->pub.degraded = degraded(m, since_ns);
	if (node->pub.severity < infos[v->kind].severity)
		node->pub.severity = infos[v->kind].severity;
	node->since_ns = since_ns;
	if (m->last_verdict)
		m->last_verdict->next = node;
	else
		m->verdicts = node;
	m->last_verdict = node;
	if (!m->first_sound)
		m->first_sound = node;
	m->verdict_count++;
	m->verdict_kinds[v->kind]++;
	pin(m, v->domain);
	pin(m, v->retry_domain);
	if (v->fault)
		pin(m, v->fault->left_domain);
	return node;
}

struct model_verdict *verdict_add(struct model *m, const struct model_verdict *v, uint64_t since_ns)
{
	struct verdict_node *node = verdict_new(m, v, since_ns);

	return node ? &node->pub : NULL;
}

struct model_verdict *verdict_known(struct model *m, struct verdict_key key)
{
	struct verdict_node *node;

	HASH_FIND(hh, m->once, &key, sizeof(key), node);
	return node ? &node->pub : NULL;
}

struct model_verdict *verdict_once(struct model *m, const struct model_verdict *v,
				   struct verdict_key key, uint64_t since_ns)
{
	struct model_verdict *told = verdict_known(m, key);
	struct verdict_node *node;

	if (told) {
		told->count += v->count;
		told->last_ns = v->time_ns;
		return told;
	}
	node = verdict_new(m, v, since_ns);
	if (!node)
		return NULL;
	node->key = key;
	/* Without memory for the table it is told again next time: not lost. */
	HASH_ADD(hh, m->once, key, sizeof(key), node);
	return &node->pub;
}

void verdict_set_retry(struct model *m, struct model_verdict *v, uint64_t domain, uint64_t time_ns)
{
	v->retry_domain = domain;
	v->retry_ns = time_ns;
	pin(m, domain);
}

const struct model_verdict *model_next_verdict(const struct model *m,
					       const struct model_verdict *prev)
{
	const struct verdict_node *node = (const struct verdict_node *)prev;

	node = node ? node->next : m->verdicts;
	return node ? &node->pub : NULL;
}

uint64_t model_verdict_count(const struct model *m, enum model_verdict_kind kind)
{
	return kind < MODEL_VERDICTS ? m->verdict_kinds[kind] : 0;
}

void verdicts_free(struct model *m)
{
	struct verdict_node *node, *next;

	HASH_CLEAR(hh, m->once);
	for (node = m->verdicts; node; node = next) {
		next = node->next;
		free((void *)node->pub.fault);
		free(node);
	}
}
