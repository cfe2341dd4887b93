/* SPDX-License-Identifier: GPL-2.0-only */
/* state.bpf.h - everything the programs share: configuration, counters and maps. */
#ifndef IMS_STATE_BPF_H
#define IMS_STATE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <iommuscope/event.h>
#include <iommuscope/hist.h>

#define IMS_RING_BYTES (1 << 20)
#define IMS_MAX_DOMAINS (1 << 17)
#define IMS_MAX_OBJECTS (1 << 16)
#define IMS_DOMAIN_OPS 3
#define IMS_OBJECT_OPS 2
#define IMS_MAX_LAYOUTS 32
#define IMS_CACHE_SIZE 1024
#define IMS_CALLS_SIZE 4096
#define IMS_TIME_CPUS 256

/* One call under way: claimed at entry, given back at return. */
struct ims_call {
	__u64 task; /* 0: free */
	__u64 time_ns;
	__u64 point; /* enum ims_point + 1; 0: not complete yet */
	__u64 arg[4];
	__u64 note;
};

/* A domain that has been seen. */
struct ims_domain_state {
	__u64 id;
	__u32 slot[IMS_DOMAIN_OPS]; /* of its statistics: map, unmap, iotlb-sync; 0: none yet */
	__u32 selected; /* see filter.bpf.h */
};

/* A device or an instance that has statistics. */
struct ims_object_state {
	__u32 slot[IMS_OBJECT_OPS]; /* dma-map, dma-unmap; queue-sync */
};

struct ims_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, IMS_RING_BYTES);
};

struct ims_domains {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, IMS_MAX_DOMAINS);
	__type(key, __u64); /* address */
	__type(value, struct ims_domain_state);
};

struct ims_objects {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, IMS_MAX_OBJECTS);
	__type(key, __u64); /* address */
	__type(value, struct ims_object_state);
};

struct ims_layouts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IMS_MAX_LAYOUTS);
	__type(key, __u64); /* address of the struct iommu_domain_ops */
	__type(value, struct ims_layout);
};

/* max_entries of these three are set for the number of CPUs before load. */
struct ims_stats_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ims_slot);
};

struct ims_owners {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ims_slot_owner);
};

struct ims_free_slots {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, __u32);
};

/* A buffer of each CPU; sizes are set before load. */
struct ims_traces {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct ims_trace_cpu));
};

struct ims_ring ring SEC(".maps");
struct ims_traces traces SEC(".maps");
struct ims_domains domains SEC(".maps");
struct ims_objects objects SEC(".maps");
struct ims_layouts layouts SEC(".maps");
struct ims_stats_map stats SEC(".maps");
struct ims_owners owners SEC(".maps");
struct ims_free_slots free_slots SEC(".maps");

/* Configuration, written before load. */
const volatile __s32 alloc_device_arg = -1; /* which argument of domain-alloc is the device */
const volatile __u32 snapshot_page = 512; /* devices that one run of a snapshot reports */
const volatile __u32 trace_mask;   /* records in the buffer of a CPU, a power of 2, - 1; 0: no events */
const volatile __u32 trace_chance; /* of an event, in 2^-32; 0: every map and unmap is one */
const volatile __u64 trace_slower_ns; /* those that took so long are, with a stack; 0: none */
const volatile __u32 stacks = IMS_STACK_KERNEL; /* enum ims_stacks, of events that have them */

const volatile __u32 trace_any; /* single maps and unmaps are told, all or some */
const volatile __u32 dma_sizes;	 /* the DMA API is counted by size, too */
const volatile __s32 dma_map_size_arg; /* which argument of dma_map that is */
/* Initialised, or its place would be that of its first use, and objects without sessions use it not. */
const volatile __u32 time_every = 0; /* one call of so many is timed; 0: each is */

/* Filters: 0, "" and IMS_NO_GROUP: none. Names end in zeros. */
const volatile __u32 filter_tasks; /* any of the next two */
const volatile __u32 filter_pid;
const volatile __u64 filter_comm[IMS_COMM_LEN / 8];
const volatile __u32 filter_objects; /* any of the next */
const volatile __u64 filter_domain;
const volatile __u32 filter_group = IMS_NO_GROUP;
const volatile __u64 filter_device[IMS_NAME_LEN / 8];
const volatile __u64 filter_instance[IMS_NAME_LEN / 8];

const volatile __s32 fault_amd_arg; /* which argument of the function hooked is the instance */

/* Counters, read by user space at any time. */
__u64 lost[IMS_HOOK_MAX * IMS_LOSS_MAX];
__u64 emitted[IMS_HOOK_MAX]; /* = received + ring-full + no-entry + storm. Single maps: traces */
__u64 hits[IMS_ROWS]; /* on the hot path only whether there was one */

__u32 iommu_offset[IMS_ROWS]; /* queue-sync: of the struct iommu_device in the argument, + 1; 0: none */

static struct ims_call calls[IMS_CALLS_SIZE];
static __u64 calls_displaced; /* how many of them are not at their home */
__u64 slot_cache[IMS_OPS][IMS_CACHE_SIZE];
static __u64 next_domain = 1;

/* Calls until one is timed, for each CPU and operation: a cache line each. CPUs above these share them. */
__u64 time_left[IMS_TIME_CPUS][8] __attribute__((aligned(64))) = {};

/* Of the snapshot programs: see snapshot.bpf.h. */
__u32 snapshot_fd;
__u32 snapshot_from;
__u32 snapshot_seen;
__u32 snapshot_more;
__u32 snapshot_broken; /* a list changed under the walk: what came after it was not seen */

static __always_inline void count_loss(__u32 hook, __u32 cause)
{
	__u32 i = hook * IMS_LOSS_MAX + cause;

	if (i < IMS_HOOK_MAX * IMS_LOSS_MAX)
		__sync_fetch_and_add(&lost[i], 1);
}

#endif
