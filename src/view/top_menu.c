// SPDX-License-Identifier: GPL-2.0-only
/* top_menu.c - help, and the menus that choose the columns and what sorts. */
#include <inttypes.h>
#include <string.h>

#include "screen.h"

void help_text(FILE *out)
{
	static const char *const text =
		"%cKEYS\n"
		"  1 to 8, Tab   screens             Up Down PgUp PgDn   move; follows its object\n"
		"  Enter, F9     all about it        Home                to the first row\n"
		"  / F3, n       search, next        \\ F4                only rows that have it\n"
		"  s F6          sort by a column    < >                 the one before, after it\n"
		"  I             the other way round t F5                tree (devices)\n"
		"  c F2          choose columns      a                   also freed domains\n"
		"  p F7, Space   pause               r F8                start or end a recording\n"
		"  h F1 ?        this                q F10, Ctrl-C       quit\n"
		"  mouse         click on a row, a column, a screen, a key; wheel\n"
		"%cA RECORDING\n"
		"  .             one step            + -                 faster, slower\n"
		"  [ ]           10 s back, forward  { }                 begin, end\n"
		"%cWHAT IT SHOWS\n"
		"  Rates and percentiles are of the last interval, MAX and TOTAL since the start.\n"
		"  An operation contains inner ones: dma-map its map, iotlb-sync its queue-syncs.\n"
		"  Never add those up. - means not known, or that nothing was timed.\n"
		"  SEVERITY   X critical   E error   ! warning   ? undecided   . notice\n"
		"  LOSS: something was not seen; docs/verdicts.md tells what that hides.\n";

	fprintf(out, text, TEXT_STYLE(TOP_BOLD), TEXT_STYLE(TOP_BOLD), TEXT_STYLE(TOP_BOLD));
}

static bool is_shown(const struct top *t, unsigned int column)
{
	const struct place *place = &t->place[t->screen];
	const struct table *table = screens[t->screen]->list;

	for (unsigned int i = 0; i < place->shown_count; i++)
		if (place->shown[i] == column)
			return true;
	return !place->shown_count && table->column[column].rank;
}

void menu_text(const struct top *t, FILE *out)
{
	const struct table *table = screens[t->screen]->list;
	const struct place *place = &t->place[t->screen];

	if (t->mode == MODE_SORT)
		fprintf(out, "%cSORT BY   Enter: this one, again: other way round; Esc: leave\n",
			TEXT_STYLE(TOP_BOLD));
	else
		fprintf(out, "%cCOLUMNS   Space: show or not; d: as by default; Esc: done\n",
			TEXT_STYLE(TOP_BOLD));
	for (unsigned int i = 0; table->column[i].key; i++) {
		const struct column *c = &table->column[i];
		bool on = t->mode == MODE_SORT ? place->sort == (int)i : is_shown(t, i);
		const char *mark = t->mode != MODE_SORT ? "[x]" : place->greatest_first ? "[v]" : "[^]";

		fprintf(out, "%c%s %-14s %-23s %s\n",
			TEXT_STYLE(i == t->menu ? TOP_SORTED : TOP_PLAIN), on ? mark : "[ ]", c->key,
			c->title, c->help ? c->help : "");
	}
}

/* From the default to a choice of one's own, in the table's order. */
static void toggle(struct top *t)
{
	struct place *place = &t->place[t->screen];
	unsigned int n = column_count(screens[t->screen]->list);
	uint8_t shown[MAX_COLUMNS], count = 0;

	for (uint8_t i = 0; i < n && count < MAX_COLUMNS; i++)
		if (is_shown(t, i) != (i == t->menu))
			shown[count++] = i;
	if (!count)
		return;
	memcpy(place->shown, shown, count);
	place->shown_count = count;
}

static void choose_sort(struct top *t)
{
	struct place *place = &t->place[t->screen];

	if (place->sort == (int)t->menu && !place->tree)
		place->greatest_first = !place->greatest_first;
	else
		place->greatest_first = !screens[t->screen]->list->column[t->menu].left;
	place->sort = (int8_t)t->menu;
	place->tree = false;
	t->mode = MODE_LIST;
}

enum top_action menu_key(struct top *t, int key)
{
	unsigned int n = column_count(screens[t->screen]->list);

	t->stale = true;
	switch (key) {
	case TOP_KEY_UP:
		t->menu = t->menu ? t->menu - 1 : n - 1;
		break;
	case TOP_KEY_DOWN:
		t->menu = t->menu + 1 < n ? t->menu + 1 : 0;
		break;
	case TOP_KEY_ENTER:
	case ' ':
		if (t->mode == MODE_SORT)
			choose_sort(t);
		else
			toggle(t);
		break;
	case 'd':
		t->place[t->screen].shown_count = 0;
		break;
	default:
		t->mode = MODE_LIST;
	}
	/* The menu is longer than a small screen: its cursor stays in sight. */
	t->scroll = t->menu > 8 ? t->menu - 8 : 0;
	return TOP_NOTHING;
}
