/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quick.bpf.h - map and unmap when every one of them is an event and nothing is filtered: programs of their
 * own, in the place of map_fsession and unmap_fsession, in which the usual case is one straight line.
 *
 * Usual is a call that did all it was asked for, of a domain that has a slot, by the task that was the last
 * to be recorded on this CPU, with the buffer not half full. All others take the general way, through hot_done().
 */
#ifndef IMS_QUICK_BPF_H
#define IMS_QUICK_BPF_H

#include "plain.bpf.h"

#ifdef IMS_FSESSIONS

/* A task that was not the last on this CPU takes the general way once. */
static __always_inline bool quick_usual(struct ims_trace_cpu *c, __u64 name)
{
	return c && c->last == name && *(volatile __u64 *)&c->head < *(volatile __u64 *)&c->half;
}

/*
 * What is called comes first, and then nothing is any more. Each register that keeps a value across a call is
 * saved and restored at the entry as well, so what only the return needs waits on the stack.
 */
#define QUICK(name, hook, point, kind, length, ret, whole)                                         \
	static __noinline int name##_slowly(__u64 *ctx, __u64 entered, __u64 now)                  \
	{                                                                                          \
		hot_done(ctx, hook, hot_hit(ctx, hook, point), kind, now, now - entered,           \
			 plain_object(ctx, bpf_session_cookie(ctx)), ctx[1], length, ret);         \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	SEC("fsession")                                                                            \
	int name##_quick_fsession(__u64 *ctx)                                                      \
	{                                                                                          \
		__u64 *kept = bpf_session_cookie(ctx), now = bpf_ktime_get_ns(), entered, dom, task, slot;\
		struct ims_trace_cpu *volatile buffer;                                             \
		struct ims_trace_cpu *c;                                                           \
		volatile __u64 then;                                                               \
		struct ims_trace *r;                                                               \
		__u32 at;                                                                          \
                                                                                                   \
		if (!*kept) { /* see plain.bpf.h */                                                \
			*kept = now;                                                               \
			return 0;                                                                  \
		}                                                                                  \
		then = now;                                                                        \
		buffer = trace_buffer();                                                           \
		task = trace_name(bpf_get_current_task_btf());                                     \
		c = buffer;                                                                        \
		entered = *kept;                                                                   \
		if (!(whole) || !quick_usual(c, task))                                             \
			return name##_slowly(ctx, entered, then);                                  \
		dom = plain_object(ctx, kept);                                                     \
		slot = slot_cached(dom, hook);                                                     \
		if (slot >= IMS_SLOTS)                                                             \
			return name##_slowly(ctx, entered, then);                                  \
		__sync_fetch_and_add(&c->emitted[hook - IMS_HOOK_MAP], 1);                         \
		at = (__u32)__sync_fetch_and_add(&c->head, 1);                                     \
		r = trace_place(c, at);                                                            \
		now = then;                                                                        \
		r->time_ns = now;                                                                  \
		r->iova = ctx[1];                                                                  \
		r->size = length;                                                                  \
		r->duration_ns = now - entered;                                                    \
		r->what = (__u32)task | (__u64)(point + 1) << 48 | (__u64)IMS_TRACE_SLOT << 56;    \
		trace_publish(r, at + 1, (__u32)slot);                                             \
		return 0;                                                                          \
	}

QUICK(map, IMS_HOOK_MAP, IMS_POINT_MAP, HOT_ERRNO, ctx[3], ctx[6], !(__s32)ctx[6])
QUICK(unmap, IMS_HOOK_UNMAP, IMS_POINT_UNMAP, HOT_SIZE, ctx[2], ctx[4], ctx[4] == ctx[2])

#endif

#endif
