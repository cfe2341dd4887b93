// SPDX-License-Identifier: GPL-2.0-only
#include "capture/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include <bpf/bpf.h>
#include <iommuscope/event.h>
#include "capture/choice.h"

#define STATS_BYTES (48u << 20) /* kernel memory for all slots on all CPUs */
#define STATS_MIN 16
#define STATS_MAX 4096

static const uint32_t op_hook[IMS_OPS] = {
	[IMS_OP_MAP] = IMS_HOOK_MAP,
	[IMS_OP_UNMAP] = IMS_HOOK_UNMAP,
	[IMS_OP_IOTLB_SYNC] = IMS_HOOK_IOTLB_SYNC,
	[IMS_OP_QUEUE_SYNC] = IMS_HOOK_QUEUE_SYNC,
	[IMS_OP_DMA_MAP] = IMS_HOOK_DMA_MAP,
	[IMS_OP_DMA_UNMAP] = IMS_HOOK_DMA_UNMAP,
};

/* What one (object, operation) counted since the start, in whatever slots it had. */
struct key {
	uint64_t domain;
	uint32_t hook, size;
	char object[IMS_NAME_LEN]; /* the key has no hole; zeros at the end */
};

struct total {
	struct key key;
	struct ims_stats stats;
	bool added; /* something by stats_add() since it was told */
	UT_hash_handle hh;
};

struct stats {
	int slots_fd, free_fd, objects_fd;
	uint32_t count;
	int cpus;
	struct ims_slot_owner *owner; /* mapped */
	bool *dead; /* of each slot, at the last look */
	size_t owner_size;
	struct ims_slot *percpu; /* one value of each CPU */
	struct ims_slot *last;	 /* of each slot, the sum of its last reading */
	struct total *totals;
	const struct ims_choice *choice;
	uint64_t calls[IMS_HOOK_MAX]; /* read so far */
	uint64_t *cache; /* of the slots of instances */
	size_t cache_size;
};

/* ---- life -------------------------------------------------------------------------------------- */

int stats_prepare(const struct stats_maps *maps)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t n;
	int err;

	if (cpus < 0)
		return cpus;
	n = STATS_BYTES / (sizeof(struct ims_slot) * (uint32_t)cpus);
	if (n < STATS_MIN)
		n = STATS_MIN;
	if (n > STATS_MAX)
		n = STATS_MAX;
	err = bpf_map__set_max_entries(maps->slots, n + IMS_OPS);
	if (!err)
		err = bpf_map__set_max_entries(maps->owners, n + IMS_OPS);
	if (!err)
		err = bpf_map__set_max_entries(maps->free_slots, n);
	return err;
}

static int set_up(struct stats *s, const struct bpf_map *owners)
{
	s->count = bpf_map__max_entries(owners);
	s->cpus = libbpf_num_possible_cpus();
	s->owner_size = s->count * sizeof(*s->owner);
	s->percpu = calloc(s->cpus, sizeof(*s->percpu));
	s->last = calloc(s->count, sizeof(*s->last));
	s->dead = calloc(s->count, sizeof(*s->dead));
	if (!s->percpu || !s->last || !s->dead)
		return -ENOMEM;
	s->owner = mmap(NULL, s->owner_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(owners),
			0);
	if (s->owner == MAP_FAILED) {
		s->owner = NULL;
		return -errno;
	}
	for (uint32_t op = 0; op < IMS_OPS; op++)
		s->owner[op] = (struct ims_slot_owner){.hook = op_hook[op], .state = IMS_SLOT_USED};
	for (uint32_t slot = IMS_OPS; slot < s->count; slot++)
		if (bpf_map_update_elem(s->free_fd, NULL, &slot, BPF_ANY))
			return -errno;
	return 0;
}

struct stats *stats_new(const struct stats_maps *maps)
{
	struct stats *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->slots_fd = bpf_map__fd(maps->slots);
	s->free_fd = bpf_map__fd(maps->free_slots);
	s->objects_fd = bpf_map__fd(maps->objects);
	s->cache = maps->cache;
	s->choice = maps->choice;
	s->cache_size = maps->cache_size;
	err = set_up(s, maps->owners);
	if (err) {
		stats_free(s);
		errno = -err;
		return NULL;
	}
	return s;
}

static void total_drop(struct stats *s, struct total *t)
{
	HASH_DEL(s->totals, t);
	free(t);
}

void stats_free(struct stats *s)
{
	struct total *t, *next;

	if (!s)
		return;
	HASH_ITER (hh, s->totals, t, next)
		total_drop(s, t);
	if (s->owner)
		munmap(s->owner, s->owner_size);
	free(s->percpu);
	free(s->last);
	free(s->dead);
	free(s);
}

/* ---- reading ------------------------------------------------------------------------------------ */

static struct total *total_get(struct stats *s, uint64_t domain, uint32_t hook, uint32_t size,
			       const char *object)
{
	struct key key = {.domain = domain, .hook = hook, .size = size};
	struct total *t;

	strncpy(key.object, object, IMS_NAME_LEN - 1);
	HASH_FIND(hh, s->totals, &key, sizeof(key), t);
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->key = key;
	t->stats.domain = domain;
	t->stats.hook = hook;
	t->stats.object = t->key.object;
	t->stats.size = size;
	HASH_ADD(hh, s->totals, key, sizeof(t->key), t);
	if (t->hh.tbl)
		return t;
	free(t);
	return NULL;
}

