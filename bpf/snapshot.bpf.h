/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.bpf.h - what exists already: run on demand, it walks the core's own lists.
 *
 * User space opens a folder of sysfs and runs the program with its descriptor: the folder's inode
 * leads to the kobject behind it. So no symbol has to be looked up, which kernels without
 * KALLSYMS_ALL (arm64 6.1 of Debian) would not have.
 *
 * The lists are read without their locks. A read of memory that went away gives an error or stale
 * bytes, never a fault, and the number of steps is bounded; objects that change meanwhile are also
 * seen by the lifecycle programs, which are attached first.
 */
#ifndef IMS_SNAPSHOT_BPF_H
#define IMS_SNAPSHOT_BPF_H

#include "emit.bpf.h"

#define IMS_MAX_NODES 65536
#define IMS_MAX_MEMBERS 1024

struct walk {
	void *ctx;
	__u64 head;
	__u64 node;
	__u64 group;
};

static __always_inline bool walk_done(const struct walk *w)
{
	return !w->node || w->node == w->head;
}

static __always_inline void walk_start(struct walk *w, __u64 head)
{
	w->head = head;
	w->node = (__u64)BPF_CORE_READ((struct list_head *)head, next);
}

static __always_inline void walk_next(struct walk *w)
{
	struct list_head *node = (struct list_head *)w->node;

	w->node = (__u64)BPF_CORE_READ(node, next);
	if (w->node == (__u64)node) { /* taken off its list: it points to itself */
		w->node = 0;
		snapshot_broken = 1;
	}
}

/*
 * A run reports at most snapshot_page devices, so that the ring can be drained before the next:
 * user space runs the program again while snapshot_more is set. A page begins after as many devices
 * as were reported before, not at an address that may be gone by then.
 */
static __always_inline bool page_has(void)
{
	__u32 at = snapshot_seen++;

	if (at >= snapshot_from + snapshot_page)
		snapshot_more = 1;
	return at >= snapshot_from && !snapshot_more;
}

static __always_inline void emit_found(struct walk *w, struct device *dev, __u64 dom, __u32 flags)
{
	struct ims_kevent *e = emit_reserve(w->ctx, IMS_HOOK_SNAPSHOT, 0);
	struct iommu_group *group = (struct iommu_group *)w->group;

	if (!e)
		return;
	e->flags |= IMS_EVENT_SNAPSHOT | IMS_EVENT_UNTIMED | flags;
	read_device(e, dev);
	e->group = BPF_CORE_READ(group, id);
	if (dom)
		emit_domain(e, dom);
	emit_submit(e);
}

static long snapshot_member(__u32 i, struct walk *w)
{
	struct iommu_group *group = (struct iommu_group *)w->group;
	__u64 now, dflt;
	struct group_device *member;
	struct device *dev;

	if (walk_done(w))
		return 1;
	member = (struct group_device *)(w->node -
					 bpf_core_field_offset(struct group_device, list));
	dev = BPF_CORE_READ(member, dev);
	now = (__u64)BPF_CORE_READ(group, domain);
	dflt = (__u64)BPF_CORE_READ(group, default_domain);
	if (page_has()) {
		emit_found(w, dev, now, IMS_EVENT_CURRENT | (now == dflt ? IMS_EVENT_DEFAULT : 0));
		if (dflt && dflt != now)
			emit_found(w, dev, dflt, IMS_EVENT_DEFAULT);
	}
	walk_next(w);
	return snapshot_more ? 1 : 0;
}

static long snapshot_group(__u32 i, struct walk *w)
{
	struct walk members = {.ctx = w->ctx};

	if (walk_done(w))
		return 1;
	members.group = w->node - bpf_core_field_offset(struct kobject, entry) -
			bpf_core_field_offset(struct iommu_group, kobj);
	walk_start(&members, members.group + bpf_core_field_offset(struct iommu_group, devices));
	bpf_loop(IMS_MAX_MEMBERS, snapshot_member, &members, 0);
	walk_next(w);
	return snapshot_more ? 1 : 0;
}

/* The kobject behind the sysfs folder that this process has open as snapshot_fd; 0: none. */
static __always_inline __u64 open_kobject(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file **table = BPF_CORE_READ(task, files, fdt, fd);
	struct kernfs_node *node;
	struct file *file;

	if (bpf_probe_read_kernel(&file, sizeof(file), table + snapshot_fd))
		return 0;
	node = BPF_CORE_READ(file, f_inode, i_private);
	return (__u64)BPF_CORE_READ(node, priv);
}

/* /sys/class/iommu/NAME: the class device, whose data is the struct iommu_device. */
SEC("raw_tp")
int snapshot_instance(__u64 *ctx)
{
	__u64 kobj = open_kobject();
	struct iommu_device *iommu;
	struct ims_kevent *e;
	struct device *dev;

	snapshot_more = 0;
	if (!kobj)
		return 0;
	dev = (struct device *)(kobj - bpf_core_field_offset(struct device, kobj));
	iommu = BPF_CORE_READ(dev, driver_data);
	e = iommu ? emit_reserve(ctx, IMS_HOOK_SNAPSHOT, 0) : 0;
	if (!e)
		return 0;
	e->flags |= IMS_EVENT_SNAPSHOT | IMS_EVENT_UNTIMED;
	read_instance(e, iommu);
	emit_submit(e);
	return 0;
}

/* /sys/kernel/iommu_groups: the set of all groups. */
SEC("raw_tp")
int snapshot_groups(__u64 *ctx)
{
	__u64 kobj = open_kobject(), set;
	struct walk w = {.ctx = ctx};

	snapshot_seen = snapshot_more = 0;
	if (!kobj)
		return 0;
	set = kobj - bpf_core_field_offset(struct kset, kobj);
	walk_start(&w, set + bpf_core_field_offset(struct kset, list));
	bpf_loop(IMS_MAX_NODES, snapshot_group, &w, 0);
	return 0;
}

#endif
