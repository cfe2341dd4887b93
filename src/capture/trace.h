/* SPDX-License-Identifier: GPL-2.0-only */
/* trace.h - single maps and unmaps: the buffers of all CPUs, read in the order of time. */
#ifndef IMS_CAPTURE_TRACE_H
#define IMS_CAPTURE_TRACE_H

#include <stdbool.h>

#include <bpf/libbpf.h>
#include <iommuscope/stream.h>

struct trace;

/* Sizes the map, before load. @bytes: of a CPU's buffer, 0: a default that bounds them all. Returns
 * the records in one (a power of 2) or -errno. */
int trace_prepare(struct bpf_map *buffers, uint64_t bytes);

typedef int trace_fn(void *arg, const struct ims_trace *r, uint32_t cpu, uint32_t pid,
		     const char *comm);

/* After load. Returns NULL with errno. */
struct trace *trace_new(struct bpf_map *buffers, trace_fn *each, void *arg);
void trace_free(struct trace *t);

/*
 * Hands on what returned up to @until_ns, in the order of time. What a CPU is still writing comes
 * the next time, then perhaps late. Returns 0 or what @each did.
 */
int trace_drain(struct trace *t, uint64_t until_ns);

/* Whether a buffer is filling up, so that it should be drained again without waiting. */
bool trace_urgent(const struct trace *t);

/* What the programs had to record of @hook so far. */
uint64_t trace_emitted(const struct trace *t, uint32_t hook);

#endif
