/* SPDX-License-Identifier: GPL-2.0-only */
/* plan.h - which function and which mechanism serves each hook on this kernel, and why. */
#ifndef IMS_CAPTURE_PLAN_H
#define IMS_CAPTURE_PLAN_H

#include <stdbool.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <iommuscope/event.h>

enum plan_mechanism { PLAN_NONE, PLAN_TP_BTF, PLAN_FENTRY, PLAN_KPROBE };
enum plan_state { PLAN_MISSING, PLAN_CHOSEN, PLAN_ATTACHED, PLAN_FAILED, PLAN_SILENT };

struct plan_row {
	enum ims_point point;
	enum ims_hook hook;
	const char *program;  /* prefix of the programs' names */
	const char *function; /* while none is chosen, the first candidate */
	const char *module;   /* "vmlinux", or the module that has the function */
	enum plan_mechanism mechanism;
	enum plan_state state;
	int device_arg; /* of domain-alloc: which argument is the device; -1: none is */
	char reason[120];
	struct bpf_program *prog[2]; /* NULL: not loaded */
	struct bpf_link *link[2];    /* of these */
};

struct plan {
	struct plan_row row[IMS_POINT_MAX];
};

/*
 * Chooses functions by what the kernel's BTF (@btf) and that of its modules has, and mechanisms by
 * trial. @force: "fentry", "kprobe" or NULL. Returns 0, or -EINVAL for another @force.
 */
int plan_make(struct plan *p, struct btf *btf, const char *force);

/* Sets which programs of @obj are loaded, and their targets. Before load. What cannot be is a row
 * that says so. */
void plan_prepare(struct plan *p, struct bpf_object *obj);

/* Attaches all that was chosen; what fails becomes a row that says so. Returns how many attached. */
int plan_attach(struct plan *p);
void plan_detach(struct plan *p);

const char *plan_mechanism_name(enum plan_mechanism m);
const char *plan_state_name(enum plan_state s);

#endif
