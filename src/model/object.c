// SPDX-License-Identifier: GPL-2.0-only
/* object.c - instances, groups, devices and domains: look-up, links, caps. */
#include "internal.h"

struct instance_node *instance_get(struct model *m, const char *name, int *err)
{
	struct instance_node *node;
	const char *kept;

	if (!*name)
		return NULL;
	HASH_FIND_STR(m->instances, name, node);
	if (node)
		return node;
	if (m->overview.instances >= m->limits.instances) {
		m->overview.over.instances++;
		return NULL;
	}
	kept = intern(m, name);
	if (!*kept) {
		m->overview.over.instances++;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		*err = -ENOMEM;
		return NULL;
	}
	node->pub.name = kept;
	node->pub.driver = "";
	rule_find(m, &node->pub);
	HASH_ADD_KEYPTR(hh, m->instances, node->pub.name, strlen(node->pub.name), node);
	if (!node->hh.tbl) {
		free(node);
		*err = -ENOMEM;
		return NULL;
	}
	m->overview.instances++;
	return node;
}

struct group_node *group_find(const struct model *m, uint32_t id)
{
	struct group_node *node;

	HASH_FIND(hh, m->groups, &id, sizeof(id), node);
	return node;
}

struct group_node *group_get(struct model *m, uint32_t id, int *err)
{
	struct group_node *node;

	if (id == IMS_NO_GROUP)
		return NULL;
	node = group_find(m, id);
	if (node)
		return node;
	if (m->overview.groups >= m->limits.groups) {
		m->overview.over.groups++;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		*err = -ENOMEM;
		return NULL;
	}
	node->pub.id = id;
	HASH_ADD(hh, m->groups, pub.id, sizeof(node->pub.id), node);
	if (!node->hh.tbl) {
		free(node);
		*err = -ENOMEM;
		return NULL;
	}
	m->overview.groups++;
	return node;
}

struct device_node *device_find(const struct model *m, const char *name)
{
	struct device_node *node;

	HASH_FIND_STR(m->devices, name, node);
	return node;
}

struct device_node *device_get(struct model *m, const char *name, int *err)
{
	struct device_node *node;
	const char *kept;

	if (!*name)
		return NULL;
	node = device_find(m, name);
	if (node)
		return node;
	if (HASH_COUNT(m->devices) >= m->limits.devices) {
		m->overview.over.devices++;
		return NULL;
	}
	kept = intern(m, name);
	if (!*kept) {
		m->overview.over.devices++;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		*err = -ENOMEM;
		return NULL;
	}
	node->pub.name = kept;
	HASH_ADD_KEYPTR(hh, m->devices, node->pub.name, strlen(node->pub.name), node);
	if (!node->hh.tbl) {
		free(node);
		*err = -ENOMEM;
		return NULL;
	}
	m->overview.devices++;
	return node;
}

/* The nodes hold the public structs first; NULL stays NULL. */
static struct group_node *group_node(const struct model_group *group)
{
	return (struct group_node *)group;
}

static struct device_node *device_node(const struct model_device *dev)
{
	return (struct device_node *)dev;
}

static void group_place(struct group_node *group, const struct model_instance *instance)
{
	struct instance_node *to = (struct instance_node *)instance;

	if (!instance || group->pub.instance)
		return;
	group->pub.instance = instance;
	group->prev_of_instance = to->last_group;
	if (to->last_group)
		to->last_group->pub.next_of_instance = &group->pub;
	else
		to->pub.groups = &group->pub;
	to->last_group = group;
}

/* The kernel freed the group; its number may come back for other devices. */
static void group_reset(struct group_node *group)
{
	struct instance_node *from = (struct instance_node *)group->pub.instance;
	struct group_node *next = group_node(group->pub.next_of_instance);
	struct group_node *prev = group->prev_of_instance;

	if (from) {
		if (prev)
			prev->pub.next_of_instance = group->pub.next_of_instance;
		else
			from->pub.groups = group->pub.next_of_instance;
		if (next)
			next->prev_of_instance = prev;
		else
			from->last_group = prev;
	}
	group->prev_of_instance = NULL;
	group->core_domain = 0;
	group->pub = (struct model_group){.id = group->pub.id};
}

