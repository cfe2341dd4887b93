// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include "lab.h"

#define LAB_MAX_WORDS 6
#define LAB_SLOTS     26

/* What steps made and must be undone: attachments, PASIDs, claims; newest first. */
struct lab_hold {
	struct list_head node;
	void (*undo)(struct lab_hold *hold);
	struct iommu_domain *domain; /* NULL for a claim */
	struct iommulab_dev *ld;
	struct iommu_group *group; /* with a reference */
	u32 pasid;
};

static LIST_HEAD(holds);
static struct iommu_domain *slots[LAB_SLOTS];
static DEFINE_XARRAY_ALLOC(filled);
static struct lab_params saved_params;
static bool params_saved;

struct lab_args {
	unsigned int nr;
	char *word[LAB_MAX_WORDS];
	struct lab_log *log;
};

int lab_parse_dev(const char *text, struct iommulab_dev **ld)
{
	unsigned int instance, device;
	char end;

	if (sscanf(text, "%u.%u%c", &instance, &device, &end) != 2)
		return -EINVAL;
	*ld = lab_dev(instance, device);
	return *ld ? 0 : -EINVAL;
}

/* A device that is there now. */
static int parse_present(const char *text, struct iommulab_dev **ld)
{
	int err = lab_parse_dev(text, ld);

	return err ? err : (*ld)->pdev ? 0 : -ENODEV;
}

static int parse_slot(const char *text, struct iommu_domain ***slot)
{
	if (text[0] < 'a' || text[0] > 'z' || text[1])
		return -EINVAL;
	*slot = &slots[text[0] - 'a'];
	return 0;
}

