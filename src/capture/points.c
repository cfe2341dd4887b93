// SPDX-License-Identifier: GPL-2.0-only
#include "capture/points.h"

#include <stddef.h>

#define VFIO "vfio_iommu_type1"
#define LAB "iommulab"
#define SCOPE "iommuscope_smmuv3"

/* A function of the core: one for all drivers. */
#define CORE(name, args) {.function = name, .params = args}
#define IN_MODULE(mod, name, args) {.function = name, .params = args, .module = mod}
#define TRACEPOINT(mod, name) {.function = name, .module = mod, .kind = IS_TRACEPOINT}
#define DEVICE_OP(name) {.function = name, .kind = IS_DEVICE_OP}
/* A member of the ops that drivers give their paging domains. */
#define DOMAIN_OP(name) {.function = name, .kind = IS_DOMAIN_OP}
#define OF_DRIVER(drv, name, args) {.function = name, .params = args, .driver = drv}
#define COPY_OF_DRIVER(drv, mod, name, args, prog)                                                 \
	{                                                                                          \
		.function = name, .params = args, .driver = drv, .module = mod, .suffix = true,    \
		.program = prog                                                                    \
	}
/* What our own SMMUv3 driver tells too, but the core tells for every driver of the machine. */
#define TOLD_BY_ONE(name)                                                                          \
	{                                                                                          \
		.function = name, .module = SCOPE, .kind = IS_TRACEPOINT,                          \
		.why_not = "it knows one driver only"                                              \
	}

