// SPDX-License-Identifier: GPL-2.0-only
/* top_print.c - the screens without a terminal: as text, and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "screen.h"

/* ---- text ----------------------------------------------------------------------------------- */

#define TEXT_WIDTH 80

static void print_line(FILE *out, const struct pen *p)
{
	unsigned int end = p->x;

	while (end && !strcmp(p->cell[end - 1].text, " "))
		end--;
	for (unsigned int i = 0; i < end; i++)
		fputs(p->cell[i].text, out);
	fputc('\n', out);
}

static void print_table(const struct top *t, const struct table *table, const struct place *place,
			const struct rows *rows, FILE *out, size_t most)
{
	struct top_cell cell[TEXT_WIDTH];
	struct pen p = {.cell = cell, .width = TEXT_WIDTH, .ascii = t->ascii};

	table_head(t, &p, table, place);
	print_line(out, &p);
	for (size_t i = 0; i < rows->count && (!most || i < most); i++) {
		p.x = 0;
		table_row(t, &p, table, place, &rows->row[i]);
		print_line(out, &p);
	}
	if (!rows->count)
		fprintf(out, "  %s\n", *t->only ? "nothing fits the filter" : table->empty);
	if (most && rows->count > most)
		fprintf(out, "  ... and %zu more\n", rows->count - most);
	fputc('\n', out);
}

static int text_screen(struct top *t, const struct model *m, FILE *out, size_t most)
{
	const struct screen *screen = screens[t->screen];
	struct rows head = {0};
	int err = 0;

	if (screen->head) {
		err = screen->head->collect(t, m, &head);
		if (!err)
			print_table(t, screen->head, NULL, &head, out, 0);
		free(head.row);
	}
	if (!err)
		err = rows_make(t, m);
	if (!err)
		print_table(t, screen->list, &t->place[t->screen], &t->rows, out, most);
	return err;
}

static void print_sums(const struct top *t, const struct model *m, FILE *out)
{
	const struct model_overview *o = model_overview(m);
	uint64_t now = t->past.now_ns > o->first_ns ? t->past.now_ns - o->first_ns : 0;

	fprintf(out, "%" PRIu64 " instances, %" PRIu64 " groups, %" PRIu64 " devices, %" PRIu64
		" domains%s\n", o->instances, o->groups, o->devices, o->domains,
		model_lossy(m) ? "; LOSS, see below" : "");
	fprintf(out, "+%.3f s", o->first_ns ? (double)now / 1e9 : 0);
	if (t->past.interval_ns)
		fprintf(out, ", rates over %.3f s\n\n", (double)t->past.interval_ns / 1e9);
	else
		fputs(", no rates yet\n\n", out);
}

int top_text(struct top *t, const struct model *m, FILE *out, uint32_t which, size_t rows)
{
	const struct view_options o = {.width = TEXT_WIDTH, .ascii = t->ascii};
	struct view v;
	int err = 0;

	t->model = m;
	print_sums(t, m, out);
	for (int i = 0; !err && i < TOP_SCREENS; i++) {
		if (!(which & 1u << i))
			continue;
		top_go(t, i);
		err = text_screen(t, m, out, rows);
	}
	if (err)
		return err;
	view_init(&v, out, m, &o);
	view_loss(&v);
	return view_done(out);
}

/* "domain:12": which object that is; its name is in @name. */
static int parse_object(const char *object, struct row *row, const char **name)
{
	static const struct {
		const char *prefix;
		enum row_kind kind;
		bool named;
	} kinds[] = {
		{"instance:", ROW_INSTANCE, true}, {"device:", ROW_DEVICE, true},
		{"group:", ROW_GROUP, false},	   {"domain:", ROW_DOMAIN, false},
		{"verdict:", ROW_VERDICT, false},  {"plan:", ROW_PLAN, false},
	};
	char *end = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(object, kinds[i].prefix, len))
			continue;
		*row = (struct row){.kind = kinds[i].kind};
		*name = kinds[i].named ? object + len : "";
		if (!kinds[i].named)
			row->id = strtoull(object + len, &end, 10);
		return object[len] && (!end || !*end) ? 0 : -ENOENT;
	}
	return -ENOENT;
}

int top_object_text(struct top *t, const struct model *m, FILE *out, const char *object)
{
	const char *name = "";
	char *text = NULL;
	struct row row;
	size_t len;
	FILE *memory;
	int err;

	t->model = m;
	if (parse_object(object, &row, &name) || !row_find(t, m, &row, name))
		return -ENOENT;
	memory = open_memstream(&text, &len);
	if (!memory)
		return -ENOMEM;
	err = detail_text(t, m, &row, memory, TEXT_WIDTH);
	if (fclose(memory) && !err)
		err = -ENOMEM;
	for (const char *s = text; !err && *s; s++)
		if (*s == '\n' || *s < TEXT_STYLE(0) || *s >= TEXT_STYLE(TOP_STYLES))
			fputc(*s, out);
	free(text);
	return err ? err : view_done(out);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *row_json(const struct top *t, const struct table *table, const struct row *row)
{
	json_t *o = json_object();
	struct value v;

	for (const struct column *c = table->column; c->key; c++) {
		v.kind = VALUE_NONE;
		c->get(t, row, &v);
		o = json_with(o, c->key, value_json(t, &v));
	}
	return o;
}

static int json_table(const struct top *t, const struct table *table, const struct rows *rows,
		      FILE *out, size_t most)
{
	int err = 0;

	fprintf(out, ",\"%s\":[", table->key);
	for (size_t i = 0; !err && i < rows->count && (!most || i < most); i++) {
		if (i)
			fputc(',', out);
		err = json_write(out, row_json(t, table, &rows->row[i]));
	}
	fputc(']', out);
	return err;
}

static int json_screen(struct top *t, const struct model *m, FILE *out, size_t most)
{
	const struct screen *screen = screens[t->screen];
	struct rows head = {0};
	int err = 0;

	if (screen->head) {
		err = screen->head->collect(t, m, &head);
		if (!err)
			err = json_table(t, screen->head, &head, out, 0);
		free(head.row);
	}
	/* The verdicts below the overview are a screen of their own. */
	if (err || t->screen == TOP_OVERVIEW)
		return err;
	err = rows_make(t, m);
	return err ? err : json_table(t, screen->list, &t->rows, out, most);
}

/* Readers of JSON have no more than INT64_MAX. */
static void write_number(FILE *out, const char *key, uint64_t n)
{
	fprintf(out, ",\"%s\":%" PRIu64, key, n < INT64_MAX ? n : INT64_MAX);
}

int top_json(struct top *t, const struct model *m, FILE *out, uint32_t which, size_t rows)
{
	const struct model_overview *o = model_overview(m);
	uint64_t now = t->past.now_ns > o->first_ns ? t->past.now_ns - o->first_ns : 0;
	int err = 0;

	t->model = m;
	fprintf(out, "{\"schema\":%d,\"lossy\":%s", TOP_JSON_SCHEMA, model_lossy(m) ? "true" : "false");
	write_number(out, "time_ns", o->first_ns ? now : 0);
	write_number(out, "interval_ns", t->past.interval_ns);
	write_number(out, "instances_known", o->instances);
	write_number(out, "groups", o->groups);
	write_number(out, "devices_known", o->devices);
	write_number(out, "domains_alive", o->domains);
	write_number(out, "lost", o->lost);
	for (int i = 0; !err && i < TOP_SCREENS; i++) {
		if (!(which & 1u << i))
			continue;
		top_go(t, i);
		err = json_screen(t, m, out, rows);
	}
	fputs("}\n", out);
	return err ? err : view_done(out);
}
