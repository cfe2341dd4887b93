/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.bpf.h - I/O page faults: one event for each that a driver takes from its hardware.
 *
 * The functions that handle one fault are inlined in most builds (arm_smmu_handle_evt,
 * dmar_fault_do_one, amd_iommu_report_page_fault). What is always there is the handler of the
 * interrupt, whose address is taken: so the records are read where the hardware wrote them.
 *
 * A fault has no task: the one that the interrupt met has nothing to do with it.
 */
#ifndef IMS_FAULT_BPF_H
#define IMS_FAULT_BPF_H

#include "emit.bpf.h"
#include "probe.bpf.h"

/* A storm of faults must not push out everything else: what is over is counted as lost. */
#define IMS_FAULTS_PER_SECOND 1000

static __u64 fault_second, fault_count;

static __always_inline bool fault_storm(void)
{
	__u64 second = bpf_ktime_get_ns() / 1000000000;

	if (*(volatile __u64 *)&fault_second != second) {
		*(volatile __u64 *)&fault_second = second;
		*(volatile __u64 *)&fault_count = 0;
	}
	return __sync_fetch_and_add(&fault_count, 1) >= IMS_FAULTS_PER_SECOND;
}

static __always_inline struct ims_kevent *fault_reserve(__u32 point)
{
	struct ims_kevent *e;

	__sync_fetch_and_add(&hits[point], 1);
	if (fault_storm()) {
		__sync_fetch_and_add(&emitted[IMS_HOOK_FAULT], 1);
		count_loss(IMS_HOOK_FAULT, IMS_LOSS_STORM);
		return 0;
	}
	e = emit_reserve(0, IMS_HOOK_FAULT, point);
	if (e)
		e->flags = IMS_EVENT_UNTIMED;
	return e;
}

/* The domain of the device's own DMA: that of its group. */
static __always_inline void fault_device(struct ims_kevent *e, struct device *dev)
{
	struct iommu_group *group = BPF_CORE_READ(dev, iommu_group);
	__u64 dom = group ? (__u64)BPF_CORE_READ(group, domain) : 0;

	read_device(e, dev);
	if (dom && !(e->flags & IMS_EVENT_PASID))
		emit_domain(e, dom);
}

/* ---- drivers that report to the core: (domain, dev, iova, flags) ----------------------------- */

/* AMD-Vi's driver reports only some of what its event log has, which is read itself. */
static __always_inline bool fault_of_amd(void)
{
	return call_outer(IMS_POINT_FAULT_AMD);
}

#define IOMMU_FAULT_WRITE 1 /* include/linux/iommu.h */

static __always_inline void fault_enter(const __u64 *arg)
{
	struct ims_kevent *e = fault_of_amd() ? 0 : fault_reserve(IMS_POINT_FAULT);

	if (!e)
		return;
	e->iova = arg[2];
	if ((__u32)arg[3] & IOMMU_FAULT_WRITE)
		e->flags |= IMS_EVENT_WRITE;
	if (arg[1]) /* SMMUv2 does not know which */
		read_device(e, (struct device *)arg[1]);
	emit_domain(e, arg[0]);
	emit_submit(e);
}

static __always_inline void fault_leave(void *ctx, __u64 ret)
{
}

IMS_PROBES(fault, 4, fault_enter, fault_leave)

/* ---- SMMUv3: the event queue, read when its thread has consumed it --------------------------- */

#define EVT_ID_TRANSLATION   0x10
#define EVT_ID_PERMISSION    0x13
#define EVT_BYTES	     32
#define EVT_STALL	     (1ull << 31)
#define EVT_READ	     (1ull << 35)
#define EVT_SSV		     (1ull << 11)
#define IMS_MAX_STREAM_DEPTH 64
#define IMS_MAX_QUEUE_SHIFT  23 /* BPF_MAX_LOOPS; the architecture's limit is 19 */

struct smmu_lookup {
	struct rb_node *node;
	struct device *dev;
	__u32 sid;
};

