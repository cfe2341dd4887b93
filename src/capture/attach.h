/* SPDX-License-Identifier: GPL-2.0-only */
/* attach.h - the mechanisms: what this kernel can, and programs at their places. For plan.c. */
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

/* Puts a row's programs at their place. Returns 0 or -errno; then none is. */
int attach_row(const struct plan *p, struct plan_row *row);
void detach_row(struct plan_row *row);

#endif
