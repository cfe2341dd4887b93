// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is hard to time, and what it took by the driver's own clock: calls that a call of the same
 * task interrupts, that return on another CPU, that are many calls inside.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include "lab.h"

#define TIMING_IOVA    0x100000000ul
#define TIMING_PHYS    BIT_ULL(32)
#define TIMING_BUSY_US 300
#define TIMING_MAX     64

struct lab_timing {
	struct iommulab_dev *ld;
	struct iommu_domain *outer, *inner;
	unsigned int rounds;
	u64 during_ns; /* in the driver's op, so that the map took no less */
	u64 total_ns;  /* around the map, so that it took no more */
	u64 inner_ns;  /* around the unmap in between */
	unsigned int hops;
};

static char result[200];

/* What the next map of this domain meets in the driver's op. */
static struct iommu_domain *armed;
static void (*meet)(struct lab_timing *t);
static struct lab_timing *current_timing;

void lab_timing_map(struct iommu_domain *domain)
{
	struct lab_timing *t;
	u64 start;

	if (likely(READ_ONCE(armed) != domain))
		return;
	WRITE_ONCE(armed, NULL);
	t = current_timing;
	start = ktime_get_ns();
	meet(t);
	t->during_ns += ktime_get_ns() - start;
}

/* Maps once, and meets @what meanwhile. */
static int map_meeting(struct lab_timing *t, void (*what)(struct lab_timing *t))
{
	u64 start;
	int err;

	meet = what;
	current_timing = t;
	WRITE_ONCE(armed, t->outer);
	start = ktime_get_ns();
	err = lab_map(t->outer, TIMING_IOVA, TIMING_PHYS, PAGE_SIZE);
	t->total_ns += ktime_get_ns() - start;
	WRITE_ONCE(armed, NULL);
	if (err)
		return err;
	return iommu_unmap(t->outer, TIMING_IOVA, PAGE_SIZE) == PAGE_SIZE ? 0 : -ENXIO;
}

/* ---- a softirq in the middle of a map unmaps in another domain */

static void unmap_inner(struct tasklet_struct *unused)
{
	struct lab_timing *t = current_timing;
	u64 start = ktime_get_ns();

	iommu_unmap(t->inner, TIMING_IOVA, PAGE_SIZE);
	t->inner_ns += ktime_get_ns() - start;
}

static DECLARE_TASKLET(nested, unmap_inner);

static void meet_softirq(struct lab_timing *t)
{
	local_bh_disable();
	tasklet_schedule(&nested);
	local_bh_enable(); /* it runs here */
	udelay(TIMING_BUSY_US);
}

static int time_nested(struct lab_timing *t)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < t->rounds; i++) {
		err = lab_map(t->inner, TIMING_IOVA, TIMING_PHYS, PAGE_SIZE);
		if (!err)
			err = map_meeting(t, meet_softirq);
	}
	tasklet_kill(&nested);
	return err;
}

/* ---- a map returns on another CPU than it was called on ------------------------------------- */

static void meet_other_cpu(struct lab_timing *t)
{
	unsigned int from = raw_smp_processor_id();
	unsigned int to = cpumask_any_but(cpu_online_mask, from);

	if (to < nr_cpu_ids)
		set_cpus_allowed_ptr(current, cpumask_of(to));
	udelay(TIMING_BUSY_US);
	t->hops += raw_smp_processor_id() != from;
}

static int time_migrated(struct lab_timing *t)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < t->rounds; i++)
		err = map_meeting(t, meet_other_cpu);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	return err;
}

/* ---- one call that is many inside ----------------------------------------------------------- */

/* Every other page, so that no two are one range. */
static int scatter(struct sg_table *table, struct page *pages, unsigned int nr)
{
	struct scatterlist *sg;
	unsigned int i;
	int err = sg_alloc_table(table, nr, GFP_KERNEL);

	if (err)
		return err;
	for_each_sg(table->sgl, sg, nr, i)
		sg_set_page(sg, pages + 2 * i, PAGE_SIZE, 0);
	return 0;
}