static long smmu_lookup_step(__u32 i, struct smmu_lookup *l)
{
	struct rb_node *node = l->node;
	struct arm_smmu_stream *stream;
	__u32 id;

	if (!node)
		return 1;
	stream = (void *)node - bpf_core_field_offset(struct arm_smmu_stream, node);
	id = BPF_CORE_READ(stream, id);
	if (id == l->sid) {
		l->dev = BPF_CORE_READ(stream, master, dev);
		return 1;
	}
	l->node = l->sid < id ? BPF_CORE_READ(node, rb_left) : BPF_CORE_READ(node, rb_right);
	return 0;
}

/* The device with this stream, or NULL. The tree is read without its lock. */
static __always_inline struct device *smmu_device(struct arm_smmu_device *smmu, __u32 sid)
{
	struct smmu_lookup l = {.sid = sid};

	l.node = BPF_CORE_READ(smmu, streams.rb_node);
	bpf_loop(IMS_MAX_STREAM_DEPTH, smmu_lookup_step, &l, 0);
	return l.dev;
}

static __always_inline void smmu_access(struct ims_kevent *e, __u64 iova, bool write)
{
	if (e->code < EVT_ID_TRANSLATION || e->code > EVT_ID_PERMISSION) {
		e->flags |= IMS_EVENT_NO_ACCESS;
		return;
	}
	e->iova = iova;
	if (write)
		e->flags |= IMS_EVENT_WRITE;
}

/* A stream that no device has: what else is behind the SMMU tells its name at least. */
static __always_inline void smmu_source(struct ims_kevent *e, struct arm_smmu_device *smmu,
					__u32 sid)
{
	struct device *dev = smmu_device(smmu, sid);
	struct rb_node *any = BPF_CORE_READ(smmu, streams.rb_node);
	struct arm_smmu_stream *stream;

	if (dev) {
		fault_device(e, dev);
	} else if (any) {
		stream = (void *)any - bpf_core_field_offset(struct arm_smmu_stream, node);
		read_instance(e, device_instance(BPF_CORE_READ(stream, master, dev)));
	}
}

struct smmu_drain {
	struct arm_smmu_device *smmu;
	__u64 base;
	__u32 at, end, mask;
};

static long smmu_record(__u32 i, struct smmu_drain *d)
{
	__u64 evt[3] = {};
	struct ims_kevent *e;

	if (((d->at ^ d->end) & d->mask) == 0)
		return 1;
	bpf_probe_read_kernel(evt, sizeof(evt), (void *)(d->base + (d->at & d->mask) * EVT_BYTES));
	d->at++;
	if (evt[1] & EVT_STALL) /* a page request, which is answered */
		return 0;
	e = fault_reserve(IMS_POINT_FAULT_SMMUV3);
	if (!e)
		return 0;
	e->fault = IMS_FAULT_SMMUV3;
	e->code = evt[0] & 0xff;
	if ((evt[0] & EVT_SSV) && evt[0] >> 12 & 0xfffff)
		e->flags |= IMS_EVENT_PASID;
	smmu_access(e, evt[2], !(evt[1] & EVT_READ));
	smmu_source(e, d->smmu, evt[0] >> 32);
	emit_submit(e);
	return 0;
}

/* (irq, smmu) */
static __always_inline void fault_smmuv3_enter(const __u64 *arg)
{
	struct arm_smmu_device *smmu = (struct arm_smmu_device *)arg[1];

	remember(IMS_HOOK_FAULT, IMS_POINT_FAULT_SMMUV3, arg, BPF_CORE_READ(smmu, evtq.q.llq.cons));
}

static __always_inline void fault_smmuv3_leave(void *ctx, __u64 ret)
{
	struct ims_call *c = call_end(IMS_POINT_FAULT_SMMUV3);
	struct arm_smmu_device *smmu;
	struct smmu_drain d = {};
	__u32 shift;

	if (!c)
		return; /* under way at start: what it consumed is not known */
	d.smmu = smmu = (struct arm_smmu_device *)c->arg[1];
	d.at = c->note;
	call_release(c);
	shift = BPF_CORE_READ(smmu, evtq.q.llq.max_n_shift);
	if (shift > IMS_MAX_QUEUE_SHIFT)
		return;
	d.mask = (1u << shift) - 1;
	d.end = BPF_CORE_READ(smmu, evtq.q.llq.cons);
	d.base = (__u64)BPF_CORE_READ(smmu, evtq.q.base);
	bpf_loop(1u << IMS_MAX_QUEUE_SHIFT, smmu_record, &d, 0);
}

