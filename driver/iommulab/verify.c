// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "lab.h"

/* Windows in the IOVA space, each with one mapping at most. */
#define VERIFY_WINDOWS 32
#define VERIFY_WINDOW  (2UL * SZ_1G)

struct verify {
	struct iommu_domain *domain;
	u32 seed;
	struct {
		phys_addr_t phys;
		size_t size;
	} window[VERIFY_WINDOWS];
};

static u32 verify_random(struct verify *v)
{
	v->seed = v->seed * 1664525 + 1013904223;
	return v->seed >> 8;
}

static int verify_map(struct verify *v, unsigned int i)
{
	static const size_t units[] = { SZ_4K, SZ_4K, SZ_2M, SZ_1G };
	size_t unit = units[verify_random(v) % ARRAY_SIZE(units)];
	size_t count = unit == SZ_1G ? 1 : 1 + verify_random(v) % 700;

	v->window[i].phys = (1 + verify_random(v) % 1000) * (phys_addr_t)unit;
	v->window[i].size = min_t(size_t, count * unit, SZ_1G);
	return lab_map(v->domain, i * VERIFY_WINDOW, v->window[i].phys, v->window[i].size);
}

static bool verify_at(struct verify *v, unsigned int i, size_t offset)
{
	phys_addr_t phys = iommu_iova_to_phys(v->domain, i * VERIFY_WINDOW + offset);

	return phys == (offset < v->window[i].size ? v->window[i].phys + offset : 0);
}

static int verify_round(struct verify *v)
{
	unsigned int i = verify_random(v) % VERIFY_WINDOWS;
	size_t size = v->window[i].size;

	if (!verify_at(v, i, 0) || !verify_at(v, i, size) || !verify_at(v, i, VERIFY_WINDOW - 1) ||
	    (size && (!verify_at(v, i, size - 1) || !verify_at(v, i, verify_random(v) % size))))
		return -ENXIO;
	if (!size)
		return verify_map(v, i);
	v->window[i].size = 0;
	return iommu_unmap(v->domain, i * VERIFY_WINDOW, size) == size ? 0 : -ENXIO;
}

static int verify_end(struct verify *v, int err)
{
	for (unsigned int i = 0; i < VERIFY_WINDOWS; i++) {
		size_t size = v->window[i].size;

		if (size && iommu_unmap(v->domain, i * VERIFY_WINDOW, size) != size && !err)
			err = -ENXIO;
	}
	return err;
}

int lab_verify(struct iommu_domain *domain, unsigned int rounds, u32 seed)
{
	struct verify *v = kzalloc_obj(*v);
	int err = 0;

	if (!v)
		return -ENOMEM;
	v->domain = domain;
	v->seed = seed;
	while (rounds-- && !err) {
		err = fatal_signal_pending(current) ? -EINTR : verify_round(v);
		cond_resched();
	}
	err = verify_end(v, err);
	kfree(v);
	return err;
}