static void group_check_mixed(struct model *m, struct group_node *group, struct device_node *dev)
{
	struct model_verdict v = {
		.kind = MODEL_MIXED_GROUP,
		.time_ns = m->overview.last_ns,
		.last_ns = m->overview.last_ns,
		.count = 1,
		.group = group->pub.id,
		.device = dev->pub.name,
		.device_instance = dev->pub.instance,
		.domain_instance = group->pub.instance,
		.comm = "",
		.function = "",
		.reason = "",
	};

	if (group->pub.mixed || !dev->pub.instance || !group->pub.instance ||
	    dev->pub.instance == group->pub.instance)
		return;
	group->pub.mixed = true;
	verdict_add(m, &v, 0);
}

void device_place(struct model *m, struct device_node *dev, const struct model_instance *instance)
{
	struct group_node *group = group_node(dev->pub.group);

	if (!instance)
		return;
	dev->pub.instance = instance;
	if (!group)
		return;
	group_place(group, instance);
	group_check_mixed(m, group, dev);
}

static void device_unlink(struct device_node *dev)
{
	struct device_node *next = device_node(dev->pub.next_of_group);
	struct group_node *group = group_node(dev->pub.group);

	if (!group)
		return;
	if (dev->prev_of_group)
		dev->prev_of_group->pub.next_of_group = dev->pub.next_of_group;
	else
		group->pub.devices = dev->pub.next_of_group;
	if (next)
		next->prev_of_group = dev->prev_of_group;
	else
		group->last_device = dev->prev_of_group;
	dev->pub.group = NULL;
	dev->pub.next_of_group = NULL;
	dev->prev_of_group = NULL;
	if (!--group->pub.device_count)
		group_reset(group);
}

void device_join(struct model *m, struct device_node *dev, struct group_node *group)
{
	if (dev->pub.removed)
		m->overview.devices++;
	dev->pub.removed = false;
	if (dev->pub.group == &group->pub)
		return;
	device_unlink(dev);
	dev->pub.group = &group->pub;
	dev->prev_of_group = group->last_device;
	if (group->last_device)
		group->last_device->pub.next_of_group = &dev->pub;
	else
		group->pub.devices = &dev->pub;
	group->last_device = dev;
	group->pub.device_count++;
	group_place(group, dev->pub.instance);
	group_check_mixed(m, group, dev);
}

void device_leave(struct model *m, struct device_node *dev)
{
	struct domain_node *d = domain_find(m, dev->pub.domain);

	/* Who attached the group may hold it still, and its number says nothing any more. */
	if (d && (!dev->pub.group || dev->pub.group->device_count == 1))
		d->untracked = true;
	device_set_domain(m, dev, 0);
	device_unlink(dev);
	if (!dev->pub.removed)
		m->overview.devices--;
	dev->pub.removed = true;
}

void device_set_domain(struct model *m, struct device_node *dev, uint64_t domain)
{
	struct domain_node *from = domain_find(m, dev->pub.domain);
	struct domain_node *to = domain_find(m, domain);

	if (from)
		share_leave(from, dev->pub.instance);
	if (to)
		share_join(to, dev->pub.instance);
	if (from && from->pub.device_count && !--from->pub.device_count)
		from->idle_ns = m->overview.last_ns;
	if (from && from != to && !attach_is_global(from->pub.type)) {
		dev->left_domain = from->pub.id;
		dev->left_ns = m->overview.last_ns;
	}
	if (to)
		to->pub.device_count++;
	dev->pub.domain = to ? domain : 0;
}

