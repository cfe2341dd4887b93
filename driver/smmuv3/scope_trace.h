/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommuscope_smmuv3

#if !defined(IOMMUSCOPE_SCOPE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IOMMUSCOPE_SCOPE_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

struct iommu_domain;

#ifndef IOMMUSCOPE_SCOPE_INFO
#define IOMMUSCOPE_SCOPE_INFO
/* How a domain was finalised, and what that means for PASIDs. */
struct scope_finalise {
	u8 policy; /* 0 device, 1 bus, 2 deferred */
	u8 late; /* at first attach, not at alloc */
	u8 stage; /* 1 or 2 */
	u8 pasid_capable; /* the domain's stage and format allow PASIDs beside it */
	u8 pasid_bits; /* of the device asked for; 0 if it has none */
	u8 singleton; /* that device's group has no other */
	u8 pasid_needed; /* that device could use PASIDs: the domain had better allow them */
	u8 reserved;
	u32 flags; /* IOMMU_HWPT_ALLOC_* */
	s32 result;
};
#endif

/* asked: the device the caller named; chosen: the one whose instance was taken. */
TRACE_EVENT(domain_finalise,
	    TP_PROTO(struct iommu_domain *domain, struct device *instance, struct device *asked,
		     struct device *chosen, const struct scope_finalise *info),
	    TP_ARGS(domain, instance, asked, chosen, info),
	    TP_STRUCT__entry(__field(const void *, domain)
			     __string(instance, dev_name(instance))
			     __string(asked, dev_name(asked))
			     __string(chosen, dev_name(chosen))
			     __field_struct(struct scope_finalise, info)
	    ),
	    TP_fast_assign(__entry->domain = domain;
			   __assign_str(instance);
			   __assign_str(asked);
			   __assign_str(chosen);
			   __entry->info = *info;
	    ),
	    TP_printk("domain=%p instance=%s asked=%s chosen=%s policy=%s%s stage=%u pasid_bits=%u%s%s flags=%#x result=%d",
		      __entry->domain, __get_str(instance), __get_str(asked), __get_str(chosen),
		      __print_symbolic(__entry->info.policy,
				       { 0, "device" }, { 1, "bus" }, { 2, "deferred" }),
		      __entry->info.late ? " late" : "", __entry->info.stage,
		      __entry->info.pasid_bits, __entry->info.singleton ? " singleton" : "",
		      __entry->info.pasid_needed && !__entry->info.pasid_capable ?
			      " pasid-needed" : "",
		      __entry->info.flags, __entry->info.result)
);

/* domain_instance is NULL for identity and blocked domains, which belong to none. */
TRACE_EVENT(attach,
	    TP_PROTO(struct iommu_domain *domain, struct device *dev,
		     struct device *domain_instance, struct device *dev_instance, int result,
		     u64 ns),
	    TP_ARGS(domain, dev, domain_instance, dev_instance, result, ns),
	    TP_STRUCT__entry(__field(const void *, domain)
			     __string(dev, dev_name(dev))
			     __string(domain_instance,
				      domain_instance ? dev_name(domain_instance) : "-")
			     __string(dev_instance, dev_name(dev_instance))
			     __field(int, result)
			     __field(u64, ns)
	    ),
	    TP_fast_assign(__entry->domain = domain;
			   __assign_str(dev);
			   __assign_str(domain_instance);
			   __assign_str(dev_instance);
			   __entry->result = result;
			   __entry->ns = ns;
	    ),
	    TP_printk("domain=%p dev=%s domain_instance=%s dev_instance=%s result=%d ns=%llu",
		      __entry->domain, __get_str(dev), __get_str(domain_instance),
		      __get_str(dev_instance), __entry->result, __entry->ns)
);

/* The device has left the domain for another one. */
TRACE_EVENT(detach,
	    TP_PROTO(struct iommu_domain *domain, struct device *dev),
	    TP_ARGS(domain, dev),
	    TP_STRUCT__entry(__field(const void *, domain)
			     __string(dev, dev_name(dev))
	    ),
	    TP_fast_assign(__entry->domain = domain;
			   __assign_str(dev);
	    ),
	    TP_printk("domain=%p dev=%s", __entry->domain, __get_str(dev))
);

/* instance is NULL if the domain was never finalised. */
TRACE_EVENT(domain_free,
	    TP_PROTO(struct iommu_domain *domain, struct device *instance),
	    TP_ARGS(domain, instance),
	    TP_STRUCT__entry(__field(const void *, domain)
			     __string(instance, instance ? dev_name(instance) : "-")
	    ),
	    TP_fast_assign(__entry->domain = domain;
			   __assign_str(instance);
	    ),
	    TP_printk("domain=%p instance=%s", __entry->domain, __get_str(instance))
);

/* commands: that were queued together, before the sync. */
TRACE_EVENT(cmdq_sync,
	    TP_PROTO(struct device *instance, u32 commands, u32 spins, u64 ns, int result),
	    TP_ARGS(instance, commands, spins, ns, result),
	    TP_STRUCT__entry(__string(instance, dev_name(instance))
			     __field(u32, commands)
			     __field(u32, spins)
			     __field(u64, ns)
			     __field(int, result)
	    ),
	    TP_fast_assign(__assign_str(instance);
			   __entry->commands = commands;
			   __entry->spins = spins;
			   __entry->ns = ns;
			   __entry->result = result;
	    ),
	    TP_printk("instance=%s commands=%u spins=%u ns=%llu result=%d", __get_str(instance),
		      __entry->commands, __entry->spins, __entry->ns, __entry->result)
);

/* reason: the architecture's event number. write is known for 0x10 to 0x13 only. */
TRACE_EVENT(evtq_fault,
	    TP_PROTO(struct device *instance, u32 sid, u64 iova, u32 reason, u32 ssid, bool write),
	    TP_ARGS(instance, sid, iova, reason, ssid, write),
	    TP_STRUCT__entry(__string(instance, dev_name(instance))
			     __field(u32, sid)
			     __field(u64, iova)
			     __field(u32, reason)
			     __field(u32, ssid)
			     __field(bool, write)
	    ),
	    TP_fast_assign(__assign_str(instance);
			   __entry->sid = sid;
			   __entry->iova = iova;
			   __entry->reason = reason;
			   __entry->ssid = ssid;
			   __entry->write = write;
	    ),
	    TP_printk("instance=%s sid=%#x iova=%#llx reason=%#x ssid=%#x %s", __get_str(instance),
		      __entry->sid, __entry->iova, __entry->reason, __entry->ssid,
		      __entry->write ? "write" : "read")
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE scope_trace
#include <trace/define_trace.h>
