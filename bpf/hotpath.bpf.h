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
	HOT_ANY,     /* it cannot fail, or does not tell */
	HOT_ERRNO,   /* 0, or an error; then nothing was done */
	HOT_SIZE,    /* bytes done; fewer than asked is an error */
	HOT_COUNT,   /* entries done, 0 or an error */
	HOT_DMA,     /* an address, all ones is an error */
	HOT_POINTER, /* NULL is an error */
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

static __always_inline void hot_hit_row(__u32 row)
{
	if (!hits[row])
		hits[row] = 1;
}

/* The row of the plan, which is hit. Map and unmap have one only, and no time to ask. */
static __always_inline __u32 hot_hit(void *ctx, __u32 hook, __u32 point)
{
	__u32 row = point;

	if (hook != IMS_HOOK_MAP && hook != IMS_HOOK_UNMAP)
		row = bpf_get_attach_cookie(ctx) & (IMS_ROWS - 1);
	hot_hit_row(row);
	return row;
}

/* The entry was not remembered: neither the object nor the time is known. */
static __noinline void hot_untimed(__u32 hook)
{
	__u32 key = hook_op(hook);
	struct ims_slot *s = bpf_map_lookup_elem(&stats, &key);

	if (s)
		__sync_fetch_and_add(&s->untimed, 1);
}

/* Only map and unmap have an IOVA and bytes. */
static __always_inline bool hot_sized(__u32 hook)
{
	return hook == IMS_HOOK_MAP || hook == IMS_HOOK_UNMAP;
}

static __always_inline bool hot_has_sizes(__u32 hook)
{
	return (hook == IMS_HOOK_DMA_MAP || hook == IMS_HOOK_DMA_UNMAP) && dma_sizes;
}

static __always_inline __u32 hot_size_of(__u32 hook, __u64 bytes)
{
	return hot_has_sizes(hook) ? ims_size_of(bytes) : IMS_SIZE_NONE;
}

static __always_inline void hot_add_time(struct ims_slot *s, __u64 ns)
{
	__u32 bucket = ims_hist_bucket(ns);

	barrier_var(bucket); /* or the compiler drops the check that the verifier wants */
	if (bucket < IMS_HIST_BUCKETS)
		__sync_fetch_and_add(&s->bucket[bucket], 1);
	__sync_fetch_and_add(&s->sum_ns, ns);
	raise_max(&s->max_ns, ns);
}

static __always_inline bool hot_failed(enum hot_result kind, __u64 ret, __u64 size)
{
	return kind == HOT_ERRNO     ? (__s32)ret != 0
	       : kind == HOT_SIZE    ? ret < size
	       : kind == HOT_COUNT   ? (__s32)ret <= 0
	       : kind == HOT_DMA     ? ret == ~0ull
	       : kind == HOT_POINTER ? !ret
				     : 0;
}

static __always_inline __u64 hot_bytes(enum hot_result kind, __u64 ret, __u64 size)
{
	return kind == HOT_SIZE ? ret : hot_failed(kind, ret, size) ? 0 : size;
}

/* Two ways apart, as one would ask twice whether it failed. */
static __always_inline void hot_add_result(struct ims_slot *s, __u32 hook, enum hot_result kind,
					   __u64 ret, __u64 size)
{
	if (!hot_failed(kind, ret, size)) {
		if (hot_sized(hook))
			__sync_fetch_and_add(&s->bytes, kind == HOT_SIZE ? ret : size);
		return;
	}
	if (hot_sized(hook) && kind == HOT_SIZE)
		__sync_fetch_and_add(&s->bytes, ret);
	__sync_fetch_and_add(&s->errors, 1);
}

static __always_inline void hot_count(__u32 hook, __u32 key, __u64 ns, enum hot_result kind,
				      __u64 ret, __u64 size)
{
	struct ims_slot *s = bpf_map_lookup_elem(&stats, &key);

	if (!s)
		return;
	hot_add_time(s, ns);
	hot_add_result(s, hook, kind, ret, size);
}

static __always_inline void hot_enter(__u32 hook, __u32 point, __u64 object, __u64 iova,
				      __u64 size)
{
	struct ims_call *c = call_begin(hook, point);

	if (!c)
		return;
	c->arg[0] = object;
	if (hot_sized(hook) || hot_has_sizes(hook))
		c->arg[1] = size;
	if (trace_is_for(hook))
		c->arg[2] = iova;
	call_ready(c, point);
}

