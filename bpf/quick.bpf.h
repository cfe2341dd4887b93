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

#include "hotpath.bpf.h"

#ifdef IMS_FSESSIONS

/* What the general way is given: more than a function has parameters. */
struct quick_call {
	__u64 entered, now, dom, iova, size, ret;
};

static __always_inline bool quick_usual(struct ims_trace_cpu *c, __u64 name)
{
	return c && *trace_told(c, name) == name &&
	       *(volatile __u64 *)&c->head < *(volatile __u64 *)&c->half;
}

/* What is called comes first, and then nothing is any more: what follows stays in registers. */
#define QUICK(name, hook, point, kind, size_arg, whole)                                            \
	static __noinline void name##_slowly(void *ctx, const struct quick_call *q)                \
	{                                                                                          \
		__u32 row = hot_hit(ctx, hook, point);                                             \
                                                                                                   \
		if (!q->entered)                                                                   \
			hot_untimed(hook);                                                         \
		else                                                                               \
			hot_done(ctx, hook, row, kind, q->now, q->now - q->entered, q->dom,        \
				 q->iova, q->size, q->ret);                                        \
	}                                                                                          \
                                                                                                   \
	SEC("fsession")                                                                            \
	int name##_quick_fsession(__u64 *ctx)                                                      \
	{                                                                                          \
		const __u64 what = (__u64)(point + 1) << 48 | (__u64)IMS_TRACE_SLOT << 56;         \
		__u64 now = bpf_ktime_get_ns(), *kept = bpf_session_cookie(ctx), ret;              \
		__u64 entered, task, slot, dom;                                                    \
		struct ims_trace_cpu *c;                                                           \
		struct ims_trace *r;                                                               \
		__u32 at;                                                                          \
                                                                                                   \
		if (!bpf_session_is_return(ctx)) {                                                 \
			*kept = now;                                                               \
			return 0;                                                                  \
		}                                                                                  \
		entered = *kept;                                                                   \
		*kept = ctx[0];                                                                    \
		dom = *(volatile __u64 *)kept;                                                     \
		bpf_get_func_ret(ctx, &ret);                                                       \
		c = trace_buffer();                                                                \
		task = trace_name(bpf_get_current_task_btf());                                     \
		slot = *(volatile __u64 *)cache_place(dom, hook_op(hook)) ^ dom << IMS_SLOT_BITS;  \
		if (!entered || !(whole) || !quick_usual(c, task) || slot >= 1 << IMS_SLOT_BITS) { \
			struct quick_call q = {entered, now, dom, ctx[1], ctx[size_arg], ret};     \
                                                                                                   \
			name##_slowly(ctx, &q);                                                    \
			return 0;                                                                  \
		}                                                                                  \
		__sync_fetch_and_add(&c->emitted[hook - IMS_HOOK_MAP], 1);                         \
		at = (__u32)__sync_fetch_and_add(&c->head, 1);                                     \
		r = trace_place(c, at);                                                            \
		r->time_ns = now;                                                                  \
		r->iova = ctx[1];                                                                  \
		r->size = ctx[size_arg];                                                           \
		r->duration_ns = now - entered;                                                    \
		r->what = (__u32)task | what;                                                      \
		trace_publish(r, at + 1, (__u32)slot);                                             \
		return 0;                                                                          \
	}

QUICK(map, IMS_HOOK_MAP, IMS_POINT_MAP, HOT_ERRNO, 3, !*(__s32 *)&ret)
QUICK(unmap, IMS_HOOK_UNMAP, IMS_POINT_UNMAP, HOT_SIZE, 2, ret == ctx[2])

#endif

#endif
