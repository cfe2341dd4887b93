// SPDX-License-Identifier: GPL-2.0-only
/* top_key.c - what keys and the mouse do. */
#include <stdlib.h>
#include <string.h>

#include "screen.h"

static struct place *here(struct top *t)
{
	return &t->place[t->screen];
}

/* ---- moving --------------------------------------------------------------------------------- */

static void move_to(struct top *t, long long at)
{
	rows_select(t, at < 0 ? 0 : (size_t)at);
}

static void scroll_by(struct top *t, long long lines)
{
	long long to = (long long)t->scroll + lines;

	t->scroll = to < 0 ? 0 : (unsigned int)to;
}

/* Returns whether @key is one that moves. */
static bool move(struct top *t, int key)
{
	long long at = (long long)here(t)->cursor, page = t->list.height ? t->list.height : 10;

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		move_to(t, at - 1);
		return true;
	case TOP_KEY_DOWN:
	case 'j':
		move_to(t, at + 1);
		return true;
	case TOP_KEY_PAGE_UP:
		move_to(t, at - page);
		return true;
	case TOP_KEY_PAGE_DOWN:
		move_to(t, at + page);
		return true;
	case TOP_KEY_HOME:
		here(t)->cursor = here(t)->top = 0;
		here(t)->followed = false;
		return true;
	case TOP_KEY_END:
		move_to(t, (long long)t->rows.count - 1);
		return true;
	}
	return false;
}

/* ---- panes ---------------------------------------------------------------------------------- */

static void open_detail(struct top *t)
{
	const struct row *row = rows_selected(t);

	if (!row)
		return;
	t->shown = *row;
	snprintf(t->shown_name, sizeof(t->shown_name), "%s", row_name(row));
	t->mode = MODE_DETAIL;
	t->scroll = 0;
}

static void open_menu(struct top *t, enum mode mode)
{
	t->mode = mode;
	t->scroll = 0;
	t->menu = mode == MODE_SORT && here(t)->sort >= 0 ? (unsigned int)here(t)->sort : 0;
}

static enum top_action pane_key(struct top *t, int key)
{
	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		scroll_by(t, -1);
		break;
	case TOP_KEY_DOWN:
	case 'j':
		scroll_by(t, 1);
		break;
	case TOP_KEY_PAGE_UP:
		scroll_by(t, -10);
		break;
	case TOP_KEY_PAGE_DOWN:
	case ' ':
		scroll_by(t, 10);
		break;
	case TOP_KEY_HOME:
		t->scroll = 0;
		break;
	case TOP_KEY_END:
		t->scroll = UINT32_MAX / 2;
		break;
	default:
		t->mode = MODE_LIST;
	}
	return TOP_NOTHING;
}

/* ---- prompts -------------------------------------------------------------------------------- */

static void take_typed(struct top *t)
{
	if (t->mode == MODE_FILTER) {
		strcpy(t->only, t->typed);
		t->stale = true;
		return;
	}
	strcpy(t->needle, t->typed);
	if (*t->needle && !rows_search(t, t->needle, here(t)->cursor, 1))
		snprintf(t->status, sizeof(t->status), "not found");
}

static void erase_character(char *s)
{
	size_t len = strlen(s);

	while (len && (s[--len] & 0xc0) == 0x80)
		;
	s[len] = '\0';
}

/* Characters come as bytes of UTF-8. */
static enum top_action prompt_key(struct top *t, int key)
{
	size_t len = strlen(t->typed);

	switch (key) {
	case TOP_KEY_ESCAPE:
		if (t->mode == MODE_FILTER)
			t->only[0] = '\0';
		t->stale = true;
		t->mode = MODE_LIST;
		return TOP_NOTHING;
	case TOP_KEY_ENTER:
		if (t->mode == MODE_SEARCH && *t->typed)
			rows_search(t, t->typed, here(t)->cursor, 1);
		t->mode = MODE_LIST;
		return TOP_NOTHING;
	case TOP_KEY_BACKSPACE:
		erase_character(t->typed);
		break;
	default:
		if (key < ' ' || key > 255 || key == 127 || len + 1 >= sizeof(t->typed))
			return TOP_NOTHING;
		t->typed[len] = (char)key;
		t->typed[len + 1] = '\0';
	}
	take_typed(t);
	return TOP_NOTHING;
}

