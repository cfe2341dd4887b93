/* SPDX-License-Identifier: GPL-2.0-only */
/* ops.h - which functions the drivers of the instances present gave for their ops. */
#ifndef IMS_CAPTURE_OPS_H
#define IMS_CAPTURE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>
#include <iommuscope/event.h>

#include "capture/ksyms.h"

#define OPS_KINDS 16
#define OPS_MEMBERS 64

/* The ops of one driver, which all its instances share. */
struct ops_kind {
	uint64_t address; /* of the struct iommu_ops */
	char instance[IMS_NAME_LEN]; /* one of them */
	char driver[IMS_NAME_LEN];   /* as in INSTANCE records */
	uint64_t device[OPS_MEMBERS]; /* the struct iommu_ops */
	uint64_t domain[OPS_MEMBERS]; /* the struct iommu_domain_ops of its paging domains */
};

struct ops {
	size_t count;
	struct ops_kind kind[OPS_KINDS];
};

/* Returns 0 or -errno; what was read before an error is there. @ksyms may be NULL. */
int ops_read(struct ops *ops, const struct btf *btf, const struct ksyms *ksyms);

/* Index of a member of "iommu_ops" or "iommu_domain_ops"; negative: this kernel has none. */
int ops_member(const struct btf *btf, const char *type, const char *member);

/* Whether @kind is of @driver; "NAME*": it has instances whose names begin so. */
bool ops_are_of(const struct ops_kind *kind, const char *driver);

#endif
