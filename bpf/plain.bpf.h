/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plain.bpf.h - the hot path when calls are counted, and no single one is told or filtered by its task:
 * programs of their own, in the place of NAME_fsession and NAME_fexit, that ask for nothing else. NAME_some
 * are those of which one in N is timed.
 *
 * What a session keeps is not 0 from the entry on, and that tells a return: nobody has to be asked. A
 * return whose entry the kernel skipped is taken for an entry, and its call is not counted; the kernel
 * counts what it skips, which is a loss that is told (IMS_LOSS_MISSED).
 * NAME_some ask, as they have nothing to keep of most calls; without its entry a call is counted, not timed.
 *
 * Few values live across a call, as each register kept for that is saved and restored at entry and return.
 */
#ifndef IMS_PLAIN_BPF_H
#define IMS_PLAIN_BPF_H

#include "hotpath.bpf.h"

#ifndef IMS_NO_BTF

/* Macros, as the compiler keeps what "or" makes of two constants in a function. */
#define PLAIN_MAY_BE_INNER(point) ((point) == IMS_POINT_DMA_MAP || (point) == IMS_POINT_DMA_UNMAP)
/* And is hit if any call was counted, as user space finds. */
#define PLAIN_HAS_ONE_ROW(hook) ((hook) == IMS_HOOK_MAP || (hook) == IMS_HOOK_UNMAP)

#ifdef IMS_FSESSIONS
static __noinline int plain_skip(__u64 *ctx)
{
	*bpf_session_cookie(ctx) = HOT_SKIPPED;
	return 0;
}
#endif

static __always_inline __u64 plain_keep(__u32 point, __u64 kept)
{
	return hot_inner(point) ? HOT_SKIPPED : kept;
}

/* Kept for reading it back: that makes a plain number of a typed pointer. */
static __always_inline __u64 plain_object(__u64 *ctx, __u64 *kept)
{
	*kept = ctx[0];
	return *(volatile __u64 *)kept;
}

static __always_inline struct ims_slot *plain_slot(__u64 object, __u32 hook, __u32 point)
{
	__u32 slot = slot_find(object, hook, point, IMS_SIZE_NONE);

	return bpf_map_lookup_elem(&stats, &slot);
}

/* The answer of functions of which struct point does not know how many parameters they have. */
static __always_inline __u64 plain_answer(void *ctx)
{
	__u64 ret;

	bpf_get_func_ret(ctx, &ret);
	return ret;
}

/* NAME, hook, point, kind, and the expressions of size and answer. */
#define HOT_PLAIN(name, hook, point, kind, size, ret)                                              \
	static __always_inline int name##_count(__u64 *ctx, __u64 object, __u64 ns, bool timed)    \
	{                                                                                          \
		struct ims_slot *s = plain_slot(object, hook, point);                              \
                                                                                                   \
		if (!s)                                                                            \
			return 0;                                                                  \
		if (timed)                                                                         \
			hot_add_time(s, ns);                                                       \
		else                                                                               \
			__sync_fetch_and_add(&s->untimed, 1);                                      \
		hot_add_result(s, hook, kind, ret, size);                                          \
		return 0;                                                                          \
	}                                                                                          \
	static __noinline int name##_count_long(__u64 *ctx, __u64 object, __u64 ns)                \
	{                                                                                          \
		return name##_count(ctx, object, ns, 1);                                           \
	}                                                                                          \
	static __always_inline int name##_count_timed(__u64 *ctx, __u64 object, __u64 ns)          \
	{                                                                                          \
		if (ns >= IMS_HIST_TABLE_NS)                                                       \
			return name##_count_long(ctx, object, ns);                                 \
		return name##_count(ctx, object, ns, 1);                                           \
	}                                                                                          \
	SEC("fentry")                                                                              \
	int name##_plain_fentry(__u64 *ctx)                                                        \
	{                                                                                          \
		struct ims_call *c = hot_inner(point) ? 0 : call_begin(hook, point);               \
                                                                                                   \
		if (c)                                                                             \
			call_ready(c, point);                                                      \
		return 0;                                                                          \
	}                                                                                          \
	SEC("fexit")                                                                               \
	int name##_plain_fexit(__u64 *ctx)                                                         \
	{                                                                                          \
		__u64 ns = bpf_ktime_get_ns(), object;                                             \
		struct ims_call *c;                                                                \
                                                                                                   \
		if (!PLAIN_HAS_ONE_ROW(hook))                                                      \
			hot_hit_row(point);                                                        \
		if (hot_inner(point))                                                              \
			return 0;                                                                  \
		c = call_end(point);                                                               \
		if (!c) {                                                                          \
			hot_untimed(hook);                                                         \
			return 0;                                                                  \
		}                                                                                  \
		ns -= c->time_ns;                                                                  \
		object = plain_object(ctx, c->arg);                                                \
		call_release(c);                                                                   \
		return name##_count_timed(ctx, object, ns);                                        \
	}                                                                                          \
	PLAIN_FSESSION(name, hook, point)