IMS_PROBES(fault_smmuv3, 2, fault_smmuv3_enter, fault_smmuv3_leave)

/* ---- our own SMMUv3 module: (instance, sid, iova, reason, ssid, write) ----------------------- */

#ifdef __TARGET_ARCH_arm64
/* Loaded on every machine, also where there is no SMMU. */
SEC("raw_tp")
int fault_scope_tp(__u64 *ctx)
{
	struct device *instance;
	struct ims_kevent *e;

	if (!bpf_core_type_exists(struct arm_smmu_stream))
		return 0;
	e = fault_reserve(IMS_POINT_FAULT_SCOPE);
	if (!e)
		return 0;
	instance = (struct device *)ctx[0];
	e->fault = IMS_FAULT_SMMUV3;
	e->code = ctx[3];
	if ((__u32)ctx[4])
		e->flags |= IMS_EVENT_PASID;
	smmu_access(e, ctx[2], ctx[5] & 1);
	/* The class device's parent is the SMMU itself. */
	smmu_source(e, BPF_CORE_READ(instance, parent, driver_data), ctx[1]);
	emit_submit(e);
	return 0;
}
#endif

/* ---- VT-d: the fault recording registers, read when the interrupt's handler begins ----------- */

#define DMAR_FSTS      0x34 /* fault status: bit 1 a fault is pending, bits 8 to 15 the first */
#define DMAR_FSTS_PPF  0x2
#define DMAR_FRCD_F    (1u << 31)
#define DMAR_FRCD_READ (1u << 30)

struct vtd_scan {
	struct intel_iommu *iommu;
	__u64 first;
	__u32 at, count;
};

static long vtd_record(__u32 i, struct vtd_scan *s)
{
	__u64 addr = s->first + (s->at % s->count) * 16;
	struct intel_iommu *iommu = s->iommu;
	__u32 low = 0, high = 0;
	struct ims_kevent *e;
	__u64 page = 0;

	if (i >= s->count || bpf_probe_read_kernel(&high, sizeof(high), (void *)(addr + 12)) ||
	    !(high & DMAR_FRCD_F))
		return 1;
	s->at++;
	bpf_probe_read_kernel(&low, sizeof(low), (void *)(addr + 8));
	bpf_probe_read_kernel(&page, sizeof(page), (void *)addr);
	if ((high & 0xf0) == 0x20) /* of interrupt remapping: no DMA */
		return 0;
	e = fault_reserve(IMS_POINT_FAULT_VTD);
	if (!e)
		return 0;
	e->fault = IMS_FAULT_VTD;
	e->code = high & 0xff;
	e->iova = page & ~0xfffull;
	e->source = (__u32)BPF_CORE_READ(iommu, segment) << 16 | (low & 0xffff);
	if (!(high & DMAR_FRCD_READ))
		e->flags |= IMS_EVENT_WRITE;
	if ((low & DMAR_FRCD_F) && high >> 8 & 0xfffff)
		e->flags |= IMS_EVENT_PASID;
	read_instance(e, __builtin_preserve_access_index(&iommu->iommu));
	emit_submit(e);
	return 0;
}

/*
 * (irq, iommu). Reading these registers changes nothing. The kernel's own reading comes after, and
 * is limited to 10 faults in 5 s; a fault that arrives while its handler runs is not seen here.
 */
static __always_inline void fault_vtd_enter(const __u64 *arg)
{
	struct intel_iommu *iommu = (struct intel_iommu *)arg[1];
	__u64 reg = (__u64)BPF_CORE_READ(iommu, reg);
	__u64 cap = BPF_CORE_READ(iommu, cap);
	struct vtd_scan s = {.iommu = iommu};
	__u32 status = 0;

	if (bpf_probe_read_kernel(&status, sizeof(status), (void *)(reg + DMAR_FSTS)) ||
	    !(status & DMAR_FSTS_PPF))
		return;
	s.at = status >> 8 & 0xff;
	s.first = reg + (cap >> 24 & 0x3ff) * 16;
	s.count = (cap >> 40 & 0xff) + 1;
	bpf_loop(256, vtd_record, &s, 0);
}

