// SPDX-License-Identifier: GPL-2.0-only
/* filter.c - what of a model is shown. */
#include <stdlib.h>
#include <string.h>

#include "format.h"

bool view_same_device(const char *device, const char *wanted)
{
	return !strcmp(device, wanted) ||
	       (!strncmp(device, "0000:", 5) && !strcmp(device + 5, wanted));
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool view_ids_have(const struct view_ids *ids, uint64_t id)
{
	return ids->count && bsearch(&id, ids->id, ids->count, sizeof(id), compare_ids);
}

bool view_names_have(const struct view_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (view_same_device(name, names->name[i]))
			return true;
	return false;
}

static bool domain_fits(const struct view_filter *f, uint64_t id)
{
	return (!f->domains.count || view_ids_have(&f->domains, id)) &&
	       (!f->devices.count || view_ids_have(&f->domains_of_devices, id));
}

static bool in_time(const struct view_filter *f, uint64_t begin_ns, uint64_t end_ns)
{
	return end_ns >= f->since_ns && (!f->until_ns || begin_ns <= f->until_ns);
}

bool view_shows_domain(const struct view_filter *f, const struct model_domain *d)
{
	return !f || (domain_fits(f, d->id) && in_time(f, d->alloc_seen ? d->alloc_ns : 0,
						       d->freed ? d->free_ns : UINT64_MAX));
}

bool view_shows_device(const struct view_filter *f, const struct model_device *d)
{
	if (!f)
		return true;
	return (!f->devices.count || view_names_have(&f->devices, d->name)) &&
	       (!f->domains.count || view_ids_have(&f->domains, d->domain) ||
		view_names_have(&f->devices_of_domains, d->name));
}

bool view_shows_group(const struct view_filter *f, const struct model_group *g)
{
	const struct model_device *d = g->devices;

	if (!f || (!f->devices.count && !f->domains.count))
		return true;
	while (d && !view_shows_device(f, d))
		d = d->next_of_group;
	return d;
}

bool view_shows_instance(const struct view_filter *f, const struct model_instance *i)
{
	const struct model_group *g = i->groups;

	if (!f || (!f->devices.count && !f->domains.count))
		return true;
	while (g && !view_shows_group(f, g))
		g = g->next_of_instance;
	return g;
}

bool view_shows_verdict(const struct view_filter *f, const struct model_verdict *v)
{
	if (!f)
		return true;
	if (f->verdicts && !(f->verdicts & 1u << v->kind))
		return false;
	if (f->domains.count && !view_ids_have(&f->domains, v->domain) &&
	    !view_ids_have(&f->domains, v->retry_domain))
		return false;
	/* A verdict that names no device is one of its domain's devices. */
	if (f->devices.count && !(*v->device ? view_names_have(&f->devices, v->device)
					     : view_ids_have(&f->domains_of_devices, v->domain)))
		return false;
	return !v->time_ns || in_time(f, v->time_ns, v->last_ns);
}

uint64_t view_verdicts_shown(const struct view_filter *f, const struct model *m,
			     enum model_verdict_kind kind)
{
	const struct model_verdict *v = NULL;
	uint64_t count = 0;

	if (!f)
		return model_verdict_count(m, kind);
	while ((v = model_next_verdict(m, v)))
		count += v->kind == kind && view_shows_verdict(f, v);
	return count;
}