static ssize_t map_sg(struct iommu_domain *domain, struct sg_table *table)
{
#ifdef HAVE_MAP_GFP
	return iommu_map_sg(domain, TIMING_IOVA, table->sgl, table->nents, IOMMU_READ, GFP_KERNEL);
#else
	return iommu_map_sg(domain, TIMING_IOVA, table->sgl, table->nents, IOMMU_READ);
#endif
}

static int scattered(struct lab_timing *t, struct sg_table *table)
{
	struct device *dev = &t->ld->pdev->dev;
	size_t size = table->nents * PAGE_SIZE;
	struct iommu_iotlb_gather gather;
	u64 start = ktime_get_ns();

	if (!dma_map_sg(dev, table->sgl, table->nents, DMA_TO_DEVICE))
		return -ENOMEM;
	t->total_ns += ktime_get_ns() - start;
	dma_unmap_sg(dev, table->sgl, table->orig_nents, DMA_TO_DEVICE);
	if (map_sg(t->outer, table) != size)
		return -ENXIO;
	iommu_iotlb_gather_init(&gather);
	size -= iommu_unmap_fast(t->outer, TIMING_IOVA, size, &gather);
	iommu_iotlb_sync(t->outer, &gather);
	return size ? -ENXIO : 0;
}

/* @rounds are the entries of one scatterlist, through the DMA API and through the IOMMU API. */
static int time_scattered(struct lab_timing *t)
{
	unsigned int order = get_order(2 * t->rounds * PAGE_SIZE);
	struct page *pages = alloc_pages(GFP_KERNEL, order);
	struct sg_table table;
	int err;

	if (!pages)
		return -ENOMEM;
	err = scatter(&table, pages, t->rounds);
	if (!err) {
		err = scattered(t, &table);
		sg_free_table(&table);
	}
	__free_pages(pages, order);
	return err;
}

/* --------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(struct lab_timing *t);
} kinds[] = {
	{ "nested", time_nested },
	{ "migrated", time_migrated },
	{ "scattered", time_scattered },
};

static int in_domain(struct lab_timing *t, struct iommu_domain **domain,
		     int (*run)(struct lab_timing *), struct iommulab_dev *ld)
{
	struct iommu_group *group = iommu_group_get(&ld->pdev->dev);
	int err;

	if (!group)
		return -ENODEV;
	*domain = lab_alloc_domain("dev", &ld->pdev->dev, false);
	err = PTR_ERR_OR_ZERO(*domain);
	if (!err) {
		err = iommu_attach_group(*domain, group);
		if (!err) {
			err = run(t);
			iommu_detach_group(*domain, group);
		}
		iommu_domain_free(*domain);
	}
	iommu_group_put(group);
	return err;
}

static int (*run_outer)(struct lab_timing *t);

/* The outer domain is of device 0.1, the inner one of 0.2; 0.0 is for the DMA API. */
static int with_outer(struct lab_timing *t)
{
	return in_domain(t, &t->outer, run_outer, lab_dev(0, 1));
}

/* "nested ROUNDS", "migrated ROUNDS", "scattered ENTRIES" */
int lab_timing(char *text)
{
	struct lab_timing t = { .ld = lab_dev(0, 0) };
	char name[12];
	int err;

	if (sscanf(text, "%11s %u", name, &t.rounds) != 2 || !t.rounds || t.rounds > TIMING_MAX)
		return -EINVAL;
	for (unsigned int i = 0; i < 3; i++)
		if (!lab_dev(0, i) || !lab_dev(0, i)->pdev)
			return -ENODEV;
	for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(name, kinds[i].name))
			continue;
		run_outer = kinds[i].run;
		err = in_domain(&t, &t.inner, with_outer, lab_dev(0, 2));
		snprintf(result, sizeof(result),
			 "rounds %u\nduring-ns %llu\ntotal-ns %llu\ninner-ns %llu\nhops %u\n",
			 t.rounds, t.during_ns, t.total_ns, t.inner_ns, t.hops);
		return err;
	}
	return -EINVAL;
}

void lab_show_timing(struct seq_file *s)
{
	seq_puts(s, result);
}
