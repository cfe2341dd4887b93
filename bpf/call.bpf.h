/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.bpf.h - remembers a call from its entry to its return.
 *
 * The table is open-addressed by task: a migrating task finds its call, and no lock or allocation
 * is needed. Calls of one task are strictly nested (an interrupt's call returns before the call
 * it interrupted goes on), so an inner call claims a place behind the outer one and the last match
 * is the one that returns.
 *
 * Nearly always no call at all is away from its home, which calls_displaced tells: then a task has
 * at most the one at its home, and nothing is searched. Only a task itself displaces its calls, so
 * the answer cannot change under its feet.
 */
#ifndef IMS_CALL_BPF_H
#define IMS_CALL_BPF_H

#include "state.bpf.h"

#define IMS_CALL_PROBES 8

static __always_inline __u32 call_home(__u64 task)
{
	return (__u32)(task >> 6) * 2654435761u >> 16;
}

static __always_inline struct ims_call *call_place(__u32 home, __u32 i)
{
	return &calls[(home + i) & (IMS_CALLS_SIZE - 1)];
}

/* The first free place behind all that @task has. */
static __always_inline struct ims_call *call_claim(__u64 task, __u32 home)
{
	struct ims_call *c, *free = 0;

#pragma unroll
	for (__u32 i = 0; i < IMS_CALL_PROBES; i++) {
		c = call_place(home, i);
		if (c->task == task)
			free = 0;
		else if (!c->task && !free)
			free = c;
	}
	if (!free || __sync_val_compare_and_swap(&free->task, 0, task))
		return 0;
	if (free != call_place(home, 0))
		__sync_fetch_and_add(&calls_displaced, 1);
	return free;
}

/* The last that @task has at @point. */
static __always_inline struct ims_call *call_search(__u64 task, __u32 home, __u64 point)
{
	struct ims_call *c;

#pragma unroll
	for (int i = IMS_CALL_PROBES - 1; i >= 0; i--) {
		c = call_place(home, i);
		if (c->task == task && c->point == point)
			return c;
	}
	return 0;
}

/* A free place for a call at @point, or NULL: its return will not know it. */
static __always_inline struct ims_call *call_begin(__u32 hook, __u64 point)
{
	__u64 task = bpf_get_current_task();
	__u32 home = call_home(task);
	struct ims_call *c = call_place(home, 0);

	if (*(volatile __u64 *)&calls_displaced ||
	    __sync_val_compare_and_swap(&c->task, 0, task))
		c = call_claim(task, home);
	if (!c) {
		count_loss(hook, IMS_LOSS_INFLIGHT);
		return 0;
	}
	c->point = point;
	return c;
}

/* The call at @point that returns now, or NULL if its entry was not remembered. */
static __always_inline struct ims_call *call_end(__u64 point)
{
	__u64 task = bpf_get_current_task();
	__u32 home = call_home(task);
	struct ims_call *c = call_place(home, 0);

	if (*(volatile __u64 *)&calls_displaced)
		return call_search(task, home, point);
	return c->task == task && c->point == point ? c : 0;
}

static __always_inline void call_release(struct ims_call *c)
{
	__u64 task = c->task;

	barrier();
	*(volatile __u64 *)&c->task = 0;
	if (c != call_place(call_home(task), 0))
		__sync_fetch_and_add(&calls_displaced, -1);
}

#endif
