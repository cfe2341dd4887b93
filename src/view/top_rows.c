// SPDX-License-Identifier: GPL-2.0-only
/* top_rows.c - the list of a screen: collected, filtered, sorted, and where the cursor is in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

int rows_add(struct rows *rows, const struct row *row)
{
	struct row *more;

	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 256;

		more = realloc(rows->row, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		rows->row = more;
		rows->room = room;
	}
	rows->row[rows->count++] = *row;
	return 0;
}

/* ---- which object --------------------------------------------------------------------------- */

const char *row_name(const struct row *row)
{
	switch (row->kind) {
	case ROW_INSTANCE:
		return ((const struct model_instance *)row->object)->name;
	case ROW_DEVICE:
		return ((const struct model_device *)row->object)->name;
	case ROW_OP:
		return row->object ? ((const struct model_instance *)row->object)->name : "";
	default:
		return "";
	}
}

bool row_is(const struct row *row, const struct row *wanted, const char *name)
{
	return row->kind == wanted->kind && row->id == wanted->id && row->op == wanted->op &&
	       (!*name || !strncmp(row_name(row), name, IMS_NAME_LEN - 1));
}

static const struct model_verdict *verdict_at(const struct model *m, uint64_t i)
{
	const struct model_verdict *v = model_next_verdict(m, NULL);

	while (v && i--)
		v = model_next_verdict(m, v);
	return v;
}

bool row_find(const struct top *t, const struct model *m, struct row *row, const char *name)
{
	switch (row->kind) {
	case ROW_INSTANCE:
		row->object = model_find_instance(m, name);
		row->past = row->object ? past_instance(&t->past, row->object) : NULL;
		return row->object;
	case ROW_OP:
		row->object = *name ? model_find_instance(m, name) : NULL;
		row->past = row->object ? past_instance(&t->past, row->object) : NULL;
		return row->object || !*name;
	case ROW_GROUP:
		return (row->object = model_find_group(m, (uint32_t)row->id));
	case ROW_DEVICE:
		row->object = model_find_device(m, name);
		row->past = row->object ? past_device(&t->past, row->object) : NULL;
		return row->object;
	case ROW_DOMAIN:
		row->object = model_find_domain(m, row->id);
		row->past = past_domain(&t->past, row->id);
		return row->object;
	case ROW_VERDICT:
		return (row->object = verdict_at(m, row->id));
	case ROW_PLAN:
		return (row->object = model_plan(m, row->id));
	}
	return true;
}

/* ---- columns -------------------------------------------------------------------------------- */

unsigned int column_count(const struct table *table)
{
	unsigned int n = 0;

	while (table->column[n].key)
		n++;
	return n;
}

int column_find(const struct table *table, const char *key, size_t len)
{
	for (int i = 0; table->column[i].key; i++)
		if (strlen(table->column[i].key) == len && !strncmp(table->column[i].key, key, len))
			return i;
	return -ENOENT;
}

/* ---- filter --------------------------------------------------------------------------------- */

static bool row_has(const struct top *t, const struct table *table, const struct row *row,
		    const char *text)
{
	char buf[2 * VALUE_ROOM];
	struct value v;

	for (const struct column *c = table->column; c->key; c++) {
		if (!c->name)
			continue;
		v = (struct value){0};
		c->get(t, row, &v);
		if (v.kind != VALUE_NONE && strcasestr(value_show(t, buf, &v, VIEW_TEXT), text))
			return true;
	}
	return false;
}

/* Rows that fit, what is below them in the tree, and what they are below of. */
static int filter(const struct top *t, const struct table *table, struct rows *rows)
{
	unsigned int under = UINT8_MAX, above = 0;
	bool *keep = calloc(rows->count + 1, sizeof(*keep));
	size_t kept = 0;

	if (!keep)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (row->depth <= under)
			under = UINT8_MAX;
		keep[i] = under != UINT8_MAX || row_has(t, table, row, t->only);
		if (keep[i] && under == UINT8_MAX)
			under = row->depth;
	}
	for (size_t i = rows->count; i--;) {
		keep[i] |= rows->row[i].depth < above;
		if (keep[i])
			above = rows->row[i].depth;
	}
	for (size_t i = 0; i < rows->count; i++)
		if (keep[i])
			rows->row[kept++] = rows->row[i];
	rows->count = kept;
	free(keep);
	return 0;
}

/* ---- sort ----------------------------------------------------------------------------------- */

struct sort_key {
	double number;
	uint32_t at;
	uint32_t own; /* its text is to be freed */
};

struct sorting {
	struct sort_key *key;
	const char **text; /* of each row; NULL: the number */
	bool greatest_first;
};

