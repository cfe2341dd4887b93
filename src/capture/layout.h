/* SPDX-License-Identifier: GPL-2.0-only */
/* layout.h - where a driver's own domain struct tells its instances and its page table's format. */
#ifndef IMS_CAPTURE_LAYOUT_H
#define IMS_CAPTURE_LAYOUT_H

#include <bpf/btf.h>
#include <iommuscope/event.h>

#define LAYOUT_FORMATS 2

/* What the programs need, and what the format bits that they read mean. */
struct layout {
	struct ims_layout bpf;
	struct {
		__u32 value;
		const char *name;
	} format[LAYOUT_FORMATS]; /* unused ones have no name */
	const char *only_format;  /* of a driver that has one; NULL: see format[] */
};

/*
 * Finds the layout of the domains of @instance's @driver in @vmlinux, the kernel's BTF, or its
 * module's. Returns 0; -ENOENT when the driver is none whose struct we know; -ESRCH when its BTF
 * has no such struct or member.
 */
int ims_layout_find(struct btf *vmlinux, const char *driver, const char *instance,
		    struct layout *layout);

/* The format that @value stands for; "" when it is not known. */
const char *ims_layout_format(const struct layout *layout, __u32 value);

/* Where the ops tell the format: by the name of their symbol, which may be NULL. "": they do not.
 */
const char *ims_layout_format_of_ops(const char *symbol);

/*
 * Where the struct iommu_device is in what @function's first parameter points to. @module: "vmlinux", or
 * where it is. Returns the offset in bytes, or -errno when the BTF does not say.
 */
int ims_layout_instance(struct btf *vmlinux, const char *module, const char *function);

#endif
