// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include "drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h"

#define CREATE_TRACE_POINTS
#include "scope_trace.h"

enum scope_policy {
	SCOPE_POLICY_DEVICE,
	SCOPE_POLICY_BUS,
	SCOPE_POLICY_DEFERRED,
};

static const char *const policy_names[] = { "device", "bus", "deferred", NULL };

static int alloc_policy = SCOPE_POLICY_DEVICE;
static bool check_instance = true;

static LIST_HEAD(masters);
static DEFINE_MUTEX(masters_lock);
static DEFINE_MUTEX(finalise_lock);

DEFINE_PER_CPU(u32, scope_spins);

/* The name by which firmware's SMMUs go; that of the driver is our own. */
const struct platform_device_id scope_ids[] = {
	{ "arm-smmu-v3" },
	{}
};

static int set_policy(const char *value, const struct kernel_param *kp)
{
	int i = __sysfs_match_string(policy_names, -1, value);

	if (i < 0) {
		pr_err("alloc_policy: device, bus or deferred\n");
		return -EINVAL;
	}
	WRITE_ONCE(alloc_policy, i);
	return 0;
}

static int get_policy(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", policy_names[alloc_policy]);
}

static int set_check(const char *value, const struct kernel_param *kp)
{
	bool check;

	if (kstrtobool(value, &check)) {
		pr_err("check_instance: 0 or 1\n");
		return -EINVAL;
	}
	if (!check)
		pr_warn("check_instance=0: attaching a domain of another SMMU will succeed, and block DMA\n");
	WRITE_ONCE(check_instance, check);
	return 0;
}

/* Whether somebody would notice that the IOMMU is gone. Bridges do no DMA of their own. */
static bool master_in_use(struct arm_smmu_master *master)
{
	if (dev_is_pci(master->dev) && pci_is_bridge(to_pci_dev(master->dev)))
		return false;
	return READ_ONCE(master->dev->driver);
}

static int check_unused(void)
{
	struct arm_smmu_master *master;
	int err = 0;

	mutex_lock(&masters_lock);
	list_for_each_entry(master, &masters, scope.node) {
		if (!master_in_use(master))
			continue;
		pr_err("release: %s is in use by %s\n", dev_name(master->dev),
		       master->dev->driver->name);
		err = -EBUSY;
		break;
	}
	mutex_unlock(&masters_lock);
	return err;
}

/* Gives the SMMUs up, so that the module can be unloaded; 0 takes them again. */
static int set_release(const char *value, const struct kernel_param *kp)
{
	struct device *dev;
	bool release;
	int err;

	if (kstrtobool(value, &release)) {
		pr_err("release: 0 or 1\n");
		return -EINVAL;
	}
	if (!release)
		return driver_attach(&iommuscope_smmu_driver.driver);
	err = check_unused();
	if (err)
		return err;
	while ((dev = driver_find_next_device(&iommuscope_smmu_driver.driver, NULL))) {
		device_release_driver(dev);
		put_device(dev);
	}
	return 0;
}

static const struct kernel_param_ops policy_ops = { .set = set_policy, .get = get_policy };
static const struct kernel_param_ops check_ops = { .set = set_check, .get = param_get_bool };
static const struct kernel_param_ops release_ops = { .set = set_release };

module_param_cb(alloc_policy, &policy_ops, &alloc_policy, 0644);
MODULE_PARM_DESC(alloc_policy, "device, bus or deferred: whom a new domain is finalised for");
module_param_cb(check_instance, &check_ops, &check_instance, 0644);
MODULE_PARM_DESC(check_instance, "0 accepts domains of other SMMUs, as a bug would; blocks DMA");
module_param_cb(release, &release_ops, NULL, 0200);
MODULE_PARM_DESC(release, "write 1 to give up all SMMUs before unloading, 0 to take them again");

void scope_add(struct arm_smmu_master *master)
{
	mutex_lock(&masters_lock);
	list_add_tail(&master->scope.node, &masters);
	mutex_unlock(&masters_lock);
}

void scope_remove(struct arm_smmu_master *master)
{
	mutex_lock(&masters_lock);
	list_del(&master->scope.node);
	mutex_unlock(&masters_lock);
}

/* "Some device on the bus", with a reference. */
static struct device *some_device(void)
{
	struct arm_smmu_master *master;
	struct device *dev;

	mutex_lock(&masters_lock);
	master = list_first_entry_or_null(&masters, struct arm_smmu_master, scope.node);
	dev = master ? get_device(master->dev) : NULL;
	mutex_unlock(&masters_lock);
	return dev;
}

static bool is_singleton(struct device *dev)
{
	struct arm_smmu_master *master;
	unsigned int members = 0;

	mutex_lock(&masters_lock);
	list_for_each_entry(master, &masters, scope.node)
		members += master->dev->iommu_group == dev->iommu_group;
	mutex_unlock(&masters_lock);
	return members == 1;
}

/* Before sysfs knows the instance it goes by its device's name. */
static struct device *instance_of(struct arm_smmu_device *smmu)
{
	return smmu->iommu.dev ?: smmu->dev;
}

