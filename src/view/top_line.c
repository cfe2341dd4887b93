// SPDX-License-Identifier: GPL-2.0-only
/* top_line.c - lines of cells: escaping, widths, cutting. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "screen.h"

/* One character of UTF-8 at @s: its bytes, or 0 when there is none that is whole and shortest. */
static size_t decode(const char *s, wchar_t *c)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t code = len < 2 ? p[0] : p[0] & (0x7f >> len);

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (len > 1 && (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
		return 0;
	*c = (wchar_t)code;
	return len;
}

/* What must not reach a terminal although it has a width: private use could be anything. */
static bool is_private(wchar_t c)
{
	return (c >= 0xe000 && c < 0xf900) || c >= 0xe0000;
}

/*
 * One character of @s as it is shown: into @text, with its @columns. Returns the bytes of @s it took.
 * Controls, what has no width, and what is no UTF-8 are \xNN.
 */
static size_t shown(const struct pen *p, const char *s, char text[7], unsigned int *columns)
{
	wchar_t c = 0;
	size_t len = decode(s, &c);
	int width = len == 1 ? (c >= ' ' && c <= '~' ? 1 : -1) : -1;

	if (len > 1 && !p->ascii && !is_private(c))
		width = wcwidth(c);
	if (*s == '\\' && !p->escaped) {
		strcpy(text, "\\\\");
		*columns = 2;
		return 1;
	}
	if (width < 1) {
		sprintf(text, "\\x%02x", (unsigned char)*s);
		*columns = 4;
		return 1;
	}
	memcpy(text, s, len);
	text[len] = '\0';
	*columns = (unsigned int)width;
	return len;
}

unsigned int pen_measure(const struct pen *p, const char *s)
{
	unsigned int columns, sum = 0;
	char text[7];

	while (*s && sum < 1u << 20) {
		s += shown(p, s, text, &columns);
		sum += columns;
	}
	return sum;
}

static void put_cell(struct pen *p, enum top_style style, const char *text)
{
	struct top_cell *cell = &p->cell[p->x++];

	cell->style = (uint8_t)style;
	strcpy(cell->text, text);
}

/* @text takes @columns; an escape is as many cells, a wide character leaves the second one empty. */
static void put_shown(struct pen *p, enum top_style style, const char *text, unsigned int columns)
{
	char one[2] = "";

	if (*text == '\\' && columns > 1) {
		for (; *text; text++) {
			one[0] = *text;
			put_cell(p, style, one);
		}
		return;
	}
	put_cell(p, style, text);
	if (columns == 2)
		put_cell(p, style, "");
}

/* As much as fits into @width columns; returns how many it took. */
static unsigned int put_some(struct pen *p, enum top_style style, const char *s, unsigned int width)
{
	unsigned int columns, sum = 0;
	char text[7];

	if (width > p->width - p->x)
		width = p->width - p->x;
	while (*s) {
		s += shown(p, s, text, &columns);
		if (sum + columns > width)
			break;
		put_shown(p, style, text, columns);
		sum += columns;
	}
	return sum;
}

void pen_put(struct pen *p, enum top_style style, const char *s)
{
	put_some(p, style, s, p->width);
}

void pen_printf(struct pen *p, enum top_style style, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		pen_put(p, style, text);
	va_end(args);
	free(text);
}

static void pad(struct pen *p, enum top_style style, unsigned int count)
{
	while (count-- && p->x < p->width)
		put_cell(p, style, " ");
}

void pen_space(struct pen *p, unsigned int count)
{
	pad(p, TOP_PLAIN, count);
}

void pen_to(struct pen *p, unsigned int x)
{
	if (x > p->x)
		pen_space(p, x - p->x);
}

void pen_cell(struct pen *p, enum top_style style, const char *s, unsigned int width, bool right)
{
	unsigned int need = pen_measure(p, s), begin = p->x, got;

	if (need > width && width) {
		got = put_some(p, style, s, width - 1);
		if (p->x < p->width)
			put_cell(p, style, "~");
		pad(p, style, width - got - 1);
		return;
	}
	if (right)
		pad(p, style, width - need);
	pen_put(p, style, s);
	pad(p, style, begin + width > p->x ? begin + width - p->x : 0);
}

void pen_ends(struct pen *p, enum top_style style, const char *s, unsigned int width)
{
	unsigned int need = pen_measure(p, s), first = width / 3, last = width - first - 1;
	struct top_cell cell[256];
	struct pen whole = {.cell = cell, .width = 256, .ascii = p->ascii};

	if (need <= width || need > whole.width || width < 3 || p->x + width > p->width) {
		pen_cell(p, style, s, width, false);
		return;
	}
	pen_put(&whole, style, s);
	memcpy(&p->cell[p->x], cell, first * sizeof(*cell));
	p->x += first;
	put_cell(p, style, "~");
	memcpy(&p->cell[p->x], &cell[need - last], last * sizeof(*cell));
	p->x += last;
}

void pen_clear(struct pen *p)
{
	p->x = 0;
	pen_space(p, p->width);
	p->x = 0;
}
