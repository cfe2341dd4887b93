// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd.c - what iommufd and SVA call, for kernels that are built without iommufd: domains by the
 * driver's ops, groups attached by a handle, and from one domain to the next without the default
 * one in between.
 */
#include <linux/module.h>
#include <linux/sched/mm.h>
#include "iommufd.h"
#include "steps.h"

/* As MODULE_IMPORT_NS() would, whose argument was no string once. */
MODULE_INFO(import_ns, "IOMMUFD_INTERNAL");

#if defined(HAVE_ALLOC_FLAGS) || defined(HAVE_ALLOC_USER)
static struct iommu_domain *alloc_by_op(struct device *dev, u32 flags, struct iommu_domain *parent)
{
#ifdef HAVE_ALLOC_USER
	return lab_ops()->domain_alloc_user(dev, flags, parent, NULL);
#else
	if (parent)
		return lab_ops()->domain_alloc_nested(dev, parent, 0, NULL);
	return lab_ops()->domain_alloc_paging_flags(dev, flags, NULL);
#endif
}

static int alloc_into(struct lab_args *args, u32 flags, struct iommu_domain *parent)
{
	struct iommu_domain **slot, *domain;
	struct iommulab_dev *ld;
	int err = lab_parse_slot(args->word[1], &slot);

	if (!err)
		err = lab_parse_present(args->word[2], &ld);
	if (err)
		return err;
	if (*slot)
		return -EEXIST;
	if (!device_iommu_mapped(&ld->pdev->dev))
		return -ENODEV;
	domain = alloc_by_op(&ld->pdev->dev, flags, parent);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	if (!parent)
		domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->owner = lab_ops();
	*slot = domain;
	return 0;
}

int lab_step_alloc_op(struct lab_args *args)
{
	bool nest = args->nr > 3 && !strcmp(args->word[3], "parent");

	return alloc_into(args, nest ? IOMMU_HWPT_ALLOC_NEST_PARENT : 0, NULL);
}

int lab_step_alloc_nested(struct lab_args *args)
{
	struct iommu_domain **parent;
	int err = lab_parse_used_slot(args->word[3], &parent);

	return err ? err : alloc_into(args, 0, *parent);
}
#else
int lab_step_alloc_op(struct lab_args *args)
{
	return -EOPNOTSUPP;
}

int lab_step_alloc_nested(struct lab_args *args)
{
	return -EOPNOTSUPP;
}
#endif

#ifdef HAVE_ATTACH_HANDLE
static void undo_handle(struct lab_hold *hold)
{
	iommu_detach_group_handle(hold->domain, hold->group);
}

int lab_step_attach_handle(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = lab_hold_make(ld, *slot, undo_handle, &hold);
	if (err)
		return err;
	err = iommu_attach_group_handle(*slot, hold->group, &hold->handle);
	return lab_hold_settle(hold, err);
}

int lab_step_replace_handle(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *old, *hold;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	if (err)
		return err;
	old = lab_hold_find(ld, NULL, undo_handle, 0);
	if (!old)
		return -ENOENT;
	err = lab_hold_make(ld, *slot, undo_handle, &hold);
	if (err)
		return err;
	err = lab_hold_settle(hold, iommu_replace_group_handle(hold->group, *slot, &hold->handle));
	if (!err)
		lab_hold_drop(old);
	return err;
}

int lab_step_detach_handle(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	int err = lab_parse_slot_dev(args, &slot, &ld);

	return err ? err : lab_hold_undo(lab_hold_find(ld, *slot, undo_handle, 0));
}
#else
int lab_step_attach_handle(struct lab_args *args)
{
	return -EOPNOTSUPP;
}

int lab_step_replace_handle(struct lab_args *args)
{
	return -EOPNOTSUPP;
}

int lab_step_detach_handle(struct lab_args *args)
{
	return -EOPNOTSUPP;
}
#endif

/* Lets the device have the caller's address space, and takes it back. */
int lab_step_sva(struct lab_args *args)
{
#if IS_ENABLED(CONFIG_IOMMU_SVA) && defined(HAVE_ALLOC_SVA)
	struct iommulab_dev *ld;
	struct iommu_sva *bond;
	int err = lab_parse_present(args->word[1], &ld);

	if (err)
		return err;
	if (!current->mm)
		return -ENODEV;
	bond = iommu_sva_bind_device(&ld->pdev->dev, current->mm);
	if (IS_ERR(bond))
		return PTR_ERR(bond);
	lab_log(args->log, "  PASID %u\n", iommu_sva_get_pasid(bond));
	iommu_sva_unbind_device(bond);
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}
