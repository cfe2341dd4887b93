/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.bpf.h - which calls of the hot path are of interest. Lifecycle events are always told.
 *
 * By task: whose call it is. By object: domains that were ever allocated for, or attached to, what was
 * asked for; that is known from the lifecycle events, at the moment they happen.
 */
#ifndef IMS_FILTER_BPF_H
#define IMS_FILTER_BPF_H

#include "core.bpf.h"

static __always_inline bool same_name(const __u64 *a, const volatile __u64 *b, int words)
{
	for (int i = 0; i < words; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

/* Not inlined: without a filter by task nothing of it should cost registers and stack. */
static __noinline bool filter_this_task(void)
{
	__u64 comm[IMS_COMM_LEN / 8] = {};

	if (filter_pid && (__u32)(bpf_get_current_pid_tgid() >> 32) != filter_pid)
		return 0;
	if (!filter_comm[0])
		return 1;
	bpf_get_current_comm(comm, sizeof(comm));
	return same_name(comm, filter_comm, IMS_COMM_LEN / 8);
}

static __always_inline bool filter_task(void)
{
	return !filter_tasks || filter_this_task();
}

/* Whether the event, an alloc, an attach or the snapshot's, is of all the objects asked for. */
static __always_inline bool filter_event(const struct ims_kevent *e)
{
	if (e->result || (filter_domain && e->domain != filter_domain))
		return 0;
	if (filter_group != IMS_NO_GROUP && e->group != filter_group)
		return 0;
	if (filter_device[0] &&
	    !same_name((const __u64 *)e->device, filter_device, IMS_NAME_LEN / 8))
		return 0;
	return !filter_instance[0] ||
	       same_name((const __u64 *)e->instance, filter_instance, IMS_NAME_LEN / 8);
}

static __always_inline void select_slot(__u32 slot)
{
	struct ims_slot_owner *o = slot ? bpf_map_lookup_elem(&owners, &slot) : 0;

	if (o)
		o->selected = 1;
}

/* The domain that the event is about: from now on its calls are of interest. */
static __always_inline void filter_learn(const struct ims_kevent *e, struct ims_domain_state *d)
{
	if (!filter_objects || d->selected || !filter_event(e))
		return;
	d->selected = 1;
	for (int i = 0; i < IMS_DOMAIN_OPS; i++)
		select_slot(d->slot[i]);
}

#endif
