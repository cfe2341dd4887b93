/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What iommuscope adds to the SMMUv3 driver: the ways in which a domain has been bound to an
 * instance, and tracepoints. The patch calls the functions below from the driver's own.
 *
 * Locks: masters_lock, a mutex taken under the core's probe lock or a group's mutex, guards the
 * list of masters; finalise_lock, under a group's mutex, binding a domain late. Neither is held
 * over a call into the core. struct scope_master's other fields are under the group's mutex.
 */
#ifndef IOMMUSCOPE_SCOPE_H
#define IOMMUSCOPE_SCOPE_H

#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/platform_device.h>
#include "have.h"

struct arm_smmu_device;
struct arm_smmu_domain;
struct arm_smmu_master;

struct scope_domain {
	u32 flags; /* of the allocation, for a late finalise */
};

struct scope_master {
	struct list_head node; /* masters_lock */
	struct iommu_domain *fake; /* "attached", though it is another instance's: DMA is blocked */
	struct iommu_domain *home; /* a default domain that was accepted like that: for good */
};

typedef int (*scope_finalise_fn)(struct arm_smmu_domain *domain, struct arm_smmu_device *smmu,
				 u32 flags);

/* Not an errno: the attach succeeds, and the device's DMA is blocked. */
#define SCOPE_ACCEPT 1

extern struct platform_driver iommuscope_smmu_driver;
extern const struct platform_device_id scope_ids[];

void scope_add(struct arm_smmu_master *master);
void scope_remove(struct arm_smmu_master *master);

/* At alloc: finalises the new domain for the instance that the policy says, or leaves it. */
int scope_alloc(struct arm_smmu_domain *domain, struct device *dev, u32 flags,
		scope_finalise_fn finalise);
/* At attach: 0, an error, or SCOPE_ACCEPT if accept says that this is understood. */
int scope_bind(struct arm_smmu_domain *domain, struct arm_smmu_master *master, bool accept,
	       scope_finalise_fn finalise);
void scope_free(struct arm_smmu_domain *domain);

/* Around attach functions; the wrappers are in scope_ops.h. */
struct scope_attach {
	struct iommu_domain *domain, *old;
	struct device *dev;
	u64 start_ns;
};

/* The domain that the hardware has, which may not be the one that the core thinks it has. */
struct iommu_domain *scope_old(struct device *dev, struct iommu_domain *old);
void scope_attach_begin(struct scope_attach *attach, struct iommu_domain *domain,
			struct device *dev, struct iommu_domain *old);
int scope_attach_end(struct scope_attach *attach, int ret, bool accepted);

#ifdef HAVE_ATTACH_OLD
int scope_attach_identity(struct iommu_domain *domain, struct device *dev,
			  struct iommu_domain *old);
int scope_attach_blocked(struct iommu_domain *domain, struct device *dev,
			 struct iommu_domain *old);
int scope_attach_paging(struct iommu_domain *domain, struct device *dev,
			struct iommu_domain *old);
#else
int scope_attach_identity(struct iommu_domain *domain, struct device *dev);
int scope_attach_blocked(struct iommu_domain *domain, struct device *dev);
int scope_attach_paging(struct iommu_domain *domain, struct device *dev);
#endif

/* Around the wait for a CMD_SYNC, with interrupts off. */
DECLARE_PER_CPU(u32, scope_spins);

static inline void scope_spin(void)
{
	this_cpu_inc(scope_spins);
}

u64 scope_sync_begin(void);
void scope_sync_end(struct arm_smmu_device *smmu, u32 commands, u64 start_ns, int ret);

#define scope_sync(smmu, commands, wait)			\
({								\
	u64 __start = scope_sync_begin();			\
	int __ret = (wait);					\
								\
	scope_sync_end(smmu, commands, __start, __ret);		\
	__ret;							\
})

void scope_fault(struct arm_smmu_device *smmu, u64 *evt);

#endif
