/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quick.bpf.h - map and unmap when every one of them is an event and nothing is filtered: programs of their
 * own, in the place of map_fsession and unmap_fsession, in which the usual case is one straight line.
 *
 * Usual is a call that did all it was asked for, of a domain that has a slot, by a task whose name was told,
 * with the buffer not half full. All others take the general way, through hot_done().
 */
#ifndef IMS_QUICK_BPF_H
#define IMS_QUICK_BPF_H

#include "plain.bpf.h"

#ifdef IMS_FSESSIONS

static __always_inline bool quick_usual(struct ims_trace_cpu *c, __u64 name)
{
	return c && *trace_told(c, name) == name &&
	       *(volatile __u64 *)&c->head < *(volatile __u64 *)&c->half;
}

/*
 * What is called comes first, and then nothing is any more: what follows stays in registers. barrier_var()
 * keeps the compiler from working out before a call what is only needed after it.
 */
#define QUICK(name, hook, point, kind, length, ret, whole)                                         \
	static __noinline void name##_slowly(__u64 *ctx, __u64 entered, __u64 now, __u64 dom)      \
	{                                                                                          \
		hot_done(ctx, hook, hot_hit(ctx, hook, point), kind, now, now - entered, dom,      \
			 ctx[1], length, ret);                                                     \
	}                                                                                          \
                                                                                                   \
	SEC("fsession")                                                                            \
	int name##_quick_fsession(__u64 *ctx)                                                      \
	{                                                                                          \
		const __u64 what = (__u64)(point + 1) << 48 | (__u64)IMS_TRACE_SLOT << 56;         \
		__u64 now = bpf_ktime_get_ns(), *kept = bpf_session_cookie(ctx);                   \
		__u64 entered = *kept, task, slot, dom;                                            \
		struct ims_trace_cpu *c;                                                           \
		struct ims_trace *r;                                                               \
		__u32 at;                                                                          \
                                                                                                   \
		if (!entered) { /* see plain.bpf.h */                                              \
			*kept = now;                                                               \
			return 0;                                                                  \
		}                                                                                  \
		dom = plain_object(ctx, kept);                                                     \
		c = trace_buffer();                                                                \
		task = trace_name(bpf_get_current_task_btf());                                     \
		barrier_var(dom);                                                                  \
		slot = *(volatile __u64 *)cache_place(dom, hook_op(hook)) ^ dom << IMS_SLOT_BITS;  \
		if (!(whole) || !quick_usual(c, task) || slot >= 1 << IMS_SLOT_BITS) {             \
			name##_slowly(ctx, entered, now, dom);                                     \
			return 0;                                                                  \
		}                                                                                  \
		__sync_fetch_and_add(&c->emitted[hook - IMS_HOOK_MAP], 1);                         \
		at = (__u32)__sync_fetch_and_add(&c->head, 1);                                     \
		r = trace_place(c, at);                                                            \
		r->time_ns = now;                                                                  \
		r->iova = ctx[1];                                                                  \
		r->size = length;                                                                  \
		r->duration_ns = now - entered;                                                    \
		r->what = (__u32)task | what;                                                      \
		trace_publish(r, at + 1, (__u32)slot);                                             \
		return 0;                                                                          \
	}

QUICK(map, IMS_HOOK_MAP, IMS_POINT_MAP, HOT_ERRNO, ctx[3], ctx[6], !(__s32)ctx[6])
QUICK(unmap, IMS_HOOK_UNMAP, IMS_POINT_UNMAP, HOT_SIZE, ctx[2], ctx[4], ctx[4] == ctx[2])

#endif

#endif
