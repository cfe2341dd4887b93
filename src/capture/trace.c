// SPDX-License-Identifier: GPL-2.0-only
#include "capture/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#define ALL_BYTES (32u << 20) /* of kernel memory for the buffers of all CPUs, while ... */
#define MIN_BYTES (64u << 10) /* ... each has at least this much, */
#define MAX_BYTES (4u << 20)  /* ... and no more than this, which is what older kernels allow */

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
	char *shared; /* mapped; the buffers of all CPUs, each of @stride bytes */
	size_t stride, shared_bytes;
	struct cpu *cpu;
	trace_fn *each;
	void *arg;
};

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* Of a buffer with so many records. */
static uint32_t buffer_bytes(uint32_t size)
{
	return (uint32_t)(sizeof(struct ims_trace_cpu) + size * sizeof(struct ims_trace));
}

int trace_prepare(struct bpf_map *buffers, uint64_t bytes)
{
	int n = libbpf_num_possible_cpus(), err;
	uint32_t size = 2 * IMS_TRACE_SPARE;

	if (n < 0)
		return n;
	if (!bytes)
		bytes = clamp(ALL_BYTES / (uint32_t)n, MIN_BYTES, MAX_BYTES);
	while (buffer_bytes(2 * size) <= bytes && buffer_bytes(2 * size) <= MAX_BYTES)
		size *= 2;
	err = bpf_map__set_max_entries(buffers, (uint32_t)n);
	if (!err)
		err = bpf_map__set_value_size(buffers, buffer_bytes(size));
	return err ? err : (int)size;
}

static struct ims_trace_cpu *buffer_of(const struct trace *t, int cpu)
{
	return (struct ims_trace_cpu *)(t->shared + (size_t)cpu * t->stride);
}

static const struct ims_trace *record_at(const struct trace *t, int cpu, uint64_t at)
{
	const struct ims_trace *first = (const struct ims_trace *)(buffer_of(t, cpu) + 1);

	return first + (at & (t->size - 1));
}

/* All before @at is read. */
static void move_tail(const struct trace *t, struct ims_trace_cpu *s, uint64_t at)
{
	__atomic_store_n(&s->tail, at, __ATOMIC_RELEASE);
	__atomic_store_n(&s->half, at + t->size / 2, __ATOMIC_RELAXED);
}

struct trace *trace_new(struct bpf_map *buffers, trace_fn *each, void *arg)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->cpus = (int)bpf_map__max_entries(buffers);
	t->stride = (bpf_map__value_size(buffers) + 7) & ~7ul;
	t->size = (uint32_t)((t->stride - sizeof(struct ims_trace_cpu)) / sizeof(struct ims_trace));
	t->each = each;
	t->arg = arg;
	t->shared_bytes = (size_t)t->cpus * t->stride;
	t->cpu = calloc((size_t)t->cpus, sizeof(*t->cpu));
	t->shared = mmap(NULL, t->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(buffers), 0);
	if (t->shared == MAP_FAILED)
		t->shared = NULL;
	if (!t->cpu || !t->shared) {
		int err = errno;

		trace_free(t);
		errno = err;
		return NULL;
	}
	for (int i = 0; i < t->cpus; i++) {
		for (int j = 0; j < IMS_TRACE_TASKS; j++)
			buffer_of(t, i)->told[j] = IMS_TRACE_UNTOLD;
		buffer_of(t, i)->last = IMS_TRACE_UNTOLD;
		if (t->size)
			move_tail(t, buffer_of(t, i), 0);
	}
	return t;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
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
	struct ims_trace_cpu *s = buffer_of(t, cpu);
	struct cpu *c = &t->cpu[cpu];
	uint64_t at = s->tail;

	for (c->next = NULL; t->size; move_tail(t, s, ++at)) {
		const struct ims_trace *r = record_at(t, cpu, at);

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
	struct ims_trace_cpu *s = buffer_of(t, cpu);
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
		move_tail(t, s, s->tail + 1);
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
		const struct ims_trace_cpu *s = buffer_of(t, i);

		if (__atomic_load_n(&s->head, __ATOMIC_RELAXED) - s->tail > t->size / 4)
			return true;
	}
	return false;
}

uint64_t trace_emitted(const struct trace *t, uint32_t hook)
{
	uint64_t sum = 0;

	for (int i = 0; i < t->cpus; i++)
		sum += __atomic_load_n(&buffer_of(t, i)->emitted[hook - IMS_HOOK_MAP],
				       __ATOMIC_RELAXED);
	return sum;
}