const struct point points[IMS_POINT_MAX] = {
	/* Where all allocations end, default domains too; of the ways to it one or none exists on a
	 * given kernel. See alloc_spoke_for(). */
	[IMS_POINT_DOMAIN_ALLOC] = {IMS_HOOK_DOMAIN_ALLOC,
				    "domain_alloc",
				    {CORE("__iommu_paging_domain_alloc_flags", "dev,type"),
				     {"__iommu_domain_alloc", "ops,dev,type", .arg = 1},
				     {"__iommu_domain_alloc", "bus,type", .arg = -1}}},
	[IMS_POINT_ALLOC_DEVICE] = {IMS_HOOK_DOMAIN_ALLOC,
				    "alloc_device",
				    {CORE("iommu_paging_domain_alloc_flags", "dev,flags"),
				     CORE("iommu_paging_domain_alloc", "dev")}},
	[IMS_POINT_ALLOC_BUS] = {IMS_HOOK_DOMAIN_ALLOC,
				 "alloc_bus",
				 {CORE("iommu_domain_alloc", "bus")}},
	[IMS_POINT_DOMAIN_FREE] = {IMS_HOOK_DOMAIN_FREE,
				   "domain_free",
				   {TOLD_BY_ONE("domain_free"),
				    CORE("iommu_domain_free", "domain")}},
	/* Not the drivers' own attach_dev: two drivers share that name on arm64. */
	[IMS_POINT_ATTACH] = {IMS_HOOK_ATTACH,
			      "attach",
			      {TOLD_BY_ONE("attach"),
			       CORE("__iommu_attach_device", "domain,dev")}},
	[IMS_POINT_ATTACH_GROUP] = {IMS_HOOK_ATTACH_GROUP,
				    "attach_group",
				    {CORE("iommu_attach_group", "domain,group")}},
	[IMS_POINT_ATTACH_DEVICE] = {IMS_HOOK_ATTACH_GROUP,
				     "attach_device",
				     {CORE("iommu_attach_device", "domain,dev")}},
	[IMS_POINT_DETACH_GROUP] = {IMS_HOOK_DETACH_GROUP,
				    "detach_group",
				    {TOLD_BY_ONE("detach"),
				     CORE("iommu_detach_group", "domain,group")}},
	[IMS_POINT_DETACH_DEVICE] = {IMS_HOOK_DETACH_GROUP,
				     "detach_device",
				     {CORE("iommu_detach_device", "domain,dev")}},
	[IMS_POINT_PROBE] = {IMS_HOOK_PROBE, "probe", {CORE("iommu_probe_device", "dev")}},
	[IMS_POINT_VFIO_ATTACH] = {IMS_HOOK_CALLER,
				   "vfio_attach",
				   {IN_MODULE(VFIO, "vfio_iommu_type1_attach_group",
					      "iommu_data,iommu_group")}},
	/* A scenario of driver/iommulab, which its writer answers for. */
	[IMS_POINT_LAB] = {IMS_HOOK_CALLER, "lab", {IN_MODULE(LAB, "lab_scenario", "text")}},
	/* The innermost that every way to map goes through: each call is one iommu:map. */
	[IMS_POINT_MAP] = {IMS_HOOK_MAP,
			   "map",
			   {CORE("iommu_map_nosync", "domain,iova,paddr,size"),
			    CORE("__iommu_map", "domain,iova,paddr,size")},
			   .params = 6},
	[IMS_POINT_UNMAP] = {IMS_HOOK_UNMAP,
			     "unmap",
			     {CORE("__iommu_unmap", "domain,iova,size")},
			     .params = 4},
	[IMS_POINT_DEVICE_ADD] = {IMS_HOOK_DEVICE_ADD,
				  "device_add",
				  {TRACEPOINT(NULL, "add_device_to_group")}},
	[IMS_POINT_DEVICE_REMOVE] = {IMS_HOOK_DEVICE_REMOVE,
				     "device_remove",
				     {TRACEPOINT(NULL, "remove_device_from_group")}},
	/* Only our own driver can tell which device it chose. */
	[IMS_POINT_FINALISE] = {IMS_HOOK_FINALISE,
				"finalise",
				{TRACEPOINT(SCOPE, "domain_finalise")}},
	[IMS_POINT_ATTACH_PASID] = {IMS_HOOK_ATTACH_PASID,
				    "attach_pasid",
				    {CORE("iommu_attach_device_pasid", "domain,dev,pasid")}},
	[IMS_POINT_REPLACE_PASID] = {IMS_HOOK_ATTACH_PASID,
				     "replace_pasid",
				     {CORE("iommu_replace_device_pasid", "domain,dev,pasid")}},
	[IMS_POINT_DETACH_PASID] = {IMS_HOOK_DETACH_PASID,
				    "detach_pasid",
				    {CORE("iommu_detach_device_pasid", "domain,dev,pasid")}},
	/* iommufd goes past the core's functions: it attaches groups by these, */
	[IMS_POINT_ATTACH_HANDLE] = {IMS_HOOK_ATTACH_GROUP,
				     "attach_handle",
				     {CORE("iommu_attach_group_handle", "domain,group")}},
	[IMS_POINT_REPLACE_HANDLE] = {IMS_HOOK_ATTACH_GROUP,
				      "replace_handle",
				      {CORE("iommu_replace_group_handle", "group,new_domain")}},
	[IMS_POINT_DETACH_HANDLE] = {IMS_HOOK_DETACH_GROUP,
				     "detach_handle",
				     {CORE("iommu_detach_group_handle", "domain,group")}},
	/* and allocates by the drivers' ops, as SVA does. */
	[IMS_POINT_ALLOC_PAGING_OP] = {IMS_HOOK_DOMAIN_ALLOC,
				       "alloc_paging_op",
				       {DEVICE_OP("domain_alloc_paging_flags")}},
	[IMS_POINT_ALLOC_USER_OP] = {IMS_HOOK_DOMAIN_ALLOC,
				     "alloc_user_op",
				     {DEVICE_OP("domain_alloc_user")}},
	[IMS_POINT_ALLOC_NESTED_OP] = {IMS_HOOK_DOMAIN_ALLOC,
				       "alloc_nested_op",
				       {DEVICE_OP("domain_alloc_nested")}},
	[IMS_POINT_ALLOC_SVA_OP] = {IMS_HOOK_DOMAIN_ALLOC,
				    "alloc_sva_op",
				    {DEVICE_OP("domain_alloc_sva")}},
	/* The drivers' ops: for each unmap when strict, for the flush queue, for maps of some. Newer
	 * kernels' VT-d and AMD-Vi have no default_domain_ops to find them by. */
	[IMS_POINT_IOTLB_SYNC] = {IMS_HOOK_IOTLB_SYNC,
				  "iotlb_sync",
				  {DOMAIN_OP("iotlb_sync"),
				   OF_DRIVER("intel_iommu_ops", "intel_iommu_tlb_sync", "domain"),
				   OF_DRIVER("amd_iommu_ops", "amd_iommu_iotlb_sync", "domain")}},
	[IMS_POINT_IOTLB_FLUSH] = {IMS_HOOK_IOTLB_SYNC,
				   "iotlb_flush",
				   {DOMAIN_OP("flush_iotlb_all"),
				    OF_DRIVER("intel_iommu_ops", "intel_flush_iotlb_all", "domain"),
				    OF_DRIVER("amd_iommu_ops", "amd_iommu_flush_iotlb_all",
					      "domain")}},
	[IMS_POINT_IOTLB_SYNC_MAP] = {IMS_HOOK_IOTLB_SYNC,
				      "iotlb_sync_map",
				      {DOMAIN_OP("iotlb_sync_map"),
				       OF_DRIVER("intel_iommu_ops", "intel_iommu_iotlb_sync_map",
						 "domain"),
				       OF_DRIVER("amd_iommu_ops", "amd_iommu_iotlb_sync_map",
						 "dom")}},
	/* The innermost that all work for an instance goes through, and that waits for it. */
	[IMS_POINT_QUEUE_SYNC] = {IMS_HOOK_QUEUE_SYNC,
				  "queue_sync",
				  {OF_DRIVER("arm-smmu-v3", "arm_smmu_cmdq_issue_cmdlist", "smmu"),
				   OF_DRIVER("intel_iommu_ops", "qi_submit_sync", "iommu,desc"),
				   COPY_OF_DRIVER("amd_iommu_ops", NULL, "iommu_completion_wait",
						  "iommu", "queue_wait"),
				   COPY_OF_DRIVER("virtio_iommu", "virtio_iommu",
						  "__viommu_sync_req", "viommu", "queue_wait")}},
	[IMS_POINT_QUEUE_SYNC_SCOPE] = {IMS_HOOK_QUEUE_SYNC,
					"queue_sync_scope",
					{TRACEPOINT(SCOPE, "cmdq_sync")}},
	/* One call of the DMA API each, of devices with an IOMMU; see hot_inner(). */
	[IMS_POINT_DMA_MAP] = {IMS_HOOK_DMA_MAP,
			       "dma_map",
			       {{"iommu_dma_map_phys", "dev,phys,size", .arg = 2},
				{"iommu_dma_map_page", "dev,page,offset,size", .arg = 3}}},
	[IMS_POINT_DMA_MAP_SG] = {IMS_HOOK_DMA_MAP,
				  "dma_map_sg",
				  {CORE("iommu_dma_map_sg", "dev,sg,nents")}},
	[IMS_POINT_DMA_MAP_RESOURCE] = {IMS_HOOK_DMA_MAP,
					"dma_map_resource",
					{CORE("iommu_dma_map_resource", "dev,phys,size")}},
	[IMS_POINT_DMA_ALLOC] = {IMS_HOOK_DMA_MAP,
				 "dma_alloc",
				 {CORE("iommu_dma_alloc", "dev,size")}},
	[IMS_POINT_DMA_UNMAP] = {IMS_HOOK_DMA_UNMAP,
				 "dma_unmap",
				 {CORE("iommu_dma_unmap_phys", "dev,dma_handle,size"),
				  CORE("iommu_dma_unmap_page", "dev,dma_handle,size")}},
	[IMS_POINT_DMA_UNMAP_SG] = {IMS_HOOK_DMA_UNMAP,
				    "dma_unmap_sg",
				    {CORE("iommu_dma_unmap_sg", "dev,sg,nents")}},
	[IMS_POINT_DMA_UNMAP_RESOURCE] = {IMS_HOOK_DMA_UNMAP,
					  "dma_unmap_resource",
					  {CORE("iommu_dma_unmap_resource", "dev,handle,size")}},
	[IMS_POINT_DMA_FREE] = {IMS_HOOK_DMA_UNMAP,
				"dma_free",
				{CORE("iommu_dma_free", "dev,size")}},
	/* A range that its owner fills by one link for each piece, and takes away at once. */
	[IMS_POINT_DMA_IOVA_LINK] = {IMS_HOOK_DMA_MAP,
				     "dma_iova_link",
				     {CORE("dma_iova_link", "dev,state,phys,offset,size")}},
	[IMS_POINT_DMA_IOVA_UNLINK] = {IMS_HOOK_DMA_UNMAP,
				       "dma_iova_unlink",
				       {CORE("dma_iova_unlink", "dev,state,offset,size")}},
	[IMS_POINT_DMA_IOVA_DESTROY] = {IMS_HOOK_DMA_UNMAP,
					"dma_iova_destroy",
					{CORE("dma_iova_destroy", "dev,state,mapped_len")}},
	/* What handles one fault is inlined, the interrupt's handler is not: see fault.bpf.h. */
	[IMS_POINT_FAULT] = {IMS_HOOK_FAULT,
			     "fault",
			     {CORE("report_iommu_fault", "domain,dev,iova,flags")}},
	[IMS_POINT_FAULT_SMMUV3] = {IMS_HOOK_FAULT,
				    "fault_smmuv3",
				    {CORE("arm_smmu_evtq_thread", "irq,dev")}},
	[IMS_POINT_FAULT_SCOPE] = {IMS_HOOK_FAULT,
				   "fault_scope",
				   {TRACEPOINT(SCOPE, "evtq_fault")}},
	[IMS_POINT_FAULT_VTD] = {IMS_HOOK_FAULT, "fault_vtd", {CORE("dmar_fault", "irq,dev_id")}},
	/* Where each log has an interrupt of its own, the handler of both is not called. */
	[IMS_POINT_FAULT_AMD] = {IMS_HOOK_FAULT,
				 "fault_amd",
				 {CORE("iommu_poll_events", "iommu"),
				  {"amd_iommu_int_thread", "irq,data", .arg = 1}}},
};
