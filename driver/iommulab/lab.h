/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommulab: a synthetic IOMMU driver with many instances, on the kernel's real IOMMU core.
 *
 * Locks, outermost first:
 *
 *   lab_lock               steps, benchmarks, adding and removing devices: one at a time
 *   (core) probe lock, group mutex
 *   iommulab_domain.lock   binding a domain to an instance
 *   lab_probed_lock        spinlock: the list of probed devices, and groups' members
 *
 * Page tables take no lock: entries are installed with cmpxchg, and as everywhere in the IOMMU API
 * callers do not map and unmap the same IOVA at once. Fields of struct iommulab_dev without a note
 * are changed under the device's group mutex, which the core holds in all of our ops.
 */
#ifndef IOMMULAB_LAB_H
#define IOMMULAB_LAB_H

#include <linux/fwnode.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include "have.h"
#include "pt.h"

#ifdef HAVE_ALLOC_USER
#include <uapi/linux/iommufd.h> /* its flags; newer kernels' iommu.h has it */
#endif

struct iommulab_iommu {
	struct iommu_device iommu;
	struct fwnode_handle fwnode; /* by which the core finds it */
	unsigned int index;
	atomic64_t commands; /* what a real instance would have been sent */
};

enum lab_format {
	LAB_FORMAT_V1, /* cannot coexist with PASIDs */
	LAB_FORMAT_V2,
};

struct iommulab_domain {
	struct mutex lock; /* setting iommu */
	struct iommulab_iommu *iommu; /* NULL until finalised; set once */
	enum lab_format format;
	struct iommulab_pt pt;
	struct iommu_domain domain;
};

/* Kernels from 7.0 on have this. */
#ifndef kzalloc_obj
#define kzalloc_obj(object) kzalloc(sizeof(object), GFP_KERNEL)
#endif

/* Where a device's DMA would go. */
enum lab_state {
	LAB_NONE,
	LAB_IDENTITY,
	LAB_BLOCKED,
	LAB_PAGING,
};

struct iommulab_dev {
	struct platform_device *pdev; /* NULL while removed; lab_lock */
	struct iommulab_iommu *iommu; /* set once */
	unsigned int index; /* among those behind iommu; set once */
	struct list_head probed; /* lab_probed_lock */
	bool joined; /* a member of its group; lab_probed_lock */
	enum lab_state state;
	enum lab_format format; /* of the attached page table */
	struct iommulab_iommu *bound; /* the instance of the attached page table */
	struct iommu_domain *home; /* its default domain: attaching that again must not fail */
	bool pinned; /* attached elsewhere than home: holds a reference on this module */
	unsigned int pasids;
};

enum lab_policy {
	LAB_POLICY_DEVICE, /* finalise for the device that was passed */
	LAB_POLICY_BUS, /* finalise for some device on the bus */
	LAB_POLICY_DEFERRED, /* finalise at first attach */
};

struct lab_params {
	int policy;
	int format;
	bool check_instance;
	unsigned int map_rounds; /* of a loop that does nothing, in each map */
	bool mixed_dma; /* page tables, not identity, for mixed groups by default */
};

extern struct lab_params lab_params;
extern unsigned int lab_nr_instances;
extern unsigned int lab_nr_devices; /* behind each instance */
extern struct mutex lab_lock; /* the outermost one */

/* main.c */
struct iommulab_dev *lab_dev(unsigned int instance, unsigned int device);
struct iommulab_dev *lab_dev_of(struct device *dev); /* NULL if it is none of ours */
unsigned int lab_group_index(struct iommulab_dev *ld);
bool lab_is_mixed(struct iommulab_dev *ld);
int lab_add_device(struct iommulab_dev *ld);
void lab_remove_device(struct iommulab_dev *ld);
int lab_set_param(const char *name, const char *value);

/* device.c: probing, and groups */
int lab_groups_init(void);
void lab_groups_exit(void);
struct iommulab_dev *lab_first_probed(void);
unsigned int lab_group_members(struct iommulab_dev *ld);
struct iommu_device *lab_probe_device(struct device *dev);
void lab_probe_finalize(struct device *dev);
struct iommu_group *lab_device_group(struct device *dev);
void lab_release_device(struct device *dev);
int lab_def_domain_type(struct device *dev);

/* ops.c; the ops live until lab_ops_exit() */
int lab_ops_init(void);
void lab_ops_exit(void);
struct iommu_ops *lab_ops(void);
int lab_set_pinned(struct iommulab_dev *ld, bool pinned);

static inline struct iommulab_domain *to_iommulab_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct iommulab_domain, domain);
}

/* inject.c: counting every op, failing the nth of a kind, delaying the nth sync */
enum lab_op {
	LAB_OP_ALLOC,
	LAB_OP_FREE,
	LAB_OP_FINALISE,
	LAB_OP_ATTACH,
	LAB_OP_IDENTITY,
	LAB_OP_BLOCK,
	LAB_OP_DETACH,
	LAB_OP_MAP,
	LAB_OP_UNMAP,
	LAB_OP_SYNC,
	LAB_OP_SYNC_MAP,
	LAB_OP_FLUSH_ALL,
	LAB_OP_IOVA_TO_PHYS,
	LAB_OP_PASID,
	LAB_OP_UNPASID,
	LAB_OP_PROBE,
	LAB_OP_RELEASE,
	LAB_OP_GROUP,
	LAB_OP_PTPAGE,
	LAB_OP_PTPAGE_FREE,
	LAB_OP_REFUSED, /* attach of a domain that belongs to another instance */
	LAB_OP_ACCEPTED, /* the same, but "successful" */
	LAB_OP_MEMORY, /* allocations of the module that are none of the above */
	LAB_NR_OPS,
};

int lab_inject_init(void);
void lab_inject_exit(void);
int lab_count(enum lab_op op, int err); /* returns err */
int lab_fail(enum lab_op op); /* 0, or the error to fail with */
int lab_fail_asked(enum lab_op op); /* the same, but "any" does not mean this one */
bool lab_all_freed(void); /* domains and page tables; what must hold in the end */
void lab_delay_sync(void);
int lab_set_fail(char *args); /* "OP NTH [ERRNO]"; OP may be "any" */
int lab_set_delay(char *args); /* "NTH USEC" */
void lab_inject_off(void);
void lab_show_counters(struct seq_file *s);
void lab_show_fail(struct seq_file *s);
void lab_show_delay(struct seq_file *s);
void lab_reset_counters(void);

/* steps.c, script.c, bench.c: all called with lab_lock held */
struct lab_log;
int lab_step(char *text, struct lab_log *log); /* one step, e.g. "attach a 0.1" */
void lab_steps_reset(void); /* undo whatever the steps left behind */
int lab_parse_dev(const char *text, struct iommulab_dev **ld);
int lab_scenario(char *text);
void lab_show_scenario(struct seq_file *s);
void lab_scenario_exit(void);
int lab_bench(char *text);
void lab_show_bench(struct seq_file *s);
__printf(2, 3) void lab_log(struct lab_log *log, const char *fmt, ...);

struct iommu_domain *lab_alloc_domain(const char *how, struct device *dev, bool pasid);
/* A page table against what it should hold, mapped at random in every page size. */
int lab_verify(struct iommu_domain *domain, unsigned int rounds, u32 seed);
int lab_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys, size_t size);

/* timing.c, with lab_lock held but for the first, which a map op calls */
void lab_timing_map(struct iommu_domain *domain);
int lab_timing(char *text);
void lab_show_timing(struct seq_file *s);

/* control.c */
void lab_control_init(void);
void lab_control_exit(void);

#endif