/* Not inlined: what is seldom asked for must not cost registers. */
static __noinline bool hot_traced(void *ctx, struct trace_call *call, __u32 slot, __u64 ret,
				  __u64 bytes)
{
	__u32 point = slot >> 31 ? IMS_POINT_UNMAP : IMS_POINT_MAP;
	__u32 hook = slot >> 31 ? IMS_HOOK_UNMAP : IMS_HOOK_MAP;

	return trace_event(ctx, call, hook, point, slot & 0x7fffffff, ret, bytes);
}

/* @object: by its address. Plain values, as a struct whose address is taken would be in memory. */
static __always_inline void hot_done(void *ctx, __u32 hook, __u32 row, enum hot_result kind,
				     __u64 now, __u64 ns, __u64 object, __u64 iova, __u64 size,
				     __u64 ret)
{
	__u32 slot = slot_find(object, hook, row, hot_size_of(hook, size));

	if (trace_is_for(hook)) {
		struct trace_call t = {now, ns, object, iova, size};

		if (hot_traced(ctx, &t, slot | (__u32)(hook == IMS_HOOK_UNMAP) << 31, ret,
			       hot_bytes(kind, ret, size)))
			return;
	}
	hot_count(hook, slot, ns, kind, ret, size);
}

/*
 * The DMA API's scatterlist functions call its single ones when they have to bounce, and the end of a
 * range that was linked may call unlink: those calls are part of the outer one, and not counted. The
 * outer one is remembered by every mechanism.
 */
static __always_inline bool hot_inner(__u32 point)
{
	if (point == IMS_POINT_DMA_MAP)
		return call_outer(IMS_POINT_DMA_MAP_SG);
	if (point == IMS_POINT_DMA_UNMAP)
		return call_outer(IMS_POINT_DMA_UNMAP_SG);
	if (point == IMS_POINT_DMA_IOVA_UNLINK)
		return call_outer(IMS_POINT_DMA_IOVA_DESTROY);
	return 0;
}

/* Nothing is counted of this call. */
static __always_inline bool hot_skips(__u32 point)
{
	return !filter_task() || hot_inner(point);
}

/* Parameter @n, a constant, from 0. */
#define HOT_PARM(ctx, n)                                                                           \
	((n) == 0   ? PT_REGS_PARM1(ctx)                                                           \
	 : (n) == 1 ? PT_REGS_PARM2(ctx)                                                           \
	 : (n) == 2 ? PT_REGS_PARM3(ctx)                                                           \
	 : (n) == 3 ? PT_REGS_PARM4(ctx)                                                           \
		    : PT_REGS_PARM5(ctx))
#define HOT_ARG(ctx, n) (ctx)[n]

/* In the place of the number of the size: functions differ; what a scatterlist has. 0: there is none. */
#define HOT_SIZE_DMA_MAP 100
#define HOT_SIZE_SG	 101

static __always_inline __u64 dma_map_size(__u64 arg2, __u64 arg3)
{
	barrier_var(arg2); /* or one read of a place that is chosen, which the verifier refuses */
	barrier_var(arg3);
	return dma_map_size_arg == 2 ? arg2 : arg3;
}

#define SG_PIECES 256
#define SG_CHAIN  1ull /* in page_link: it leads to more of the list; 2: the end */

/* The bytes of a scatterlist, which goes on where a piece of it leads to. */
static __noinline __u64 sg_size(__u64 list, __u32 count)
{
	__u64 bytes = 0;

	for (__u32 i = 0; i < SG_PIECES && i < count; i++) {
		struct scatterlist *sg = (struct scatterlist *)list;
		__u64 link = BPF_CORE_READ(sg, page_link);

		if (link & SG_CHAIN) {
			sg = (struct scatterlist *)(link & ~3ull);
			list = (__u64)sg;
		}
		bytes += BPF_CORE_READ(sg, length);
		list += bpf_core_type_size(struct scatterlist);
	}
	return bytes;
}

#define HOT_SIZE_ARG(get, n)                                                                       \
	((n) == HOT_SIZE_DMA_MAP ? dma_map_size(get(ctx, 2), get(ctx, 3))                          \
	 : (n) == HOT_SIZE_SG	 ? (dma_sizes ? sg_size(get(ctx, 1), get(ctx, 2)) : 0)             \
	 : (n)			 ? get(ctx, n)                                                     \
				 : 0)

