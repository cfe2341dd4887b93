// SPDX-License-Identifier: GPL-2.0-only
/* top_draw.c - a whole screen: title, screens, sums, tables or a pane of text, keys. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

struct page {
	struct top *t;
	const struct model *m;
	const struct top_status *status;
	struct pen pen;
	unsigned int height, y;
	top_line_fn *line;
	void *arg;
	int err;
};

static void end_line(struct page *p, bool selected)
{
	struct top_line line = {p->pen.width, selected, p->pen.cell};

	pen_to(&p->pen, p->pen.width);
	if (!p->err && p->y < p->height)
		p->err = p->line(p->arg, p->y, &line);
	p->y++;
	p->pen.x = 0;
}

/* The end of @s in the rest of the line, at its right. */
static void put_right(struct pen *pen, enum top_style style, const char *s)
{
	unsigned int need = pen_measure(pen, s);

	while (pen->x + need < pen->width)
		pen_put(pen, style, " ");
	if (pen->x + need == pen->width)
		pen_put(pen, style, s);
}

static void draw_title(struct page *p)
{
	const struct model_overview *o = model_overview(p->m);
	const struct top_status *s = p->status;
	uint64_t now = p->t->past.now_ns;
	char right[64];
	const char *slash = strrchr(s->source, '/');

	pen_put(&p->pen, TOP_TITLE, "iommutop ");
	if (*s->state)
		pen_printf(&p->pen, TOP_TITLE, "[%s] ", s->state);
	if (s->recording)
		pen_put(&p->pen, TOP_TITLE, "[REC] ");
	pen_put(&p->pen, TOP_TITLE, slash ? slash + 1 : s->source);
	if (*p->t->only)
		pen_printf(&p->pen, TOP_TITLE, "  filter: %s", p->t->only);
	snprintf(right, sizeof(right), "every %gs  +%.1fs ", s->delay,
		 o->first_ns && now > o->first_ns ? (double)(now - o->first_ns) / 1e9 : 0);
	put_right(&p->pen, TOP_TITLE, right);
	end_line(p, false);
}

static void put_alerts(struct page *p)
{
	uint64_t count[MODEL_CRITICAL + 1] = {0};
	const struct model_verdict *v = NULL;
	bool any = false;

	while ((v = model_next_verdict(p->m, v)))
		count[v->severity] += view_shows_verdict(p->t->filter, v);
	for (int s = MODEL_CRITICAL; s > MODEL_INFO; s--) {
		if (!count[s])
			continue;
		pen_printf(&p->pen, severity_style(s), "%s%" PRIu64 " %s", any ? ", " : "  ", count[s],
			   model_severity_name(s));
		any = true;
	}
	if (!any)
		pen_put(&p->pen, TOP_GOOD, "  no alerts");
}

static void draw_sums(struct page *p)
{
	const struct model_overview *o = model_overview(p->m);
	bool wide = p->pen.width >= 76;

	pen_printf(&p->pen, TOP_PLAIN, "%" PRIu64 " inst%s %" PRIu64 " gr%s %" PRIu64 " dev%s %"
		   PRIu64 " dom%s", o->instances, wide ? "ances" : "", o->groups, wide ? "oups" : "p",
		   o->devices, wide ? "ices" : "", o->domains, wide ? "ains" : "");
	if (model_lossy(p->m))
		pen_printf(&p->pen, TOP_BAD, "  LOSS %" PRIu64, o->lost);
	else
		pen_put(&p->pen, TOP_GOOD, "  no loss");
	put_alerts(p);
	end_line(p, false);
}

static void draw_head_table(struct page *p, const struct table *table)
{
	struct rows rows = {0};

	p->err = p->err ? p->err : table->collect(p->t, p->m, &rows);
	table_head(p->t, &p->pen, table, NULL);
	end_line(p, false);
	for (size_t i = 0; i < rows.count; i++) {
		table_row(p->t, &p->pen, table, NULL, &rows.row[i]);
		end_line(p, false);
	}
	free(rows.row);
	end_line(p, false);
}

/* Where the list begins so that the cursor is in it. */
static void keep_visible(struct place *place, size_t count, unsigned int height)
{
	if (place->cursor < place->top)
		place->top = place->cursor;
	if (place->cursor >= place->top + height)
		place->top = place->cursor - height + 1;
	if (place->top + height > count)
		place->top = count > height ? count - height : 0;
}

