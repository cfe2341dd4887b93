/* SPDX-License-Identifier: GPL-2.0-only */
/* steps.h - what the files that have the steps of scripts share. All of it with lab_lock held. */
#ifndef IOMMULAB_STEPS_H
#define IOMMULAB_STEPS_H

#include "lab.h"

#define LAB_MAX_WORDS 6

struct lab_args {
	unsigned int nr;
	char *word[LAB_MAX_WORDS];
	struct lab_log *log;
};

/* What steps made and must be undone: attachments, PASIDs, claims. */
struct lab_hold {
	struct list_head node;
	void (*undo)(struct lab_hold *hold);
	struct iommu_domain *domain; /* NULL for a claim */
	struct iommulab_dev *ld;
	struct iommu_group *group; /* with a reference */
	u32 pasid;
#ifdef HAVE_ATTACH_HANDLE
	struct iommu_attach_handle handle;
#endif
};

/* holds.c */
int lab_hold_make(struct iommulab_dev *ld, struct iommu_domain *domain,
		  void (*undo)(struct lab_hold *hold), struct lab_hold **out);
/* Keeps the hold if what it stands for was done, and frees it else. Returns @err. */
int lab_hold_settle(struct lab_hold *hold, int err);
/* The newest of the device, or NULL. @domain NULL: of any domain. */
struct lab_hold *lab_hold_find(struct iommulab_dev *ld, struct iommu_domain *domain,
			       void (*undo)(struct lab_hold *hold), u32 pasid);
/* Forgets what is not to be undone any more. */
void lab_hold_drop(struct lab_hold *hold);
int lab_hold_undo(struct lab_hold *hold); /* -ENOENT for NULL */
void lab_holds_undo(void); /* all, the newest first */
bool lab_in_use(struct iommu_domain *domain, struct iommulab_dev *ld);

/* steps.c: a device that is there now */
int lab_parse_present(const char *text, struct iommulab_dev **ld);

/* domains.c */
int lab_parse_slot(const char *text, struct iommu_domain ***slot);
int lab_parse_used_slot(const char *text, struct iommu_domain ***slot);
/* "STEP SLOT DEVICE" */
int lab_parse_slot_dev(struct lab_args *args, struct iommu_domain ***slot,
		       struct iommulab_dev **ld);
void lab_domains_free(void);

/* The steps of these, and of iommufd.c. */
int lab_step_alloc(struct lab_args *args);
int lab_step_free(struct lab_args *args);
int lab_step_map(struct lab_args *args);
int lab_step_unmap(struct lab_args *args);
int lab_step_phys(struct lab_args *args);
int lab_step_fill(struct lab_args *args);
int lab_step_drain(struct lab_args *args);
int lab_step_attach(struct lab_args *args);
int lab_step_attach_dev(struct lab_args *args);
int lab_step_detach(struct lab_args *args);
int lab_step_claim(struct lab_args *args);
int lab_step_release(struct lab_args *args);
int lab_step_pasid(struct lab_args *args);
int lab_step_unpasid(struct lab_args *args);
int lab_step_alloc_op(struct lab_args *args);
int lab_step_alloc_nested(struct lab_args *args);
int lab_step_attach_handle(struct lab_args *args);
int lab_step_replace_handle(struct lab_args *args);
int lab_step_detach_handle(struct lab_args *args);
int lab_step_replace_pasid(struct lab_args *args);
int lab_step_sva(struct lab_args *args);

#endif
