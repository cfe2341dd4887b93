/* SPDX-License-Identifier: GPL-2.0-only */
/* emit.bpf.h - the only place that reserves ring space, fills a record, or counts the drop. */
#ifndef IMS_EMIT_BPF_H
#define IMS_EMIT_BPF_H

#include "filter.bpf.h"

static __always_inline void emit_user_stack(void *ctx, struct ims_kevent_user *e, __u32 hook)
{
	long bytes = 0;

	__builtin_memset(e->stack, 0, sizeof(e->stack));
	if (hook != IMS_HOOK_SNAPSHOT && hook != IMS_HOOK_FAULT)
		bytes = bpf_get_stack(ctx, e->stack, sizeof(e->stack), BPF_F_USER_STACK);
	e->depth = bytes > 0 ? bytes / sizeof(__u64) : 0;
}

/* A record with what every event has, or NULL: the loss is counted. Submit it with emit_submit(). */
static __always_inline struct ims_kevent *emit_reserve(void *ctx, __u32 hook, __u32 row)
{
	struct ims_kevent *e;
	long bytes;

	__sync_fetch_and_add(&emitted[hook], 1);
	if (stacks & IMS_STACK_USER)
		e = bpf_ringbuf_reserve(&ring, sizeof(struct ims_kevent_user), 0);
	else
		e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e) {
		count_loss(hook, IMS_LOSS_RING_FULL);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_ns();
	e->hook = hook;
	e->row = row;
	e->cpu = bpf_get_smp_processor_id();
	e->group = IMS_NO_GROUP;
	if (stacks & IMS_STACK_USER)
		emit_user_stack(ctx, (struct ims_kevent_user *)e, hook);
	if (hook == IMS_HOOK_FAULT) /* has no task: an interrupt met the one that runs */
		return e;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->tid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	if (hook == IMS_HOOK_SNAPSHOT || !(stacks & IMS_STACK_KERNEL))
		return e;
	bytes = bpf_get_stack(ctx, e->stack, sizeof(e->stack), 0);
	e->stack_depth = bytes > 0 ? bytes / sizeof(__u64) : 0;
	return e;
}

static __always_inline void emit_domain(struct ims_kevent *e, __u64 dom)
{
	struct ims_domain_state *d = domain_state(dom, e->hook);

	e->domain = d ? d->id : 0;
	e->domain_type = BPF_CORE_READ((struct iommu_domain *)dom, type);
	read_domain(e, dom);
	if (d)
		filter_learn(e, d);
}

static __always_inline void emit_submit(struct ims_kevent *e)
{
	bpf_ringbuf_submit(e, 0);
}

#endif
