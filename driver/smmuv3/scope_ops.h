/* SPDX-License-Identifier: GPL-2.0-only */
/* Included by arm-smmu-v3.c, below its attach functions: those that the core calls instead. */

#ifdef HAVE_ATTACH_OLD
typedef int (*scope_attach_fn)(struct iommu_domain *domain, struct device *dev,
			       struct iommu_domain *old);

static int scope_call(scope_attach_fn fn, struct iommu_domain *domain, struct device *dev,
		      struct iommu_domain *old)
{
	return fn(domain, dev, scope_old(dev, old));
}
#else
typedef int (*scope_attach_fn)(struct iommu_domain *domain, struct device *dev);

static int scope_call(scope_attach_fn fn, struct iommu_domain *domain, struct device *dev,
		      struct iommu_domain *old)
{
	return fn(domain, dev);
}
#endif

static int scope_attach(scope_attach_fn fn, struct iommu_domain *domain, struct device *dev,
			struct iommu_domain *old)
{
	struct scope_attach attach;
	bool accepted;
	int ret;

	scope_attach_begin(&attach, domain, dev, old);
	ret = scope_call(fn, domain, dev, old);
	accepted = ret == SCOPE_ACCEPT;
	if (accepted)
		ret = scope_call(arm_smmu_attach_dev_blocked, &arm_smmu_blocked_domain, dev, old);
	return scope_attach_end(&attach, ret, accepted);
}

#ifdef HAVE_ATTACH_OLD
int scope_attach_identity(struct iommu_domain *domain, struct device *dev,
			  struct iommu_domain *old)
{
	return scope_attach(arm_smmu_attach_dev_identity, domain, dev, old);
}

int scope_attach_blocked(struct iommu_domain *domain, struct device *dev,
			 struct iommu_domain *old)
{
	return scope_attach(arm_smmu_attach_dev_blocked, domain, dev, old);
}

int scope_attach_paging(struct iommu_domain *domain, struct device *dev,
			struct iommu_domain *old)
{
	return scope_attach(arm_smmu_attach_dev, domain, dev, old);
}
#else
int scope_attach_identity(struct iommu_domain *domain, struct device *dev)
{
	return scope_attach(arm_smmu_attach_dev_identity, domain, dev,
			    iommu_get_domain_for_dev(dev));
}

int scope_attach_blocked(struct iommu_domain *domain, struct device *dev)
{
	return scope_attach(arm_smmu_attach_dev_blocked, domain, dev,
			    iommu_get_domain_for_dev(dev));
}

int scope_attach_paging(struct iommu_domain *domain, struct device *dev)
{
	return scope_attach(arm_smmu_attach_dev, domain, dev,
			    iommu_get_domain_for_dev(dev));
}
#endif
