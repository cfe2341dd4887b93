/* SPDX-License-Identifier: GPL-2.0-only */
/* core.bpf.h - reads the IOMMU core's objects. */
#ifndef IMS_CORE_BPF_H
#define IMS_CORE_BPF_H

#include "state.bpf.h"

#define IMS_MAX_ERRNO	      4095
#define IMS_DOMAIN_PAGING_BIT 1	 /* __IOMMU_DOMAIN_PAGING */
#define IMS_MAX_COUNTS	      32 /* MAX_IOMMUS of amd_iommu_types.h, where counts are kept */

static __always_inline bool is_err(__u64 ptr)
{
	return ptr >= (__u64)-IMS_MAX_ERRNO;
}

static __always_inline struct iommu_device *device_instance(struct device *dev)
{
	return BPF_CORE_READ(dev, iommu, iommu_dev);
}

static __always_inline void read_name(char *to, const char *from)
{
	bpf_probe_read_kernel_str(to, IMS_NAME_LEN, from);
}

static __always_inline void read_instance(struct ims_kevent *e, struct iommu_device *iommu)
{
	const struct iommu_ops *ops = BPF_CORE_READ(iommu, ops);

	read_name(e->instance, BPF_CORE_READ(iommu, dev, kobj.name));
	read_name(e->driver, BPF_CORE_READ(iommu, dev, parent, driver, name));
	if (!e->driver[0] && BPF_CORE_READ(ops, owner))
		BPF_CORE_READ_STR_INTO(&e->driver, ops, owner, name);
	e->device_iommu = (__u64)iommu;
	e->instance_ops = (__u64)ops;
	e->domain_ops = (__u64)BPF_CORE_READ(ops, default_domain_ops);
}

static __always_inline void read_device(struct ims_kevent *e, struct device *dev)
{
	struct iommu_device *iommu = device_instance(dev);
	struct iommu_group *group = BPF_CORE_READ(dev, iommu_group);

	read_name(e->device, BPF_CORE_READ(dev, kobj.name));
	if (group)
		e->group = BPF_CORE_READ(group, id);
	if (iommu)
		read_instance(e, iommu);
}

/* The layout of @dom's driver and its key, or NULL: its own ops, else those of the driver that owns
 * it, which say only of paging domains what struct they are in. */
static __always_inline struct ims_layout *domain_layout(struct iommu_domain *dom, __u64 *key)
{
	struct ims_layout *l;

	*key = (__u64)BPF_CORE_READ(dom, ops);
	l = bpf_map_lookup_elem(&layouts, key);
	if (l || !bpf_core_field_exists(dom->owner) ||
	    !(BPF_CORE_READ(dom, type) & IMS_DOMAIN_PAGING_BIT))
		return l;
	*key = (__u64)BPF_CORE_READ(dom, owner);
	return bpf_map_lookup_elem(&layouts, key);
}

/* What an xarray has at @index, which fits into two levels; 0: nothing. */
static __always_inline __u64 xarray_at(__u64 xa, __u32 index)
{
	__u64 entry = (__u64)BPF_CORE_READ((struct xarray *)xa, xa_head);

	for (int level = 0; level < 2 && (entry & 3) == 2; level++) { /* a node */
		struct xa_node *node = (struct xa_node *)(entry - 2);
		__u32 slot = index >> BPF_CORE_READ(node, shift);

		if (slot > 63)
			return 0;
		index &= (1u << BPF_CORE_READ(node, shift)) - 1;
		if (bpf_probe_read_kernel(&entry, sizeof(entry),
					  (void *)node +
						  bpf_core_field_offset(struct xa_node, slots) +
						  slot * sizeof(entry)))
			return 0;
	}
	return index ? 0 : entry;
}

/* Whether the domain in the driver's struct at @own is used on the instance @iommu. */
static __always_inline bool domain_spans(const struct ims_layout *l, __u64 own, __u64 iommu)
{
	__u64 instance = iommu - l->iommu, entry, first = 0;
	__u32 index, count = 0;

	if (bpf_probe_read_kernel(&index, sizeof(index), (void *)(instance + l->index)))
		return 0;
	if (l->kind == IMS_LAYOUT_COUNTS)
		return index < IMS_MAX_COUNTS &&
		       !bpf_probe_read_kernel(
			       &count, sizeof(count),
			       (void *)(own + l->instance + index * sizeof(count))) &&
		       count;
	entry = xarray_at(own + l->instance, index);
	return entry && !bpf_probe_read_kernel(&first, sizeof(first), (void *)entry) &&
	       first == instance;
}

/*
 * The instance in the driver's own struct of @dom: the struct iommu_device, 0 when it is bound to
 * none. *@known is false when the layout of this driver's domains is not known. A domain that may
 * span instances is asked for that of @dev only: when it is not on it, nothing is known.
 */
static __always_inline __u64 domain_instance(__u64 dom, __u64 dev_iommu, bool *known)
{
	__u64 key, instance = 0;
	struct ims_layout *l = domain_layout((struct iommu_domain *)dom, &key);

	*known = 0;
	if (!l)
		return 0;
	if (l->kind != IMS_LAYOUT_POINTER) {
		*known = dev_iommu && domain_spans(l, dom - l->domain, dev_iommu);
		return *known ? dev_iommu : 0;
	}
	*known = !bpf_probe_read_kernel(&instance, sizeof(instance),
					(void *)(dom - l->domain + l->instance));
	return *known && instance ? instance + l->iommu : 0;
}

static __always_inline void read_format(struct ims_kevent *e, __u64 dom)
{
	__u64 key; /* not e's own: before 6.2 no key may be in a ring's record */
	struct ims_layout *l = domain_layout((struct iommu_domain *)dom, &key);
	__u32 word = 0, bit;

	e->ops = (__u64)BPF_CORE_READ((struct iommu_domain *)dom, ops);
	if (!l || !(e->domain_type & IMS_DOMAIN_PAGING_BIT))
		return;
	e->layout = key;
	bit = l->format % 32;
	bpf_probe_read_kernel(&word, sizeof(word), (void *)(dom - l->domain + l->format / 32 * 4));
	if (l->format_bits < 32)
		word = word >> bit & ((1u << (l->format_bits & 31)) - 1);
	e->format = word;
}

/* After read_device(): what the driver says of the domain, and on which instance. */
static __always_inline void read_domain(struct ims_kevent *e, __u64 dom)
{
	bool known;
	__u64 iommu = domain_instance(dom, e->device_iommu, &known);

	if (known)
		e->flags |= IMS_EVENT_DRIVER_READ;
	if (iommu)
		read_name(e->domain_instance,
			  BPF_CORE_READ((struct iommu_device *)iommu, dev, kobj.name));
	read_format(e, dom);
}

/* The number of the domain at this address; it gets one when it is seen first. */
static __always_inline struct ims_domain_state *domain_state(__u64 dom, __u32 hook)
{
	struct ims_domain_state fresh = {}, *d;

	d = bpf_map_lookup_elem(&domains, &dom);
	if (d)
		return d;
	fresh.id = __sync_fetch_and_add(&next_domain, 1);
	bpf_map_update_elem(&domains, &dom, &fresh, BPF_NOEXIST);
	d = bpf_map_lookup_elem(&domains, &dom);
	if (!d)
		count_loss(hook, IMS_LOSS_DOMAINS);
	return d;
}

#endif
