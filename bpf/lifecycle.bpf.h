/* SPDX-License-Identifier: GPL-2.0-only */
/* lifecycle.bpf.h - domains come and go, devices are attached: one event for each. */
#ifndef IMS_LIFECYCLE_BPF_H
#define IMS_LIFECYCLE_BPF_H

#include "emit.bpf.h"
#include "probe.bpf.h"
#include "slot.bpf.h"

static __always_inline void remember(__u32 hook, __u32 point, const __u64 *arg, __u64 note)
{
	struct ims_call *c = call_begin(hook, point);

	if (!c)
		return;
	c->arg[0] = arg[0];
	c->arg[1] = arg[1];
	c->arg[2] = arg[2];
	c->arg[3] = arg[3];
	c->note = note;
	call_ready(c, point);
}

/*
 * An event for the call that returns, with its arguments in @arg. Without its entry there are no
 * arguments, so there is no event: that is a loss.
 */
static __always_inline struct ims_kevent *report(void *ctx, __u32 hook, __u32 point, __u64 *arg,
						 __u64 *note)
{
	struct ims_call *c = call_end(point);
	__u32 row = probe_hit(ctx);
	struct ims_kevent *e;
	__u64 begin;

	if (!c) {
		__sync_fetch_and_add(&emitted[hook], 1);
		count_loss(hook, IMS_LOSS_NO_ENTRY);
		return 0;
	}
	arg[0] = c->arg[0];
	arg[1] = c->arg[1];
	arg[2] = c->arg[2];
	*note = c->note;
	begin = c->time_ns;
	call_release(c);
	e = emit_reserve(ctx, hook, row);
	if (e)
		e->duration_ns = e->time_ns - begin;
	return e;
}

/* ---- domain-alloc: returns a domain or an error pointer; NULL before errors were passed on ---- */

static __always_inline void alloc_leave_at(void *ctx, __u32 point, __s32 device_arg, __u64 dom)
{
	__u64 arg[3], note, dev = 0;
	struct ims_kevent *e;

	if (dom && !is_err(dom))
		domain_state(dom, IMS_HOOK_DOMAIN_ALLOC);
	e = report(ctx, IMS_HOOK_DOMAIN_ALLOC, point, arg, &note);
	if (!e)
		return;
	if (device_arg == 0)
		dev = arg[0];
	else if (device_arg == 1)
		dev = arg[1];
	if (dev)
		read_device(e, (struct device *)dev);
	else
		e->flags |= IMS_EVENT_NO_DEVICE;
	if (dom && !is_err(dom))
		emit_domain(e, dom);
	else
		e->result = dom ? (__s32)dom : -12; /* NULL means -ENOMEM */
	emit_submit(e);
}

/*
 * The inner function is where all allocations end, unless the compiler made it part of the exported
 * ones (amd64 6.1): so these are hooked too, and are silent when the inner one spoke for them.
 */
static __always_inline void alloc_spoke_for(__u32 outer)
{
	struct ims_call *c = call_outer(outer);

	if (c)
		c->note = 1;
}

static __always_inline void alloc_enter(const __u64 *arg)
{
	alloc_spoke_for(IMS_POINT_ALLOC_DEVICE);
	alloc_spoke_for(IMS_POINT_ALLOC_BUS);
	remember(IMS_HOOK_DOMAIN_ALLOC, IMS_POINT_DOMAIN_ALLOC, arg, 0);
}

static __always_inline void alloc_leave(void *ctx, __u64 dom)
{
	alloc_leave_at(ctx, IMS_POINT_DOMAIN_ALLOC, alloc_device_arg, dom);
}

/* Lets go of a call for which another hook spoke, and tells whether there was one. */
static __always_inline bool call_spoken_for(void *ctx, __u32 point)
{
	struct ims_call *c = call_end(point);

	if (!c || !c->note)
		return 0;
	probe_hit(ctx);
	call_release(c);
	return 1;
}

static __always_inline void alloc_outer_leave(void *ctx, __u32 point, __s32 device_arg, __u64 dom)
{
	if (!call_spoken_for(ctx, point))
		alloc_leave_at(ctx, point, device_arg, dom);
}