/* Equal ones stay in the order they came in. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct sort_key *x = a, *y = b;
	const struct sorting *s = arg;
	int order = 0;

	if (s->text[x->at] && s->text[y->at])
		order = strcmp(s->text[x->at], s->text[y->at]);
	else if (x->number != y->number)
		order = x->number < y->number ? -1 : 1;
	if (order)
		return s->greatest_first ? -order : order;
	return x->at < y->at ? -1 : 1;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* Returns whether it is text. */
static bool take_key(const struct top *t, const struct column *c, const struct row *row,
		     struct sorting *s, uint32_t at)
{
	struct value v;

	v.kind = VALUE_NONE;
	c->get(t, row, &v);
	s->key[at] = (struct sort_key){.number = value_key(&v), .at = at};
	s->text[at] = NULL;
	if (v.kind != VALUE_TEXT)
		return false;
	s->key[at].own = v.text == v.buf;
	s->text[at] = v.text == v.buf ? strdup(v.text) : v.text;
	return true;
}

static void sort_keys(struct sorting *s, size_t count, bool any_text)
{
	if (any_text) {
		qsort_r(s->key, count, sizeof(*s->key), compare, s);
		return;
	}
	/* Most are numbers, and many: the short way. */
	for (size_t i = 0; s->greatest_first && i < count; i++)
		s->key[i].number = -s->key[i].number;
	qsort(s->key, count, sizeof(*s->key), compare_numbers);
}

static int sort(const struct top *t, const struct column *c, bool greatest_first, struct rows *rows)
{
	struct sorting s = {.key = malloc((rows->count + 1) * sizeof(*s.key)),
			    .text = malloc((rows->count + 1) * sizeof(*s.text)),
			    .greatest_first = greatest_first};
	struct row *sorted = malloc((rows->count + 1) * sizeof(*sorted));
	bool all = s.key && s.text && sorted, any_text = false;

	for (size_t i = 0; all && i < rows->count; i++)
		any_text |= take_key(t, c, &rows->row[i], &s, (uint32_t)i);
	if (all)
		sort_keys(&s, rows->count, any_text);
	for (size_t i = 0; all && i < rows->count; i++) {
		sorted[i] = rows->row[s.key[i].at];
		sorted[i].depth = 0;
		if (s.key[i].own)
			free((void *)s.text[s.key[i].at]);
	}
	free(all ? rows->row : sorted);
	free(s.key);
	free(s.text);
	if (!all)
		return -ENOMEM;
	*rows = (struct rows){sorted, rows->count, rows->count + 1};
	return 0;
}

/* ---- the list ------------------------------------------------------------------------------- */

/* The selected object where it is now; when it is gone, what stands in its place. */
static void follow(struct top *t, struct place *place)
{
	for (size_t i = 0; place->followed && i < t->rows.count; i++)
		if (row_is(&t->rows.row[i], &place->selected, place->selected_name)) {
			place->cursor = i;
			return;
		}
	if (place->cursor >= t->rows.count)
		place->cursor = t->rows.count ? t->rows.count - 1 : 0;
}

int rows_make(struct top *t, const struct model *m)
{
	const struct table *table = screens[t->screen]->list;
	struct place *place = &t->place[t->screen];
	uint64_t records = model_overview(m)->records;
	int err;

	if (!t->stale && t->rows_records == records)
		return 0;
	t->rows.count = 0;
	err = table->collect(t, m, &t->rows);
	if (!err && *t->only)
		err = filter(t, table, &t->rows);
	if (!err && place->sort >= 0 && !(screens[t->screen]->tree && place->tree))
		err = sort(t, &table->column[place->sort], place->greatest_first, &t->rows);
	follow(t, place);
	t->stale = err;
	t->rows_records = records;
	return err;
}

const struct row *rows_selected(const struct top *t)
{
	size_t at = t->place[t->screen].cursor;

	return at < t->rows.count ? &t->rows.row[at] : NULL;
}

void rows_select(struct top *t, size_t at)
{
	struct place *place = &t->place[t->screen];

	if (!t->rows.count)
		return;
	place->cursor = at < t->rows.count ? at : t->rows.count - 1;
	place->selected = t->rows.row[place->cursor];
	snprintf(place->selected_name, sizeof(place->selected_name), "%s",
		 row_name(&place->selected));
	place->followed = true;
}

bool rows_search(struct top *t, const char *text, size_t from, int step)
{
	size_t n = t->rows.count;

	for (size_t i = 0; *text && i < n; i++) {
		size_t at = (from + (step > 0 ? i : n - i)) % n;

		if (row_has(t, screens[t->screen]->list, &t->rows.row[at], text)) {
			rows_select(t, at);
			return true;
		}
	}
	return false;
}