static int parse_used_slot(const char *text, struct iommu_domain ***slot)
{
	int err = parse_slot(text, slot);

	return err ? err : **slot ? 0 : -ENOENT;
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

static int step_alloc(struct lab_args *args)
{
	bool pasid = args->nr > 4 && !strcmp(args->word[4], "pasid");
	struct iommu_domain **slot, *domain;
	struct iommulab_dev *ld;
	int err = parse_slot(args->word[1], &slot);

	if (!err)
		err = parse_present(args->word[3], &ld);
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

static bool in_use(struct iommu_domain *domain, struct iommulab_dev *ld)
{
	struct lab_hold *hold;

	list_for_each_entry(hold, &holds, node)
		if ((domain && hold->domain == domain) || (ld && hold->ld == ld))
			return true;
	return false;
}

static int step_free(struct lab_args *args)
{
	struct iommu_domain **slot;
	int err = parse_used_slot(args->word[1], &slot);

	if (err)
		return err;
	if (in_use(*slot, NULL))
		return -EBUSY;
	iommu_domain_free(*slot);
	*slot = NULL;
	return 0;
}

static int hold_make(struct iommulab_dev *ld, struct iommu_domain *domain,
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

/* Keeps the hold if what it stands for was done. */
static int hold_settle(struct lab_hold *hold, int err)
{
	if (err)
		hold_free(hold);
	else
		list_add(&hold->node, &holds);
	return err;
}

static int hold_undo(struct iommulab_dev *ld, struct iommu_domain *domain,
		     void (*undo)(struct lab_hold *hold), u32 pasid)
{
	struct lab_hold *hold;

	list_for_each_entry(hold, &holds, node) {
		if (hold->ld != ld || hold->domain != domain || hold->undo != undo ||
		    hold->pasid != pasid)
			continue;
		list_del(&hold->node);
		undo(hold);
		hold_free(hold);
		return 0;
	}
	return -ENOENT;
}

static void undo_attach(struct lab_hold *hold)
{
	iommu_detach_group(hold->domain, hold->group);
}

static void undo_attach_dev(struct lab_hold *hold)
{
	iommu_detach_device(hold->domain, &hold->ld->pdev->dev);
}

static int parse_slot_dev(struct lab_args *args, struct iommu_domain ***slot,
			  struct iommulab_dev **ld)
{
	int err = parse_used_slot(args->word[1], slot);

	return err ? err : parse_present(args->word[2], ld);
}

static int step_attach(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = hold_make(ld, *slot, undo_attach, &hold);
	return err ? err : hold_settle(hold, iommu_attach_group(*slot, hold->group));
}

static int step_attach_dev(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = hold_make(ld, *slot, undo_attach_dev, &hold);
	return err ? err : hold_settle(hold, iommu_attach_device(*slot, &ld->pdev->dev));
}

static int step_detach(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	int err = parse_slot_dev(args, &slot, &ld);

	if (err)
		return err;
	err = hold_undo(ld, *slot, undo_attach, 0);
	return err ? hold_undo(ld, *slot, undo_attach_dev, 0) : 0;
}

static void undo_claim(struct lab_hold *hold)
{
	iommu_group_release_dma_owner(hold->group);
}

static int step_claim(struct lab_args *args)
{
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	int err = parse_present(args->word[1], &ld);

	if (!err)
		err = hold_make(ld, NULL, undo_claim, &hold);
	return err ? err : hold_settle(hold, iommu_group_claim_dma_owner(hold->group, hold));
}

static int step_release(struct lab_args *args)
{
	struct iommulab_dev *ld;
	int err = parse_present(args->word[1], &ld);

	return err ? err : hold_undo(ld, NULL, undo_claim, 0);
}

#ifdef HAVE_SET_PASID
static void undo_pasid(struct lab_hold *hold)
{
	iommu_detach_device_pasid(hold->domain, &hold->ld->pdev->dev, hold->pasid);
}

static int step_pasid(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	struct lab_hold *hold;
	u32 pasid;
	int err = parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = kstrtou32(args->word[3], 0, &pasid);
	if (!err)
		err = hold_make(ld, *slot, undo_pasid, &hold);
	if (err)
		return err;
	hold->pasid = pasid;
	return hold_settle(hold, iommu_attach_device_pasid(*slot, &ld->pdev->dev, pasid, NULL));
}

static int step_unpasid(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	u32 pasid;
	int err = parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = kstrtou32(args->word[3], 0, &pasid);
	return err ? err : hold_undo(ld, *slot, undo_pasid, pasid);
}
#else
static int step_pasid(struct lab_args *args)
{
	return -EOPNOTSUPP;
}

static int step_unpasid(struct lab_args *args)
{
	return -EOPNOTSUPP;
}
#endif

/* Where mappings without a physical address of their own go: nothing ever reads it. */
#define LAB_PHYS BIT_ULL(32)

static int parse_range(struct lab_args *args, struct iommu_domain ***slot, unsigned long *iova,
		       unsigned long *size)
{
	int err = parse_used_slot(args->word[1], slot);

	if (!err)
		err = kstrtoul(args->word[2], 0, iova);
	return err ? err : kstrtoul(args->word[3], 0, size);
}

static int step_map(struct lab_args *args)
{
	struct iommu_domain **slot;
	unsigned long iova, size;
	u64 phys = LAB_PHYS;
	int err = parse_range(args, &slot, &iova, &size);

	if (!err && args->nr > 4)
		err = kstrtou64(args->word[4], 0, &phys);
	return err ? err : lab_map(*slot, iova, phys, size);
}

static int step_unmap(struct lab_args *args)
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

static int step_phys(struct lab_args *args)
{
	struct iommu_domain **slot;
	unsigned long iova;
	u64 phys, expected;
	int err = parse_used_slot(args->word[1], &slot);

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

static int step_fault(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	unsigned long iova;
	int err = parse_slot_dev(args, &slot, &ld);

	if (!err)
		err = kstrtoul(args->word[3], 0, &iova);
	if (err)
		return err;
	report_iommu_fault(*slot, &ld->pdev->dev, iova, IOMMU_FAULT_WRITE);
	return 0;
}

static int step_add(struct lab_args *args)
{
	struct iommulab_dev *ld;
	int err = lab_parse_dev(args->word[1], &ld);

	if (err)
		return err;
	if (ld->pdev)
		return -EEXIST;
	err = lab_add_device(ld);
	if (err)
		return err;
	lab_log(args->log, "  %s its IOMMU\n",
		device_iommu_mapped(&ld->pdev->dev) ? "has" : "lost");
	return device_iommu_mapped(&ld->pdev->dev) ? 0 : -ENODEV;
}

static int step_remove(struct lab_args *args)
{
	struct iommulab_dev *ld;
	int err = parse_present(args->word[1], &ld);

	if (err)
		return err;
	if (in_use(NULL, ld) || ld->pinned)
		return -EBUSY;
	lab_remove_device(ld);
	return 0;
}

static int step_fill(struct lab_args *args)
{
	struct iommu_domain *domain;
	struct iommulab_dev *ld;
	unsigned int count;
	u32 id;
	int err = kstrtouint(args->word[1], 0, &count);

	if (!err)
		err = parse_present(args->word[2], &ld);
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

static int step_drain(struct lab_args *args)
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

static int step_set(struct lab_args *args)
{
	if (!params_saved)
		saved_params = lab_params;
	params_saved = true;
	return lab_set_param(args->word[1], args->word[2]);
}

static int step_fail(struct lab_args *args)
{
	char text[48];

	snprintf(text, sizeof(text), "%s %s %s", args->word[1], args->word[2],
		 args->nr > 3 ? args->word[3] : "");
	return lab_set_fail(text);
}

static int step_delay(struct lab_args *args)
{
	char text[48];

	snprintf(text, sizeof(text), "%s %s", args->word[1], args->word[2]);
	return lab_set_delay(text);
}

static int step_sleep(struct lab_args *args)
{
	unsigned int ms;
	int err = kstrtouint(args->word[1], 0, &ms);

	if (!err && msleep_interruptible(min(ms, 60000u)))
		err = -EINTR;
	return err;
}

static int step_verify(struct lab_args *args)
{
	struct iommu_domain **slot;
	unsigned int rounds;
	u32 seed;
	int err = parse_used_slot(args->word[1], &slot);

	if (!err)
		err = kstrtouint(args->word[2], 0, &rounds);
	if (!err)
		err = kstrtou32(args->word[3], 0, &seed);
	return err ? err : lab_verify(*slot, rounds, seed);
}

static const struct lab_step {
	const char *name;
	unsigned int min, max; /* words, with the name */
	int (*run)(struct lab_args *args);
} steps[] = {
	{ "alloc", 4, 5, step_alloc },	   { "free", 2, 2, step_free },
	{ "attach", 3, 3, step_attach },   { "attach-dev", 3, 3, step_attach_dev },
	{ "detach", 3, 3, step_detach },   { "claim", 2, 2, step_claim },
	{ "release", 2, 2, step_release }, { "pasid", 4, 4, step_pasid },
	{ "unpasid", 4, 4, step_unpasid }, { "map", 4, 5, step_map },
	{ "unmap", 4, 4, step_unmap },	   { "phys", 4, 4, step_phys },
	{ "fault", 4, 4, step_fault },	   { "add", 2, 2, step_add },
	{ "remove", 2, 2, step_remove },   { "fill", 3, 3, step_fill },
	{ "drain", 1, 1, step_drain },	   { "set", 3, 3, step_set },
	{ "fail", 3, 4, step_fail },	   { "delay", 3, 3, step_delay },
	{ "sleep", 2, 2, step_sleep },	   { "verify", 4, 4, step_verify },
};

int lab_step(char *text, struct lab_log *log)
{
	struct lab_args args = { .log = log };
	char *word;

	while ((word = strsep(&text, " \t"))) {
		if (!*word)
			continue;
		if (args.nr == LAB_MAX_WORDS)
			return -E2BIG;
		args.word[args.nr++] = word;
	}
	for (int i = 0; args.nr && i < ARRAY_SIZE(steps); i++)
		if (!strcmp(args.word[0], steps[i].name))
			return args.nr < steps[i].min || args.nr > steps[i].max ?
				       -EINVAL : steps[i].run(&args);
	return -EINVAL;
}

/* Devices that a step removed, or that lost their IOMMU, are themselves again. */
static void restore_devices(void)
{
	struct iommulab_dev *ld;

	for (unsigned int i = 0; i < lab_nr_instances; i++) {
		for (unsigned int d = 0; d < lab_nr_devices; d++) {
			ld = lab_dev(i, d);
			if (ld->pdev && !device_iommu_mapped(&ld->pdev->dev))
				lab_remove_device(ld);
			if (!ld->pdev && lab_add_device(ld))
				pr_warn("iommulab: labdev%u.%u is gone\n", i, d);
		}
	}
}

void lab_steps_reset(void)
{
	struct lab_hold *hold, *next;

	lab_inject_off();
	if (params_saved)
		lab_params = saved_params;
	params_saved = false;
	list_for_each_entry_safe(hold, next, &holds, node) {
		list_del(&hold->node);
		hold->undo(hold);
		hold_free(hold);
	}
	for (int i = 0; i < LAB_SLOTS; i++) {
		if (slots[i])
			iommu_domain_free(slots[i]);
		slots[i] = NULL;
	}
	step_drain(NULL);
	restore_devices();
}
