/* SPDX-License-Identifier: GPL-2.0-only */
/* choice.h - what is recorded of single calls, told to the programs and to the stream. */
#ifndef IMS_CAPTURE_CHOICE_H
#define IMS_CAPTURE_CHOICE_H

#include "capture/capture.h"

struct ims_bpf;

/* Configures the programs, before load. Returns 0 or -errno. */
int choice_prepare(const struct ims_choice *c, struct ims_bpf *s);

/* Which variant of the programs serves it, see struct plan; NULL: the general ones. */
const char *choice_variant(const struct ims_choice *c);

/* Whether a filter by object is set, and does not want the statistics of @object of @hook. */
bool choice_hides(const struct ims_choice *c, uint32_t hook, const char *object, bool selected);

/* The facts about the recording itself. Returns 0 or what @sink did. */
int choice_tell(const struct ims_choice *c, uint64_t time_ns,
		int (*sink)(void *arg, const struct ims_record *rec), void *arg);

#endif
