// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include "lab.h"

/* Attach functions of newer kernels learn the domain that is replaced. */
#ifdef HAVE_ATTACH_OLD
#define ATTACH_ARGS struct iommu_domain *domain, struct device *dev, struct iommu_domain *old
#else
#define ATTACH_ARGS struct iommu_domain *domain, struct device *dev
#endif

static struct iommu_ops *ops;
struct iommu_ops *lab_ops(void)
{
	return ops;
}

static int finalise(struct iommulab_domain *domain, struct iommulab_iommu *iommu)
{
	int err = 0;

	mutex_lock(&domain->lock);
	if (!domain->iommu) {
		err = lab_count(LAB_OP_FINALISE, lab_fail(LAB_OP_FINALISE));
		if (!err)
			WRITE_ONCE(domain->iommu, iommu);
	}
	mutex_unlock(&domain->lock);
	return err;
}

/* The instance to finalise for at once, or NULL: at first attach. */
static struct iommulab_iommu *instance_for(struct device *dev)
{
	struct iommulab_dev *ld = NULL;

	switch (READ_ONCE(lab_params.policy)) {
	case LAB_POLICY_DEVICE:
		ld = dev ? dev_iommu_priv_get(dev) : NULL;
		break;
	case LAB_POLICY_BUS:
		ld = lab_first_probed();
		break;
	}
	return ld ? ld->iommu : NULL;
}

static const struct iommu_domain_ops paging_ops;

static void domain_free(struct iommu_domain *dom)
{
	struct iommulab_domain *domain = to_iommulab_domain(dom);

	lab_count(LAB_OP_FREE, 0);
	lab_pt_free(&domain->pt);
	kfree(domain);
}

static struct iommulab_domain *domain_make(struct device *dev, enum lab_format format)
{
	struct iommulab_iommu *iommu = instance_for(dev);
	struct iommulab_domain *domain;
	int err = lab_fail(LAB_OP_ALLOC);

	if (err)
		return ERR_PTR(err);
	domain = kzalloc_obj(*domain);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	mutex_init(&domain->lock);
	domain->format = format;
	domain->domain.ops = &paging_ops;
	domain->domain.pgsize_bitmap = LAB_PT_PGSIZES;
	domain->domain.geometry.aperture_end = BIT_ULL(LAB_PT_IOVA_BITS) - 1;
	domain->domain.geometry.force_aperture = true;
	err = iommu ? finalise(domain, iommu) : 0;
	if (err) {
		kfree(domain);
		return ERR_PTR(err);
	}
	return domain;
}

static struct iommu_domain *domain_alloc_paging(struct device *dev)
{
	struct iommulab_domain *domain = domain_make(dev, READ_ONCE(lab_params.format));

	lab_count(LAB_OP_ALLOC, PTR_ERR_OR_ZERO(domain));
	return IS_ERR(domain) ? ERR_CAST(domain) : &domain->domain;
}

#ifdef HAVE_ALLOC_FLAGS
static struct iommu_domain *domain_alloc_paging_flags(struct device *dev, u32 flags,
						      const struct iommu_user_data *user_data)
{
	struct iommulab_domain *domain;

	if ((flags & ~(IOMMU_HWPT_ALLOC_PASID | IOMMU_HWPT_ALLOC_NEST_PARENT)) || user_data)
		return ERR_PTR(-EOPNOTSUPP);
	domain = domain_make(dev, flags & IOMMU_HWPT_ALLOC_PASID ? LAB_FORMAT_V2 :
								   READ_ONCE(lab_params.format));
	lab_count(LAB_OP_ALLOC, PTR_ERR_OR_ZERO(domain));
	return IS_ERR(domain) ? ERR_CAST(domain) : &domain->domain;
}
#endif

/* A domain that is no page table of ours: nested in one, or a process's. */
static struct iommu_domain __maybe_unused *
domain_alloc_other(struct device *dev, unsigned int type, const struct iommu_domain_ops *its_ops)
{
	struct iommulab_domain *domain = domain_make(dev, LAB_FORMAT_V2);

	lab_count(LAB_OP_ALLOC, PTR_ERR_OR_ZERO(domain));
	if (IS_ERR(domain))
		return ERR_CAST(domain);
	domain->domain.type = type;
	domain->domain.ops = its_ops;
	return &domain->domain;
}

#if defined(HAVE_ALLOC_NESTED) || defined(HAVE_ALLOC_USER)
static const struct iommu_domain_ops nested_ops;

