/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hotpath.bpf.h - map and unmap: every call counted and timed, per domain, in the kernel.
 *
 * Nothing is emitted. A domain's statistics slot is found in slot_cache, a direct-mapped table of
 * (address, slot) packed into one word, so that reading it is atomic; the hash behind it is asked
 * only when the word says otherwise. Adds are atomic because an interrupt on this CPU may count in
 * the same slot.
 */
#ifndef IMS_HOTPATH_BPF_H
#define IMS_HOTPATH_BPF_H

#include "core.bpf.h"
#include "probe.bpf.h"

#define IMS_ADDRESS_BITS 48

static __always_inline __u64 cache_word(__u64 dom, __u32 slot)
{
	return dom << (64 - IMS_ADDRESS_BITS) | slot;
}

/* Gives the domain a slot of its own if there is one left; 0 is the slot that all others share. */
static __always_inline __u32 slot_claim(struct ims_domain_state *d, __u32 hook)
{
	struct ims_slot_owner *o;
	__u32 slot = 0, old;

	if (bpf_map_pop_elem(&free_slots, &slot)) {
		count_loss(hook, IMS_LOSS_SLOTS);
		return 0;
	}
	old = __sync_val_compare_and_swap(&d->slot, 0, slot);
	if (old) {
		bpf_map_push_elem(&free_slots, &slot, 0);
		return old;
	}
	o = bpf_map_lookup_elem(&owners, &slot);
	if (o)
		o->domain = d->id;
	return slot;
}

static __always_inline __u32 domain_slot(__u64 dom, __u32 hook)
{
	__u64 *word = &slot_cache[(__u32)(dom >> 6) & (IMS_CACHE_SIZE - 1)];
	__u64 seen = *(volatile __u64 *)word;
	struct ims_domain_state *d;
	__u32 slot;

	if ((seen ^ cache_word(dom, 0)) < (1 << (64 - IMS_ADDRESS_BITS)))
		return (__u32)(seen & 0xffff);
	d = domain_state(dom, hook);
	if (!d)
		return 0;
	slot = d->slot;
	if (!slot)
		slot = slot_claim(d, hook);
	if (slot && !seen)
		*(volatile __u64 *)word = cache_word(dom, slot);
	return slot;
}

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

static __always_inline void hot_enter(__u32 hook, __u32 point, __u64 dom, __u64 size)
{
	struct ims_call *c = call_begin(hook, point);

	if (!c)
		return;
	c->arg[0] = dom;
	c->arg[1] = size;
	call_ready(c, point);
}

/* @done: bytes of success; short of what was asked is an error. */
static __always_inline void hot_leave(__u32 hook, __u32 point, bool map, __u64 ret)
{
	__u64 now = bpf_ktime_get_ns(), dom = 0, size = 0, ns = 0, done;
	struct ims_call *c = call_end(point);
	struct ims_slot *s;
	__u32 key = 0, bucket;

	if (c) {
		ns = now - c->time_ns;
		dom = c->arg[0];
		size = c->arg[1];
		call_release(c);
		key = domain_slot(dom, hook) * IMS_OPS;
	}
	key += !map;
	s = bpf_map_lookup_elem(&stats, &key);
	if (!s)
		return;
	if (!c) { /* entry not remembered: neither the domain nor the time is known */
		__sync_fetch_and_add(&s->untimed, 1);
		return;
	}
	done = map ? ((__s32)ret ? 0 : size) : ret;
	bucket = ims_hist_bucket(ns);
	barrier_var(bucket); /* or the compiler drops the check that the verifier wants */
	if (bucket < IMS_HIST_BUCKETS)
		__sync_fetch_and_add(&s->bucket[bucket], 1);
	__sync_fetch_and_add(&s->sum_ns, ns);
	__sync_fetch_and_add(&s->bytes, done);
	if (done < size)
		__sync_fetch_and_add(&s->errors, 1);
	if (ns > s->max_ns)
		raise_max(&s->max_ns, ns);
}

/* (domain, iova, paddr, size, ...) */
static __always_inline void map_enter(const __u64 *arg)
{
	hot_enter(IMS_HOOK_MAP, IMS_POINT_MAP, arg[0], arg[3]);
}

static __always_inline void map_leave(void *ctx, __u64 ret)
{
	hot_leave(IMS_HOOK_MAP, IMS_POINT_MAP, 1, ret);
}

IMS_PROBES_BY(IMS_FENTRY_STORED, map, 4, map_enter, map_leave)

/* (domain, iova, size, ...) */
static __always_inline void unmap_enter(const __u64 *arg)
{
	hot_enter(IMS_HOOK_UNMAP, IMS_POINT_UNMAP, arg[0], arg[2]);
}

static __always_inline void unmap_leave(void *ctx, __u64 ret)
{
	hot_leave(IMS_HOOK_UNMAP, IMS_POINT_UNMAP, 0, ret);
}

IMS_PROBES_BY(IMS_FENTRY_STORED, unmap, 3, unmap_enter, unmap_leave)

#endif
