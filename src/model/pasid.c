// SPDX-License-Identifier: GPL-2.0-only
/* pasid.c - attaches to a PASID: they depend on the group and on the format of its domain. */
#include "internal.h"

/* Other failures (no memory, a PASID in use) say nothing about the format. */
static bool about_format(int32_t result)
{
	return result == -EINVAL || result == -EOPNOTSUPP || result == -ENODEV;
}

int pasid_apply(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct model_verdict v;
	struct attach a;
	int err = 0;

	attach_gather(m, &a, e, time_ns, &err);
	if (!e->result)
		return err;
	v = attach_verdict(m, &a, about_format(e->result) ? MODEL_PASID_FORMAT : MODEL_ATTACH_FAILED);
	if (v.kind == MODEL_PASID_FORMAT)
		v.reason = a.group && a.group->pub.device_count > 1
				   ? intern_format(m, "the group has %u devices, and PASIDs want a "
						      "group of one",
						   a.group->pub.device_count)
				   : intern(m, "the format or stage of the domains, or the driver, does "
					       "not allow PASIDs");
	verdict_add(m, &v, 0);
	return err;
}
