// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/percpu.h>
#include "lab.h"

static const char *const op_names[LAB_NR_OPS] = {
	[LAB_OP_ALLOC] = "alloc",
	[LAB_OP_FREE] = "free",
	[LAB_OP_FINALISE] = "finalise",
	[LAB_OP_ATTACH] = "attach",
	[LAB_OP_IDENTITY] = "attach-identity",
	[LAB_OP_BLOCK] = "attach-blocked",
	[LAB_OP_DETACH] = "detach",
	[LAB_OP_MAP] = "map",
	[LAB_OP_UNMAP] = "unmap",
	[LAB_OP_SYNC] = "sync",
	[LAB_OP_SYNC_MAP] = "sync-map",
	[LAB_OP_FLUSH_ALL] = "flush-all",
	[LAB_OP_IOVA_TO_PHYS] = "iova-to-phys",
	[LAB_OP_PASID] = "pasid",
	[LAB_OP_UNPASID] = "unpasid",
	[LAB_OP_PROBE] = "probe",
	[LAB_OP_RELEASE] = "release",
	[LAB_OP_GROUP] = "group",
	[LAB_OP_PTPAGE] = "ptpage",
	[LAB_OP_PTPAGE_FREE] = "ptpage-free",
	[LAB_OP_REFUSED] = "mismatch-refused",
	[LAB_OP_ACCEPTED] = "mismatch-accepted",
	[LAB_OP_MEMORY] = "memory",
};

/* Ops that know how to fail; "any" means the next of these. */
static const u32 can_fail = BIT(LAB_OP_ALLOC) | BIT(LAB_OP_FINALISE) | BIT(LAB_OP_ATTACH) |
			    BIT(LAB_OP_MAP) | BIT(LAB_OP_PASID) | BIT(LAB_OP_PROBE) |
			    BIT(LAB_OP_GROUP) | BIT(LAB_OP_PTPAGE) | BIT(LAB_OP_MEMORY);

struct lab_counters {
	u64 calls[LAB_NR_OPS];
	u64 errors[LAB_NR_OPS];
};

static struct lab_counters __percpu *counters;

/* Index LAB_NR_OPS stands for "any". A countdown at 0 is off. */
static atomic_t fail_nth[LAB_NR_OPS + 1];
static int fail_errno[LAB_NR_OPS + 1];
static atomic_t any_fired;
static bool was_reset; /* then the counters do not add up any more */
static atomic_t delay_nth;
static unsigned int delay_us;

/* Far below what stalls a machine in an atomic context. */
#define LAB_MAX_DELAY_US 100000

int lab_inject_init(void)
{
	counters = alloc_percpu(struct lab_counters);
	return counters ? 0 : -ENOMEM;
}

void lab_inject_exit(void)
{
	free_percpu(counters);
}

int lab_count(enum lab_op op, int err)
{
	this_cpu_inc(counters->calls[op]);
	if (err)
		this_cpu_inc(counters->errors[op]);
	return err;
}

static bool count_down(atomic_t *nth)
{
	return atomic_read(nth) > 0 && atomic_dec_if_positive(nth) == 0;
}

int lab_fail_asked(enum lab_op op)
{
	if (!count_down(&fail_nth[op]))
		return 0;
	return READ_ONCE(fail_errno[op]);
}

int lab_fail(enum lab_op op)
{
	int err = lab_fail_asked(op);

	if (err || !count_down(&fail_nth[LAB_NR_OPS]))
		return err;
	atomic_inc(&any_fired);
	return READ_ONCE(fail_errno[LAB_NR_OPS]);
}

void lab_delay_sync(void)
{
	unsigned int us = READ_ONCE(delay_us);

	if (!count_down(&delay_nth))
		return;
	mdelay(us / 1000);
	udelay(us % 1000);
}

static int find_op(const char *name)
{
	if (!strcmp(name, "any"))
		return LAB_NR_OPS;
	for (int op = 0; op < LAB_NR_OPS; op++)
		if (!strcmp(name, op_names[op]) && (can_fail & BIT(op)))
			return op;
	return -EINVAL;
}

int lab_set_fail(char *args)
{
	int nth, error = -ENOMEM, op;
	char name[16];

	if (sscanf(args, "%15s %d %d", name, &nth, &error) < 2)
		return -EINVAL;
	op = find_op(name);
	if (op < 0 || nth < 0 || error >= 0 || error < -MAX_ERRNO)
		return -EINVAL;
	WRITE_ONCE(fail_errno[op], error);
	atomic_set(&fail_nth[op], nth);
	return 0;
}

void lab_inject_off(void)
{
	for (int op = 0; op <= LAB_NR_OPS; op++)
		atomic_set(&fail_nth[op], 0);
	atomic_set(&delay_nth, 0);
}

int lab_set_delay(char *args)
{
	unsigned int nth, us;

	if (sscanf(args, "%u %u", &nth, &us) != 2 || nth > INT_MAX || us > LAB_MAX_DELAY_US)
		return -EINVAL;
	WRITE_ONCE(delay_us, us);
	atomic_set(&delay_nth, nth);
	return 0;
}

static u64 sum(size_t offset)
{
	u64 total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += *(u64 *)((char *)per_cpu_ptr(counters, cpu) + offset);
	return total;
}

static u64 balance(enum lab_op made, enum lab_op freed)
{
	return sum(offsetof(struct lab_counters, calls[made])) -
	       sum(offsetof(struct lab_counters, errors[made])) -
	       sum(offsetof(struct lab_counters, calls[freed]));
}

bool lab_all_freed(void)
{
	return was_reset ||
	       (!balance(LAB_OP_ALLOC, LAB_OP_FREE) && !balance(LAB_OP_PTPAGE, LAB_OP_PTPAGE_FREE));
}

void lab_show_counters(struct seq_file *s)
{
	for (int op = 0; op < LAB_NR_OPS; op++)
		seq_printf(s, "%s calls=%llu errors=%llu\n", op_names[op],
			   sum(offsetof(struct lab_counters, calls[op])),
			   sum(offsetof(struct lab_counters, errors[op])));
}

static void show_fail(struct seq_file *s, const char *name, int op)
{
	seq_printf(s, "%s nth=%d errno=%d\n", name, atomic_read(&fail_nth[op]), fail_errno[op]);
}

void lab_show_fail(struct seq_file *s)
{
	for (int op = 0; op < LAB_NR_OPS; op++)
		if (can_fail & BIT(op))
			show_fail(s, op_names[op], op);
	show_fail(s, "any", LAB_NR_OPS);
	seq_printf(s, "fired=%d\n", atomic_read(&any_fired));
}

void lab_show_delay(struct seq_file *s)
{
	seq_printf(s, "nth=%d us=%u\n", atomic_read(&delay_nth), delay_us);
}

void lab_reset_counters(void)
{
	int cpu;

	was_reset = true;
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(counters, cpu), 0, sizeof(struct lab_counters));
}
