// SPDX-License-Identifier: GPL-2.0-only
/* share.c - the instances that a domain of a sharing driver is used on: where its devices are. */
#include "internal.h"

static struct model_share *find(const struct domain_node *d, const struct model_instance *instance)
{
	struct model_share *s = (struct model_share *)d->pub.share;

	for (uint32_t i = 0; i < d->pub.share_count; i++)
		if (s[i].instance == instance)
			return &s[i];
	return NULL;
}

void share_join(struct domain_node *d, const struct model_instance *instance)
{
	struct model_share *s;

	if (!instance || instance->rule != MODEL_RULE_SHARING || attach_is_global(d->pub.type))
		return;
	s = find(d, instance);
	if (!s) {
		/* Without memory this instance is not shown: the domain's own still is. */
		s = realloc((void *)d->pub.share, (d->pub.share_count + 1) * sizeof(*s));
		if (!s)
			return;
		d->pub.share = s;
		s += d->pub.share_count++;
		*s = (struct model_share){.instance = instance};
	}
	s->device_count++;
}

void share_leave(struct domain_node *d, const struct model_instance *instance)
{
	struct model_share *s = find(d, instance);

	if (!s || --s->device_count)
		return;
	*s = d->pub.share[--d->pub.share_count];
}

void share_confirm(struct domain_node *d, const struct model_instance *instance)
{
	struct model_share *s = find(d, instance);

	if (s)
		s->by_driver = true;
}
