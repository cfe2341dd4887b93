// SPDX-License-Identifier: GPL-2.0-only
/* leak.c - domains that their owner kept with no device attached. */
#include "internal.h"

/* The core's own: default domains wait for their group to come back, and so does the domain that
 * kernels without a blocked one put in its place. */
static bool owned_by_core(const struct model *m, const struct domain_node *d)
{
	if (d->pub.type & DOMAIN_DMA_API)
		return true;
	for (const struct group_node *g = m->groups; g; g = g->hh.next)
		if (g->core_domain == d->pub.id)
			return true;
	return false;
}

void leaks_find(struct model *m)
{
	for (const struct domain_node *d = m->domains; d; d = d->hh.next) {
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

		if (!d->pub.alloc_seen || d->pub.freed || d->pub.device_count ||
		    m->overview.last_ns < d->idle_ns + MODEL_LEAK_NS || owned_by_core(m, d))
			continue;
		verdict_add(m, &v, d->pub.alloc_ns);
	}
}
