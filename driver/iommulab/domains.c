// SPDX-License-Identifier: GPL-2.0-only
/* domains.c - the domains that scripts make, and what is mapped in them. */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include "steps.h"

#define LAB_SLOTS 26

static struct iommu_domain *slots[LAB_SLOTS];
static DEFINE_XARRAY_ALLOC(filled);

int lab_parse_slot(const char *text, struct iommu_domain ***slot)
{
	if (text[0] < 'a' || text[0] > 'z' || text[1])
		return -EINVAL;
	*slot = &slots[text[0] - 'a'];
	return 0;
}

int lab_parse_used_slot(const char *text, struct iommu_domain ***slot)
{
	int err = lab_parse_slot(text, slot);

	return err ? err : **slot ? 0 : -ENOENT;
}

int lab_parse_slot_dev(struct lab_args *args, struct iommu_domain ***slot,
		       struct iommulab_dev **ld)
{
	int err = lab_parse_used_slot(args->word[1], slot);

	return err ? err : lab_parse_present(args->word[2], ld);
}

static int first_of_group(struct device *dev, void *data)
{
	*(struct device **)data = dev;
	return 1;
}

static struct iommu_domain *checked(struct iommu_domain *domain)
{
	if (IS_ERR_OR_NULL(domain))
		return domain ? domain : ERR_PTR(-ENOMEM);
	if (domain->ops == lab_ops()->default_domain_ops)
		return domain;
	/* "Some device on the bus" was another driver's. */
	iommu_domain_free(domain);
	return ERR_PTR(-EXDEV);
}

static struct iommu_domain *alloc_by_bus(void)
{
#ifdef HAVE_BUS_ALLOC
	return checked(iommu_domain_alloc(&platform_bus_type));
#else
	struct iommulab_dev *ld = lab_first_probed();

	return ld ? checked(iommu_paging_domain_alloc(&ld->pdev->dev)) : ERR_PTR(-ENODEV);
#endif
}

/* how: "dev", "group" (the group's first device stands in) or "bus". */
struct iommu_domain *lab_alloc_domain(const char *how, struct device *dev, bool pasid)
{
	struct device *chosen = dev;

	if (!strcmp(how, "bus"))
		return alloc_by_bus();
	if (!strcmp(how, "group")) {
		struct iommu_group *group = iommu_group_get(dev);

		if (!group)
			return ERR_PTR(-ENODEV);
		iommu_group_for_each_dev(group, &chosen, first_of_group);
		iommu_group_put(group);
	} else if (strcmp(how, "dev")) {
		return ERR_PTR(-EINVAL);
	}
	if (!device_iommu_mapped(chosen))
		return ERR_PTR(-ENODEV);
	if (pasid) {
#ifdef HAVE_ALLOC_FLAGS
		return checked(iommu_paging_domain_alloc_flags(chosen, IOMMU_HWPT_ALLOC_PASID));
#else
		return ERR_PTR(-EOPNOTSUPP);
#endif
	}
#ifdef HAVE_PAGING_ALLOC
	return checked(iommu_paging_domain_alloc(chosen));
#else
	return alloc_by_bus();
#endif
}

int lab_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys, size_t size)
{
#ifdef HAVE_MAP_GFP
	return iommu_map(domain, iova, phys, size, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
#else
	return iommu_map(domain, iova, phys, size, IOMMU_READ | IOMMU_WRITE);
#endif
}

int lab_step_alloc(struct lab_args *args)
{
	bool pasid = args->nr > 4 && !strcmp(args->word[4], "pasid");
	struct iommu_domain **slot, *domain;
	struct iommulab_dev *ld;
	int err = lab_parse_slot(args->word[1], &slot);

	if (!err)
		err = lab_parse_present(args->word[3], &ld);
	if (err)
		return err;
	if (*slot)
		return -EEXIST;
	domain = lab_alloc_domain(args->word[2], &ld->pdev->dev, pasid);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	*slot = domain;
	return 0;
}

int lab_step_free(struct lab_args *args)
{
	struct iommu_domain **slot;
	int err = lab_parse_used_slot(args->word[1], &slot);

	if (err)
		return err;
	if (lab_in_use(*slot, NULL))
		return -EBUSY;
	iommu_domain_free(*slot);
	*slot = NULL;
	return 0;
}

/* Where mappings without a physical address of their own go: nothing ever reads it. */
#define LAB_PHYS BIT_ULL(32)

static int parse_range(struct lab_args *args, struct iommu_domain ***slot, unsigned long *iova,
		       unsigned long *size)
{
	int err = lab_parse_used_slot(args->word[1], slot);

	if (!err)
		err = kstrtoul(args->word[2], 0, iova);
	return err ? err : kstrtoul(args->word[3], 0, size);
}

int lab_step_map(struct lab_args *args)
{
	struct iommu_domain **slot;
	unsigned long iova, size;
	u64 phys = LAB_PHYS;
	int err = parse_range(args, &slot, &iova, &size);

	if (!err && args->nr > 4)
		err = kstrtou64(args->word[4], 0, &phys);
	return err ? err : lab_map(*slot, iova, phys, size);
}

int lab_step_unmap(struct lab_args *args)
{
	struct iommu_domain **slot;
	unsigned long iova, size;
	size_t done;
	int err = parse_range(args, &slot, &iova, &size);

	if (err)
		return err;
	done = iommu_unmap(*slot, iova, size);
	lab_log(args->log, "  unmapped %zu of %lu bytes\n", done, size);
	return done == size ? 0 : -ENXIO;
}

int lab_step_phys(struct lab_args *args)
{
	struct iommu_domain **slot;
	unsigned long iova;
	u64 phys, expected;
	int err = lab_parse_used_slot(args->word[1], &slot);

	if (!err)
		err = kstrtoul(args->word[2], 0, &iova);
	if (!err)
		err = kstrtou64(args->word[3], 0, &expected);
	if (err)
		return err;
	phys = iommu_iova_to_phys(*slot, iova);
	lab_log(args->log, "  %#lx is %#llx\n", iova, phys);
	return phys == expected ? 0 : -ENXIO;
}

int lab_step_fill(struct lab_args *args)
{
	struct iommu_domain *domain;
	struct iommulab_dev *ld;
	unsigned int count;
	u32 id;
	int err = kstrtouint(args->word[1], 0, &count);

	if (!err)
		err = lab_parse_present(args->word[2], &ld);
	while (!err && count--) {
		domain = lab_alloc_domain("dev", &ld->pdev->dev, false);
		if (IS_ERR(domain))
			return PTR_ERR(domain);
		err = xa_alloc(&filled, &id, domain, xa_limit_31b, GFP_KERNEL);
		if (err)
			iommu_domain_free(domain);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return err;
}

int lab_step_drain(struct lab_args *args)
{
	struct iommu_domain *domain;
	unsigned long id;

	xa_for_each(&filled, id, domain) {
		iommu_domain_free(domain);
		cond_resched();
	}
	xa_destroy(&filled);
	return 0;
}

void lab_domains_free(void)
{
	for (int i = 0; i < LAB_SLOTS; i++) {
		if (slots[i])
			iommu_domain_free(slots[i]);
		slots[i] = NULL;
	}
	lab_step_drain(NULL);
}
