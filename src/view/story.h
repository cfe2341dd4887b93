/* SPDX-License-Identifier: GPL-2.0-only */
/* story.h - phrases that several stories use. They go to a file in memory, escaped. */
#ifndef VIEW_STORY_H
#define VIEW_STORY_H

#include <iommuscope/view.h>

void story_who(FILE *out, const char *comm, uint32_t pid);
void story_domain(FILE *out, const struct model *m, uint64_t id);
/* "device X (group N), behind Y" */
void story_device(FILE *out, const struct model_verdict *v);

/* story_fault.c */
void story_fault(FILE *out, const struct model *m, const struct model_verdict *v);

#endif