#define ALLOC_OUTER(name, point, device_arg)                                                       \
	static __always_inline void name##_enter(const __u64 *arg)                                 \
	{                                                                                          \
		remember(IMS_HOOK_DOMAIN_ALLOC, point, arg, 0);                                    \
	}                                                                                          \
	static __always_inline void name##_leave(void *ctx, __u64 dom)                             \
	{                                                                                          \
		alloc_outer_leave(ctx, point, device_arg, dom);                                    \
	}                                                                                          \
	IMS_PROBES(name, 1, name##_enter, name##_leave)

IMS_PROBES(domain_alloc, 3, alloc_enter, alloc_leave)
ALLOC_OUTER(alloc_device, IMS_POINT_ALLOC_DEVICE, 0)
ALLOC_OUTER(alloc_bus, IMS_POINT_ALLOC_BUS, -1)

/* ---- domain-alloc by the driver's own op: silent when it was the core that asked ------------------ */

/* The kernel's __IOMMU_DOMAIN_PAGING, _SVA and _NESTED. */
#define IMS_TYPE_PAGING 1
#define IMS_TYPE_SVA 16
#define IMS_TYPE_NESTED 64

static __always_inline void alloc_op_enter(__u32 point, const __u64 *arg)
{
	bool core = call_outer(IMS_POINT_DOMAIN_ALLOC) || call_outer(IMS_POINT_ALLOC_DEVICE) ||
		    call_outer(IMS_POINT_ALLOC_BUS);

	remember(IMS_HOOK_DOMAIN_ALLOC, point, arg, core);
}

/*
 * (dev, ...). The caller fills in the domain's type, so it is not there yet; @nested_by: which argument
 * tells, by not being NULL, that it is a nested one; -1: none does.
 */
static __always_inline void alloc_op_leave(void *ctx, __u32 point, __u32 type, int nested_by, __u64 dom)
{
	__u64 arg[3], core;
	struct ims_kevent *e;

	if (call_spoken_for(ctx, point))
		return;
	if (dom && !is_err(dom))
		domain_state(dom, IMS_HOOK_DOMAIN_ALLOC);
	e = report(ctx, IMS_HOOK_DOMAIN_ALLOC, point, arg, &core);
	if (!e)
		return;
	read_device(e, (struct device *)arg[0]);
	if (dom && !is_err(dom))
		emit_domain(e, dom);
	else
		e->result = dom ? (__s32)dom : -12;
	e->domain_type = nested_by == 2 && arg[2] ? IMS_TYPE_NESTED : type;
	emit_submit(e);
}

#define ALLOC_OP(name, point, type, nested_by)                                                     \
	static __always_inline void name##_enter(const __u64 *arg)                                 \
	{                                                                                          \
		alloc_op_enter(point, arg);                                                        \
	}                                                                                          \
	static __always_inline void name##_leave(void *ctx, __u64 dom)                             \
	{                                                                                          \
		alloc_op_leave(ctx, point, type, nested_by, dom);                                  \
	}                                                                                          \
	IMS_PROBES(name, nested_by == 2 ? 3 : 1, name##_enter, name##_leave)

ALLOC_OP(alloc_paging_op, IMS_POINT_ALLOC_PAGING_OP, IMS_TYPE_PAGING, -1)
ALLOC_OP(alloc_user_op, IMS_POINT_ALLOC_USER_OP, IMS_TYPE_PAGING, 2)
ALLOC_OP(alloc_nested_op, IMS_POINT_ALLOC_NESTED_OP, IMS_TYPE_NESTED, -1)
ALLOC_OP(alloc_sva_op, IMS_POINT_ALLOC_SVA_OP, IMS_TYPE_SVA, -1)

/* ---- domain-free: the domain is read while it still exists --------------------------------- */

static __always_inline void free_enter(const __u64 *arg)
{
	struct ims_domain_state *d;
	__u64 dom = arg[0];

	if (!dom)
		return;
	d = bpf_map_lookup_elem(&domains, &dom);
	remember(IMS_HOOK_DOMAIN_FREE, IMS_POINT_DOMAIN_FREE, arg, d ? d->id : 0);
	domain_forget(dom);
}

static __always_inline void free_leave(void *ctx, __u64 ret)
{
	__u64 arg[3], note;
	struct ims_kevent *e = report(ctx, IMS_HOOK_DOMAIN_FREE, IMS_POINT_DOMAIN_FREE, arg, &note);

	if (!e)
		return;
	e->domain = note;
	emit_submit(e);
}

IMS_PROBES(domain_free, 1, free_enter, free_leave)

/* ---- attach: one device, the driver's own answer -------------------------------------------- */

static __always_inline void attach_enter(const __u64 *arg)
{
	bool known;
	__u64 before = domain_instance(arg[0], 0, &known);

	remember(IMS_HOOK_ATTACH, IMS_POINT_ATTACH, arg, known && !before);
}

static __always_inline void attach_leave(void *ctx, __u64 ret)
{
	__u64 arg[3], unbound;
	struct ims_kevent *e = report(ctx, IMS_HOOK_ATTACH, IMS_POINT_ATTACH, arg, &unbound);

	if (!e)
		return;
	e->result = (__s32)ret;
	read_device(e, (struct device *)arg[1]);
	emit_domain(e, arg[0]);
	if (unbound && e->domain_instance[0])
		e->flags |= IMS_EVENT_FINALISED;
	emit_submit(e);
}

IMS_PROBES(attach, 2, attach_enter, attach_leave)

/* ---- calls whose event is their arguments and their result ----------------------------------- */

/* What the first two arguments are. */
enum plain_args { DOMAIN_GROUP, DOMAIN_DEVICE, DEVICE, GROUP_DOMAIN, OTHER_GROUP, OTHER };

static __always_inline void plain_leave(void *ctx, __u32 hook, __u32 point, enum plain_args args,
					__s32 result)
{
	__u64 arg[3], note;
	struct ims_kevent *e = report(ctx, hook, point, arg, &note);

	if (!e)
		return;
	e->result = result;
	if (args == GROUP_DOMAIN) {
		e->group = BPF_CORE_READ((struct iommu_group *)arg[0], id);
		emit_domain(e, arg[1]);
	}
	if (args == DOMAIN_GROUP || args == OTHER_GROUP)
		e->group = BPF_CORE_READ((struct iommu_group *)arg[1], id);
	if (args == DOMAIN_DEVICE)
		read_device(e, (struct device *)arg[1]);
	if (args == DEVICE)
		read_device(e, (struct device *)arg[0]);
	if (args == DOMAIN_GROUP || args == DOMAIN_DEVICE)
		emit_domain(e, arg[0]);
	emit_submit(e);
}

#define PLAIN(name, hook, point, args, result)                                                     \
	static __always_inline void name##_enter(const __u64 *arg)                                 \
	{                                                                                          \
		remember(hook, point, arg, 0);                                                     \
	}                                                                                          \
	static __always_inline void name##_leave(void *ctx, __u64 ret)                             \
	{                                                                                          \
		plain_leave(ctx, hook, point, args, result);                                       \
	}                                                                                          \
	IMS_PROBES(name, args == DEVICE || args == OTHER ? 1 : 2, name##_enter, name##_leave)

/* What callers ask of the core. */
PLAIN(attach_group, IMS_HOOK_ATTACH_GROUP, IMS_POINT_ATTACH_GROUP, DOMAIN_GROUP, (__s32)ret)
PLAIN(attach_device, IMS_HOOK_ATTACH_GROUP, IMS_POINT_ATTACH_DEVICE, DOMAIN_DEVICE, (__s32)ret)
PLAIN(detach_group, IMS_HOOK_DETACH_GROUP, IMS_POINT_DETACH_GROUP, DOMAIN_GROUP, 0)
PLAIN(detach_device, IMS_HOOK_DETACH_GROUP, IMS_POINT_DETACH_DEVICE, DOMAIN_DEVICE, 0)
PLAIN(attach_handle, IMS_HOOK_ATTACH_GROUP, IMS_POINT_ATTACH_HANDLE, DOMAIN_GROUP, (__s32)ret)
PLAIN(replace_handle, IMS_HOOK_ATTACH_GROUP, IMS_POINT_REPLACE_HANDLE, GROUP_DOMAIN, (__s32)ret)
PLAIN(detach_handle, IMS_HOOK_DETACH_GROUP, IMS_POINT_DETACH_HANDLE, DOMAIN_GROUP, 0)
PLAIN(attach_pasid, IMS_HOOK_ATTACH_PASID, IMS_POINT_ATTACH_PASID, DOMAIN_DEVICE, (__s32)ret)
PLAIN(replace_pasid, IMS_HOOK_ATTACH_PASID, IMS_POINT_REPLACE_PASID, DOMAIN_DEVICE, (__s32)ret)
PLAIN(detach_pasid, IMS_HOOK_DETACH_PASID, IMS_POINT_DETACH_PASID, DOMAIN_DEVICE, 0)

/* What tells a hard failure from a soft one: the operation on whose behalf an attach was made. */
PLAIN(probe, IMS_HOOK_PROBE, IMS_POINT_PROBE, DEVICE, (__s32)ret)
PLAIN(vfio_attach, IMS_HOOK_CALLER, IMS_POINT_VFIO_ATTACH, OTHER_GROUP, (__s32)ret)
PLAIN(lab, IMS_HOOK_CALLER, IMS_POINT_LAB, OTHER, (__s32)ret)

/* ---- finalise: only our own driver tells it, with the device that it chose ------------------- */

/* driver/smmuv3/scope_trace.h */
struct scope_finalise {
	u8 policy;
	u8 late;
	u8 more[6];
	__u32 flags;
	s32 result;
};

/*
 * (domain, instance, asked, chosen, info). A plain raw tracepoint, and a struct that is ours and read
 * as it is: the program is loaded when the module is not yet there.
 */
SEC("raw_tp")
int finalise_tp(__u64 *ctx)
{
	struct scope_finalise info;
	struct ims_kevent *e;

	__sync_fetch_and_add(&hits[IMS_POINT_FINALISE], 1);
	e = emit_reserve(ctx, IMS_HOOK_FINALISE, IMS_POINT_FINALISE);
	if (!e)
		return 0;
	bpf_probe_read_kernel(&info, sizeof(info), (void *)ctx[4]);
	e->flags |= IMS_EVENT_UNTIMED;
	e->result = info.result;
	if (info.late)
		e->flags |= IMS_EVENT_FINALISED;
	read_device(e, (struct device *)ctx[3]);
	emit_domain(e, ctx[0]);
	emit_submit(e);
	return 0;
}

/* ---- groups: the kernel's own tracepoints ---------------------------------------------------- */

static __always_inline void member_event(__u64 *ctx, __u32 hook, __u32 point)
{
	struct ims_kevent *e;

	__sync_fetch_and_add(&hits[point], 1);
	e = emit_reserve(ctx, hook, point);
	if (!e)
		return;
	read_device(e, (struct device *)ctx[1]);
	e->group = (__u32)ctx[0];
	e->flags |= IMS_EVENT_UNTIMED;
	emit_submit(e);
}

SEC(IMS_TRACEPOINT)
int device_add_tp(__u64 *ctx)
{
	member_event(ctx, IMS_HOOK_DEVICE_ADD, IMS_POINT_DEVICE_ADD);
	return 0;
}

SEC(IMS_TRACEPOINT)
int device_remove_tp(__u64 *ctx)
{
	__u64 device = ctx[1], dev = 0;

	/* As a plain number. Not from &ctx[1]: with that in a register compilers load ctx[1] by it
	 * later, and older verifiers (6.1) refuse a context pointer that was moved. */
	bpf_probe_read_kernel(&dev, sizeof(dev), &device);
	member_event(ctx, IMS_HOOK_DEVICE_REMOVE, IMS_POINT_DEVICE_REMOVE);
	device_forget(dev);
	return 0;
}

/* ---- modules, whose functions are hooked while they are there -------------------------------- */

static __always_inline void module_event(__u64 *ctx, __u32 flags)
{
	struct ims_kevent *e = emit_reserve(ctx, IMS_HOOK_NONE, 0);

	if (!e)
		return;
	bpf_probe_read_kernel_str(e->device, sizeof(e->device), &((struct module *)ctx[0])->name);
	e->flags = flags;
	emit_submit(e);
}

SEC("raw_tp")
int module_load(__u64 *ctx)
{
	module_event(ctx, IMS_EVENT_MODULE_COMES);
	return 0;
}

SEC("raw_tp")
int module_free(__u64 *ctx)
{
	module_event(ctx, 0);
	return 0;
}

#endif