static void open_prompt(struct top *t, enum mode mode)
{
	t->mode = mode;
	strcpy(t->typed, mode == MODE_FILTER ? t->only : "");
}

/* ---- the list ------------------------------------------------------------------------------- */

/* The column that sorts becomes the next of those that can be seen. */
static void sort_beside(struct top *t, int step)
{
	const struct table *table = screens[t->screen]->list;
	uint8_t column[MAX_COLUMNS], wide[MAX_COLUMNS];
	unsigned int n = columns_fit(t, table, here(t), t->list_width, column, wide);
	int at = step > 0 ? -1 : 0;

	for (unsigned int i = 0; i < n; i++)
		if (column[i] == here(t)->sort)
			at = (int)i;
	at = (at + step + (int)n) % (int)n;
	here(t)->sort = (int8_t)column[at];
	here(t)->greatest_first = !table->column[column[at]].left;
	here(t)->tree = false;
}

static void toggle_tree(struct top *t)
{
	if (screens[t->screen]->tree)
		here(t)->tree = !here(t)->tree;
	else
		snprintf(t->status, sizeof(t->status), "only the screen of devices has a tree");
}

static void go(struct top *t, int screen)
{
	t->screen = (enum top_screen_id)((screen + TOP_SCREENS) % TOP_SCREENS);
	t->mode = MODE_LIST;
}

/* Keys that change what the list shows. Returns whether @key is one. */
static bool change(struct top *t, int key)
{
	switch (key) {
	case '\t':
	case TOP_KEY_RIGHT:
		go(t, (int)t->screen + 1);
		return true;
	case TOP_KEY_BACKTAB:
	case TOP_KEY_LEFT:
		go(t, (int)t->screen - 1);
		return true;
	case 't':
	case TOP_KEY_F0 + 5:
		toggle_tree(t);
		return true;
	case 'I':
		here(t)->greatest_first = !here(t)->greatest_first;
		return true;
	case 'a':
		t->freed = !t->freed;
		return true;
	case '<':
	case '>':
		sort_beside(t, key == '>' ? 1 : -1);
		return true;
	}
	if (key < '1' || key >= '1' + TOP_SCREENS)
		return false;
	go(t, key - '1');
	return true;
}

/* Keys that open something. Returns whether @key is one. */
static bool open_something(struct top *t, int key)
{
	switch (key) {
	case TOP_KEY_ENTER:
	case TOP_KEY_F0 + 9:
		open_detail(t);
		return true;
	case 'h':
	case '?':
	case TOP_KEY_F0 + 1:
		t->mode = MODE_HELP;
		t->scroll = 0;
		return true;
	case 'c':
	case TOP_KEY_F0 + 2:
		open_menu(t, MODE_COLUMNS);
		return true;
	case 's':
	case TOP_KEY_F0 + 6:
		open_menu(t, MODE_SORT);
		return true;
	case '/':
	case TOP_KEY_F0 + 3:
		open_prompt(t, MODE_SEARCH);
		return true;
	case '\\':
	case TOP_KEY_F0 + 4:
		open_prompt(t, MODE_FILTER);
		return true;
	case 'n':
		if (!rows_search(t, t->needle, here(t)->cursor + 1, 1))
			snprintf(t->status, sizeof(t->status), "not found");
		return true;
	}
	return false;
}

