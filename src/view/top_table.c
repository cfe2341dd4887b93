// SPDX-License-Identifier: GPL-2.0-only
/* top_table.c - a table as lines: which columns fit, their heads, their cells. */
#include "screen.h"

static const char *title_of(const struct column *c)
{
	return c->title ? c->title : c->key;
}

/* Columns of @rank and below, in their order, and how wide they are together. */
static unsigned int take(const struct table *table, unsigned int rank, uint8_t column[MAX_COLUMNS],
			 unsigned int *count)
{
	unsigned int width = 0;

	*count = 0;
	for (unsigned int i = 0; table->column[i].key && *count < MAX_COLUMNS; i++) {
		const struct column *c = &table->column[i];

		if (!c->rank || c->rank > rank)
			continue;
		column[(*count)++] = (uint8_t)i;
		width += c->width + (*count > 1);
	}
	return width;
}

/* As many of those chosen, from place->shift on, as fit; one at least. */
static unsigned int take_chosen(const struct table *table, const struct place *place,
				unsigned int width, uint8_t column[MAX_COLUMNS], unsigned int *used)
{
	unsigned int n = 0;

	*used = 0;
	for (unsigned int i = 0; i < place->shown_count; i++) {
		const struct column *c = &table->column[place->shown[i]];

		if (n && *used + 1 + c->width > width)
			break;
		*used += c->width + (n > 0);
		column[n++] = place->shown[i];
	}
	return n;
}

/* What is left over goes to those that can use it, the first one first. */
static void widen(const struct table *table, const uint8_t *column, unsigned int n, uint8_t *wide,
		  unsigned int left)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct column *c = &table->column[column[i]];
		unsigned int more = c->grow < left ? c->grow : left;

		wide[i] = (uint8_t)(c->width + more);
		left -= more;
	}
}

unsigned int columns_fit(const struct top *t, const struct table *table, const struct place *place,
			 unsigned int width, uint8_t column[MAX_COLUMNS], uint8_t wide[MAX_COLUMNS])
{
	unsigned int rank = 9, n, used;

	if (place && place->shown_count) {
		n = take_chosen(table, place, width, column, &used);
	} else {
		do
			used = take(table, rank, column, &n);
		while (used > width && --rank);
	}
	widen(table, column, n, wide, used < width ? width - used : 0);
	return n;
}

void table_head(const struct top *t, struct pen *p, const struct table *table,
		const struct place *place)
{
	uint8_t column[MAX_COLUMNS], wide[MAX_COLUMNS];
	unsigned int n = columns_fit(t, table, place, p->width, column, wide);

	for (unsigned int i = 0; i < n && p->x < p->width; i++) {
		const struct column *c = &table->column[column[i]];
		bool sorts = place && place->sort == column[i] && !place->tree;
		bool left = c->left;

		if (i)
			pen_cell(p, TOP_HEAD, "", 1, false);
		pen_cell(p, sorts ? TOP_SORTED : TOP_HEAD, title_of(c), wide[i], !left);
	}
	while (p->x < p->width)
		pen_put(p, TOP_HEAD, " ");
}

void table_row(const struct top *t, struct pen *p, const struct table *table,
	       const struct place *place, const struct row *row)
{
	uint8_t column[MAX_COLUMNS], wide[MAX_COLUMNS];
	unsigned int n = columns_fit(t, table, place, p->width, column, wide);
	char buf[2 * VALUE_ROOM];
	struct value v;

	for (unsigned int i = 0; i < n && p->x < p->width; i++) {
		const struct column *c = &table->column[column[i]];

		v.kind = VALUE_NONE;
		v.style = TOP_PLAIN;
		c->get(t, row, &v);
		pen_space(p, i > 0);
		if (c->ends)
			pen_ends(p, v.style, value_show(t, buf, &v, wide[i]), wide[i]);
		else
			pen_cell(p, v.style, value_show(t, buf, &v, wide[i]), wide[i], !c->left);
	}
}
