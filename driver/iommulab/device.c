// SPDX-License-Identifier: GPL-2.0-only
#include <linux/dma-map-ops.h>
#include <linux/slab.h>
#include "lab.h"

static DEFINE_SPINLOCK(lab_probed_lock);
static LIST_HEAD(lab_probed);

/* Groups of several devices: the group exists while it has members. lab_probed_lock */
struct lab_group {
	struct iommu_group *group;
	unsigned int members;
};

static struct lab_group *groups;

static struct lab_group *group_of(struct iommulab_dev *ld)
{
	return &groups[lab_group_index(ld)];
}

/* What "some device on the bus" comes to. */
struct iommulab_dev *lab_first_probed(void)
{
	struct iommulab_dev *ld;

	spin_lock(&lab_probed_lock);
	ld = list_first_entry_or_null(&lab_probed, struct iommulab_dev, probed);
	spin_unlock(&lab_probed_lock);
	return ld;
}

unsigned int lab_group_members(struct iommulab_dev *ld)
{
	unsigned int members;

	spin_lock(&lab_probed_lock);
	members = group_of(ld)->members;
	spin_unlock(&lab_probed_lock);
	return members;
}

struct iommu_device *lab_probe_device(struct device *dev)
{
	struct iommulab_dev *ld = lab_dev_of(dev);
	int err;

	if (!ld)
		return ERR_PTR(-ENODEV);
	err = lab_count(LAB_OP_PROBE, lab_fail(LAB_OP_PROBE));
	if (err)
		return ERR_PTR(err);
	ld->home = NULL;
	ld->state = LAB_NONE;
	ld->bound = NULL;
	ld->pasids = 0;
	dev_iommu_priv_set(dev, ld);
	spin_lock(&lab_probed_lock);
	list_add_tail(&ld->probed, &lab_probed);
	spin_unlock(&lab_probed_lock);
	return &ld->iommu->iommu;
}

#ifdef HAVE_SETUP_DMA_OPS
/* Where the core leaves it to the architecture, and that to firmware, which has no such device. */
void lab_probe_finalize(struct device *dev)
{
	set_dma_ops(dev, NULL);
	iommu_setup_dma_ops(dev, 0, U64_MAX);
}
#endif

static void group_leave(struct iommulab_dev *ld)
{
	struct lab_group *lg = group_of(ld);
	struct iommu_group *put = NULL;

	spin_lock(&lab_probed_lock);
	if (ld->joined && !--lg->members) {
		put = lg->group;
		lg->group = NULL;
	}
	ld->joined = false;
	spin_unlock(&lab_probed_lock);
	if (put)
		iommu_group_put(put);
}

/* The probe lock of the core is held: no other device joins a group meanwhile. */
static struct iommu_group *group_join(struct iommulab_dev *ld)
{
	struct lab_group *lg = group_of(ld);
	struct iommu_group *group;
	int err = lab_fail(LAB_OP_GROUP);

	if (err)
		return ERR_PTR(err);
	spin_lock(&lab_probed_lock);
	group = lg->group ? iommu_group_ref_get(lg->group) : NULL;
	if (group) {
		lg->members++;
		ld->joined = true;
	}
	spin_unlock(&lab_probed_lock);
	if (group)
		return group;

	group = iommu_group_alloc();
	if (IS_ERR(group))
		return group;
	spin_lock(&lab_probed_lock);
	lg->group = iommu_group_ref_get(group);
	lg->members = 1;
	ld->joined = true;
	spin_unlock(&lab_probed_lock);
	return group;
}

struct iommu_group *lab_device_group(struct device *dev)
{
	struct iommu_group *group = group_join(dev_iommu_priv_get(dev));

	lab_count(LAB_OP_GROUP, PTR_ERR_OR_ZERO(group));
	return group;
}

void lab_release_device(struct device *dev)
{
	struct iommulab_dev *ld = dev_iommu_priv_get(dev);

	lab_count(LAB_OP_RELEASE, 0);
	spin_lock(&lab_probed_lock);
	list_del(&ld->probed);
	spin_unlock(&lab_probed_lock);
	lab_set_pinned(ld, false);
	ld->state = LAB_NONE;
	ld->bound = NULL;
	ld->home = NULL;
	group_leave(ld);
}

/* No page table can serve both instances of a mixed group. */
int lab_def_domain_type(struct device *dev)
{
	struct iommulab_dev *ld = dev_iommu_priv_get(dev);

	return lab_is_mixed(ld) && !READ_ONCE(lab_params.mixed_dma) ? IOMMU_DOMAIN_IDENTITY : 0;
}

int lab_groups_init(void)
{
	groups = kvcalloc((size_t)lab_nr_instances * lab_nr_devices, sizeof(*groups), GFP_KERNEL);
	return groups ? 0 : -ENOMEM;
}

void lab_groups_exit(void)
{
	kvfree(groups);
}
