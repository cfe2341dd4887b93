// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/amba/bus.h>
#include <linux/fsl/mc.h>
#include <linux/host1x_context_bus.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "lab.h"

#define LAB_MAX_INSTANCES 1024
#define LAB_MAX_DEVICES	  1024 /* behind each */

/* Steps, benchmarks, adding and removing devices: one at a time. */
DEFINE_MUTEX(lab_lock);

struct lab_params lab_params = {
	.policy = LAB_POLICY_DEVICE,
	.format = LAB_FORMAT_V2,
	.check_instance = true,
};

static const char *const policy_names[] = { "device", "bus", "deferred", NULL };
static const char *const format_names[] = { "v1", "v2", NULL };

static int set_name(const char *value, const struct kernel_param *kp, const char *const *names)
{
	int i = __sysfs_match_string(names, -1, value);

	if (i < 0) {
		pr_err("%s: no such value\n", kp->name);
		return -EINVAL;
	}
	WRITE_ONCE(*(int *)kp->arg, i);
	return 0;
}

static int set_policy(const char *value, const struct kernel_param *kp)
{
	return set_name(value, kp, policy_names);
}

static int get_policy(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", policy_names[lab_params.policy]);
}

static int set_format(const char *value, const struct kernel_param *kp)
{
	return set_name(value, kp, format_names);
}

static int get_format(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", format_names[lab_params.format]);
}

static int set_check(const char *value, const struct kernel_param *kp)
{
	bool check;

	if (kstrtobool(value, &check)) {
		pr_err("%s: 0 or 1\n", kp->name);
		return -EINVAL;
	}
	if (!check)
		pr_warn("check_instance=0: attaching a domain of another instance will succeed\n");
	WRITE_ONCE(lab_params.check_instance, check);
	return 0;
}

static const struct kernel_param_ops policy_ops = { .set = set_policy, .get = get_policy };
static const struct kernel_param_ops format_ops = { .set = set_format, .get = get_format };
static const struct kernel_param_ops check_ops = { .set = set_check, .get = param_get_bool };

module_param_cb(alloc_policy, &policy_ops, &lab_params.policy, 0644);
MODULE_PARM_DESC(alloc_policy, "device, bus or deferred: whom a new domain is finalised for");
module_param_cb(format, &format_ops, &lab_params.format, 0644);
MODULE_PARM_DESC(format, "v1 or v2: page-table format of new domains; v1 excludes PASIDs");
module_param_cb(check_instance, &check_ops, &lab_params.check_instance, 0644);
MODULE_PARM_DESC(check_instance, "0 accepts domains of other instances, as a bug would");

module_param_named(map_rounds, lab_params.map_rounds, uint, 0644);
MODULE_PARM_DESC(map_rounds, "makes each map slower by so many rounds of an empty loop (default 0)");
module_param_named(mixed_dma, lab_params.mixed_dma, bool, 0644);
MODULE_PARM_DESC(mixed_dma, "mixed groups get page tables by default, which cannot work (default 0)");

unsigned int lab_nr_instances = 2;
module_param_named(instances, lab_nr_instances, uint, 0444);
MODULE_PARM_DESC(instances, "number of IOMMUs (default 2)");

unsigned int lab_nr_devices = 4;
module_param_named(devices, lab_nr_devices, uint, 0444);
MODULE_PARM_DESC(devices, "number of devices behind each (default 4)");

static unsigned int group_size = 1;
module_param(group_size, uint, 0444);
MODULE_PARM_DESC(group_size, "devices of an instance that share a group (default 1)");

static unsigned int mixed_groups;
module_param(mixed_groups, uint, 0444);
MODULE_PARM_DESC(mixed_groups, "groups of one device each of the first two instances (default 0)");

static unsigned int pasid_bits = 8;
module_param(pasid_bits, uint, 0444);
MODULE_PARM_DESC(pasid_bits, "width of the devices' PASIDs, 0 for none (default 8)");

static char *fail_nth;
module_param(fail_nth, charp, 0444);
MODULE_PARM_DESC(fail_nth, "OP,NTH[,ERRNO]: let the nth OP from now fail, also while loading");

/* For scripts; through sysfs the parameters are set without them. */
int lab_set_param(const char *name, const char *value)
{
	const struct kernel_param param = { .name = name, .arg = &lab_params.policy };
	const struct kernel_param format = { .name = name, .arg = &lab_params.format };

	if (!strcmp(name, "alloc_policy"))
		return set_policy(value, &param);
	if (!strcmp(name, "format"))
		return set_format(value, &format);
	if (!strcmp(name, "mixed_dma"))
		return kstrtobool(value, &lab_params.mixed_dma);
	return strcmp(name, "check_instance") ? -EINVAL : set_check(value, &param);
}

static struct device *lab_root;
static struct iommulab_iommu *instances;
static struct iommulab_dev *devs;

