// SPDX-License-Identifier: GPL-2.0-only
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "lab.h"

#define LAB_MAX_WRITE 4096

/* One file: what a read shows, what a write does. All with lab_lock held. */
struct lab_file {
	const char *name;
	void (*show)(struct seq_file *s);
	int (*write)(char *text);
};

static struct dentry *dir;

static int write_counters(char *text)
{
	if (strcmp(strim(text), "reset"))
		return -EINVAL;
	lab_reset_counters();
	return 0;
}

static const char *state_name(enum lab_state state)
{
	static const char *const names[] = {
		[LAB_NONE] = "none",
		[LAB_IDENTITY] = "identity",
		[LAB_BLOCKED] = "blocked",
		[LAB_PAGING] = "paging",
	};

	return names[state];
}

static void show_device(struct seq_file *s, struct iommulab_dev *ld)
{
	struct iommu_group *group = iommu_group_get(&ld->pdev->dev);
	struct iommulab_iommu *bound = READ_ONCE(ld->bound);

	seq_printf(s, "%s instance=iommulab%u group=%d state=%s domain=%s pasids=%u\n",
		   dev_name(&ld->pdev->dev), ld->iommu->index, group ? iommu_group_id(group) : -1,
		   state_name(ld->state), bound ? dev_name(bound->iommu.dev) : "-", ld->pasids);
	if (group)
		iommu_group_put(group);
}

static void show_devices(struct seq_file *s)
{
	for (unsigned int i = 0; i < lab_nr_instances; i++) {
		for (unsigned int d = 0; d < lab_nr_devices; d++) {
			struct iommulab_dev *ld = lab_dev(i, d);

			if (ld->pdev)
				show_device(s, ld);
		}
	}
}

static const struct lab_file files[] = {
	{ "scenario", lab_show_scenario, lab_scenario },
	{ "bench", lab_show_bench, lab_bench },
	{ "timing", lab_show_timing, lab_timing },
	{ "counters", lab_show_counters, write_counters },
	{ "fail_nth", lab_show_fail, lab_set_fail },
	{ "delay", lab_show_delay, lab_set_delay },
	{ "devices", show_devices, NULL },
};

static int control_show(struct seq_file *s, void *unused)
{
	const struct lab_file *file = s->private;

	mutex_lock(&lab_lock);
	file->show(s);
	mutex_unlock(&lab_lock);
	return 0;
}

static int control_open(struct inode *inode, struct file *file)
{
	return single_open(file, control_show, inode->i_private);
}

/* Runs in the writer: what it does is the writer's doing, and the write returns its error. */
static ssize_t control_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	const struct lab_file *what = ((struct seq_file *)file->private_data)->private;
	char *text;
	int err;

	if (!what->write)
		return -EPERM;
	if (!len || len > LAB_MAX_WRITE)
		return -EINVAL;
	text = memdup_user_nul(from, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = mutex_lock_interruptible(&lab_lock);
	if (!err) {
		err = what->write(text);
		mutex_unlock(&lab_lock);
	}
	kfree(text);
	return err ? err : len;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.read = seq_read,
	.write = control_write,
	.llseek = seq_lseek,
	.release = single_release,
};

void lab_control_init(void)
{
	dir = debugfs_create_dir("iommulab", NULL);
	for (int i = 0; i < ARRAY_SIZE(files); i++)
		debugfs_create_file(files[i].name, files[i].write ? 0600 : 0400, dir,
				    (void *)&files[i], &control_fops);
}

void lab_control_exit(void)
{
	debugfs_remove_recursive(dir);
}
