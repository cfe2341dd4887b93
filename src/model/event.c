// SPDX-License-Identifier: GPL-2.0-only
/* event.c - lifecycle events, but attaches: what they make of the objects. */
#include "internal.h"

/* The device of an event, in its group and behind its instance. */
struct device_node *event_device(struct model *m, const struct ims_event *e, int *err)
{
	struct instance_node *instance = instance_get(m, e->instance, err);
	struct group_node *group = group_get(m, e->group, err);
	struct device_node *dev = device_get(m, e->device, err);

	if (!dev)
		return NULL;
	if (group)
		device_join(m, dev, group);
	if (instance)
		device_place(m, dev, &instance->pub);
	return dev;
}

static void set_type(struct domain_node *d, uint32_t type)
{
	if (!type && d->pub.type_known)
		return;
	d->pub.type = type;
	d->pub.type_known = true;
}

static void judge_blind(struct model *m, const struct domain_node *d, const struct ims_event *e)
{
	struct model_verdict v = {
		.kind = MODEL_BLIND_ALLOC,
		.time_ns = d->pub.alloc_ns,
		.count = 1,
		.domain = d->pub.id,
		.group = IMS_NO_GROUP,
		.hook = e->hook,
		.device = "",
		.pid = e->pid,
		.tid = e->tid,
		.comm = d->pub.comm,
		.function = intern(m, e->function),
		.stack = d->pub.stack,
		.reason = "",
	};
	struct verdict_key key = {
		.kind = v.kind,
		.number = IMS_NO_GROUP,
		.one = v.comm,
		.two = v.stack,
	};

	verdict_once(m, &v, key, v.time_ns);
}

static int domain_alloc(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct device_node *dev;
	struct domain_node *d;
	int err = 0;

	if (e->result)
		return 0;
	dev = event_device(m, e, &err);
	d = domain_get(m, e->domain, &err);
	if (!d)
		return err;
	set_type(d, e->domain_type);
	d->pub.alloc_seen = true;
	d->pub.alloc_ns = d->idle_ns = time_ns;
	d->pub.pid = e->pid;
	d->pub.tid = e->tid;
	d->pub.comm = intern(m, e->comm);
	d->pub.stack = intern_stack(m, &e->stack);
	d->pub.alloc_blind = e->flags & IMS_EVENT_NO_DEVICE;
	if (dev) {
		d->pub.alloc_device = dev->pub.name;
		d->alloc_group = dev->pub.group ? dev->pub.group->id : IMS_NO_GROUP;
		d->pub.alloc_instance = dev->pub.instance ? dev->pub.instance->name : "";
		if (!attach_is_global(d->pub.type))
			domain_learn(d, dev->pub.instance, MODEL_EVIDENCE_ALLOC_DEVICE);
	}
	domain_learn_driver(m, d, e, &err);
	if ((d->pub.type & IMS_DOMAIN_PAGING) && d->pub.alloc_blind)
		judge_blind(m, d, e);
	return err;
}

/* Told by the driver itself: which device's instance it took, whatever device it was asked for. */
static int finalise(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct device_node *dev;
	struct domain_node *d;
	int err = 0;

	if (e->result)
		return 0;
	dev = event_device(m, e, &err);
	d = domain_get(m, e->domain, &err);
	if (!d)
		return err;
	set_type(d, e->domain_type);
	if (dev && !(e->flags & IMS_EVENT_FINALISED)) {
		d->pub.chosen_device = dev->pub.name;
		d->chosen_group = dev->pub.group ? dev->pub.group->id : IMS_NO_GROUP;
		d->chosen_instance = dev->pub.instance;
	}
	domain_learn_driver(m, d, e, &err);
	/* Where its struct cannot be read, the driver's word is as good. */
	if (d->pub.evidence != MODEL_EVIDENCE_DRIVER && dev && dev->pub.instance &&
	    !attach_is_global(d->pub.type)) {
		domain_learn(d, dev->pub.instance, MODEL_EVIDENCE_DRIVER);
		d->pub.bound_to_none = false;
	}
	return err;
}

static int domain_free(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct domain_node *d = domain_find(m, e->domain);

	if (d)
		domain_free_event(m, d, time_ns);
	return 0;
}

static int detach_group(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct group_node *group = group_find(m, e->group);

	if (!group)
		return 0;
	if (group->pub.domain != e->domain) {
		/* The attach that put another in its place was seen before this return. */
		group->core_domain = group->pub.domain;
		return 0;
	}
	group_set_domain(m, group, 0);
	for (const struct model_device *dev = group->pub.devices; dev; dev = dev->next_of_group)
		if (dev->domain == e->domain)
			device_set_domain(m, (struct device_node *)dev, 0);
	return 0;
}

static int device_add(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	int err = 0;

	if (!e->result)
		event_device(m, e, &err);
	return err;
}

static int device_remove(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct device_node *dev = device_find(m, e->device);

	if (dev)
		device_leave(m, dev);
	return 0;
}

static int probe(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	int err = device_add(m, e, time_ns);

	attempt_probe_returned(m, e, time_ns);
	return err;
}

static int snapshot(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct device_node *dev;
	struct group_node *group;
	struct domain_node *d;
	int err = 0;

	dev = event_device(m, e, &err);
	if (dev)
		dev->pub.seen_at_start = true;
	d = domain_get(m, e->domain, &err);
	if (!d)
		return err;
	set_type(d, e->domain_type);
	d->pub.seen_at_start |= !d->pub.alloc_seen;
	group = group_find(m, e->group);
	if (group && (e->flags & IMS_EVENT_DEFAULT))
		group->pub.default_domain = e->domain;
	if (group && (e->flags & IMS_EVENT_CURRENT))
		group->pub.domain = e->domain;
	if (dev && (e->flags & IMS_EVENT_CURRENT))
		device_set_domain(m, dev, e->domain);
	if (dev && !attach_is_global(d->pub.type))
		domain_learn(d, dev->pub.instance, MODEL_EVIDENCE_SNAPSHOT);
	domain_learn_driver(m, d, e, &err);
	return err;
}

int event_apply(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	static int (*const apply[IMS_HOOK_MAX])(struct model *, const struct ims_event *,
						uint64_t) = {
		[IMS_HOOK_DOMAIN_ALLOC] = domain_alloc,
		[IMS_HOOK_DOMAIN_FREE] = domain_free,
		[IMS_HOOK_ATTACH] = attach_apply,
		[IMS_HOOK_ATTACH_GROUP] = attempt_group_returned,
		[IMS_HOOK_DETACH_GROUP] = detach_group,
		[IMS_HOOK_DEVICE_ADD] = device_add,
		[IMS_HOOK_DEVICE_REMOVE] = device_remove,
		[IMS_HOOK_PROBE] = probe,
		[IMS_HOOK_CALLER] = attempt_caller_returned,
		[IMS_HOOK_SNAPSHOT] = snapshot,
		[IMS_HOOK_FINALISE] = finalise,
		[IMS_HOOK_ATTACH_PASID] = pasid_apply,
		[IMS_HOOK_MAP] = fault_mapping,
		[IMS_HOOK_UNMAP] = fault_mapping,
		[IMS_HOOK_FAULT] = fault_apply,
		[IMS_HOOK_DETACH_PASID] = pasid_detached,
	};

	if (e->hook >= IMS_HOOK_MAX)
		return 0;
	if (!(e->flags & IMS_EVENT_EARLIER)) {
		m->overview.events[e->hook]++;
		m->overview.failed[e->hook] += e->result != 0;
	}
	return apply[e->hook] ? apply[e->hook](m, e, time_ns) : 0;
}
