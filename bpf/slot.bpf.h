/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slot.bpf.h - where the calls of one (object, operation) are counted.
 *
 * A slot is found in slot_cache, for each operation a direct-mapped table of (address, slot) packed
 * into one word, so that reading it is atomic; the hash behind it is asked only when the word says
 * otherwise. The first call takes a slot, and writes to whom it belongs. What gets none counts in
 * the slot that all others of the operation share, whose number is that of the operation.
 */
#ifndef IMS_SLOT_BPF_H
#define IMS_SLOT_BPF_H

#include "core.bpf.h"

#define IMS_SLOT_BITS 16 /* of a word; the rest are the lower bits of the address */
#define IMS_SLOTS     (1 << IMS_SLOT_BITS)

static __always_inline __u32 hook_op(__u32 hook)
{
	return hook == IMS_HOOK_MAP	     ? IMS_OP_MAP
	       : hook == IMS_HOOK_UNMAP	     ? IMS_OP_UNMAP
	       : hook == IMS_HOOK_IOTLB_SYNC ? IMS_OP_IOTLB_SYNC
	       : hook == IMS_HOOK_QUEUE_SYNC ? IMS_OP_QUEUE_SYNC
	       : hook == IMS_HOOK_DMA_MAP    ? IMS_OP_DMA_MAP
					     : IMS_OP_DMA_UNMAP;
}

static __always_inline __u64 *cache_place(__u64 address, __u32 op)
{
	return &slot_cache[op][(__u32)(address >> 6) & (IMS_CACHE_SIZE - 1)];
}

/* A device's calls of one enum ims_size are found by an address within it, which is longer than that. */
static __always_inline __u64 size_key(__u64 dev, __u32 size)
{
	return dev + 64 * size;
}

/* @address: of an object without a number. Returns the slot to count in. */
static __always_inline __u32 slot_claim(__u32 *slot, __u32 hook, __u64 domain, __u32 selected,
					__u64 address, __u32 size, const char *name)
{
	struct ims_slot_owner *o;
	__u32 fresh = 0, old;

	if (bpf_map_pop_elem(&free_slots, &fresh)) {
		count_loss(hook, IMS_LOSS_SLOTS);
		return hook_op(hook);
	}
	old = __sync_val_compare_and_swap(slot, 0, fresh);
	if (old) {
		bpf_map_push_elem(&free_slots, &fresh, 0);
		return old;
	}
	o = bpf_map_lookup_elem(&owners, &fresh);
	if (!o)
		return fresh;
	o->domain = domain;
	o->address = address;
	o->hook = hook;
	o->object[0] = 0;
	o->selected = selected;
	o->size = size;
	if (name)
		read_name(o->object, name);
	barrier();
	*(volatile __u32 *)&o->state = IMS_SLOT_USED;
	return fresh;
}

static __always_inline void cache_fill(__u64 address, __u32 hook, __u32 slot)
{
	__u64 *word = cache_place(address, hook_op(hook));

	if (slot >= IMS_OPS && !*(volatile __u64 *)word)
		*(volatile __u64 *)word = address << IMS_SLOT_BITS | slot;
}

static __noinline __u32 domain_slot(__u64 dom, __u32 hook)
{
	struct ims_domain_state *d = domain_state(dom, hook);
	__u32 slot;

	if (!d)
		return hook_op(hook);
	if (hook == IMS_HOOK_MAP)
		slot = d->slot[0] ?: slot_claim(&d->slot[0], hook, d->id, d->selected, 0, 0, 0);
	else if (hook == IMS_HOOK_UNMAP)
		slot = d->slot[1] ?: slot_claim(&d->slot[1], hook, d->id, d->selected, 0, 0, 0);
	else
		slot = d->slot[2] ?: slot_claim(&d->slot[2], hook, d->id, d->selected, 0, 0, 0);
	cache_fill(dom, hook, slot);
	return slot;
}

