// SPDX-License-Identifier: GPL-2.0-only
/* pasid.c - attaches to a PASID: they depend on the group and on the format of its domain. */
#include "internal.h"

/* Other failures (no memory, a PASID in use) say nothing about the format. */
static bool about_format(int32_t result)
{
	return result == -EINVAL || result == -EOPNOTSUPP || result == -ENODEV;
}

/* Why the failure may as well be one of instances, which the errno does not tell; NULL: it is not.
 */
static const char *why_unknown(const struct attach *a, bool alone)
{
	const struct model_instance *dom = a->domain_instance, *dev = a->device_instance;

	if (attach_is_global(a->type) || a->bound_to_none || (dom && dom == dev))
		return NULL;
	if (dom && dev && attach_rule(a) == MODEL_RULE_BOUND)
		return "the domain is of another instance; what the caller did next is not "
		       "followed for PASIDs";
	if (!alone || (dev && dev->rule == MODEL_RULE_SHARING))
		return NULL;
	if (!dom)
		return "the instance of the domain is not known";
	if (!dev)
		return "the instance of the device is not known";
	return "whether domains of this driver may span instances is not known";
}

static void judge_failed(struct model *m, const struct attach *a)
{
	bool alone = !a->group || a->group->pub.device_count <= 1;
	const char *unknown = why_unknown(a, alone);
	struct model_verdict v;

	if (!about_format(a->event->result)) {
		v = attach_verdict(m, a, MODEL_ATTACH_FAILED);
	} else if (unknown) {
		v = attach_verdict(m, a, MODEL_UNKNOWN);
		v.reason = intern(m, unknown);
	} else {
		v = attach_verdict(m, a, MODEL_PASID_FORMAT);
		v.reason = alone ? intern(m, "the format or stage of the domains, or the driver, "
					     "does not allow PASIDs")
				 : intern_format(m,
						 "group %u has %u devices, and PASIDs want a group "
						 "of one",
						 a->group->pub.id, a->group->pub.device_count);
	}
	/* Who is in the group, and where the domain belongs, is what all events so far say. */
	verdict_add(m, &v, v.kind == MODEL_PASID_FORMAT ? m->overview.first_ns : 0);
}

int pasid_apply(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct attach a;
	int err = 0;

	attach_gather(m, &a, e, time_ns, &err);
	if (e->result) {
		judge_failed(m, &a);
	} else {
		if (!attach_is_global(a.type))
			attach_judge_success(m, &a);
		if (a.domain)
			a.domain->pasids++;
		if (a.domain && !model_hooked(m, IMS_HOOK_DETACH_PASID))
			a.domain->untracked = true;
	}
	if (a.domain)
		domain_learn_driver(m, a.domain, e, &err);
	return err;
}

int pasid_detached(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct domain_node *d = domain_find(m, e->domain);

	if (d && d->pasids && !--d->pasids)
		d->idle_ns = time_ns;
	return 0;
}
