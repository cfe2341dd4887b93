// SPDX-License-Identifier: GPL-2.0-only
/* steps.c - the steps of scripts, and those that are about devices, faults and parameters. */
#include <linux/delay.h>
#include "steps.h"

static struct lab_params saved_params;
static bool params_saved;

int lab_parse_dev(const char *text, struct iommulab_dev **ld)
{
	unsigned int instance, device;
	char end;

	if (sscanf(text, "%u.%u%c", &instance, &device, &end) != 2)
		return -EINVAL;
	*ld = lab_dev(instance, device);
	return *ld ? 0 : -EINVAL;
}

int lab_parse_present(const char *text, struct iommulab_dev **ld)
{
	int err = lab_parse_dev(text, ld);

	return err ? err : (*ld)->pdev ? 0 : -ENODEV;
}

static int step_fault(struct lab_args *args)
{
	struct iommu_domain **slot;
	struct iommulab_dev *ld;
	unsigned long iova;
	int err = lab_parse_slot_dev(args, &slot, &ld);

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
	int err = lab_parse_present(args->word[1], &ld);

	if (err)
		return err;
	if (lab_in_use(NULL, ld) || ld->pinned)
		return -EBUSY;
	lab_remove_device(ld);
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
	int err = lab_parse_used_slot(args->word[1], &slot);

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
	/* domains.c */
	{ "alloc", 4, 5, lab_step_alloc },
	{ "free", 2, 2, lab_step_free },
	{ "map", 4, 5, lab_step_map },
	{ "unmap", 4, 4, lab_step_unmap },
	{ "phys", 4, 4, lab_step_phys },
	{ "fill", 3, 3, lab_step_fill },
	{ "drain", 1, 1, lab_step_drain },
	/* holds.c */
	{ "attach", 3, 3, lab_step_attach },
	{ "attach-dev", 3, 3, lab_step_attach_dev },
	{ "detach", 3, 3, lab_step_detach },
	{ "claim", 2, 2, lab_step_claim },
	{ "release", 2, 2, lab_step_release },
	{ "pasid", 4, 4, lab_step_pasid },
	{ "replace-pasid", 4, 4, lab_step_replace_pasid },
	{ "unpasid", 4, 4, lab_step_unpasid },
	/* iommufd.c */
	{ "alloc-op", 3, 4, lab_step_alloc_op },
	{ "alloc-nested", 4, 4, lab_step_alloc_nested },
	{ "attach-handle", 3, 3, lab_step_attach_handle },
	{ "replace-handle", 3, 3, lab_step_replace_handle },
	{ "detach-handle", 3, 3, lab_step_detach_handle },
	{ "sva", 2, 2, lab_step_sva },
	/* here */
	{ "fault", 4, 4, step_fault },
	{ "add", 2, 2, step_add },
	{ "remove", 2, 2, step_remove },
	{ "set", 3, 3, step_set },
	{ "fail", 3, 4, step_fail },
	{ "delay", 3, 3, step_delay },
	{ "sleep", 2, 2, step_sleep },
	{ "verify", 4, 4, step_verify },
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
	lab_inject_off();
	if (params_saved)
		lab_params = saved_params;
	params_saved = false;
	lab_holds_undo();
	lab_domains_free();
	restore_devices();
}
