/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hotpath.bpf.h - map, unmap and their like: every call counted and timed, per object, in the
 * kernel. Nothing is emitted, unless single calls are asked for (trace.bpf.h).
 *
 * Adds are atomic because an interrupt on this CPU may count in the same slot.
 */
#ifndef IMS_HOTPATH_BPF_H
#define IMS_HOTPATH_BPF_H

#include "probe.bpf.h"
#include "slot.bpf.h"
#include "trace.bpf.h"

/* How a call answers. */
enum hot_result {
	HOT_ERRNO,   /* 0, or an error; then nothing was done */
	HOT_SIZE,    /* bytes done; fewer than asked is an error */
};

static __always_inline void raise_max(__u64 *max, __u64 value)
{
	__u64 old = *(volatile __u64 *)max;

	for (int i = 0; i < 4 && value > old; i++) {
		__u64 was = __sync_val_compare_and_swap(max, old, value);

		if (was == old)
			break;
		old = was;
	}
}

static __always_inline void hot_hit(__u32 point)
{
	if (!hits[point])
		hits[point] = 1;
}

/* The entry was not remembered: neither the object nor the time is known. */
static __noinline void hot_untimed(__u32 hook)
{
	__u32 key = hook_op(hook);
	struct ims_slot *s = bpf_map_lookup_elem(&stats, &key);

	if (s)
		__sync_fetch_and_add(&s->untimed, 1);
}

static __always_inline void hot_count(__u32 key, __u64 ns, __u64 bytes, bool failed)
{
	struct ims_slot *s = bpf_map_lookup_elem(&stats, &key);
	__u32 bucket;

	if (!s)
		return;
	bucket = ims_hist_bucket(ns);
	barrier_var(bucket); /* or the compiler drops the check that the verifier wants */
	if (bucket < IMS_HIST_BUCKETS)
		__sync_fetch_and_add(&s->bucket[bucket], 1);
	__sync_fetch_and_add(&s->sum_ns, ns);
	if (bytes)
		__sync_fetch_and_add(&s->bytes, bytes);
	if (failed)
		__sync_fetch_and_add(&s->errors, 1);
	if (ns > s->max_ns)
		raise_max(&s->max_ns, ns);
}

static __always_inline void hot_enter(__u32 hook, __u32 point, const __u64 *arg, int object,
				      int size)
{
	struct ims_call *c;

	if (!filter_task())
		return;
	c = call_begin(hook, point);
	if (!c)
		return;
	c->arg[0] = arg[object];
	c->arg[1] = arg[size];
	if (trace_is_for(hook))
		c->arg[2] = arg[1];
	call_ready(c, point);
}

static __always_inline void hot_leave(void *ctx, __u32 hook, __u32 point, enum hot_result kind,
				      __u64 ret)
{
	__u64 now = bpf_ktime_get_ns(), ns, object, size;
	struct ims_call *c;
	struct trace_call call = {};
	__u32 slot;
	bool failed;

	hot_hit(point);
	if (!filter_task())
		return;
	c = call_end(point);
	if (!c) {
		hot_untimed(hook);
		return;
	}
	ns = now - c->time_ns;
	object = c->arg[0];
	size = c->arg[1];
	if (trace_is_for(hook))
		call = (struct trace_call){now, ns, object, c->arg[2], size};
	call_release(c);
	if (kind == HOT_SIZE) {
		failed = ret < size;
		size = ret;
	} else {
		failed = (__s32)ret;
		size = failed ? 0 : size;
	}
	slot = slot_find(object, hook);
	if (trace_is_for(hook) && trace_event(ctx, &call, hook, point, slot, ret, size))
		return;
	hot_count(slot, ns, size, failed);
}

/* @object and @size: which arguments these are. */
#define HOT(name, hook, point, kind, nargs, object, size)                                          \
	static __always_inline void name##_enter(const __u64 *arg)                                 \
	{                                                                                          \
		hot_enter(hook, point, arg, object, size);                                         \
	}                                                                                          \
	static __always_inline void name##_leave(void *ctx, __u64 ret)                             \
	{                                                                                          \
		hot_leave(ctx, hook, point, kind, ret);                                                \
	}                                                                                          \
	IMS_PROBES_BY(IMS_FENTRY_STORED, name, nargs, name##_enter, name##_leave)

/* (domain, iova, paddr, size, ...), (domain, iova, size, ...) */
HOT(map, IMS_HOOK_MAP, IMS_POINT_MAP, HOT_ERRNO, 4, 0, 3)
HOT(unmap, IMS_HOOK_UNMAP, IMS_POINT_UNMAP, HOT_SIZE, 3, 0, 2)

#endif
