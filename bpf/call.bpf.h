/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.bpf.h - remembers a call from its entry to its return.
 *
 * The table is open-addressed by task: a migrating task finds its call, and no lock or allocation
 * is needed. Calls of one task are strictly nested (an interrupt's call returns before the call
 * it interrupted goes on), so an inner call claims a place behind the outer one and the last match
 * is the one that returns.
 */
#ifndef IMS_CALL_BPF_H
#define IMS_CALL_BPF_H

#include "state.bpf.h"

#define IMS_CALL_PROBES 8

static __always_inline __u32 call_home(__u64 task)
{
	return (__u32)(task >> 6) * 2654435761u >> 16;
}

/* A free place for a call at @point, or NULL: its return will not know it. */
static __always_inline struct ims_call *call_begin(__u32 hook, __u64 point)
{
	__u64 task = bpf_get_current_task();
	__u32 home = call_home(task);
	struct ims_call *c, *free = 0;

#pragma unroll
	for (__u32 i = 0; i < IMS_CALL_PROBES; i++) {
		c = &calls[(home + i) & (IMS_CALLS_SIZE - 1)];
		if (c->task == task)
			free = 0;
		else if (!c->task && !free)
			free = c;
	}
	if (!free || __sync_val_compare_and_swap(&free->task, 0, task)) {
		count_loss(hook, IMS_LOSS_INFLIGHT);
		return 0;
	}
	free->point = point;
	free->note = 0;
	return free;
}

/* The call at @point that returns now, or NULL if its entry was not remembered. */
static __always_inline struct ims_call *call_end(__u64 point)
{
	__u64 task = bpf_get_current_task();
	__u32 home = call_home(task);
	struct ims_call *c;

#pragma unroll
	for (int i = IMS_CALL_PROBES - 1; i >= 0; i--) {
		c = &calls[(home + i) & (IMS_CALLS_SIZE - 1)];
		if (c->task == task && c->point == point)
			return c;
	}
	return 0;
}

static __always_inline void call_release(struct ims_call *c)
{
	barrier();
	*(volatile __u64 *)&c->task = 0;
}

#endif