static void trace_finalise(struct arm_smmu_domain *domain, struct arm_smmu_device *smmu,
			   struct device *asked, struct device *chosen, bool late, int result)
{
	struct arm_smmu_master *master = dev_iommu_priv_get(asked);
	struct scope_finalise info = {
		.policy = READ_ONCE(alloc_policy),
		.late = late,
		.stage = domain->stage == ARM_SMMU_DOMAIN_S1 ? 1 : 2,
		.pasid_capable = domain->stage == ARM_SMMU_DOMAIN_S1,
		.pasid_bits = master->ssid_bits,
		.pasid_needed = master->ssid_bits > 0,
		.flags = domain->scope.flags,
		.result = result,
	};

	if (!trace_domain_finalise_enabled())
		return;
	info.singleton = is_singleton(asked);
	trace_domain_finalise(&domain->domain, instance_of(smmu), asked, chosen, &info);
}

int scope_alloc(struct arm_smmu_domain *domain, struct device *dev, u32 flags,
		scope_finalise_fn finalise)
{
	struct arm_smmu_device *smmu = ((struct arm_smmu_master *)dev_iommu_priv_get(dev))->smmu;
	int policy = READ_ONCE(alloc_policy), ret;
	struct device *chosen = NULL;

	domain->scope.flags = flags;
	if (policy == SCOPE_POLICY_DEFERRED) {
		/* Until it is finalised, something that the core can calculate with. */
		domain->domain.pgsize_bitmap = smmu->pgsize_bitmap;
		return 0;
	}
	if (policy == SCOPE_POLICY_BUS)
		chosen = some_device();
	if (!chosen)
		chosen = get_device(dev);
	smmu = ((struct arm_smmu_master *)dev_iommu_priv_get(chosen))->smmu;
	ret = finalise(domain, smmu, flags);
	trace_finalise(domain, smmu, dev, chosen, false, ret);
	put_device(chosen);
	return ret;
}

int scope_bind(struct arm_smmu_domain *domain, struct arm_smmu_master *master, bool accept,
	       scope_finalise_fn finalise)
{
	int ret = 0;

	mutex_lock(&finalise_lock);
	if (!domain->smmu) {
		ret = finalise(domain, master->smmu, domain->scope.flags);
		trace_finalise(domain, master->smmu, master->dev, master->dev, true, ret);
	}
	mutex_unlock(&finalise_lock);
	if (ret || domain->smmu == master->smmu)
		return ret;
	if (!accept)
		return -EINVAL;
	/* The core relies on a device going back to its default domain. */
	if (READ_ONCE(check_instance) && master->scope.home != &domain->domain)
		return -EINVAL;
	dev_warn(master->dev, "check_instance=0: accepted a domain of %s, DMA is blocked\n",
		 dev_name(instance_of(domain->smmu)));
	return SCOPE_ACCEPT;
}

void scope_free(struct arm_smmu_domain *domain)
{
	trace_domain_free(&domain->domain, domain->smmu ? instance_of(domain->smmu) : NULL);
}

struct iommu_domain *scope_old(struct device *dev, struct iommu_domain *old)
{
	struct arm_smmu_master *master = dev_iommu_priv_get(dev);

	return old && old == master->scope.fake ? NULL : old;
}

void scope_attach_begin(struct scope_attach *attach, struct iommu_domain *domain,
			struct device *dev, struct iommu_domain *old)
{
	attach->domain = domain;
	attach->dev = dev;
	attach->old = old;
	attach->start_ns = trace_attach_enabled() ? ktime_get_ns() : 0;
}

static bool is_paging(struct iommu_domain *domain)
{
	return domain && (domain->type & __IOMMU_DOMAIN_PAGING);
}

int scope_attach_end(struct scope_attach *attach, int ret, bool accepted)
{
	struct arm_smmu_master *master = dev_iommu_priv_get(attach->dev);
	struct iommu_domain *domain = attach->domain;
	struct arm_smmu_device *smmu = NULL;

	if (!ret) {
		master->scope.fake = accepted ? domain : NULL;
		if (accepted && domain->type != IOMMU_DOMAIN_UNMANAGED)
			master->scope.home = domain;
		if (is_paging(attach->old) && attach->old != domain)
			trace_detach(attach->old, attach->dev);
	}
	if (is_paging(domain))
		smmu = container_of(domain, struct arm_smmu_domain, domain)->smmu;
	trace_attach(domain, attach->dev, smmu ? instance_of(smmu) : NULL,
		     instance_of(master->smmu), ret,
		     attach->start_ns ? ktime_get_ns() - attach->start_ns : 0);
	return ret;
}

u64 scope_sync_begin(void)
{
	if (!trace_cmdq_sync_enabled())
		return 0;
	this_cpu_write(scope_spins, 0);
	return ktime_get_ns();
}

void scope_sync_end(struct arm_smmu_device *smmu, u32 commands, u64 start_ns, int ret)
{
	if (start_ns)
		trace_cmdq_sync(instance_of(smmu), commands, this_cpu_read(scope_spins),
				ktime_get_ns() - start_ns, ret);
}

void scope_fault(struct arm_smmu_device *smmu, u64 *evt)
{
	trace_evtq_fault(instance_of(smmu), FIELD_GET(EVTQ_0_SID, evt[0]), evt[2],
			 FIELD_GET(EVTQ_0_ID, evt[0]),
			 evt[0] & EVTQ_0_SSV ? FIELD_GET(EVTQ_0_SSID, evt[0]) : 0,
			 !(evt[1] & EVTQ_1_RnW));
}
