/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux.h - the kernel types that the BPF programs read, and of these only the members they read.
 *
 * CO-RE relocates every access by name, so order and offsets here mean nothing. tests/btf/check
 * holds it to the BTF of each kernel tried; types are spelled as bpftool does.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef short int __s16;
typedef short unsigned int __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long int __s64;
typedef long long unsigned int __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __u64 u64;
typedef int __kernel_pid_t;
typedef __kernel_pid_t pid_t;
typedef __u64 __le64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_NOEXIST = 1,
};

enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
};

enum {
	BPF_F_USER_STACK = 256,
};

enum {
	BPF_RB_FORCE_WAKEUP = 2,
};

#ifdef __TARGET_ARCH_arm64
struct user_pt_regs {
	__u64 regs[31];
};
struct pt_regs;
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#ifdef __TARGET_ARCH_x86
struct pt_regs {
	long unsigned int r8;
	long unsigned int cx;
	long unsigned int dx;
	long unsigned int si;
	long unsigned int di;
	long unsigned int ax;
};
#endif

struct list_head {
	struct list_head *next;
};

struct kobject {
	const char *name;
	struct list_head entry;
};

struct kset {
	struct list_head list;
	struct kobject kobj;
};

struct kernfs_node {
	void *priv;
};

struct inode {
	void *i_private;
};

struct file {
	struct inode *f_inode;
};

struct fdtable {
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	pid_t pid;
	pid_t tgid;
	u64 self_exec_id;
	struct files_struct *files;
};

struct device_driver {
	const char *name;
};

struct module {
	char name[1];
};

struct device {
	struct kobject kobj;
	struct device *parent;
	struct device_driver *driver;
	void *driver_data;
	struct iommu_group *iommu_group;
	struct dev_iommu *iommu;
};

struct scatterlist {
	long unsigned int page_link;
	unsigned int length;
};

struct dev_iommu {
	struct iommu_device *iommu_dev;
};

struct iommu_domain_ops;

struct iommu_ops {
	const struct iommu_domain_ops *default_domain_ops;
	struct module *owner;
};

struct iommu_device {
	const struct iommu_ops *ops;
	struct device *dev;
};

struct iommu_domain {
	unsigned int type;
	const struct iommu_domain_ops *ops;
	const struct iommu_ops *owner; /* not in 6.1 */
};

struct iommu_group {
	struct kobject kobj;
	struct list_head devices;
	int id;
	struct iommu_domain *default_domain;
	struct iommu_domain *domain;
};

/* drivers/iommu/iommu.c; named group_device in every kernel so far */
struct group_device {
	struct list_head list;
	struct device *dev;
};

/* drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h */
struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct arm_smmu_ll_queue {
	u32 cons;
	u32 max_n_shift;
};

struct arm_smmu_queue {
	struct arm_smmu_ll_queue llq;
	__le64 *base;
};

struct arm_smmu_evtq {
	struct arm_smmu_queue q;
};

struct arm_smmu_device {
	struct arm_smmu_evtq evtq;
	struct rb_root streams;
};

struct arm_smmu_master {
	struct device *dev;
};

struct arm_smmu_stream {
	u32 id;
	struct arm_smmu_master *master;
	struct rb_node node;
};

/* drivers/iommu/intel/iommu.h */
struct intel_iommu {
	void *reg;
	u64 cap;
	u16 segment;
	struct iommu_device iommu;
};

/* drivers/iommu/amd/amd_iommu_types.h */
struct amd_iommu_pci_seg {
	u16 id;
};

struct amd_iommu {
	u8 *mmio_base;
	struct amd_iommu_pci_seg *pci_seg;
	u8 *evt_buf;
	struct iommu_device iommu;
};

/* include/linux/xarray.h, lib/xarray.c */
struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

#pragma clang attribute pop

#endif
