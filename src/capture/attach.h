/* SPDX-License-Identifier: GPL-2.0-only */
/* attach.h - what plan.c, attach.c and late.c have of each other. */
#ifndef IMS_CAPTURE_ATTACH_H
#define IMS_CAPTURE_ATTACH_H

#include "capture/plan.h"

/* Tries @m with an empty program. Writes why it does not work to @why, "" when it does. */
void attach_try(struct plan *p, enum plan_mechanism m, char *why, size_t size);

/*
 * After a load that failed: whether it was for a program of @row. Then *@line, which is the plan's, is
 * what the verifier said last.
 */
bool attach_was_refused(const struct plan *p, const struct plan_row *row, const char **line);

/* Rows of @point for what the machine has; those that are chosen already stay as they are. */
void plan_make_rows(struct plan *p, enum ims_point point);

/* The program "PREFIX_KIND" for the return (@k is 0) or the entry (1) by @m; NULL: there is none. */
struct bpf_program *attach_program_of(const struct bpf_object *obj, const char *prefix,
				      enum plan_mechanism m, int k);

/* Whether @point may get rows while it is attached: by kprobes then, or the tracepoint of a module. */
bool late_is_possible(enum ims_point point);

/* Attaches a row that is chosen; it becomes attached, or failed and says why. */
void attach_chosen(struct plan *p, struct plan_row *row);

/* Puts a row's programs at their place. Returns 0 or -errno; then none is. */
int attach_row(const struct plan *p, struct plan_row *row);
void detach_row(struct plan_row *row);

#endif
