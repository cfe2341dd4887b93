/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * line.h - text in the making, for outputs of millions of lines: no format strings, no locks.
 *
 * What does not fit goes to the file early, so a line may be as long as it likes. The file must be
 * of one thread only.
 */
#ifndef VIEW_LINE_H
#define VIEW_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 512

struct line {
	FILE *out;
	uint32_t used;
	char text[LINE_BYTES];
};

/* @n, at least @digits of it with zeros in front, without a NUL; returns where it ends. */
#define LINE_DIGITS 20 /* of 2^64 */
char *line_digits(char *buf, uint64_t n, unsigned int digits);

void line_flush(struct line *l);
void line_long(struct line *l, const char *s, size_t bytes); /* for line_bytes() */
void line_number(struct line *l, uint64_t n);
void line_hex(struct line *l, uint64_t n);
/* See view_escape() and view_cut(). */
void line_escaped(struct line *l, const char *s);
unsigned int line_cut(struct line *l, const char *s, unsigned int width);

static inline void line_room(struct line *l, uint32_t bytes)
{
	if (l->used + bytes > LINE_BYTES)
		line_flush(l);
}

static inline void line_char(struct line *l, char c)
{
	line_room(l, 1);
	l->text[l->used++] = c;
}

/* Inline, so that the length of a literal is a constant. */
static inline void line_bytes(struct line *l, const char *s, size_t bytes)
{
	if (bytes > LINE_BYTES - l->used) {
		line_long(l, s, bytes);
		return;
	}
	memcpy(l->text + l->used, s, bytes);
	l->used += (uint32_t)bytes;
}

static inline void line_text(struct line *l, const char *s)
{
	line_bytes(l, s, strlen(s));
}

static inline void line_blanks(struct line *l, int n)
{
	while (n-- > 0)
		line_char(l, ' ');
}

#endif
