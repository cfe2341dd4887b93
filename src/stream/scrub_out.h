/* SPDX-License-Identifier: GPL-2.0-only */
/* scrub_out.h - how scrubbed text is written: what scrub.c and scrub_cmdline.c share. */
#ifndef STREAM_SCRUB_OUT_H
#define STREAM_SCRUB_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "scrub.h"

#define WORD_MAX 4096

/* What does not fit is cut. */
struct out {
	char *p, *end;
};

struct out out_begin(char *buf, size_t size);
void out_put(struct out *o, const char *text, size_t len);
void out_end(struct out *o);

/* Writes the name that stands for @original. */
void out_replace(struct scrub *s, struct out *o, enum scrub_kind kind, const char *original,
		 size_t len);

/* Writes @text with everything replaced that can be told by its form; @with_tasks: and tasks. */
void out_scrubbed(struct scrub *s, const char *text, struct out *o, bool with_tasks);

#endif
