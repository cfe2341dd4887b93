/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - which function and which mechanism serves each point on this kernel, and why.
 *
 * Order of use: make, prepare (and load), attach; module while that lasts; detach.
 */
#ifndef IMS_CAPTURE_PLAN_H
#define IMS_CAPTURE_PLAN_H

#include <stdbool.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "capture/capture.h"
#include "capture/ksyms.h"
#include "capture/ops.h"
#include "capture/points.h"

/* Best first. */
enum plan_mechanism {
	PLAN_FSESSION,
	PLAN_FENTRY,
	PLAN_MULTI,
	PLAN_KPROBE,
	PLAN_LADDER, /* the number of those above, which a row can be asked to use */
	PLAN_TP_BTF = PLAN_LADDER,
	PLAN_RAW_TP,
	PLAN_NONE,
};

enum plan_state { PLAN_MISSING, PLAN_CHOSEN, PLAN_ATTACHED, PLAN_FAILED, PLAN_SILENT };

#define PLAN_NAME_LEN 64
#define PLAN_LOG 65536 /* before 6.4 what is too long loses its end, which says why */

/* One program at its place: what has to be closed to take it away. 0: not there. */
struct plan_link {
	int link;
	int event; /* the kprobe */
};

struct plan_row {
	enum ims_point point;
	const char *program; /* prefix of the programs' names */
	enum plan_mechanism mechanism;
	enum plan_state state;
	int arg; /* see struct candidate */
	bool no_args;	/* see IMS_ROW_NO_ARGS */
	int params;	/* how many the function has */
	uint64_t address; /* to attach at; 0: by name */
	uint64_t op;	  /* what the driver's ops lead to; 0: not found by them */
	char function[PLAN_NAME_LEN]; /* while none is chosen, the first candidate */
	char module[PLAN_NAME_LEN];   /* "vmlinux", or the module that has the function */
	char driver[IMS_NAME_LEN];    /* whose function it is; "": the core's */
	char reason[256];
	struct bpf_program *prog[2]; /* of the return, and of the entry */
	struct plan_link link[2];    /* of these */
	uint64_t missed;	     /* by links that are gone */
	enum plan_state told;	     /* last, */
	uint64_t told_hits;	     /* with so many */
};

struct plan {
	struct plan_row row[IMS_ROWS];
	unsigned int count;
	/* what it is made from */
	struct btf *btf;
	const struct ksyms *ksyms; /* NULL: the kernel shows no addresses */
	struct ops ops;
	int force;		   /* enum plan_mechanism, or -1 */
	uint32_t without;	   /* bit by enum ims_hook: not to be hooked */
	bool tried[PLAN_LADDER];
	const char *variant; /* of the programs: NAME_VARIANT in the place of NAME, if there is one; or NULL */
	bool own_btf;			/* the kernel has BTF itself */
	char unusable[PLAN_LADDER][48]; /* once tried: "", or why this kernel cannot */
	int fsession;			/* BPF_TRACE_FSESSION of the running kernel */
	char (*log)[2][PLAN_LOG];	/* of each row's programs: why they were refused */
	const struct bpf_object *running; /* once attached: what is loaded; NULL before */
};

/*
 * Chooses functions by what the kernel's BTF (@btf) and that of its modules has, and mechanisms by
 * trial. @force: the name of one, or NULL. @without: see struct ims_choice. Returns 0, or with *@err -EINVAL for another name and
 * -EOPNOTSUPP when this kernel cannot do it, or -EACCES when nothing is allowed. @own_btf: @btf comes
 * from the kernel, not from a file. @btf and @ksyms have to outlive the plan.
 */
int plan_make(struct plan *p, struct btf *btf, bool own_btf, const struct ksyms *ksyms,
	      const char *force, uint32_t without, struct ims_error *err);

void plan_free(struct plan *p);

/* Sets which programs of @obj are loaded, and their targets. Before load. What cannot be is a row
 * that says so. Returns 0 or -ENOMEM. */
int plan_prepare(struct plan *p, struct bpf_object *obj);

/*
 * After a load that failed: the row whose program the kernel refused gets the next mechanism. Returns
 * false when it was none of them, or there is none left.
 */
bool plan_load_failed(struct plan *p);

/* Attaches all that was chosen; what fails becomes a row that says so. Returns how many attached. */
int plan_attach(struct plan *p);

/*
 * While attached: instances or modules came; @ksyms are the symbols with theirs. Attaches what can be
 * hooked now and could not before. Returns whether rows changed.
 */
bool plan_update(struct plan *p, const struct ksyms *ksyms);

/* @module goes: its rows are detached. Returns whether there were any. */
bool plan_unload(struct plan *p, const char *module);
void plan_detach(struct plan *p);

/* Calls of the row that the kernel did not show to its programs, as far as it counts them. */
uint64_t plan_missed(const struct plan_row *row);

const char *plan_mechanism_name(enum plan_mechanism m);
const char *plan_state_name(enum plan_state s);

/* Adds to the reason, after "; ". */
void plan_say(struct plan_row *row, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
