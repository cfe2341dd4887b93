// SPDX-License-Identifier: GPL-2.0-only
#include "capture/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#define ALL_BYTES (32u << 20) /* of kernel memory for the buffers of all CPUs, while ... */
#define MIN_BYTES (64u << 10) /* ... each has at least this much, */
#define MAX_BYTES (4u << 20)  /* ... and no more than this */

/* The tasks as the CPU told them: a mirror of its struct ims_trace_cpu.told. */
struct task {
	uint32_t tid, pid;
	char comm[IMS_COMM_LEN];
};

struct cpu {
	const struct ims_trace *next; /* that is whole; NULL: none was at the last look */
	struct task task[IMS_TRACE_TASKS];
};

struct trace {
	int cpus;
	uint32_t size; /* records in the buffer of a CPU */
	struct ims_trace_cpu *shared; /* mapped; of each CPU */
	const struct ims_trace *record; /* mapped; @size of each CPU */
	size_t shared_bytes, record_bytes;
	struct cpu *cpu;
	trace_fn *each;
	void *arg;
};

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

int trace_prepare(struct bpf_map *cpus, struct bpf_map *records, uint64_t bytes)
{
	int n = libbpf_num_possible_cpus(), err;
	uint32_t size = 2 * IMS_TRACE_SPARE;

	if (n < 0)
		return n;
	if (!bytes)
		bytes = clamp(ALL_BYTES / (uint32_t)n, MIN_BYTES, MAX_BYTES);
	while (size < 1u << 24 && 2ull * size * sizeof(struct ims_trace) <= bytes)
		size *= 2;
	if ((uint64_t)size * (uint32_t)n > UINT32_MAX)
		return -E2BIG;
	err = bpf_map__set_max_entries(cpus, (uint32_t)n);
	if (!err)
		err = bpf_map__set_max_entries(records, size * (uint32_t)n);
	return err ? err : (int)size;
}

static void *map_whole(struct bpf_map *map, int prot, size_t *bytes)
{
	void *p;

	*bytes = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	p = mmap(NULL, *bytes, prot, MAP_SHARED, bpf_map__fd(map), 0);
	return p == MAP_FAILED ? NULL : p;
}

struct trace *trace_new(struct bpf_map *cpus, struct bpf_map *records, trace_fn *each, void *arg)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return NULL;
	t->cpus = (int)bpf_map__max_entries(cpus);
	t->size = bpf_map__max_entries(records) / (uint32_t)t->cpus;
	t->each = each;
	t->arg = arg;
	t->cpu = calloc((size_t)t->cpus, sizeof(*t->cpu));
	if (t->cpu)
		t->shared = map_whole(cpus, PROT_READ | PROT_WRITE, &t->shared_bytes);
	if (t->shared)
		t->record = map_whole(records, PROT_READ, &t->record_bytes);
	if (t->record)
		return t;
	err = errno;
	trace_free(t);
	errno = err;
	return NULL;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	if (t->record)
		munmap((void *)t->record, t->record_bytes);
	if (t->shared)
		munmap(t->shared, t->shared_bytes);
	free(t->cpu);
	free(t);
}

static struct task *task_of(struct cpu *c, uint32_t tid)
{
	return &c->task[tid % IMS_TRACE_TASKS];
}

static void learn_task(struct cpu *c, const struct ims_trace *r)
{
	struct task *task = task_of(c, r->tid);

	task->tid = r->tid;
	task->pid = r->domain;
	memcpy(task->comm, r->comm, sizeof(task->comm));
	task->comm[IMS_COMM_LEN - 1] = 0;
}

/* The next record of @cpu that is whole and no task's name. */
static void look(struct trace *t, int cpu)
{
	struct ims_trace_cpu *s = &t->shared[cpu];
	struct cpu *c = &t->cpu[cpu];
	uint64_t at = s->tail;

	for (c->next = NULL;; __atomic_store_n(&s->tail, ++at, __ATOMIC_RELEASE)) {
		const struct ims_trace *r =
			&t->record[(uint32_t)cpu * (size_t)t->size + (at & (t->size - 1))];

		if (__atomic_load_n(&r->mark, __ATOMIC_ACQUIRE) != (uint32_t)at + 1)
			return;
		if (r->point) {
			c->next = r;
			return;
		}
		learn_task(c, r);
	}
}

/* The CPU whose next record is the oldest, or -1; *@until becomes the time of the second oldest. */
static int oldest(const struct trace *t, uint64_t *until)
{
	uint64_t first = UINT64_MAX;
	int found = -1;

	for (int i = 0; i < t->cpus; i++) {
		const struct ims_trace *r = t->cpu[i].next;

		if (!r || r->time_ns > *until)
			continue;
		if (r->time_ns < first) {
			if (found >= 0)
				*until = first;
			first = r->time_ns;
			found = i;
		} else {
			*until = r->time_ns;
		}
	}
	return found;
}

/* Hands on what @cpu has up to @until_ns. */
static int drain_cpu(struct trace *t, int cpu, uint64_t until_ns)
{
	struct ims_trace_cpu *s = &t->shared[cpu];
	struct cpu *c = &t->cpu[cpu];
	int err;

	while (c->next && c->next->time_ns <= until_ns) {
		const struct ims_trace *r = c->next;
		const struct task *task = task_of(c, r->tid);
		bool known = task->tid == r->tid;

		err = t->each(t->arg, r, (uint32_t)cpu, known ? task->pid : 0,
			      known ? task->comm : "");
		if (err)
			return err;
		__atomic_store_n(&s->tail, s->tail + 1, __ATOMIC_RELEASE);
		look(t, cpu);
	}
	return 0;
}

int trace_drain(struct trace *t, uint64_t until_ns)
{
	int cpu, err = 0;

	for (int i = 0; i < t->cpus; i++)
		look(t, i);
	while (!err) {
		uint64_t until = until_ns;

		cpu = oldest(t, &until);
		if (cpu < 0)
			return 0;
		err = drain_cpu(t, cpu, until);
	}
	return err;
}

bool trace_urgent(const struct trace *t)
{
	for (int i = 0; i < t->cpus; i++) {
		const struct ims_trace_cpu *s = &t->shared[i];

		if (__atomic_load_n(&s->head, __ATOMIC_RELAXED) - s->tail > t->size / 4)
			return true;
	}
	return false;
}

uint64_t trace_emitted(const struct trace *t, uint32_t hook)
{
	uint64_t sum = 0;

	for (int i = 0; i < t->cpus; i++)
		sum += __atomic_load_n(&t->shared[i].emitted[hook - IMS_HOOK_MAP], __ATOMIC_RELAXED);
	return sum;
}
