// SPDX-License-Identifier: GPL-2.0-only
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include "lab.h"

#define LAB_MAX_THREADS 64

/* Where a thread's mappings are: far from the others'. */
#define THREAD_IOVA(i) (((i) + 1ULL) << 36)

struct lab_bench {
	struct iommulab_dev *ld;
	struct iommu_domain *domain; /* for "map" and "attach" */
	struct iommu_group *group;
	size_t size;
	u64 count; /* each thread */
	unsigned int threads;
	bool stop; /* the writer was interrupted */
	struct completion start;
	struct lab_thread *thread;
};

struct lab_thread {
	struct lab_bench *bench;
	const struct lab_loop *loop;
	struct page *page; /* for "dma" */
	unsigned int index;
	u64 count, errors;
	struct completion done;
};

struct lab_loop {
	const char *name;
	bool domain, attached, page;
	bool sized; /* takes SIZE COUNT [THREADS], the others COUNT */
	int (*once)(struct lab_thread *thread);
};

static char result[160];

static int once_map(struct lab_thread *thread)
{
	struct lab_bench *b = thread->bench;
	unsigned long iova = THREAD_IOVA(thread->index);
	int err = lab_map(b->domain, iova, BIT_ULL(32), b->size);

	if (err)
		return err;
	return iommu_unmap(b->domain, iova, b->size) == b->size ? 0 : -ENXIO;
}

static int once_dma(struct lab_thread *thread)
{
	struct device *dev = &thread->bench->ld->pdev->dev;
	dma_addr_t addr = dma_map_page(dev, thread->page, 0, thread->bench->size, DMA_TO_DEVICE);

	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	dma_unmap_page(dev, addr, thread->bench->size, DMA_TO_DEVICE);
	return 0;
}

static int once_attach(struct lab_thread *thread)
{
	struct lab_bench *b = thread->bench;
	int err = iommu_attach_group(b->domain, b->group);

	if (!err)
		iommu_detach_group(b->domain, b->group);
	return err;
}

static int once_alloc(struct lab_thread *thread)
{
	struct iommu_domain *domain;

	domain = lab_alloc_domain("dev", &thread->bench->ld->pdev->dev, false);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	iommu_domain_free(domain);
	return 0;
}

static const struct lab_loop loops[] = {
	{ .name = "map", .domain = true, .attached = true, .sized = true, .once = once_map },
	{ .name = "dma", .page = true, .sized = true, .once = once_dma },
	{ .name = "attach", .domain = true, .once = once_attach },
	{ .name = "alloc", .once = once_alloc },
};

static int thread_main(void *data)
{
	struct lab_thread *thread = data;
	struct lab_bench *b = thread->bench;

	wait_for_completion(&b->start);
	for (u64 i = 0; i < b->count && !READ_ONCE(b->stop); i++) {
		if (thread->loop->once(thread))
			thread->errors++;
		thread->count++;
		if (!(i % 64))
			cond_resched();
	}
	/* Not complete(): the module may be gone before this thread has left it. */
	kthread_complete_and_exit(&thread->done, 0);
}

static int thread_make(struct lab_bench *b, unsigned int i, const struct lab_loop *loop)
{
	struct lab_thread *thread = &b->thread[i];
	struct task_struct *task;

	thread->bench = b;
	thread->loop = loop;
	thread->index = i;
	init_completion(&thread->done);
	if (loop->page) {
		thread->page = alloc_pages(GFP_KERNEL, get_order(b->size));
		if (!thread->page)
			return -ENOMEM;
	}
	task = kthread_run(thread_main, thread, "iommulab/%u", i);
	if (!IS_ERR(task))
		return 0;
	if (thread->page)
		__free_pages(thread->page, get_order(b->size));
	return PTR_ERR(task);
}

/* All threads are done when this returns. */
static void wait_for_threads(struct lab_bench *b, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (wait_for_completion_interruptible(&b->thread[i].done)) {
			WRITE_ONCE(b->stop, true);
			wait_for_completion(&b->thread[i].done);
		}
	}
}

/* Returns the time that took, or an error; how often it was done, and with an error. */
static s64 run_threads(struct lab_bench *b, const struct lab_loop *loop, u64 *count, u64 *errors)
{
	unsigned int made;
	u64 start;
	s64 took;
	int err = 0;

	init_completion(&b->start);
	for (made = 0; made < b->threads; made++) {
		err = thread_make(b, made, loop);
		if (err)
			break;
	}
	if (err)
		b->stop = true;
	start = ktime_get_ns();
	complete_all(&b->start);
	wait_for_threads(b, made);
	took = ktime_get_ns() - start;
	for (unsigned int i = 0; i < made; i++) {
		*count += b->thread[i].count;
		*errors += b->thread[i].errors;
		if (b->thread[i].page)
			__free_pages(b->thread[i].page, get_order(b->size));
	}
	return err ? err : took;
}

static int run_in_domain(struct lab_bench *b, const struct lab_loop *loop)
{
	u64 count = 0, errors = 0;
	s64 took;
	int err = 0;

	if (loop->attached)
		err = iommu_attach_group(b->domain, b->group);
	if (err)
		return err;
	took = run_threads(b, loop, &count, &errors);
	if (loop->attached)
		iommu_detach_group(b->domain, b->group);
	if (took < 0)
		return took;
	snprintf(result, sizeof(result),
		 "%s dev=%u.%u size=%zu threads=%u count=%llu errors=%llu total_ns=%lld\n",
		 loop->name, b->ld->iommu->index, b->ld->index, b->size, b->threads,
		 count, errors, took);
	return 0;
}

static int run_loop(struct lab_bench *b, const struct lab_loop *loop)
{
	int err;

	b->group = iommu_group_get(&b->ld->pdev->dev);
	if (!b->group)
		return -ENODEV;
	if (loop->domain) {
		b->domain = lab_alloc_domain("dev", &b->ld->pdev->dev, false);
		err = PTR_ERR_OR_ZERO(b->domain);
		if (err)
			goto out_group;
	}
	b->thread = kcalloc(b->threads, sizeof(*b->thread), GFP_KERNEL);
	err = b->thread ? run_in_domain(b, loop) : -ENOMEM;
	kfree(b->thread);
	if (loop->domain)
		iommu_domain_free(b->domain);
out_group:
	iommu_group_put(b->group);
	return err;
}

/* "map DEV SIZE COUNT [THREADS]", "dma DEV SIZE COUNT [THREADS]", "attach DEV COUNT", ... */
int lab_bench(char *text)
{
	struct lab_bench b = { .threads = 1 };
	char name[8], dev[16];
	int read, err;

	if (sscanf(text, "%7s %15s%n", name, dev, &read) != 2)
		return -EINVAL;
	err = lab_parse_dev(dev, &b.ld);
	if (err || !b.ld->pdev)
		return err ? err : -ENODEV;
	for (int i = 0; i < ARRAY_SIZE(loops); i++) {
		if (strcmp(name, loops[i].name))
			continue;
		if (loops[i].sized)
			err = sscanf(text + read, "%zu %llu %u", &b.size, &b.count, &b.threads) < 2;
		else
			err = sscanf(text + read, "%llu", &b.count) != 1;
		if (err)
			return -EINVAL;
		if (!b.threads || b.threads > LAB_MAX_THREADS ||
		    (loops[i].sized && (!b.size || b.size > SZ_1G)) ||
		    (loops[i].page && b.size > SZ_4M))
			return -EINVAL;
		return run_loop(&b, &loops[i]);
	}
	return -EINVAL;
}

void lab_show_bench(struct seq_file *s)
{
	seq_puts(s, result);
}