static __always_inline void fault_vtd_leave(void *ctx, __u64 ret)
{
}

IMS_PROBES(fault_vtd, 2, fault_vtd_enter, fault_vtd_leave)

/* ---- AMD-Vi: the event log, read when it has been consumed ----------------------------------- */

#define AMD_EVT_BUF	   0x10 /* bits 56 to 59: the number of entries is 2 to the power of this */
#define AMD_EVT_HEAD	   0x2010 /* bytes */
#define AMD_EVT_BYTES	   16
#define AMD_IO_PAGE_FAULT  2
#define AMD_FLAG_INTERRUPT 0x008
#define AMD_FLAG_WRITE	   0x020

struct amd_drain {
	struct amd_iommu *iommu;
	__u64 base;
	__u32 at, end, mask;
};

static long amd_record(__u32 i, struct amd_drain *d)
{
	struct amd_iommu *iommu = d->iommu;
	__u32 evt[4] = {}, flags;
	struct ims_kevent *e;

	if (((d->at ^ d->end) & d->mask) == 0)
		return 1;
	bpf_probe_read_kernel(evt, sizeof(evt), (void *)(d->base + (d->at & d->mask)));
	d->at += AMD_EVT_BYTES;
	if (evt[1] >> 28 != AMD_IO_PAGE_FAULT)
		return 0;
	e = fault_reserve(IMS_POINT_FAULT_AMD);
	if (!e)
		return 0;
	flags = evt[1] >> 16 & 0xfff;
	e->fault = IMS_FAULT_AMD;
	e->code = flags;
	e->iova = (__u64)evt[3] << 32 | evt[2];
	e->source = (__u32)BPF_CORE_READ(iommu, pci_seg, id) << 16 | (evt[0] & 0xffff);
	if (flags & AMD_FLAG_INTERRUPT)
		e->flags |= IMS_EVENT_NO_ACCESS;
	else if (flags & AMD_FLAG_WRITE)
		e->flags |= IMS_EVENT_WRITE;
	read_instance(e, __builtin_preserve_access_index(&iommu->iommu));
	emit_submit(e);
	return 0;
}

static __always_inline __u32 amd_head(__u64 regs)
{
	__u32 head = 0;

	bpf_probe_read_kernel(&head, sizeof(head), (void *)(regs + AMD_EVT_HEAD));
	return head;
}

/* (iommu), or the handler of the interrupt: (irq, iommu) */
static __always_inline void fault_amd_enter(const __u64 *arg)
{
	struct amd_iommu *iommu = (struct amd_iommu *)(fault_amd_arg ? arg[1] : arg[0]);
	const __u64 keep[4] = {(__u64)iommu};

	remember(IMS_HOOK_FAULT, IMS_POINT_FAULT_AMD, keep,
		 amd_head((__u64)BPF_CORE_READ(iommu, mmio_base)));
}

static __always_inline void fault_amd_leave(void *ctx, __u64 ret)
{
	struct ims_call *c = call_end(IMS_POINT_FAULT_AMD);
	struct amd_iommu *iommu;
	struct amd_drain d = {};
	__u64 regs, buf = 0;

	if (!c)
		return; /* under way at start: what it consumed is not known */
	d.iommu = iommu = (struct amd_iommu *)c->arg[0];
	d.at = c->note;
	call_release(c);
	regs = (__u64)BPF_CORE_READ(iommu, mmio_base);
	bpf_probe_read_kernel(&buf, sizeof(buf), (void *)(regs + AMD_EVT_BUF));
	d.mask = (AMD_EVT_BYTES << (buf >> 56 & 0xf)) - 1;
	d.end = amd_head(regs);
	d.base = (__u64)BPF_CORE_READ(iommu, evt_buf);
	bpf_loop(1 << 15, amd_record, &d, 0);
}

IMS_PROBES(fault_amd, 2, fault_amd_enter, fault_amd_leave)

#endif
