/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * points.h - what can be hooked: the points of every hook, and for each its candidates. Data only;
 * plan.c chooses.
 */
#ifndef IMS_CAPTURE_POINTS_H
#define IMS_CAPTURE_POINTS_H

#include <stdbool.h>

#include <iommuscope/event.h>

/* How the candidate's name leads to a place in the kernel. */
enum candidate_kind {
	IS_FUNCTION,   /* by name; by address, where the name is not unique or only a suffix has it */
	IS_TRACEPOINT, /* the program "NAME_tp" */
	IS_DEVICE_OP,  /* a member of struct iommu_ops: what it points to for the instances present */
	IS_DOMAIN_OP,  /* the same of the struct iommu_domain_ops that these give their paging domains */
};

/*
 * A candidate is taken when the BTF has the function and its parameters begin with those names: that,
 * and never the kernel's version, tells the prototypes apart. Tracepoints and ops have no params.
 *
 * Candidates of one point with the same driver (NULL is one as well) are alternatives, best first, and
 * make one row of the plan. Those of another driver make a row of their own, which is there only
 * while an instance of that driver is. An op makes a row for every function that is behind it.
 */
struct candidate {
	const char *function; /* or the tracepoint, or the member */
	const char *params;   /* "a,b" */
	const char *module;   /* NULL: vmlinux */
	/* Which argument the programs want, where functions differ: the device of domain-alloc, the
	 * instance of fault_amd, the size of dma_map; -1: it has none. */
	int arg;
	enum candidate_kind kind;
	const char *driver;  /* as in INSTANCE records; "NAME*": begins so */
	const char *program; /* prefix of the programs' names; NULL: the point's */
	/* The compiler may have made it NAME.isra.0, .constprop.0 or .part.0. Such a function has other
	 * arguments than its source says: its programs get 0 for each. */
	bool suffix;
	const char *why_not; /* it is never taken; where it exists the plan says that it is passed over */
};

#define MAX_CANDIDATES 8

struct point {
	enum ims_hook hook;
	const char *program; /* prefix of the programs' names */
	struct candidate candidate[MAX_CANDIDATES];
	int params; /* its functions have so many, or the quicker programs do not fit; 0: any number */
};

extern const struct point points[IMS_POINT_MAX];

#endif