struct iommulab_dev *lab_dev(unsigned int instance, unsigned int device)
{
	if (instance >= lab_nr_instances || device >= lab_nr_devices)
		return NULL;
	return &devs[instance * lab_nr_devices + device];
}

struct iommulab_dev *lab_dev_of(struct device *dev)
{
	if (dev->parent != lab_root || !dev_get_platdata(dev))
		return NULL;
	return *(struct iommulab_dev **)dev_get_platdata(dev);
}

/* The last devices of the first two instances are those in mixed groups. */
bool lab_is_mixed(struct iommulab_dev *ld)
{
	return ld->iommu->index < 2 && ld->index >= lab_nr_devices - mixed_groups;
}

unsigned int lab_group_index(struct iommulab_dev *ld)
{
	if (lab_is_mixed(ld))
		return ld->index;
	return ld->iommu->index * lab_nr_devices + ld->index - ld->index % group_size;
}

/*
 * Before the core's notifier, which looks the device's IOMMU up: tell it which one that is. If the
 * device cannot be added after all, the core frees what this makes.
 */
static int notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;
	struct iommulab_dev *ld = lab_dev_of(dev);
	int err;

	if (action != BUS_NOTIFY_ADD_DEVICE || !ld)
		return NOTIFY_DONE;
#ifdef HAVE_FWSPEC_OPS
	err = iommu_fwspec_init(dev, ld->iommu->iommu.fwnode, lab_ops());
#else
	err = iommu_fwspec_init(dev, ld->iommu->iommu.fwnode);
#endif
	if (err)
		dev_err(dev, "no IOMMU: %d\n", err);
	return NOTIFY_DONE;
}

static struct notifier_block lab_notifier = {
	.notifier_call = notify,
	.priority = INT_MAX,
};

/* The device is there whether or not its IOMMU took it, as on any bus. */
int lab_add_device(struct iommulab_dev *ld)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U32("pasid-num-bits", pasid_bits),
		{}
	};
	struct platform_device_info info = {
		.parent = lab_root,
		.id = ld->index,
		.data = &ld,
		.size_data = sizeof(ld),
		.dma_mask = DMA_BIT_MASK(LAB_PT_IOVA_BITS),
		.properties = properties,
	};
	int err = lab_fail(LAB_OP_MEMORY);
	char name[16];

	if (lab_count(LAB_OP_MEMORY, err))
		return err;
	snprintf(name, sizeof(name), "labdev%u", ld->iommu->index);
	info.name = name;
	ld->pdev = platform_device_register_full(&info);
	if (!IS_ERR(ld->pdev))
		return 0;
	err = PTR_ERR(ld->pdev);
	ld->pdev = NULL;
	return err;
}

void lab_remove_device(struct iommulab_dev *ld)
{
	platform_device_unregister(ld->pdev);
	ld->pdev = NULL;
}

static int instance_add(struct iommulab_iommu *iommu)
{
	static const struct fwnode_operations fwnode_ops;
	int err = lab_fail(LAB_OP_MEMORY);

	if (lab_count(LAB_OP_MEMORY, err))
		return err;
	/* Only its address counts. It has no references, which not every kernel keeps balanced. */
	fwnode_init(&iommu->fwnode, &fwnode_ops);
	iommu->iommu.fwnode = &iommu->fwnode;
#ifdef HAVE_SET_PASID
	iommu->iommu.max_pasids = pasid_bits ? BIT(pasid_bits) : 0;
#endif
	err = iommu_device_sysfs_add(&iommu->iommu, lab_root, NULL, "iommulab%u", iommu->index);
	if (err)
		return err;
	err = lab_fail(LAB_OP_MEMORY);
	if (!lab_count(LAB_OP_MEMORY, err))
		err = iommu_device_register(&iommu->iommu, lab_ops(), NULL);
	if (err)
		iommu_device_sysfs_remove(&iommu->iommu);
	return err;
}

static void instance_remove(struct iommulab_iommu *iommu)
{
	iommu_device_unregister(&iommu->iommu);
	iommu_device_sysfs_remove(&iommu->iommu);
}

/* Where the core hands its buses to the first driver that comes, it never takes them back. */
static void buses_release(void)
{
#ifdef HAVE_BUS_OPS
	typeof(platform_bus_type) *buses[] = {
		&platform_bus_type,
#ifdef CONFIG_PCI
		&pci_bus_type,
#endif
#ifdef CONFIG_ARM_AMBA
		&amba_bustype,
#endif
#ifdef CONFIG_FSL_MC_BUS
		&fsl_mc_bus_type,
#endif
#ifdef CONFIG_TEGRA_HOST1X_CONTEXT_BUS
		&host1x_context_device_bus_type,
#endif
	};

	for (int i = 0; i < ARRAY_SIZE(buses); i++)
		if (buses[i]->iommu_ops == lab_ops())
			buses[i]->iommu_ops = NULL;
#endif
}