#define HOT_KPROBE(section, entry, exit, hook, point, kind, object_arg, size_arg)                  \
	SEC("k" section)                                                                           \
	int entry(struct pt_regs *ctx)                                                             \
	{                                                                                          \
		if (!hot_skips(point))                                                             \
			hot_enter(hook, point, HOT_PARM(ctx, object_arg), HOT_PARM(ctx, 1),        \
				  HOT_SIZE_ARG(HOT_PARM, size_arg));                               \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kret" section)                                                                        \
	int exit(struct pt_regs *ctx)                                                              \
	{                                                                                          \
		__u64 now = bpf_ktime_get_ns(), ns, address, iova, size;                           \
		__u32 row = hot_hit(ctx, hook, point);                                             \
		struct ims_call *c;                                                                \
                                                                                                   \
		if (hot_skips(point))                                                              \
			return 0;                                                                  \
		c = call_end(point);                                                               \
		if (!c) {                                                                          \
			hot_untimed(hook);                                                         \
			return 0;                                                                  \
		}                                                                                  \
		ns = now - c->time_ns;                                                             \
		address = c->arg[0];                                                               \
		size = hot_sized(hook) || hot_has_sizes(hook) ? c->arg[1] : 0;                     \
		iova = hot_sized(hook) ? c->arg[2] : 0;                                            \
		call_release(c);                                                                   \
		hot_done(ctx, hook, row, kind, now, ns, address, iova, size,                       \
			 PT_REGS_RC(ctx));                                                         \
		return 0;                                                                          \
	}

/*
 * fexit has the arguments again: only the time has to be remembered. A typed pointer is stored and
 * read back, as the verifier allows arithmetic on plain numbers only.
 */
static __always_inline void hot_begin(__u32 hook, __u32 point)
{
	struct ims_call *c = hot_skips(point) ? 0 : call_begin(hook, point);

	if (c)
		call_ready(c, point);
}

#define HOT_END(hook, point, kind, object_arg, size_arg)                                           \
	do {                                                                                       \
		__u64 now = bpf_ktime_get_ns(), ns, address;                                       \
		__u32 row = hot_hit(ctx, hook, point);                                             \
		struct ims_call *c;                                                                \
                                                                                                   \
		if (hot_skips(point))                                                              \
			return 0;                                                                  \
		c = call_end(point);                                                               \
		if (!c) {                                                                          \
			hot_untimed(hook);                                                         \
			return 0;                                                                  \
		}                                                                                  \
		ns = now - c->time_ns;                                                             \
		c->arg[0] = ctx[object_arg];                                                       \
		address = *(volatile __u64 *)&c->arg[0];                                           \
		call_release(c);                                                                   \
		HOT_RETURN(hook, kind, size_arg);                                                  \
	} while (0)

#define HOT_RETURN(hook, kind, size_arg)                                                           \
	do {                                                                                       \
		__u64 ret = 0;                                                                     \
                                                                                                   \
		if ((kind) != HOT_ANY)                                                             \
			bpf_get_func_ret(ctx, &ret);                                               \
		hot_done(ctx, hook, row, kind, now, ns, address, hot_sized(hook) ? ctx[1] : 0,     \
			 hot_sized(hook) || hot_has_sizes(hook)                                    \
				 ? HOT_SIZE_ARG(HOT_ARG, size_arg)                                 \
				 : 0,                                                              \
			 ret);                                                                     \
	} while (0)

#define HOT_FEXIT(name, hook, point, kind, object_arg, size_arg)                                   \
	SEC("fentry")                                                                              \
	int name##_fentry(__u64 *ctx)                                                              \
	{                                                                                          \
		hot_begin(hook, point);                                                            \
		return 0;                                                                          \
	}                                                                                          \
	SEC("fexit")                                                                               \
	int name##_fexit(__u64 *ctx)                                                               \
	{                                                                                          \
		HOT_END(hook, point, kind, object_arg, size_arg);                                  \
		return 0;                                                                          \
	}

/* What a session keeps of the entry where that is not the time: a program runs later than at 2 ns. */
enum hot_kept {
	HOT_UNSEEN,  /* the entry was not seen */
	HOT_SKIPPED, /* nothing is counted of this call */
	HOT_UNTIMED, /* it is counted, and not timed */
	HOT_TIMED,
};

static __always_inline __u64 *time_left_of(__u32 hook)
{
	return &time_left[bpf_get_smp_processor_id() & (IMS_TIME_CPUS - 1)][hook_op(hook)];
}

/* Not inlined: seldom asked, and its calls must not cost registers. */
static __noinline int hot_draw_again(__u32 hook)
{
	__u64 *left = time_left_of(hook);

	*left = bpf_get_prandom_u32() * (2ull * time_every - 1) >> 32;
	return 1;
}

/*
 * One in time_every on average: after a random number of others, 0 to twice as many, as what is regular may
 * be in step with the work. So each call has the same chance. An interrupt between reading and writing costs
 * one step of the count.
 */
static __always_inline bool hot_is_timed(__u32 hook)
{
	__u64 *left = time_left_of(hook);

	if (!*left)
		return hot_draw_again(hook);
	*left -= 1;
	return 0;
}

static __always_inline bool hot_times(__u32 hook)
{
	return !time_every || hot_is_timed(hook);
}

static __always_inline __u64 hot_keep(__u32 hook, __u32 point)
{
	if (hot_skips(point))
		return HOT_SKIPPED;
	return hot_times(hook) ? bpf_ktime_get_ns() : HOT_UNTIMED;
}

/*
 * A session keeps the time itself, and then serves to read the pointer back. What is not usual is done
 * by functions that are not inlined, or the stack would grow until the kernel gives the program one of
 * its own, which each run and each call pays for. The answer is read late for the same reason.
 */
#define HOT_FSESSION(name, hook, point, kind, object_arg, size_arg)                                \
	static __noinline bool name##_traced(__u64 *ctx, __u64 now, __u64 ns, __u64 address,       \
					     __u32 slot)                                           \
	{                                                                                          \
		struct trace_call t = {now, ns, address, hot_sized(hook) ? ctx[1] : 0,             \
				       hot_sized(hook) ? ctx[size_arg] : 0};                       \
		__u64 ret = 0;                                                                     \
                                                                                                   \
		bpf_get_func_ret(ctx, &ret);                                                       \
		return hot_traced(ctx, &t, slot | (__u32)(hook == IMS_HOOK_UNMAP) << 31, ret,      \
				  hot_bytes(kind, ret, t.size));                                   \
	}                                                                                          \
	SEC("fsession")                                                                            \
	int name##_fsession(__u64 *ctx)                                                            \
	{                                                                                          \
		__u64 *kept = bpf_session_cookie(ctx), then, now = 0, ret = 0;                     \
		struct ims_slot *s;                                                                \
		__u32 row, slot;                                                                   \
                                                                                                   \
		if (!bpf_session_is_return(ctx)) {                                                 \
			*kept = hot_keep(hook, point);                                             \
			return 0;                                                                  \
		}                                                                                  \
		row = hot_hit(ctx, hook, point);                                                   \
		then = *kept;                                                                      \
		if (then == HOT_SKIPPED)                                                           \
			return 0;                                                                  \
		if (!then) {                                                                       \
			if (!hot_skips(point))                                                     \
				hot_untimed(hook);                                                 \
			return 0;                                                                  \
		}                                                                                  \
		if (!time_every || then != HOT_UNTIMED)                                           \
			now = bpf_ktime_get_ns();                                                  \
		*kept = ctx[object_arg];                                                           \
		slot = slot_find(*(volatile __u64 *)kept, hook, row,                               \
				 hot_has_sizes(hook)                                               \
					 ? ims_size_of(HOT_SIZE_ARG(HOT_ARG, size_arg))            \
					 : IMS_SIZE_NONE);                                         \
		if (trace_is_for(hook) &&                                                          \
		    name##_traced(ctx, now, now - then, *(volatile __u64 *)kept, slot))            \
			return 0;                                                                  \
		s = bpf_map_lookup_elem(&stats, &slot);                                            \
		if (!s)                                                                            \
			return 0;                                                                  \
		if (!time_every || then != HOT_UNTIMED)                                           \
			hot_add_time(s, now - then);                                               \
		else                                                                               \
			__sync_fetch_and_add(&s->untimed, 1);                                      \
		if ((kind) != HOT_ANY)                                                             \
			bpf_get_func_ret(ctx, &ret);                                               \
		hot_add_result(s, hook, kind, ret, hot_sized(hook) ? ctx[size_arg] : 0);           \
		return 0;                                                                          \
	}

/* A session that others look for among the calls. */
#define HOT_FSESSION_OUTER(name, hook, point, kind, object_arg, size_arg)                          \
	SEC("fsession")                                                                            \
	int name##_fsession(__u64 *ctx)                                                            \
	{                                                                                          \
		if (bpf_session_is_return(ctx))                                                    \
			HOT_END(hook, point, kind, object_arg, size_arg);                          \
		else                                                                               \
			hot_begin(hook, point);                                                    \
		return 0;                                                                          \
	}

#define HOT_PAIRS(name, ...)                                                                       \
	HOT_FEXIT(name, __VA_ARGS__)                                                               \
	HOT_KPROBE("probe", name##_kprobe, name##_kretprobe, __VA_ARGS__)                          \
	HOT_KPROBE("probe.multi", name##_multi, name##_retmulti, __VA_ARGS__)

/* NAME, hook, point, kind, and which parameters the object and the size are. */
#ifdef IMS_FSESSIONS
#define HOT(name, ...)                                                                             \
	HOT_FSESSION(name, __VA_ARGS__)                                                            \
	HOT_PAIRS(name, __VA_ARGS__)
#define HOT_OUTER(name, ...)                                                                       \
	HOT_FSESSION_OUTER(name, __VA_ARGS__)                                                      \
	HOT_PAIRS(name, __VA_ARGS__)
#else
#define HOT(name, ...) HOT_PAIRS(name, __VA_ARGS__)
#define HOT_OUTER(name, ...) HOT_PAIRS(name, __VA_ARGS__)
#endif

/* (domain, iova, paddr, size, ...), (domain, iova, size, ...) */
HOT(map, IMS_HOOK_MAP, IMS_POINT_MAP, HOT_ERRNO, 0, 3)
HOT(unmap, IMS_HOOK_UNMAP, IMS_POINT_UNMAP, HOT_SIZE, 0, 2)

/* ---- invalidation: the ops of the domain's driver, (domain, ...) ------------------------------ */

HOT(iotlb_sync, IMS_HOOK_IOTLB_SYNC, IMS_POINT_IOTLB_SYNC, HOT_ANY, 0, 0)
HOT(iotlb_flush, IMS_HOOK_IOTLB_SYNC, IMS_POINT_IOTLB_FLUSH, HOT_ANY, 0, 0)
HOT(iotlb_sync_map, IMS_HOOK_IOTLB_SYNC, IMS_POINT_IOTLB_SYNC_MAP, HOT_ANY, 0, 0)

/* ---- an instance's command queue: (the driver's instance, ...) -------------------------------- */

HOT(queue_sync, IMS_HOOK_QUEUE_SYNC, IMS_POINT_QUEUE_SYNC, HOT_ERRNO, 0, 0)
/* A copy by the compiler, which may have dropped the answer. */
HOT(queue_wait, IMS_HOOK_QUEUE_SYNC, IMS_POINT_QUEUE_SYNC, HOT_ANY, 0, 0)

/*
 * Our own SMMUv3 module tells of each sync itself, with the time: (class device, commands, spins, ns,
 * result). Its functions are in no row then.
 */
SEC("raw_tp")
int queue_sync_scope_tp(__u64 *ctx)
{
	__u64 slot = slot_cached(ctx[0], IMS_HOOK_QUEUE_SYNC);

	hits[IMS_POINT_QUEUE_SYNC_SCOPE] = 1;
	if (filter_task())
		hot_count(IMS_HOOK_QUEUE_SYNC, slot < IMS_SLOTS ? slot : class_slot(ctx[0]), ctx[3], HOT_ERRNO,
			  ctx[4], 0);
	return 0;
}

/* ---- the DMA API, where an IOMMU is behind it: (device, ...) ----------------------------------- */

HOT(dma_map, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_MAP, HOT_DMA, 0, HOT_SIZE_DMA_MAP)
HOT(dma_map_resource, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_MAP_RESOURCE, HOT_DMA, 0, 2)
HOT(dma_alloc, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_ALLOC, HOT_POINTER, 0, 1)
HOT(dma_unmap, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_UNMAP, HOT_ANY, 0, 2)
HOT(dma_unmap_resource, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_UNMAP_RESOURCE, HOT_ANY, 0, 2)
HOT(dma_free, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_FREE, HOT_ANY, 0, 1)
HOT_OUTER(dma_map_sg, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_MAP_SG, HOT_COUNT, 0, HOT_SIZE_SG)
HOT_OUTER(dma_unmap_sg, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_UNMAP_SG, HOT_ANY, 0, HOT_SIZE_SG)
HOT(dma_iova_link, IMS_HOOK_DMA_MAP, IMS_POINT_DMA_IOVA_LINK, HOT_ERRNO, 0, 4)
HOT(dma_iova_unlink, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_IOVA_UNLINK, HOT_ANY, 0, 3)
HOT_OUTER(dma_iova_destroy, IMS_HOOK_DMA_UNMAP, IMS_POINT_DMA_IOVA_DESTROY, HOT_ANY, 0, 2)

#endif
