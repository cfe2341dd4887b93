// SPDX-License-Identifier: GPL-2.0-only
/* The floor of bench-hot: programs that do nothing, on the functions of the hot path (amd64 7.x, VT-d). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define EMPTY(function)                                                                            \
	SEC("fentry/" #function)                                                                   \
	int function##_entry(void *ctx)                                                            \
	{                                                                                          \
		return 0;                                                                          \
	}                                                                                          \
	SEC("fexit/" #function)                                                                    \
	int function##_exit(void *ctx)                                                             \
	{                                                                                          \
		return 0;                                                                          \
	}

EMPTY(iommu_map_nosync)
EMPTY(__iommu_unmap)
#ifndef MAPS_ONLY
EMPTY(intel_iommu_iotlb_sync_map)
EMPTY(intel_iommu_tlb_sync)
EMPTY(qi_submit_sync)
#endif

char LICENSE[] SEC("license") = "GPL";
