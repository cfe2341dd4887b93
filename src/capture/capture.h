/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - the live source: BPF programs on this machine's kernel, turned into records.
 *
 * Order of use: open (checks, plan, load), start (attach, snapshot), poll again and again with
 * refresh about once a second, stop, close. Every record goes to the sink, in the order in which
 * the kernel reported; a negative answer of the sink ends the call that led to it.
 */
#ifndef IMS_CAPTURE_H
#define IMS_CAPTURE_H

#include <iommuscope/stream.h>

struct ims_capture;

/* What failed, why, and what to try: one line, no newline. */
struct ims_error {
	char text[320];
};

/*
 * Which maps, unmaps and their like are counted, and told one by one. All that are given have to
 * hold. Lifecycle events are always told: verdicts need them.
 */
struct ims_filter {
	uint32_t pid; /* by this process; 0: by any */
	char comm[IMS_COMM_LEN];
	/* of domains that were ever allocated for, or attached to, what is given; 0, "": any */
	char device[IMS_NAME_LEN];
	char instance[IMS_NAME_LEN];
	uint32_t group; /* if @by_group */
	bool by_group;
	uint64_t domain;
};

/* What is told of single calls. */
struct ims_choice {
	bool all; /* every map and unmap is an event; else they are statistics only */
	uint32_t sample; /* one in so many is, by chance; 0 or 1: each */
	uint64_t slower_ns; /* each that took so long is, with a stack; 0: none */
	uint32_t time; /* where the kernel has fsession one call in so many is timed; 0 or 1: each */
	bool dma_sizes; /* statistics of the DMA API for each enum ims_size of a device */
	bool no_kernel_stacks, user_stacks; /* of events but single maps and unmaps */
	struct ims_filter filter;
	uint32_t without; /* bit by enum ims_hook: operations that are not observed */
	uint64_t buffer_bytes; /* kernel memory for them, of each CPU; 0: a default */
	uint64_t ring_bytes; /* kernel memory for all other events; 0: a default */
};

struct ims_capture_options {
	struct ims_choice choice;
	const char *mechanism; /* "fentry", ...: use this one only; NULL: the best there is */
	const char *btf;       /* a file that has the kernel's BTF; NULL: the kernel has it itself */
	int (*sink)(void *arg, const struct ims_record *rec);
	void *arg;
};

/* Returns 0, or -errno with *@err filled in. */
int ims_capture_open(const struct ims_capture_options *options, struct ims_capture **out,
		     struct ims_error *err);

/*
 * What this process lacks of privileges that would show more: the @i-th, one line; NULL past the
 * last. Nothing of it is an error.
 */
const char *ims_capture_notice(const struct ims_capture *c, unsigned int i);

/* Reports the plan as it was made, and attaches nothing: instead of ims_capture_start(). */
int ims_capture_plan(struct ims_capture *c);

/* Attaches, then reports host facts, plan, instances and the snapshot. */
int ims_capture_start(struct ims_capture *c, struct ims_error *err);

/* Hands on what the ring holds, waiting @timeout_ms for the first. Returns 0 or -errno. */
int ims_capture_poll(struct ims_capture *c, int timeout_ms);

/* Reads the statistics, the loss and the hits of hooks that changed since the last time. */
int ims_capture_refresh(struct ims_capture *c);

/* Detaches, drains the ring, reports what a refresh does for the last time, and the end. */
int ims_capture_stop(struct ims_capture *c);

void ims_capture_close(struct ims_capture *c);

/* Readable when the ring has something: for poll(). */
int ims_capture_fd(const struct ims_capture *c);

/* Events handed on, and everything lost, so far. */
uint64_t ims_capture_events(const struct ims_capture *c);
uint64_t ims_capture_lost(const struct ims_capture *c);

#endif
