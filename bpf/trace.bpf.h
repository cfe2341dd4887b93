/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.bpf.h - every map and unmap as an event, when that is asked for.
 *
 * Each CPU has a plain buffer that user space maps: no lock, no call into the kernel. A place is
 * reserved by an atomic add, as an interrupt, or a task that is put before this one, may write in
 * between; the mark of a record is written last, so what has its mark is whole. A full buffer is a
 * loss; nobody waits.
 */
#ifndef IMS_TRACE_BPF_H
#define IMS_TRACE_BPF_H

#include "emit.bpf.h"

#define IMS_ENOENT 2

/* The reader looks ten times a second by itself: that is too late for a buffer that is half full. */
static __always_inline void trace_wake(void)
{
	void *nothing = bpf_ringbuf_reserve(&ring, 8, 0);

	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

static __always_inline struct ims_trace_cpu *trace_buffer(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&traces, &cpu);
}

/* The place of record @at. */
static __always_inline struct ims_trace *trace_place(struct ims_trace_cpu *c, __u32 at)
{
	return (struct ims_trace *)(c + 1) + (at & trace_mask);
}

/* A place for a record, and the mark that makes it one; or NULL. */
static __always_inline struct ims_trace *trace_reserve(struct ims_trace_cpu *c, __u32 *mark)
{
	__u64 tail = *(volatile __u64 *)&c->tail, at;

	if (*(volatile __u64 *)&c->head - tail > trace_mask - IMS_TRACE_SPARE)
		return 0;
	at = __sync_fetch_and_add(&c->head, 1);
	if (at - tail == trace_mask / 2 + 1)
		trace_wake();
	*mark = (__u32)at + 1;
	return trace_place(c, (__u32)at);
}

static __always_inline void trace_publish(struct ims_trace *r, __u32 mark, __u32 domain)
{
	/* Ordered behind all stores before it. */
	__sync_lock_test_and_set(&r->last, (__u64)domain << 32 | mark);
}

/* Another after an exec, with which a task changes its name. */
static __always_inline __u64 trace_name(struct task_struct *task)
{
	return task->self_exec_id << 32 | (__u32)task->pid;
}

static __always_inline __u64 *trace_told(struct ims_trace_cpu *c, __u64 name)
{
	return &c->told[(__u32)name % IMS_TRACE_TASKS];
}

/* The name of the task, unless it was told. Returns false when full. */
static __always_inline bool trace_task(struct ims_trace_cpu *c, struct task_struct *task)
{
	__u64 name = trace_name(task), *told = trace_told(c, name);
	struct ims_trace *r;
	__u32 mark;

	/* Before its name is told: whoever comes in between is the last then, and not this one. */
	*(volatile __u64 *)&c->last = name;
	if (*told == name)
		return 1;
	r = trace_reserve(c, &mark);
	if (!r) {
		*(volatile __u64 *)&c->last = IMS_TRACE_UNTOLD;
		return 0;
	}
	r->time_ns = 0;
	r->duration_ns = 0;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	r->what = (__u32)name;
	trace_publish(r, mark, (__u32)task->tgid);
	*told = name;
	return 1;
}

/* What is known of a call that has returned. */
struct trace_call {
	__u64 now;
	__u64 ns;
	__u64 dom;
	__u64 iova;
	__u64 size; /* asked for */
};

static __always_inline bool trace_is_for(__u32 hook)
{
	return trace_any && (hook == IMS_HOOK_MAP || hook == IMS_HOOK_UNMAP);
}

static __always_inline __s32 trace_result(const struct trace_call *call, __u32 hook, __u64 ret,
					  __u64 done)
{
	return hook == IMS_HOOK_MAP ? (__s32)ret : done < call->size ? -IMS_ENOENT : 0;
}

/* A call that took long is an event as those of the lifecycle are, with its stack. */
static __noinline void trace_outlier(void *ctx, const struct trace_call *call, __u32 hook,
				     __u32 point, __s32 result)
{
	struct ims_kevent *e = emit_reserve(ctx, hook, point);

	if (!e)
		return;
	e->time_ns = call->now;
	e->duration_ns = call->ns;
	e->iova = call->iova;
	e->size = call->size;
	e->result = result;
	emit_domain(e, call->dom);
	emit_submit(e);
}

/*
 * The number of the domain: the slot has it, but for the one that all others share. Returns whether
 * its calls are asked for.
 */
static __always_inline bool trace_domain(__u64 dom, __u32 hook, __u32 slot, __u32 *domain)
{
	struct ims_slot_owner *o = bpf_map_lookup_elem(&owners, &slot);
	struct ims_domain_state *d;

	if (o && o->domain) {
		*domain = (__u32)o->domain;
		return !filter_objects || o->selected;
	}
	d = domain_state(dom, hook);
	*domain = d ? (__u32)d->id : 0;
	return !filter_objects || (d && d->selected);
}

/*
 * Returns whether it is recorded, and the record is enough to count the call by: so that it need not
 * be counted here. @done: bytes.
 */
static __always_inline bool trace_record(const struct trace_call *call, __u32 hook, __u32 point,
					 __u32 slot, __u64 ret, __u64 done)
{
	bool counts = !trace_chance && slot >= IMS_OPS && done == call->size;
	struct task_struct *task = bpf_get_current_task_btf();
	struct ims_trace_cpu *c = trace_buffer();
	struct ims_trace *r;
	__u32 domain, mark;

	if (!trace_domain(call->dom, hook, slot, &domain) || !c)
		return 0;
	__sync_fetch_and_add(&c->emitted[hook - IMS_HOOK_MAP], 1);
	r = trace_task(c, task) ? trace_reserve(c, &mark) : 0;
	if (!r) {
		count_loss(hook, IMS_LOSS_RING_FULL);
		return 0;
	}
	r->time_ns = call->now;
	r->iova = call->iova;
	r->size = call->size;
	r->duration_ns = call->ns;
	r->tid = (__u32)task->pid;
	r->result = trace_result(call, hook, ret, done);
	r->point = point + 1;
	r->flags = counts ? 0 : IMS_TRACE_COUNTED;
	trace_publish(r, mark, domain);
	return counts;
}

/* As trace_record(), for those calls that are asked for. */
static __always_inline bool trace_event(void *ctx, const struct trace_call *call, __u32 hook,
					__u32 point, __u32 slot, __u64 ret, __u64 done)
{
	__u32 domain;

	if (trace_slower_ns && call->ns >= trace_slower_ns) {
		if (trace_domain(call->dom, hook, slot, &domain))
			trace_outlier(ctx, call, hook, point, trace_result(call, hook, ret, done));
		return 0;
	}
	if (!trace_mask)
		return 0;
	if (trace_chance && bpf_get_prandom_u32() > trace_chance)
		return 0;
	return trace_record(call, hook, point, slot, ret, done);
}

#endif