static struct iommu_domain *domain_alloc_nested(struct device *dev, struct iommu_domain *parent,
						u32 flags, const struct iommu_user_data *user_data)
{
	if (flags || user_data || parent->ops != &paging_ops)
		return ERR_PTR(-EOPNOTSUPP);
	return domain_alloc_other(dev, IOMMU_DOMAIN_NESTED, &nested_ops);
}
#endif

#ifdef HAVE_ALLOC_USER
static struct iommu_domain *domain_alloc_user(struct device *dev, u32 flags,
					      struct iommu_domain *parent,
					      const struct iommu_user_data *user_data)
{
	if (parent)
		return domain_alloc_nested(dev, parent, flags, user_data);
	if ((flags & ~IOMMU_HWPT_ALLOC_NEST_PARENT) || user_data)
		return ERR_PTR(-EOPNOTSUPP);
	return domain_alloc_paging(dev);
}
#endif

#if defined(HAVE_ALLOC_SVA) && defined(HAVE_SET_PASID)
static const struct iommu_domain_ops sva_ops;

static struct iommu_domain *domain_alloc_sva(struct device *dev, struct mm_struct *mm)
{
	return domain_alloc_other(dev, IOMMU_DOMAIN_SVA, &sva_ops);
}
#endif

/*
 * A device that is attached elsewhere than to its default domain keeps this module loaded: VFIO,
 * or a step, is using it. Being attached to the default domain does not (see lab_ops_init()).
 */
int lab_set_pinned(struct iommulab_dev *ld, bool pinned)
{
	if (pinned == ld->pinned)
		return 0;
	if (pinned && !try_module_get(THIS_MODULE))
		return -EBUSY;
	if (!pinned)
		module_put(THIS_MODULE);
	ld->pinned = pinned;
	return 0;
}

static bool is_home(struct iommu_domain *domain)
{
	return (domain->type & __IOMMU_DOMAIN_DMA_API) || domain->type == IOMMU_DOMAIN_IDENTITY;
}

static int set_state(struct iommulab_dev *ld, struct iommu_domain *domain, enum lab_state state)
{
	int err = lab_set_pinned(ld, !is_home(domain));

	if (err)
		return err;
	if (is_home(domain))
		ld->home = domain;
	ld->state = state;
	ld->bound = NULL;
	return 0;
}

/* 0, or why this device cannot have this domain: then the caller may try another one. */
static int check_bound(struct iommulab_domain *domain, struct iommulab_dev *ld)
{
	if (READ_ONCE(domain->iommu) == ld->iommu)
		return 0;
	if (READ_ONCE(lab_params.check_instance)) {
		lab_count(LAB_OP_REFUSED, 0);
		return -EINVAL;
	}
	lab_count(LAB_OP_ACCEPTED, 0);
	dev_warn(&ld->pdev->dev, "check_instance=0: accepted a domain of %s, DMA stays blocked\n",
		 dev_name(domain->iommu->iommu.dev));
	return 0;
}

/*
 * Whether this attach is to fail. Going back to the default domain must not: the core relies on
 * that. Nor should a device's first one, so that is only done on demand.
 */
static int fail_attach(struct iommu_domain *domain, struct iommulab_dev *ld)
{
	if (domain == ld->home)
		return 0;
	return ld->home ? lab_fail(LAB_OP_ATTACH) : lab_fail_asked(LAB_OP_ATTACH);
}

static int attach_paging(struct iommulab_domain *domain, struct iommulab_dev *ld)
{
	bool again = &domain->domain == ld->home;
	int err = fail_attach(&domain->domain, ld);

	if (!err)
		err = finalise(domain, ld->iommu);
	if (!err && !again)
		err = check_bound(domain, ld);
	if (!err && ld->pasids && domain->format != LAB_FORMAT_V2)
		err = -EBUSY;
	if (err)
		return err;
	err = set_state(ld, &domain->domain,
			domain->iommu == ld->iommu ? LAB_PAGING : LAB_BLOCKED);
	if (err)
		return err;
	ld->format = domain->format;
	ld->bound = domain->iommu;
	atomic64_inc(&ld->iommu->commands);
	return 0;
}

static int attach_dev(ATTACH_ARGS)
{
	return lab_count(LAB_OP_ATTACH,
			 attach_paging(to_iommulab_domain(domain), dev_iommu_priv_get(dev)));
}

static int attach_identity(ATTACH_ARGS)
{
	struct iommulab_dev *ld = dev_iommu_priv_get(dev);
	int err = fail_attach(domain, ld);

	if (!err)
		err = set_state(ld, domain, LAB_IDENTITY);
	return lab_count(LAB_OP_IDENTITY, err);
}

