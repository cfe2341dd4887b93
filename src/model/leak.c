// SPDX-License-Identifier: GPL-2.0-only
/* leak.c - domains that their owner kept with no device attached. */
#include "internal.h"

/* Default domains wait for their group to come back, and so does the domain that kernels without
 * a blocked one put in its place. */
static void mark_held(struct model *m)
{
	for (struct domain_node *d = m->domains; d; d = d->hh.next)
		d->held = false;
	for (const struct group_node *g = m->groups; g; g = g->hh.next) {
		const uint64_t ids[] = {g->pub.domain, g->pub.default_domain, g->core_domain};

		for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
			struct domain_node *d = domain_find(m, ids[i]);

			if (d)
				d->held = true;
		}
	}
}

static bool owned_by_core(const struct domain_node *d)
{
	if ((d->pub.type & IMS_DOMAIN_DMA_API) || attach_is_global(d->pub.type))
		return true;
	/* The core attached it for itself: what stands in for a blocked domain, while its group
	 * is on another one. */
	return d->attached && !d->called;
}

/* What is known of a stream that begins in the middle is no longer than it: a detach before may not be told. */
static uint64_t idle_since(const struct model *m, const struct domain_node *d)
{
	return d->idle_ns > m->overview.first_ns ? d->idle_ns : m->overview.first_ns;
}

static bool is_idle(const struct model *m, const struct domain_node *d, uint64_t now_ns, uint64_t least_ns)
{
	uint64_t since = idle_since(m, d);

	if (!d->pub.alloc_seen || d->pub.freed || owned_by_core(d))
		return false;
	if (d->pub.device_count || d->held || d->untracked || d->pasids)
		return false;
	return d->idle_ns && now_ns > since && now_ns - since >= least_ns;
}

uint64_t model_idle(struct model *m, uint64_t now_ns)
{
	uint64_t count = 0;

	mark_held(m);
	for (const struct domain_node *d = m->domains; d; d = d->hh.next)
		count += is_idle(m, d, now_ns, MODEL_LEAK_NS);
	return count;
}

static void tell(struct model *m, struct domain_node *d)
{
	struct model_verdict v = {
		.kind = MODEL_LEAK,
		.time_ns = d->idle_ns,
		.count = 1,
		.domain = d->pub.id,
		.group = IMS_NO_GROUP,
		.hook = IMS_HOOK_DOMAIN_ALLOC,
		.device = "",
		.domain_instance = d->pub.instance,
		.evidence = d->pub.evidence,
		.pid = d->pub.pid,
		.tid = d->pub.tid,
		.comm = d->pub.comm,
		.function = "",
		.stack = d->pub.stack,
		.reason = "",
	};

	d->leaked = true;
	verdict_add(m, &v, d->pub.alloc_ns);
}

/* Those that were idle for @least_ns, and are not told yet. */
static void find(struct model *m, uint64_t now_ns, uint64_t least_ns)
{
	if (!model_hooked(m, IMS_HOOK_DOMAIN_FREE) || !model_hooked(m, IMS_HOOK_ATTACH))
		return;
	mark_held(m);
	for (struct domain_node *d = m->domains; d; d = d->hh.next)
		if (!d->leaked && is_idle(m, d, now_ns, least_ns))
			tell(m, d);
}

void leaks_find(struct model *m)
{
	find(m, m->overview.last_ns, MODEL_LEAK_NS);
}

void model_look(struct model *m, uint64_t now_ns)
{
	if (m->looked_ns && now_ns - m->looked_ns < 5 * MODEL_LEAK_NS)
		return;
	m->looked_ns = now_ns;
	find(m, now_ns, MODEL_LEAK_LIVE_NS);
}