static struct total *total_of(struct stats *s, const struct ims_slot_owner *o)
{
	return total_get(s, o->domain, o->hook, o->size, o->object);
}

int stats_add(struct stats *s, uint64_t domain, uint32_t hook, uint64_t ns, uint64_t bytes)
{
	struct total *t = total_get(s, domain, hook, IMS_SIZE_NONE, "");

	if (!t)
		return -ENOMEM;
	s->calls[hook]++;
	t->added = true;
	t->stats.bucket[ims_hist_bucket(ns)]++;
	t->stats.sum_ns += ns;
	t->stats.bytes += bytes;
	if (ns > t->stats.max_ns)
		t->stats.max_ns = ns;
	return 0;
}

uint64_t stats_domain(const struct stats *s, uint32_t slot)
{
	return slot < s->count ? s->owner[slot].domain : 0;
}

uint64_t stats_calls(const struct stats *s, uint32_t hook)
{
	return s->calls[hook];
}

/* Sums up the CPUs of what s->percpu holds; 32-bit counters wrap, as those of each CPU do. */
static void add_up(const struct stats *s, struct ims_slot *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < s->cpus; cpu++) {
		const struct ims_slot *p = &s->percpu[cpu];

		sum->sum_ns += p->sum_ns;
		sum->bytes += p->bytes;
		sum->errors += p->errors;
		sum->untimed += p->untimed;
		if (p->max_ns > sum->max_ns)
			sum->max_ns = p->max_ns;
		for (int b = 0; b < IMS_HIST_BUCKETS; b++)
			sum->bucket[b] += p->bucket[b];
	}
}

/* Adds to @t what a slot gained from @last to @now. Returns the calls among that. */
static uint64_t gain(struct ims_stats *t, const struct ims_slot *last, const struct ims_slot *now)
{
	uint64_t calls = (uint32_t)(now->untimed - last->untimed);

	t->untimed += calls;
	t->errors += (uint32_t)(now->errors - last->errors);
	t->sum_ns += now->sum_ns - last->sum_ns;
	t->bytes += now->bytes - last->bytes;
	if (now->max_ns > t->max_ns)
		t->max_ns = now->max_ns;
	for (int b = 0; b < IMS_HIST_BUCKETS; b++) {
		uint32_t more = now->bucket[b] - last->bucket[b];

		t->bucket[b] += more;
		calls += more;
	}
	return calls;
}

/* Reads one slot; reports its object when it counted something new. */
static int tell_one(struct stats *s, uint32_t slot, struct ims_record *rec,
		    int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct ims_slot now;
	struct total *t;
	uint64_t calls;

	if (bpf_map_lookup_elem(s->slots_fd, &slot, s->percpu))
		return -errno;
	t = total_of(s, &s->owner[slot]);
	if (!t)
		return -ENOMEM;
	add_up(s, &now);
	calls = gain(&t->stats, &s->last[slot], &now);
	s->last[slot] = now;
	s->calls[t->stats.hook] += calls;
	if (!calls && !t->added)
		return 0;
	t->added = false;
	if (choice_hides(s->choice, t->key.hook, t->key.object, s->owner[slot].selected))
		return 0;
	rec->stats = t->stats;
	return sink(arg, rec);
}

/*
 * No hook tells that an instance is gone, as a module's is when that is unloaded: sysfs does. Others
 * may be at its address afterwards.
 */
static bool instance_gone(const struct ims_slot_owner *o)
{
	char path[64];

	if (o->hook != IMS_HOOK_QUEUE_SYNC || !o->address)
		return false;
	snprintf(path, sizeof(path), "/sys/class/iommu/%s", o->object);
	return access(path, F_OK);
}

static void instance_forget(struct stats *s, const struct ims_slot_owner *o)
{
	bpf_map_delete_elem(s->objects_fd, &o->address);
	memset(s->cache, 0, s->cache_size);
}

static int give_back(struct stats *s, uint32_t slot)
{
	struct ims_slot_owner *o = &s->owner[slot];
	struct total *t = o->domain ? total_of(s, o) : NULL;

	/* A number is never used again; a name may come back, and counts on. */
	if (t)
		total_drop(s, t);
	memset(s->percpu, 0, s->cpus * sizeof(*s->percpu));
	memset(&s->last[slot], 0, sizeof(s->last[slot]));
	if (bpf_map_update_elem(s->slots_fd, &slot, s->percpu, BPF_ANY))
		return -errno;
	memset(o, 0, sizeof(*o));
	return bpf_map_update_elem(s->free_fd, NULL, &slot, BPF_ANY) ? -errno : 0;
}

void stats_look(struct stats *s)
{
	for (uint32_t slot = 0; slot < s->count; slot++)
		s->dead[slot] = __atomic_load_n(&s->owner[slot].state, __ATOMIC_ACQUIRE) ==
				IMS_SLOT_DEAD;
}

int stats_tell(struct stats *s, uint64_t time_ns,
	       int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = time_ns};
	int err = 0;

	for (uint32_t slot = 0; !err && slot < s->count; slot++) {
		uint32_t state = __atomic_load_n(&s->owner[slot].state, __ATOMIC_ACQUIRE);

		if (state == IMS_SLOT_FREE)
			continue;
		if (state == IMS_SLOT_USED && instance_gone(&s->owner[slot])) {
			instance_forget(s, &s->owner[slot]);
			s->dead[slot] = true;
		}
		err = tell_one(s, slot, &rec, sink, arg);
		if (!err && s->dead[slot])
			err = give_back(s, slot);
	}
	return err;
}