static int attach_blocked(ATTACH_ARGS)
{
	return lab_count(LAB_OP_BLOCK, set_state(dev_iommu_priv_get(dev), domain, LAB_BLOCKED));
}

#ifdef HAVE_DETACH_DEV
static void detach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct iommulab_dev *ld = dev_iommu_priv_get(dev);

	lab_set_pinned(ld, false);
	ld->state = LAB_BLOCKED;
	ld->bound = NULL;
	lab_count(LAB_OP_DETACH, 0);
}
#endif

#ifdef HAVE_SET_PASID
static int attach_pasid(struct iommulab_domain *domain, struct iommulab_dev *ld, bool replace)
{
	int err = lab_fail(LAB_OP_PASID);

	if (err)
		return err;
	/* A PASID needs tables that can have it, for the device itself as well, and no company. */
	if (domain->format != LAB_FORMAT_V2 || lab_group_members(ld) > 1)
		return -EINVAL;
	if (ld->state == LAB_PAGING && ld->format != LAB_FORMAT_V2)
		return -EINVAL;
	err = finalise(domain, ld->iommu);
	if (!err)
		err = check_bound(domain, ld);
	if (!err && !replace)
		ld->pasids++;
	return err;
}

static int set_dev_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			 struct iommu_domain *old)
{
	return lab_count(LAB_OP_PASID, attach_pasid(to_iommulab_domain(domain),
						    dev_iommu_priv_get(dev), old));
}

static void unset_pasid(struct device *dev)
{
	struct iommulab_dev *ld = dev_iommu_priv_get(dev);

	lab_count(LAB_OP_UNPASID, 0);
	if (!WARN_ON(!ld->pasids))
		ld->pasids--;
}

#ifdef HAVE_REMOVE_PASID
static void remove_dev_pasid(struct device *dev, ioasid_t pasid, struct iommu_domain *domain)
{
	unset_pasid(dev);
}
#else
static int blocked_set_dev_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
				 struct iommu_domain *old)
{
	unset_pasid(dev);
	return 0;
}
#endif
#endif /* HAVE_SET_PASID */

/* A driver that got slower by a known number of instructions, to try what would find that. */
static void be_slower(void)
{
	for (unsigned int i = READ_ONCE(lab_params.map_rounds); i; i--)
		barrier();
}

static int map_pages(struct iommu_domain *dom, unsigned long iova, phys_addr_t phys, size_t pgsize,
		     size_t count, int prot, gfp_t gfp, size_t *mapped)
{
	struct iommulab_domain *domain = to_iommulab_domain(dom);
	int err;

	if (!READ_ONCE(domain->iommu))
		return lab_count(LAB_OP_MAP, -ENODEV);
	lab_timing_map(dom);
	be_slower();
	err = lab_fail(LAB_OP_MAP);
	if (!err)
		err = lab_pt_map(&domain->pt, iova, phys, pgsize, count, prot, gfp, mapped);
	return lab_count(LAB_OP_MAP, err);
}

static size_t unmap_pages(struct iommu_domain *dom, unsigned long iova, size_t pgsize,
			  size_t count, struct iommu_iotlb_gather *gather)
{
	size_t done = lab_pt_unmap(&to_iommulab_domain(dom)->pt, iova, pgsize, count);

	lab_count(LAB_OP_UNMAP, done != pgsize * count);
	if (done)
		iommu_iotlb_gather_add_range(gather, iova, done);
	return done;
}

static void invalidate(struct iommu_domain *dom, enum lab_op op)
{
	struct iommulab_iommu *iommu = READ_ONCE(to_iommulab_domain(dom)->iommu);

	lab_count(op, 0);
	lab_delay_sync();
	if (iommu)
		atomic64_inc(&iommu->commands);
}

static void flush_iotlb_all(struct iommu_domain *domain)
{
	invalidate(domain, LAB_OP_FLUSH_ALL);
}

static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	invalidate(domain, LAB_OP_SYNC);
}

#ifdef HAVE_SYNC_MAP_INT
static int iotlb_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	return lab_count(LAB_OP_SYNC_MAP, 0);
}
#else
static void iotlb_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	lab_count(LAB_OP_SYNC_MAP, 0);
}
#endif

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	lab_count(LAB_OP_IOVA_TO_PHYS, 0);
	return lab_pt_walk(&to_iommulab_domain(domain)->pt, iova);
}

static const struct iommu_domain_ops paging_ops = {
	.attach_dev = attach_dev,
#ifdef HAVE_DETACH_DEV
	.detach_dev = detach_dev,
#endif
#ifdef HAVE_SET_PASID
	.set_dev_pasid = set_dev_pasid,
#endif
	.map_pages = map_pages,
	.unmap_pages = unmap_pages,
	.flush_iotlb_all = flush_iotlb_all,
	.iotlb_sync_map = iotlb_sync_map,
	.iotlb_sync = iotlb_sync,
	.iova_to_phys = iova_to_phys,
	.free = domain_free,
};

