// SPDX-License-Identifier: GPL-2.0-only
#include "capture/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <iommuscope/event.h>

#define STATS_BYTES (48u << 20) /* kernel memory for all slots on all CPUs */
#define STATS_MIN 16
#define STATS_MAX 1024

/* Totals of one (domain, operation), and what the kernel's 32-bit counters showed last. */
struct total {
	struct ims_stats stats;
	uint32_t last[IMS_HIST_BUCKETS + 2]; /* buckets, errors, untimed */
	uint64_t last_calls;
};

static const uint32_t op_hook[IMS_OPS] = {IMS_HOOK_MAP, IMS_HOOK_UNMAP};

struct stats {
	int slots_fd, free_fd;
	uint32_t count;
	int cpus;
	struct ims_slot_owner *owner; /* mapped */
	size_t owner_size;
	struct ims_slot *percpu; /* one value of each CPU */
	bool counted[IMS_OPS];
	struct total *total;     /* count * IMS_OPS */
};

int stats_prepare(struct bpf_map *slots, struct bpf_map *owners, struct bpf_map *free_slots)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t n;
	int err;

	if (cpus < 0)
		return cpus;
	n = STATS_BYTES / (IMS_OPS * sizeof(struct ims_slot) * (uint32_t)cpus);
	if (n < STATS_MIN)
		n = STATS_MIN;
	if (n > STATS_MAX)
		n = STATS_MAX;
	err = bpf_map__set_max_entries(slots, (n + 1) * IMS_OPS);
	if (!err)
		err = bpf_map__set_max_entries(owners, n + 1);
	if (!err)
		err = bpf_map__set_max_entries(free_slots, n);
	return err;
}

static int set_up(struct stats *s, struct bpf_map *slots, struct bpf_map *owners)
{
	s->slots_fd = bpf_map__fd(slots);
	s->count = bpf_map__max_entries(owners);
	s->cpus = libbpf_num_possible_cpus();
	s->owner_size = s->count * sizeof(*s->owner);
	s->percpu = calloc(s->cpus, sizeof(*s->percpu));
	s->total = calloc((size_t)s->count * IMS_OPS, sizeof(*s->total));
	if (!s->percpu || !s->total)
		return -ENOMEM;
	s->owner = mmap(NULL, s->owner_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(owners),
			0);
	if (s->owner == MAP_FAILED) {
		s->owner = NULL;
		return -errno;
	}
	for (uint32_t slot = 1; slot < s->count; slot++)
		if (bpf_map_update_elem(s->free_fd, NULL, &slot, BPF_ANY))
			return -errno;
	return 0;
}

struct stats *stats_new(struct bpf_map *slots, struct bpf_map *owners, struct bpf_map *free_slots)
{
	struct stats *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->free_fd = bpf_map__fd(free_slots);
	err = set_up(s, slots, owners);
	if (err) {
		stats_free(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void stats_free(struct stats *s)
{
	if (!s)
		return;
	if (s->owner)
		munmap(s->owner, s->owner_size);
	free(s->percpu);
	free(s->total);
	free(s);
}

/* Adds what a wrapping counter gained since it was read last. */
static void gain(uint64_t *total, uint32_t *last, uint32_t now)
{
	*total += (uint32_t)(now - *last);
	*last = now;
}

static void add_up(const struct stats *s, struct total *t)
{
	uint32_t errors = 0, untimed = 0;
	uint64_t sum_ns = 0, bytes = 0;

	for (int cpu = 0; cpu < s->cpus; cpu++) {
		const struct ims_slot *p = &s->percpu[cpu];

		sum_ns += p->sum_ns;
		bytes += p->bytes;
		errors += p->errors;
		untimed += p->untimed;
		if (p->max_ns > t->stats.max_ns)
			t->stats.max_ns = p->max_ns;
	}
	t->stats.sum_ns = sum_ns;
	t->stats.bytes = bytes;
	gain(&t->stats.errors, &t->last[IMS_HIST_BUCKETS], errors);
	gain(&t->stats.untimed, &t->last[IMS_HIST_BUCKETS + 1], untimed);
	for (int b = 0; b < IMS_HIST_BUCKETS; b++) {
		uint32_t now = 0;

		for (int cpu = 0; cpu < s->cpus; cpu++)
			now += s->percpu[cpu].bucket[b];
		gain(&t->stats.bucket[b], &t->last[b], now);
	}
}

static uint64_t calls(const struct ims_stats *st)
{
	uint64_t n = st->untimed;

	for (int b = 0; b < IMS_HIST_BUCKETS; b++)
		n += st->bucket[b];
	return n;
}

/* Reads one slot; reports it when it counted something new. */
static int tell_one(struct stats *s, uint32_t key, struct ims_record *rec,
		    int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct total *t = &s->total[key];
	uint64_t n;

	if (bpf_map_lookup_elem(s->slots_fd, &key, s->percpu))
		return -errno;
	add_up(s, t);
	n = calls(&t->stats);
	if (n == t->last_calls)
		return 0;
	t->last_calls = n;
	s->counted[key % IMS_OPS] = true;
	rec->stats = t->stats;
	return sink(arg, rec);
}

bool stats_counted(const struct stats *s, uint32_t hook)
{
	for (int op = 0; op < IMS_OPS; op++)
		if (op_hook[op] == hook)
			return s->counted[op];
	return false;
}

static int give_back(struct stats *s, uint32_t slot)
{
	memset(s->percpu, 0, s->cpus * sizeof(*s->percpu));
	for (uint32_t op = 0; op < IMS_OPS; op++) {
		uint32_t key = slot * IMS_OPS + op;

		memset(&s->total[key], 0, sizeof(s->total[key]));
		if (bpf_map_update_elem(s->slots_fd, &key, s->percpu, BPF_ANY))
			return -errno;
	}
	memset(&s->owner[slot], 0, sizeof(s->owner[slot]));
	return bpf_map_update_elem(s->free_fd, NULL, &slot, BPF_ANY) ? -errno : 0;
}

int stats_tell(struct stats *s, uint64_t time_ns,
	       int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = time_ns};
	int err = 0;

	for (uint32_t slot = 0; !err && slot < s->count; slot++) {
		uint64_t domain = __atomic_load_n(&s->owner[slot].domain, __ATOMIC_ACQUIRE);
		uint64_t dead = __atomic_load_n(&s->owner[slot].dead, __ATOMIC_ACQUIRE);

		if (slot && !domain)
			continue;
		for (uint32_t op = 0; !err && op < IMS_OPS; op++) {
			struct total *t = &s->total[slot * IMS_OPS + op];

			t->stats.domain = domain;
			t->stats.hook = op_hook[op];
			err = tell_one(s, slot * IMS_OPS + op, &rec, sink, arg);
		}
		if (!err && slot && dead)
			err = give_back(s, slot);
	}
	return err;
}
