// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include "lab.h"

#define PT_VALID  BIT_ULL(0)
#define PT_LEAF	  BIT_ULL(1)
#define PT_PROT	  GENMASK_ULL(7, 2)
#define PT_ADDR	  GENMASK_ULL(51, 12)
#define PT_LEVELS 4
#define PT_SLOTS  512

/* Level 0 maps 4 KiB pages. */
static unsigned int level_shift(int level)
{
	return 12 + 9 * level;
}

static int pgsize_level(size_t pgsize)
{
	return (ilog2(pgsize) - 12) / 9;
}

static unsigned int slot_index(unsigned long iova, int level)
{
	return (iova >> level_shift(level)) & (PT_SLOTS - 1);
}

static bool is_table(u64 entry)
{
	return (entry & PT_VALID) && !(entry & PT_LEAF);
}

static u64 *entry_table(u64 entry)
{
	return phys_to_virt(entry & PT_ADDR);
}

static u64 *table_alloc(gfp_t gfp)
{
	int err = lab_fail(LAB_OP_PTPAGE);
	u64 *table = err ? NULL : (u64 *)get_zeroed_page(gfp);

	lab_count(LAB_OP_PTPAGE, table ? 0 : -ENOMEM);
	return table;
}

static void table_free(u64 *table)
{
	lab_count(LAB_OP_PTPAGE_FREE, 0);
	free_page((unsigned long)table);
}

static void table_free_all(u64 *table, int level)
{
	for (int i = 0; level && i < PT_SLOTS; i++)
		if (is_table(table[i]))
			table_free_all(entry_table(table[i]), level - 1);
	table_free(table);
}

static bool table_empty(u64 *table, int level)
{
	for (int i = 0; i < PT_SLOTS; i++) {
		u64 entry = table[i];

		if (entry && (!is_table(entry) || !table_empty(entry_table(entry), level - 1)))
			return false;
	}
	return true;
}

static u64 *root_get(struct iommulab_pt *pt, gfp_t gfp)
{
	u64 *root = READ_ONCE(pt->root), *old;

	if (root || !gfp)
		return root;
	root = table_alloc(gfp);
	if (!root)
		return NULL;
	old = cmpxchg(&pt->root, NULL, root);
	if (!old)
		return root;
	table_free(root);
	return old;
}

/* The table below a slot, made if there is none; -EEXIST if a leaf is in the way. */
static u64 *table_below(u64 *slot, gfp_t gfp)
{
	u64 entry = READ_ONCE(*slot), *table;

	if (!(entry & PT_VALID)) {
		table = table_alloc(gfp);
		if (!table)
			return ERR_PTR(-ENOMEM);
		entry = cmpxchg64(slot, 0, virt_to_phys(table) | PT_VALID);
		if (!entry)
			return table;
		table_free(table);
	}
	return entry & PT_LEAF ? ERR_PTR(-EEXIST) : entry_table(entry);
}

static u64 *slot_make(struct iommulab_pt *pt, unsigned long iova, int level, gfp_t gfp)
{
	u64 *table = root_get(pt, gfp);

	if (!table)
		return ERR_PTR(-ENOMEM);
	for (int l = PT_LEVELS - 1; l > level; l--) {
		table = table_below(&table[slot_index(iova, l)], gfp);
		if (IS_ERR(table))
			return table;
	}
	return &table[slot_index(iova, level)];
}

/* The slot at level or, where a leaf or nothing is above it, the one that ends the walk there. */
static u64 *slot_find(struct iommulab_pt *pt, unsigned long iova, int *level)
{
	u64 *table = root_get(pt, 0), *slot;
	int l = PT_LEVELS - 1;

	if (!table)
		return NULL;
	for (;; l--) {
		slot = &table[slot_index(iova, l)];
		if (l == *level || !is_table(READ_ONCE(*slot)))
			break;
		table = entry_table(READ_ONCE(*slot));
	}
	*level = l;
	return slot;
}

static int leaf_install(u64 *slot, u64 leaf, int level)
{
	u64 old = READ_ONCE(*slot);

	/* Small pages were here once: the whole range is the caller's, so their tables may go. */
	if (is_table(old) && !table_empty(entry_table(old), level - 1))
		return -EEXIST;
	if (old & PT_LEAF)
		return -EEXIST;
	if (cmpxchg64(slot, old, leaf) != old)
		return -EEXIST;
	if (is_table(old))
		table_free_all(entry_table(old), level - 1);
	return 0;
}

int lab_pt_map(struct iommulab_pt *pt, unsigned long iova, phys_addr_t phys, size_t pgsize,
	       size_t count, int prot, gfp_t gfp, size_t *mapped)
{
	u64 flags = PT_VALID | PT_LEAF | (((u64)prot << 2) & PT_PROT);
	int level = pgsize_level(pgsize), err;

	while (count) {
		size_t run = min_t(size_t, count, PT_SLOTS - slot_index(iova, level));
		u64 *slot = slot_make(pt, iova, level, gfp);

		if (IS_ERR(slot))
			return PTR_ERR(slot);
		for (size_t i = 0; i < run; i++) {
			err = leaf_install(slot + i, (phys & PT_ADDR) | flags, level);
			if (err)
				return err;
			phys += pgsize;
			*mapped += pgsize;
		}
		iova += run * pgsize;
		count -= run;
	}
	return 0;
}

size_t lab_pt_unmap(struct iommulab_pt *pt, unsigned long iova, size_t pgsize, size_t count)
{
	int level = pgsize_level(pgsize), found;
	size_t unmapped = 0;

	while (count) {
		size_t run = min_t(size_t, count, PT_SLOTS - slot_index(iova, level));
		u64 *slot;

		found = level;
		slot = slot_find(pt, iova, &found);
		/* A part of a larger page stays mapped: what is returned is short. */
		if (!slot || found != level)
			return unmapped;
		for (size_t i = 0; i < run; i++) {
			u64 old = READ_ONCE(slot[i]);

			if (!(old & PT_VALID))
				return unmapped;
			WRITE_ONCE(slot[i], 0);
			if (is_table(old))
				table_free_all(entry_table(old), level - 1);
			unmapped += pgsize;
		}
		iova += run * pgsize;
		count -= run;
	}
	return unmapped;
}

phys_addr_t lab_pt_walk(struct iommulab_pt *pt, unsigned long iova)
{
	int level = 0;
	u64 *slot = slot_find(pt, iova, &level);
	u64 entry = slot ? READ_ONCE(*slot) : 0;

	if (!(entry & PT_LEAF))
		return 0;
	return (entry & PT_ADDR) | (iova & (BIT_ULL(level_shift(level)) - 1));
}

void lab_pt_free(struct iommulab_pt *pt)
{
	if (pt->root)
		table_free_all(pt->root, PT_LEVELS - 1);
	pt->root = NULL;
}