#if defined(HAVE_ALLOC_NESTED) || defined(HAVE_ALLOC_USER)
static const struct iommu_domain_ops nested_ops = {
	.attach_dev = attach_dev,
	.free = domain_free,
};
#endif

#if defined(HAVE_ALLOC_SVA) && defined(HAVE_SET_PASID)
static const struct iommu_domain_ops sva_ops = {
	.set_dev_pasid = set_dev_pasid,
	.free = domain_free,
};
#endif

/* Identity and blocked domains are singletons: nothing in them belongs to an instance. */
#ifndef HAVE_STATIC_DOMAINS
static void singleton_free(struct iommu_domain *domain)
{
}
#endif

static const struct iommu_domain_ops identity_ops = {
	.attach_dev = attach_identity,
#ifdef HAVE_DETACH_DEV
	.detach_dev = detach_dev,
#endif
#ifndef HAVE_STATIC_DOMAINS
	.free = singleton_free,
#endif
};

static const struct iommu_domain_ops blocked_ops = {
	.attach_dev = attach_blocked,
#ifdef HAVE_DETACH_DEV
	.detach_dev = detach_dev,
#endif
#if defined(HAVE_SET_PASID) && !defined(HAVE_REMOVE_PASID)
	.set_dev_pasid = blocked_set_dev_pasid,
#endif
#ifndef HAVE_STATIC_DOMAINS
	.free = singleton_free,
#endif
};

static struct iommu_domain identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &identity_ops,
};

static struct iommu_domain blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &blocked_ops,
};

#ifndef HAVE_ALLOC_PAGING
static struct iommu_domain *domain_alloc(unsigned int type)
{
	struct iommu_domain *domain;

	if (type == IOMMU_DOMAIN_IDENTITY)
		return &identity_domain;
	if (type == IOMMU_DOMAIN_BLOCKED)
		return &blocked_domain;
	if (!(type & __IOMMU_DOMAIN_PAGING))
		return NULL;
	domain = domain_alloc_paging(NULL);
	return IS_ERR(domain) ? NULL : domain;
}
#endif

static bool lab_capable(struct device *dev, enum iommu_cap cap)
{
#ifdef HAVE_CAP_DEFERRED
	if (cap == IOMMU_CAP_DEFERRED_FLUSH)
		return true;
#endif
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static const struct iommu_ops lab_ops_template = {
	.capable = lab_capable,
#ifdef HAVE_ALLOC_PAGING
	.domain_alloc_paging = domain_alloc_paging,
#else
	.domain_alloc = domain_alloc,
#endif
#ifdef HAVE_ALLOC_FLAGS
	.domain_alloc_paging_flags = domain_alloc_paging_flags,
#endif
#ifdef HAVE_ALLOC_NESTED
	.domain_alloc_nested = domain_alloc_nested,
#endif
#ifdef HAVE_ALLOC_USER
	.domain_alloc_user = domain_alloc_user,
#endif
#if defined(HAVE_ALLOC_SVA) && defined(HAVE_SET_PASID)
	.domain_alloc_sva = domain_alloc_sva,
#endif
	.probe_device = lab_probe_device,
	.release_device = lab_release_device,
#ifdef HAVE_SETUP_DMA_OPS
	.probe_finalize = lab_probe_finalize,
#endif
	.device_group = lab_device_group,
	.def_domain_type = lab_def_domain_type,
#ifdef HAVE_REMOVE_PASID
	.remove_dev_pasid = remove_dev_pasid,
#endif
	.default_domain_ops = &paging_ops,
#ifdef HAVE_OPS_PGSIZE
	.pgsize_bitmap = LAB_PT_PGSIZES,
#endif
#ifdef HAVE_STATIC_DOMAINS
	.identity_domain = &identity_domain,
	.blocked_domain = &blocked_domain,
#endif
};

/*
 * The core takes a reference on the ops' owner for every device, and so a module could never be
 * unloaded that makes the devices itself. Hence ops without an owner, which the core accepts
 * where they are not part of a module's image; lab_set_pinned() keeps the module while in use.
 */
int lab_ops_init(void)
{
	ops = kmemdup(&lab_ops_template, sizeof(lab_ops_template), GFP_KERNEL);
	return ops ? 0 : -ENOMEM;
}

void lab_ops_exit(void)
{
	kfree(ops);
}