/* What is left to who has the source. */
static enum top_action action_of(int key)
{
	static const struct {
		int key;
		enum top_action action;
	} actions[] = {
		{'q', TOP_QUIT},	   {TOP_KEY_F10, TOP_QUIT},
		{'p', TOP_PAUSE},	   {' ', TOP_PAUSE},
		{TOP_KEY_F0 + 7, TOP_PAUSE}, {'r', TOP_RECORD},
		{TOP_KEY_F0 + 8, TOP_RECORD}, {'.', TOP_STEP},
		{'+', TOP_FASTER},	   {'-', TOP_SLOWER},
		{'[', TOP_BACK},	   {']', TOP_FORWARD},
		{'{', TOP_TO_BEGIN},	   {'}', TOP_TO_END},
		{'R', TOP_REFRESH},
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (actions[i].key == key)
			return actions[i].action;
	return TOP_NOTHING;
}

enum top_action top_key(struct top *t, const struct model *m, int key)
{
	enum top_action action;

	t->model = m;
	t->status[0] = '\0';
	switch (t->mode) {
	case MODE_SEARCH:
	case MODE_FILTER:
		return rows_make(t, m) ? TOP_NOTHING : prompt_key(t, key);
	case MODE_SORT:
	case MODE_COLUMNS:
		return menu_key(t, key);
	case MODE_DETAIL:
	case MODE_HELP:
		action = action_of(key);
		return action != TOP_NOTHING && action != TOP_QUIT && key != ' ' ? action
										  : pane_key(t, key);
	case MODE_LIST:
		break;
	}
	if (rows_make(t, m))
		return TOP_NOTHING;
	if (move(t, key) || open_something(t, key))
		return TOP_NOTHING;
	if (change(t, key)) {
		t->stale = true;
		return TOP_NOTHING;
	}
	return action_of(key);
}

/* ---- the mouse ------------------------------------------------------------------------------ */

/* The column whose head is at @x sorts, or the other way round. */
static void click_head(struct top *t, unsigned int x)
{
	const struct table *table = screens[t->screen]->list;
	uint8_t column[MAX_COLUMNS], wide[MAX_COLUMNS];
	unsigned int n = columns_fit(t, table, here(t), t->list_width, column, wide), at = 0;

	for (unsigned int i = 0; i < n; i++) {
		at += wide[i] + 1u;
		if (x >= at)
			continue;
		here(t)->greatest_first = here(t)->sort == column[i] && !here(t)->tree
						  ? !here(t)->greatest_first
						  : !table->column[column[i]].left;
		here(t)->sort = (int8_t)column[i];
		here(t)->tree = false;
		t->stale = true;
		return;
	}
}

static void click_row(struct top *t, enum top_mouse what, unsigned int y)
{
	size_t at = here(t)->top + (y - t->list.y);

	if (at >= t->rows.count)
		return;
	rows_select(t, at);
	if (what == TOP_DOUBLE_CLICK)
		open_detail(t);
}

enum top_action top_mouse(struct top *t, const struct model *m, enum top_mouse what, unsigned int x,
			  unsigned int y)
{
	bool in_list = t->mode == MODE_LIST && t->list.height;

	t->model = m;
	if (what == TOP_WHEEL_UP || what == TOP_WHEEL_DOWN) {
		for (int i = 0; i < 3; i++)
			top_key(t, m, what == TOP_WHEEL_UP ? TOP_KEY_UP : TOP_KEY_DOWN);
		return TOP_NOTHING;
	}
	if (y == 1 && bar_tab_at(t, t->list_width, x) >= 0) {
		go(t, bar_tab_at(t, t->list_width, x));
		t->stale = true;
	} else if (in_list && !rows_make(t, m)) {
		if (y == t->list.y + t->list.height && bar_key_at(x))
			return top_key(t, m, bar_key_at(x));
		if (y + 1 == t->list.y)
			click_head(t, x);
		else if (y >= t->list.y && y < t->list.y + t->list.height)
			click_row(t, what, y);
	} else if (t->mode == MODE_DETAIL || t->mode == MODE_HELP) {
		t->mode = MODE_LIST;
	}
	return TOP_NOTHING;
}
