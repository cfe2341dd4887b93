/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * workload.h - loads on the IOMMU that always do the same, and see whether they did.
 *
 * Each counts a fixed number of operations, times them itself, and fails when anything of it does.
 */
#ifndef TOOLS_WORKLOAD_H
#define TOOLS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_DEVICES 16

struct workload_options {
	uint64_t count; /* operations, of each thread; 0: as the workload likes */
	uint64_t size;	/* bytes of each; 0: the same */
	uint64_t batch; /* ranges mapped before the first is unmapped; 0: one */
	uint64_t threads; /* 0: one */
	const char *device[WORKLOAD_DEVICES];
	size_t devices;
	bool taken[WORKLOAD_DEVICES]; /* of them, by prepare(): for undo() */
};

/* Of one time. */
struct workload_result {
	uint64_t operations; /* of all threads */
	uint64_t total_ns;
	char failure[200]; /* "": it did what it should */
};

struct workload {
	const char *name;
	struct workload_options usual; /* what is 0 in the options asked for; size 0: has none */
	size_t devices; /* that it needs, at least */
	/*
	 * Makes ready, once: 0, or an error that is told on stderr, and all is as it was. NULL: there is
	 * nothing to do.
	 */
	int (*prepare)(struct workload_options *o);
	/* Does it, once. It runs in a process of its own. */
	void (*once)(const struct workload_options *o, struct workload_result *r);
	void (*undo)(struct workload_options *o);
};

/* The last has no name. */
extern const struct workload *const workloads[];
const struct workload *workload_find(const char *name);

/* Fills in what is usual; complains. 0, or EXIT_USAGE. */
int workload_check(const struct workload *w, struct workload_options *o);

/* Its name with its parameters, as a run has it. */
void workload_describe(const struct workload *w, const struct workload_options *o, char *to,
		       size_t room);

/* Notes a failure, unless there was one before. */
void workload_fail(struct workload_result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

uint64_t workload_now_ns(void);

extern const struct workload workload_lab_map, workload_lab_dma, workload_lab_attach,
	workload_lab_alloc, workload_vfio_map, workload_vfio_frag, workload_vfio_attach,
	workload_vfio_mixed, workload_dma_block, workload_dma_net;

#endif