static void draw_list(struct page *p)
{
	const struct table *table = screens[p->t->screen]->list;
	struct place *place = &p->t->place[p->t->screen];
	unsigned int end = p->height - 1;

	p->err = p->err ? p->err : rows_make(p->t, p->m);
	table_head(p->t, &p->pen, table, place);
	end_line(p, false);
	p->t->list = (struct area){p->y, end > p->y ? end - p->y : 0};
	keep_visible(place, p->t->rows.count, p->t->list.height);
	if (!p->t->rows.count && p->y < end) {
		pen_printf(&p->pen, TOP_DIM, "  %s",
			   *p->t->only ? "nothing fits the filter" : table->empty);
		end_line(p, false);
	}
	for (size_t i = place->top; p->y < end && i < p->t->rows.count; i++) {
		table_row(p->t, &p->pen, table, place, &p->t->rows.row[i]);
		end_line(p, i == place->cursor);
	}
}

/* Text of the pane, from the line scrolled to. */
static void draw_text(struct page *p, char *text)
{
	unsigned int lines = 0, skip, room = p->height - 1 - p->y;

	for (const char *s = text; *s; s++)
		lines += *s == '\n';
	if (p->t->scroll + room > lines)
		p->t->scroll = lines > room ? lines - room : 0;
	skip = p->t->scroll;
	p->pen.escaped = true;
	while (*text && p->y < p->height - 1) {
		size_t len = strcspn(text, "\n");
		bool more = text[len];

		text[len] = '\0';
		if (skip) {
			skip--;
		} else {
			int style = *text - TEXT_STYLE(0);
			bool styled = style >= 0 && style < TOP_STYLES;

			pen_put(&p->pen, styled ? (enum top_style)style : TOP_PLAIN, text + styled);
			end_line(p, p->t->mode >= MODE_SORT && style == TOP_SORTED);
		}
		text += len + more;
	}
	p->pen.escaped = false;
}

static int pane_text(struct page *p, FILE *out)
{
	struct row row = p->t->shown;

	switch (p->t->mode) {
	case MODE_HELP:
		help_text(out);
		return 0;
	case MODE_SORT:
	case MODE_COLUMNS:
		menu_text(p->t, out);
		return 0;
	default:
		if (row_find(p->t, p->m, &row, p->t->shown_name))
			return detail_text(p->t, p->m, &row, out, p->pen.width);
		fputs("It is gone.\n", out);
		return 0;
	}
}

static void draw_pane(struct page *p)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out) {
		p->err = -ENOMEM;
		return;
	}
	err = pane_text(p, out);
	if (fclose(out) || err)
		p->err = err ? err : -ENOMEM;
	else
		draw_text(p, text);
	free(text);
}

static void draw_too_small(struct page *p)
{
	pen_printf(&p->pen, TOP_PLAIN, "iommutop needs %ux%u, this", TOP_MIN_WIDTH, TOP_MIN_HEIGHT);
	end_line(p, false);
	pen_printf(&p->pen, TOP_PLAIN, "terminal has %ux%u. q: quit", p->pen.width, p->height);
	end_line(p, false);
}

static void draw_body(struct page *p)
{
	const struct screen *screen = screens[p->t->screen];

	draw_title(p);
	bar_tabs(p->t, &p->pen);
	end_line(p, false);
	draw_sums(p);
	if (p->t->mode == MODE_LIST || p->t->mode == MODE_SEARCH || p->t->mode == MODE_FILTER) {
		if (screen->head && p->height > TOP_MIN_HEIGHT + 3)
			draw_head_table(p, screen->head);
		draw_list(p);
	} else {
		draw_pane(p);
	}
	while (p->y < p->height - 1)
		end_line(p, false);
	bar_keys(p->t, &p->pen, p->status);
}

int top_draw(struct top *t, const struct model *m, const struct top_status *status,
	     unsigned int width, unsigned int height, top_line_fn *line, void *arg)
{
	struct page p = {.t = t, .m = m, .status = status, .height = height, .line = line, .arg = arg};

	if (!width || !height)
		return 0;
	p.pen = (struct pen){calloc(width, sizeof(struct top_cell)), width, 0, t->ascii, false};
	if (!p.pen.cell)
		return -ENOMEM;
	t->model = m;
	t->list = (struct area){0, 0};
	t->list_width = width;
	if (width < TOP_MIN_WIDTH || height < TOP_MIN_HEIGHT)
		draw_too_small(&p);
	else
		draw_body(&p);
	while (p.y < height)
		end_line(&p, false);
	free(p.pen.cell);
	return p.err;
}
