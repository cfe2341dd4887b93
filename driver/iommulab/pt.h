/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page table for nobody: four levels of 512 entries, leaves of 4 KiB, 2 MiB and 1 GiB, in
 * memory that only iova_to_phys() reads. The root comes with the first mapping.
 */
#ifndef IOMMULAB_PT_H
#define IOMMULAB_PT_H

#include <linux/sizes.h>
#include <linux/types.h>

#define LAB_PT_PGSIZES (SZ_4K | SZ_2M | SZ_1G)
#define LAB_PT_IOVA_BITS 48

struct iommulab_pt {
	u64 *root;
};

/* Map count pages of pgsize. *mapped is what was mapped, also on error. -EEXIST if any was. */
int lab_pt_map(struct iommulab_pt *pt, unsigned long iova, phys_addr_t phys, size_t pgsize,
	       size_t count, int prot, gfp_t gfp, size_t *mapped);
/* Unmap up to count pages of pgsize, and return how many bytes that was. */
size_t lab_pt_unmap(struct iommulab_pt *pt, unsigned long iova, size_t pgsize, size_t count);
/* 0 if nothing is mapped there. */
phys_addr_t lab_pt_walk(struct iommulab_pt *pt, unsigned long iova);
void lab_pt_free(struct iommulab_pt *pt);

#endif