void group_set_domain(struct model *m, struct group_node *group, uint64_t domain)
{
	struct domain_node *from = domain_find(m, group->pub.domain);

	if (from && group->pub.domain != domain)
		from->idle_ns = m->overview.last_ns;
	group->pub.domain = domain;
}

struct domain_node *domain_find(const struct model *m, uint64_t id)
{
	struct domain_node *node;

	if (!id)
		return NULL;
	HASH_FIND(hh, m->domains, &id, sizeof(id), node);
	return node;
}

static void domain_delete(struct model *m, struct domain_node *d)
{
	HASH_DEL(m->domains, d);
	m->op_count -= ops_free(d->pub.op);
	free((void *)d->pub.share);
	free(d);
}

bool domain_evict(struct model *m, const struct domain_node *keep)
{
	struct domain_node *d;

	while ((d = m->freed) && d != keep) {
		m->freed = d->next_freed;
		if (!m->freed)
			m->last_freed = NULL;
		d->next_freed = NULL;
		/* Freed with a device on it: its detach was lost, the device still names it. */
		if (d->pinned || d->pub.device_count)
			continue;
		domain_delete(m, d);
		m->overview.over.forgotten++;
		return true;
	}
	return false;
}

struct domain_node *domain_get(struct model *m, uint64_t id, int *err)
{
	struct domain_node *node = domain_find(m, id);

	if (node || !id)
		return node;
	if (HASH_COUNT(m->domains) >= m->limits.domains && !domain_evict(m, NULL)) {
		m->overview.over.domains++;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		*err = -ENOMEM;
		return NULL;
	}
	node->pub.id = id;
	node->pub.alloc_device = node->pub.alloc_instance = node->pub.comm = "";
	node->pub.chosen_device = node->pub.format = "";
	node->alloc_group = node->chosen_group = IMS_NO_GROUP;
	HASH_ADD(hh, m->domains, pub.id, sizeof(node->pub.id), node);
	if (!node->hh.tbl) {
		free(node);
		*err = -ENOMEM;
		return NULL;
	}
	m->overview.domains++;
	return node;
}

void domain_learn(struct domain_node *d, const struct model_instance *instance,
		  enum model_evidence evidence)
{
	const struct model_instance *from = d->pub.instance;

	if (!instance || evidence < d->pub.evidence)
		return;
	/* The first attach and the first sighting stay what they were. */
	if (evidence == d->pub.evidence && evidence != MODEL_EVIDENCE_DRIVER)
		return;
	d->pub.instance = instance;
	d->pub.evidence = evidence;
	if (instance != from)
		stats_move(&d->pub, from);
}

void domain_learn_format(struct model *m, struct domain_node *d, const struct ims_event *e)
{
	if (e->format && *e->format)
		d->pub.format = intern(m, e->format);
}

void domain_free_event(struct model *m, struct domain_node *d, uint64_t time_ns)
{
	if (d->pub.freed)
		return;
	d->pub.freed = true;
	d->pub.free_ns = time_ns;
	m->overview.domains--;
	if (m->last_freed)
		m->last_freed->next_freed = d;
	else
		m->freed = d;
	m->last_freed = d;
}

void objects_free(struct model *m)
{
	struct instance_node *instance, *next_instance;
	struct domain_node *domain, *next_domain;
	struct device_node *device, *next_device;
	struct group_node *group, *next_group;

	HASH_ITER (hh, m->instances, instance, next_instance) {
		HASH_DEL(m->instances, instance);
		ops_free(instance->pub.op);
		free(instance);
	}
	HASH_ITER (hh, m->groups, group, next_group) {
		HASH_DEL(m->groups, group);
		free(group);
	}
	HASH_ITER (hh, m->devices, device, next_device) {
		HASH_DEL(m->devices, device);
		ops_free(device->pub.op);
		free(device);
	}
	HASH_ITER (hh, m->domains, domain, next_domain)
		domain_delete(m, domain);
}
