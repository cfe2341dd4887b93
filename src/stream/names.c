// SPDX-License-Identifier: GPL-2.0-only
#include <iommuscope/stream.h>

static const char *const hook_name[IMS_HOOK_MAX] = {
	[IMS_HOOK_NONE] = "none",
	[IMS_HOOK_DOMAIN_ALLOC] = "domain-alloc",
	[IMS_HOOK_DOMAIN_FREE] = "domain-free",
	[IMS_HOOK_ATTACH] = "attach",
	[IMS_HOOK_ATTACH_GROUP] = "attach-group",
	[IMS_HOOK_DETACH_GROUP] = "detach-group",
	[IMS_HOOK_DEVICE_ADD] = "device-add",
	[IMS_HOOK_DEVICE_REMOVE] = "device-remove",
	[IMS_HOOK_PROBE] = "probe",
	[IMS_HOOK_CALLER] = "caller",
	[IMS_HOOK_MAP] = "map",
	[IMS_HOOK_UNMAP] = "unmap",
	[IMS_HOOK_SNAPSHOT] = "snapshot",
	[IMS_HOOK_FINALISE] = "finalise",
	[IMS_HOOK_ATTACH_PASID] = "attach-pasid",
	[IMS_HOOK_IOTLB_SYNC] = "iotlb-sync",
	[IMS_HOOK_QUEUE_SYNC] = "queue-sync",
	[IMS_HOOK_DMA_MAP] = "dma-map",
	[IMS_HOOK_DMA_UNMAP] = "dma-unmap",
	[IMS_HOOK_FAULT] = "fault",
	[IMS_HOOK_DETACH_PASID] = "detach-pasid",
};

static const char *const loss_cause_name[IMS_LOSS_MAX] = {
	[IMS_LOSS_RING_FULL] = "ring-full", [IMS_LOSS_INFLIGHT] = "inflight",
	[IMS_LOSS_DOMAINS] = "domains",	    [IMS_LOSS_SLOTS] = "slots",
	[IMS_LOSS_NO_ENTRY] = "no-entry",   [IMS_LOSS_MISSED] = "missed",
	[IMS_LOSS_UNACCOUNTED] = "unaccounted",
	[IMS_LOSS_STORM] = "storm",
	[IMS_LOSS_SLOW_READER] = "slow-reader",
};

const char *ims_hook_name(uint32_t hook)
{
	return hook < IMS_HOOK_MAX && hook_name[hook] ? hook_name[hook] : "?";
}

const char *ims_loss_cause_name(uint32_t cause)
{
	return cause < IMS_LOSS_MAX && loss_cause_name[cause] ? loss_cause_name[cause] : "?";
}

const char *ims_event_flag_name(unsigned int i)
{
	static const char *const name[] = {"at-start", "untimed",   "finalised",  "default",
					   "current",  "no-device", "driver-read", "write",
					   "access-unknown", "earlier", "pasid"};

	return i < sizeof(name) / sizeof(name[0]) ? name[i] : NULL;
}

const char *ims_domain_type_name(uint32_t type)
{
	switch (type) {
	case 0:
		return "BLOCKED";
	case IMS_DOMAIN_PT:
		return "IDENTITY";
	case IMS_DOMAIN_PAGING:
		return "UNMANAGED";
	case IMS_DOMAIN_PAGING | IMS_DOMAIN_DMA_API:
		return "DMA";
	case IMS_DOMAIN_PAGING | IMS_DOMAIN_DMA_API | IMS_DOMAIN_DMA_FQ:
		return "DMA-FQ";
	case IMS_DOMAIN_SVA:
		return "SVA";
	case IMS_DOMAIN_PLATFORM:
		return "PLATFORM";
	case IMS_DOMAIN_NESTED:
		return "NESTED";
	default:
		return "?";
	}
}
