/* SPDX-License-Identifier: GPL-2.0-only */
/* layout.h - where a driver's own domain struct says which instance it is bound to. */
#ifndef IMS_CAPTURE_LAYOUT_H
#define IMS_CAPTURE_LAYOUT_H

#include <bpf/btf.h>
#include <iommuscope/event.h>

/*
 * Finds the layout of the domains of @instance's @driver in @vmlinux, the kernel's BTF, or its module's.
 * Returns 0; -ENOENT when the driver is none whose struct we know; -ESRCH when its BTF has no
 * such struct or member.
 */
int ims_layout_find(struct btf *vmlinux, const char *driver, const char *instance,
		    struct ims_layout *layout);

/*
 * Where the struct iommu_device is in what @function's first parameter points to. @module: "vmlinux", or
 * where it is. Returns the offset in bytes, or -errno when the BTF does not say.
 */
int ims_layout_instance(struct btf *vmlinux, const char *module, const char *function);

#endif