/* @dev: that of the object, for its name. */
static __always_inline __u32 object_slot(__u64 address, __u32 hook, struct device *dev,
					 __u32 size)
{
	struct ims_object_state fresh = {}, *s = bpf_map_lookup_elem(&objects, &address);
	__u32 *where, slot;

	if (!s) {
		bpf_map_update_elem(&objects, &address, &fresh, BPF_NOEXIST);
		s = bpf_map_lookup_elem(&objects, &address);
	}
	if (!s) {
		count_loss(hook, IMS_LOSS_SLOTS);
		return hook_op(hook);
	}
	where = hook == IMS_HOOK_DMA_UNMAP ? &s->slot[1] : &s->slot[0];
	slot = *where ?: slot_claim(where, hook, 0, 0, address, size, BPF_CORE_READ(dev, kobj.name));
	cache_fill(address, hook, slot);
	return slot;
}

/* Told by a driver that names its instance itself, by the class device. */
static __noinline __u32 class_slot(__u64 dev)
{
	return object_slot(dev, IMS_HOOK_QUEUE_SYNC, (struct device *)dev, 0);
}

static __noinline __u32 device_slot(__u64 dev, __u32 hook, __u32 size)
{
	return object_slot(size_key(dev, size), hook, (struct device *)dev, size);
}

/*
 * Where the driver's instance is, if it is one: a compiler may have changed what a function of the
 * driver is given. The class device knows its struct iommu_device.
 */
static __noinline __u32 instance_slot(__u64 address, __u32 row)
{
	struct iommu_device *iommu;
	struct device *dev;

	row &= IMS_ROWS - 1;
	iommu = (struct iommu_device *)(address + iommu_offset[row] - 1);
	dev = iommu_offset[row] ? BPF_CORE_READ(iommu, dev) : 0;
	if (!dev || BPF_CORE_READ(dev, driver_data) != iommu)
		return IMS_OP_QUEUE_SYNC;
	return object_slot(address, IMS_HOOK_QUEUE_SYNC, dev, 0);
}

/* The slot that the cache has for @address, which is not 0; or more than that of any: none. */
static __always_inline __u64 slot_cached(__u64 address, __u32 hook)
{
	return *(volatile __u64 *)cache_place(address, hook_op(hook)) ^ address << IMS_SLOT_BITS;
}

/* Of the object of @hook's kind at @address, as seen at the @row of the plan. @size: of a device only. */
static __always_inline __u32 slot_find(__u64 address, __u32 hook, __u32 row, __u32 size)
{
	__u64 slot = slot_cached(size_key(address, size), hook);

	if (hook == IMS_HOOK_QUEUE_SYNC && !address)
		return IMS_OP_QUEUE_SYNC;
	if (__builtin_expect(slot < IMS_SLOTS, 1))
		return slot;
	if (hook == IMS_HOOK_DMA_MAP || hook == IMS_HOOK_DMA_UNMAP)
		return device_slot(address, hook, size);
	if (hook == IMS_HOOK_QUEUE_SYNC)
		return instance_slot(address, row);
	return domain_slot(address, hook);
}

/* ---- objects that are gone: user space gives the slot back once it has read it ---------------- */

static __always_inline void slot_bury(__u64 address, __u32 hook, __u32 slot)
{
	struct ims_slot_owner *o = slot ? bpf_map_lookup_elem(&owners, &slot) : 0;

	if (!o)
		return;
	*cache_place(address, hook_op(hook)) = 0;
	o->state = IMS_SLOT_DEAD;
}

static __always_inline void domain_forget(__u64 dom)
{
	struct ims_domain_state *d = bpf_map_lookup_elem(&domains, &dom);

	if (!d)
		return;
	slot_bury(dom, IMS_HOOK_MAP, d->slot[0]);
	slot_bury(dom, IMS_HOOK_UNMAP, d->slot[1]);
	slot_bury(dom, IMS_HOOK_IOTLB_SYNC, d->slot[2]);
	bpf_map_delete_elem(&domains, &dom);
}

static __always_inline void device_forget_size(__u64 dev)
{
	struct ims_object_state *s = bpf_map_lookup_elem(&objects, &dev);

	if (!s)
		return;
	slot_bury(dev, IMS_HOOK_DMA_MAP, s->slot[0]);
	slot_bury(dev, IMS_HOOK_DMA_UNMAP, s->slot[1]);
	bpf_map_delete_elem(&objects, &dev);
}

static __always_inline void device_forget(__u64 dev)
{
	device_forget_size(dev);
	for (__u32 size = 1; dma_sizes && size < IMS_SIZES; size++)
		device_forget_size(size_key(dev, size));
}

#endif
