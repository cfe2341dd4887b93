/* SPDX-License-Identifier: GPL-2.0-only */
/* stats.h - reads the statistics slots, one an object and operation, and hands out free ones. */
#ifndef IMS_CAPTURE_STATS_H
#define IMS_CAPTURE_STATS_H

#include <bpf/libbpf.h>
#include "capture/capture.h"
#include <iommuscope/stream.h>

struct stats;

/* What the programs share with user space: see bpf/state.bpf.h and bpf/slot.bpf.h. */
struct stats_maps {
	struct bpf_map *slots, *owners, *free_slots, *objects;
	uint64_t *cache; /* slot_cache of queue-sync */
	size_t cache_size;
	const struct ims_choice *choice; /* whose objects are told */
};

/* Sizes slots, owners and free_slots for the machine's CPUs, before load. Returns 0 or -errno. */
int stats_prepare(const struct stats_maps *maps);

/* After load: every slot but the shared ones is free. Returns NULL with errno. */
struct stats *stats_new(const struct stats_maps *maps);
void stats_free(struct stats *s);

/* Counts a call that the programs did not: it is in what they recorded of single calls. */
int stats_add(struct stats *s, uint64_t domain, uint32_t hook, uint64_t ns, uint64_t bytes);

/* Looks which objects are gone: the next stats_tell() will take these slots back. */
void stats_look(struct stats *s);

/* Whose slot it is; once it is given back, nobody's. */
uint64_t stats_domain(const struct stats *s, uint32_t slot);

/* How many calls of @hook were read so far. */
uint64_t stats_calls(const struct stats *s, uint32_t hook);

/* Reports what changed; slots of objects that are gone are reported a last time and freed. */
int stats_tell(struct stats *s, uint64_t time_ns,
	       int (*sink)(void *arg, const struct ims_record *rec), void *arg);

#endif
