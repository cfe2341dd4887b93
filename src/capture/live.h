/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live.h - the live source's own state, and its three rooms: live.c loads, attaches and drains, tell.c makes
 * records of what the programs report, snapshot.c finds what was there before.
 */
#ifndef LIVE_H
#define LIVE_H

#include "capture/account.h"
#include "capture/capture.h"
#include "capture/clock.h"
#include "capture/object.h"
#include "capture/plan.h"

struct ims_capture {
	struct ims_capture_options options;
	struct btf *btf; /* of vmlinux: it is large, and parsed once */
	struct plan plan;
	struct ims_bpf *skel;
	struct ring_buffer *ring;
	struct stacks *stacks;
	struct instances *instances;
	struct stats *stats;
	struct trace *trace; /* of single maps and unmaps */
	struct account account;
	struct host_clock clock;
	int module_link[2]; /* of module_load and module_free; 0: none */
	bool update;	    /* an instance is new: its driver's ops may lead to more functions */
	uint64_t events;
	int sink_error;
};

uint64_t live_now_ns(void);
int live_put(struct ims_capture *c, const struct ims_record *rec);
/* Everything that the programs have reported so far, in order. */
int live_drain(struct ims_capture *c);

/* What the rings hand over: ring_buffer_sample_fn, trace_fn. */
int tell_sample(void *capture, void *data, size_t size);
int tell_trace(void *capture, const struct ims_trace *r, uint32_t cpu, uint32_t pid, const char *comm);
int tell_plan(struct ims_capture *c);
/* The rows that were hit since they were told, and those that never were. */
int tell_hits(struct ims_capture *c);
/* After rows came or went. */
int tell_change(struct ims_capture *c);
/* Where the programs find the instance's name in what a driver's function is given. */
void tell_offsets(struct ims_capture *c);
void tell_read_account(struct ims_capture *c);

/* Instances, groups, devices and domains that are there. -EBADMSG: the BTF is not this kernel's. */
int snapshot_take(struct ims_capture *c);

#endif
