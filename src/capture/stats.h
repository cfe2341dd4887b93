/* SPDX-License-Identifier: GPL-2.0-only */
/* stats.h - reads the statistics slots, one a domain and operation, and hands out free ones. */
#ifndef IMS_CAPTURE_STATS_H
#define IMS_CAPTURE_STATS_H

#include <stdbool.h>

#include <bpf/libbpf.h>
#include <iommuscope/stream.h>

struct stats;

/* Sizes the maps for the machine's CPUs, before load. Returns 0 or -errno. */
int stats_prepare(struct bpf_map *slots, struct bpf_map *owners, struct bpf_map *free_slots);

/* After load: every slot but the shared one is free. Returns NULL with errno. */
struct stats *stats_new(struct bpf_map *slots, struct bpf_map *owners, struct bpf_map *free_slots);
void stats_free(struct stats *s);

/* Whether any call of @hook was ever counted. */
bool stats_counted(const struct stats *s, uint32_t hook);

/* Reports what changed; slots of domains that are gone are reported a last time and freed. */
int stats_tell(struct stats *s, uint64_t time_ns,
	       int (*sink)(void *arg, const struct ims_record *rec), void *arg);

#endif
