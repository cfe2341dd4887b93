/* SPDX-License-Identifier: GPL-2.0-only */
/* core.bpf.h - reads the IOMMU core's objects. */
#ifndef IMS_CORE_BPF_H
#define IMS_CORE_BPF_H

#include "state.bpf.h"

#define IMS_MAX_ERRNO 4095

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

/*
 * The instance in the driver's own struct of @dom: the struct iommu_device, 0 when it is bound to
 * none. *@known is false when the layout of this driver's domains is not known.
 */
static __always_inline __u64 domain_instance(__u64 dom, bool *known)
{
	__u64 ops = (__u64)BPF_CORE_READ((struct iommu_domain *)dom, ops);
	struct ims_layout *l = bpf_map_lookup_elem(&layouts, &ops);
	__u64 instance = 0;

	*known = l && !bpf_probe_read_kernel(&instance, sizeof(instance),
					     (void *)(dom - l->domain + l->instance));
	return *known && instance ? instance + l->iommu : 0;
}

static __always_inline void read_domain_instance(struct ims_kevent *e, __u64 dom)
{
	bool known;
	__u64 iommu = domain_instance(dom, &known);

	if (known)
		e->flags |= IMS_EVENT_DRIVER_READ;
	if (iommu)
		read_name(e->domain_instance,
			  BPF_CORE_READ((struct iommu_device *)iommu, dev, kobj.name));
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
