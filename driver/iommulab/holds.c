// SPDX-License-Identifier: GPL-2.0-only
/* holds.c - what scripts attach and claim: it is undone when they end. */
#include <linux/list.h>
#include <linux/slab.h>
#include "iommufd.h"
#include "steps.h"

static LIST_HEAD(holds); /* the newest first */

bool lab_in_use(struct iommu_domain *domain, struct iommulab_dev *ld)
{
	struct lab_hold *hold;

	list_for_each_entry(hold, &holds, node)
		if ((domain && hold->domain == domain) || (ld && hold->ld == ld))
			return true;
	return false;
}

int lab_hold_make(struct iommulab_dev *ld, struct iommu_domain *domain,
		  void (*undo)(struct lab_hold *hold), struct lab_hold **out)
{
	struct lab_hold *hold;
	int err = lab_count(LAB_OP_MEMORY, lab_fail(LAB_OP_MEMORY));

	hold = err ? NULL : kzalloc_obj(*hold);
	if (!hold)
		return -ENOMEM;
	hold->group = iommu_group_get(&ld->pdev->dev);
	if (!hold->group) {
		kfree(hold);
		return -ENODEV;
	}
	hold->ld = ld;
	hold->domain = domain;
	hold->undo = undo;
	*out = hold;
	return 0;
}

static void hold_free(struct lab_hold *hold)
{
	iommu_group_put(hold->group);
	kfree(hold);
}

int lab_hold_settle(struct lab_hold *hold, int err)
{
	if (err)
		hold_free(hold);
	else
		list_add(&hold->node, &holds);
	return err;
}

struct lab_hold *lab_hold_find(struct iommulab_dev *ld, struct iommu_domain *domain,
			       void (*undo)(struct lab_hold *hold), u32 pasid)
{
	struct lab_hold *hold;

	list_for_each_entry(hold, &holds, node)
		if (hold->ld == ld && (!domain || hold->domain == domain) && hold->undo == undo &&
		    hold->pasid == pasid)
			return hold;
	return NULL;
}

void lab_hold_drop(struct lab_hold *hold)
{
	list_del(&hold->node);
	hold_free(hold);
}

int lab_hold_undo(struct lab_hold *hold)
{
	if (!hold)
		return -ENOENT;
	hold->undo(hold);
	lab_hold_drop(hold);
	return 0;
}

void lab_holds_undo(void)
{
	struct lab_hold *hold, *next;

	list_for_each_entry_safe(hold, next, &holds, node)
		lab_hold_undo(hold);
}

static void undo_attach(struct lab_hold *hold)
{
	iommu_detach_group(hold->domain, hold->group);
}

static void undo_attach_dev(struct lab_hold *hold)
{
	iommu_detach_device(hold->domain, &hold->ld->pdev->dev);
}

int lab_step_attach(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = lab_hold_make(ld, *slot, undo_attach, &hold);
	return err ? err : lab_hold_settle(hold, iommu_attach_group(*slot, hold->group));
}

int lab_step_attach_dev(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = lab_hold_make(ld, *slot, undo_attach_dev, &hold);
	return err ? err : lab_hold_settle(hold, iommu_attach_device(*slot, &ld->pdev->dev));
}

int lab_step_detach(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (err)
		return err;
	err = lab_hold_undo(lab_hold_find(ld, *slot, undo_attach, 0));
	return err ? lab_hold_undo(lab_hold_find(ld, *slot, undo_attach_dev, 0)) : 0;
}

static void undo_claim(struct lab_hold *hold)
{
	iommu_group_release_dma_owner(hold->group);
}

int lab_step_claim(struct lab_args *args)
{
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = lab_parse_present(args->word[1], &ld);

	if (!err)
		err = lab_hold_make(ld, NULL, undo_claim, &hold);
	return err ? err : lab_hold_settle(hold, iommu_group_claim_dma_owner(hold->group, hold));
}

int lab_step_release(struct lab_args *args)
{
	struct iommulab_dev *ld;
	int err = lab_parse_present(args->word[1], &ld);

	return err ? err : lab_hold_undo(lab_hold_find(ld, NULL, undo_claim, 0));
}

#ifdef HAVE_SET_PASID
static void undo_pasid(struct lab_hold *hold)
{
	iommu_detach_device_pasid(hold->domain, &hold->ld->pdev->dev, hold->pasid);
}

int lab_step_pasid(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	u32 pasid;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = kstrtou32(args->word[3], 0, &pasid);
	if (!err)
		err = lab_hold_make(ld, *slot, undo_pasid, &hold);
	if (err)
		return err;
	hold->pasid = pasid;
	return lab_hold_settle(hold, iommu_attach_device_pasid(*slot, &ld->pdev->dev, pasid, NULL));
}

int lab_step_replace_pasid(struct lab_args *args)
{
#ifdef HAVE_REPLACE_PASID
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *old, *hold;
	u32 pasid;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = kstrtou32(args->word[3], 0, &pasid);
	if (err)
		return err;
	old = lab_hold_find(ld, NULL, undo_pasid, pasid);
	if (!old)
		return -ENOENT;
	err = lab_hold_make(ld, *slot, undo_pasid, &hold);
	if (err)
		return err;
	hold->pasid = pasid;
	err = iommu_replace_device_pasid(*slot, &ld->pdev->dev, pasid, &hold->handle);
	if (!lab_hold_settle(hold, err))
		lab_hold_drop(old);
	return err;
#else
	return -EOPNOTSUPP;
#endif
}

int lab_step_unpasid(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	u32 pasid;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = kstrtou32(args->word[3], 0, &pasid);
	return err ? err : lab_hold_undo(lab_hold_find(ld, *slot, undo_pasid, pasid));
}
#else
int lab_step_pasid(struct lab_args *args)
{
	return -EOPNOTSUPP;
}

int lab_step_replace_pasid(struct lab_args *args)
{
	return -EOPNOTSUPP;
}

int lab_step_unpasid(struct lab_args *args)
{
	return -EOPNOTSUPP;
}
#endif
