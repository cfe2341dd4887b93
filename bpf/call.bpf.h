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

/* A return that never came (a skipped program, a trampoline replaced) leaves its call behind. */
#define IMS_CALL_STALE_NS 10000000000ull

/* The first free place behind all that @task has, or a stale call of its own at the same point. */
static __noinline struct ims_call *call_claim(__u64 task, __u32 home, __u64 point)
{
	__u64 now = bpf_ktime_get_ns();
	struct ims_call *c, *free = 0;

#pragma unroll
	for (__u32 i = 0; i < IMS_CALL_PROBES; i++) {
		c = call_place(home, i);
		if (c->task == task && c->point == point && now - c->time_ns > IMS_CALL_STALE_NS) {
			c->point = 0; /* until call_ready(): an interrupt's return may not take it */
			return c;
		}
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

static __always_inline void call_release(struct ims_call *c)
{
	__u64 task;

	c->point = 0;
	/* Ordered: what was read of the call is read before another CPU can claim the place. */
	task = __sync_lock_test_and_set(&c->task, 0);
	if (*(volatile __u64 *)&calls_displaced && c != call_place(call_home(task), 0))
		__sync_fetch_and_add(&calls_displaced, -1);
}

/*
 * The last that @task has at @point. If that returns now, what the task has behind it never returned
 * and is let go.
 */
static __noinline struct ims_call *call_search(__u64 task, __u32 home, __u64 point,
						    bool returns)
{
	struct ims_call *c, *found = 0;

#pragma unroll
	for (int i = IMS_CALL_PROBES - 1; i >= 0; i--) {
		c = call_place(home, i);
		if (!found && c->task == task && c->point == point)
			found = c;
	}
#pragma unroll
	for (int i = IMS_CALL_PROBES - 1; i > 0; i--) {
		c = call_place(home, i);
		if (!returns || !found || c == found)
			break;
		if (c->task == task)
			call_release(c);
	}
	return found;
}

/*
 * A free place for a call, or NULL: its return will not know it. A return finds the call only after
 * call_ready(), so that an interrupt in between does not take it half made.
 */
static __always_inline struct ims_call *call_begin(__u32 hook, __u32 point)
{
	__u64 task = bpf_get_current_task();
	__u32 home = call_home(task);
	struct ims_call *c = call_place(home, 0);

	if (*(volatile __u64 *)&calls_displaced ||
	    __sync_val_compare_and_swap(&c->task, 0, task))
		c = call_claim(task, home, point + 1);
	if (!c)
		count_loss(hook, IMS_LOSS_INFLIGHT);
	return c;
}

static __always_inline void call_ready(struct ims_call *c, __u32 point)
{
	c->time_ns = bpf_ktime_get_ns();
	barrier();
	*(volatile __u64 *)&c->point = point + 1;
}

static __always_inline struct ims_call *call_at(__u32 point, bool returns)
{
	__u64 task = bpf_get_current_task();
	__u32 home = call_home(task);
	struct ims_call *c = call_place(home, 0);

	if (*(volatile __u64 *)&calls_displaced)
		return call_search(task, home, point + 1, returns);
	return c->task == task && c->point == point + 1 ? c : 0;
}

/* The call that returns now, or NULL if its entry was not remembered. */
static __always_inline struct ims_call *call_end(__u32 point)
{
	return call_at(point, 1);
}

/* The call of this task that is under way at @point, or NULL. */
static __always_inline struct ims_call *call_outer(__u32 point)
{
	return call_at(point, 0);
}

#endif