#ifdef IMS_FSESSIONS
#define PLAIN_FSESSION(name, hook, point)                                                          \
	SEC("fsession")                                                                            \
	int name##_plain_fsession(__u64 *ctx)                                                      \
	{                                                                                          \
		__u64 ns = bpf_ktime_get_ns(), *kept = bpf_session_cookie(ctx);                    \
                                                                                                   \
		if (!*kept) {                                                                      \
			*kept = plain_keep(point, ns);                                             \
			return 0;                                                                  \
		}                                                                                  \
		if (!PLAIN_HAS_ONE_ROW(hook))                                                      \
			hot_hit_row(point);                                                        \
		if (PLAIN_MAY_BE_INNER(point) && *kept == HOT_SKIPPED)                             \
			return 0;                                                                  \
		ns -= *kept;                                                                       \
		barrier_var(ns); /* now, or what was kept lives longer than it has to */           \
		return name##_count_timed(ctx, plain_object(ctx, kept), ns);                       \
	}                                                                                          \
	static __noinline int name##_timed(__u64 *ctx)                                             \
	{                                                                                          \
		__u64 ns = bpf_ktime_get_ns(), *kept = bpf_session_cookie(ctx);                    \
                                                                                                   \
		ns -= *kept;                                                                       \
		return name##_count(ctx, plain_object(ctx, kept), ns, 1);                          \
	}                                                                                          \
	static __noinline int name##_time(__u64 *ctx)                                              \
	{                                                                                          \
		__u64 *kept = bpf_session_cookie(ctx);                                             \
                                                                                                   \
		*kept = bpf_ktime_get_ns();                                                        \
		return 0;                                                                          \
	}                                                                                          \
	SEC("fsession")                                                                            \
	int name##_some_fsession(__u64 *ctx)                                                       \
	{                                                                                          \
		__u64 *kept;                                                                       \
                                                                                                   \
		if (!bpf_session_is_return(ctx)) {                                                 \
			if (hot_inner(point))                                                      \
				return plain_skip(ctx);                                            \
			return hot_is_timed(hook) ? name##_time(ctx) : 0;                          \
		}                                                                                  \
		if (!PLAIN_HAS_ONE_ROW(hook))                                                      \
			hot_hit_row(point);                                                        \
		kept = bpf_session_cookie(ctx);                                                    \
		if (PLAIN_MAY_BE_INNER(point) && *kept == HOT_SKIPPED)                             \
			return 0;                                                                  \
		if (*kept)                                                                         \
			return name##_timed(ctx);                                                  \
		return name##_count(ctx, plain_object(ctx, kept), 0, 0);                           \
	}
#else
#define PLAIN_FSESSION(name, hook, point)
#endif

HOT_PLAIN(map, IMS_HOOK_MAP, IMS_POINT_MAP, HOT_ERRNO, ctx[3], ctx[6])
HOT_PLAIN(unmap, IMS_HOOK_UNMAP, IMS_POINT_UNMAP, HOT_SIZE, ctx[2], ctx[4])
HOT_PLAIN(iotlb_sync, IMS_HOOK_IOTLB_SYNC, IMS_POINT_IOTLB_SYNC, HOT_ANY, 0, 0)
HOT_PLAIN(iotlb_flush, IMS_HOOK_IOTLB_SYNC, IMS_POINT_IOTLB_FLUSH, HOT_ANY, 0, 0)
HOT_PLAIN(iotlb_sync_map, IMS_HOOK_IOTLB_SYNC, IMS_POINT_IOTLB_SYNC_MAP, HOT_ANY, 0, 0)
HOT_PLAIN(queue_sync, IMS_HOOK_QUEUE_SYNC, IMS_POINT_QUEUE_SYNC, HOT_ERRNO, 0, plain_answer(ctx))
HOT_PLAIN(dma_map, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_MAP, HOT_DMA, 0, plain_answer(ctx))
HOT_PLAIN(dma_map_resource, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_MAP_RESOURCE, HOT_DMA, 0, plain_answer(ctx))
HOT_PLAIN(dma_alloc, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_ALLOC, HOT_POINTER, 0, plain_answer(ctx))
HOT_PLAIN(dma_unmap, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_UNMAP, HOT_ANY, 0, 0)
HOT_PLAIN(dma_unmap_resource, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_UNMAP_RESOURCE, HOT_ANY, 0, 0)
HOT_PLAIN(dma_free, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_FREE, HOT_ANY, 0, 0)

#endif

#endif