/* Removes the first nr instances and every device. */
static void lab_remove(unsigned int nr)
{
	mutex_lock(&lab_lock);
	for (unsigned int i = lab_nr_instances * lab_nr_devices; i--;)
		if (devs[i].pdev)
			lab_remove_device(&devs[i]);
	mutex_unlock(&lab_lock);
	while (nr--)
		instance_remove(&instances[nr]);
	buses_release();
	WARN(!lab_all_freed(), "iommulab: domains or page tables leaked\n");
}

static int lab_populate(void)
{
	unsigned int nr, i;
	int err = 0;

	for (nr = 0; nr < lab_nr_instances; nr++) {
		instances[nr].index = nr;
		err = instance_add(&instances[nr]);
		if (err)
			goto err_remove;
	}
	mutex_lock(&lab_lock);
	for (i = 0; i < lab_nr_instances * lab_nr_devices && !err; i++) {
		devs[i].iommu = &instances[i / lab_nr_devices];
		devs[i].index = i % lab_nr_devices;
		err = lab_add_device(&devs[i]);
		cond_resched();
	}
	mutex_unlock(&lab_lock);
	if (!err)
		return 0;
err_remove:
	lab_remove(nr);
	return err;
}

static bool check_range(const char *name, unsigned int value, unsigned int min, unsigned int max)
{
	if (value >= min && value <= max)
		return true;
	pr_err("%s=%u: from %u to %u\n", name, value, min, max);
	return false;
}

static int check_params(void)
{
	unsigned int max_mixed = lab_nr_instances < 2 ? 0 : lab_nr_devices;
	char text[32];

	if (!check_range("instances", lab_nr_instances, 1, LAB_MAX_INSTANCES) ||
	    !check_range("devices", lab_nr_devices, 1, LAB_MAX_DEVICES) ||
	    !check_range("group_size", group_size, 1, lab_nr_devices) ||
	    !check_range("mixed_groups", mixed_groups, 0, max_mixed) ||
	    !check_range("pasid_bits", pasid_bits, 0, 20))
		return -EINVAL;
	if (!fail_nth)
		return 0;
	strscpy(text, fail_nth, sizeof(text));
	for (char *comma = text; (comma = strchr(comma, ','));)
		*comma = ' ';
	if (!lab_set_fail(text))
		return 0;
	pr_err("fail_nth=%s: wants OP,NTH[,ERRNO]\n", fail_nth);
	return -EINVAL;
}

static int __init lab_init(void)
{
	int err = lab_inject_init();

	if (err)
		return err;
	err = check_params();
	if (err)
		goto err_inject;
	err = -ENOMEM;
	instances = kvcalloc(lab_nr_instances, sizeof(*instances), GFP_KERNEL);
	devs = kvcalloc((size_t)lab_nr_instances * lab_nr_devices, sizeof(*devs), GFP_KERNEL);
	if (!instances || !devs)
		goto err_free;
	err = lab_groups_init();
	if (err)
		goto err_free;
	err = lab_ops_init();
	if (err)
		goto err_groups;
	lab_root = root_device_register("iommulab");
	if (IS_ERR(lab_root)) {
		err = PTR_ERR(lab_root);
		goto err_ops;
	}
	err = bus_register_notifier(&platform_bus_type, &lab_notifier);
	if (err)
		goto err_root;
	err = lab_populate();
	if (err)
		goto err_notifier;
	lab_control_init();
	pr_info("%u instances with %u devices each, for tests only\n", lab_nr_instances,
		lab_nr_devices);
	return 0;

err_notifier:
	bus_unregister_notifier(&platform_bus_type, &lab_notifier);
err_root:
	root_device_unregister(lab_root);
err_ops:
	lab_ops_exit();
err_groups:
	lab_groups_exit();
err_free:
	kvfree(devs);
	kvfree(instances);
err_inject:
	lab_inject_exit();
	if (err == -EBUSY)
		pr_err("another IOMMU driver has this kernel's buses: boot without it\n");
	else
		pr_err("cannot load: %d\n", err);
	return err;
}
module_init(lab_init);

static void __exit lab_exit(void)
{
	lab_control_exit();
	mutex_lock(&lab_lock);
	lab_steps_reset();
	mutex_unlock(&lab_lock);
	lab_scenario_exit();
	lab_remove(lab_nr_instances);
	bus_unregister_notifier(&platform_bus_type, &lab_notifier);
	root_device_unregister(lab_root);
	lab_ops_exit();
	lab_groups_exit();
	kvfree(devs);
	kvfree(instances);
	lab_inject_exit();
}
module_exit(lab_exit);

MODULE_DESCRIPTION("A synthetic IOMMU driver with many instances, for tests of the IOMMU core");
MODULE_LICENSE("GPL");
