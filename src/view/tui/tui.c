// SPDX-License-Identifier: GPL-2.0-only
/* tui.c - lines onto a terminal, keys and mouse from it. */
#include "view/tui/tui.h"

#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <term.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static SCREEN *terminal;
static attr_t attribute[TOP_STYLES];

/* With eight colours; brighter ones are left to bold, so that 16 and 8 look alike. */
static void choose_styles(bool color)
{
	static const struct {
		enum top_style style;
		attr_t plain; /* without colours */
		short front, back;
	} styles[] = {
		{TOP_BOLD, A_BOLD, -1, -1},
		{TOP_DIM, A_DIM, -1, -1},
		{TOP_TITLE, A_BOLD, -1, -1},
		{TOP_HEAD, A_REVERSE, COLOR_BLACK, COLOR_GREEN},
		{TOP_SORTED, A_REVERSE | A_BOLD | A_UNDERLINE, COLOR_BLACK, COLOR_CYAN},
		{TOP_KEY, A_REVERSE, COLOR_BLACK, COLOR_CYAN},
		{TOP_BAR, A_NORMAL, COLOR_BLUE, -1},
		{TOP_GOOD, A_NORMAL, COLOR_GREEN, -1},
		{TOP_NOTE, A_NORMAL, COLOR_CYAN, -1},
		{TOP_WARN, A_BOLD, COLOR_YELLOW, -1},
		{TOP_BAD, A_BOLD, COLOR_RED, -1},
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		enum top_style s = styles[i].style;

		attribute[s] = styles[i].plain;
		if (!color || (styles[i].front < 0 && styles[i].back < 0))
			continue;
		init_pair((short)(i + 1), styles[i].front, styles[i].back);
		attribute[s] = COLOR_PAIR(i + 1) | (s >= TOP_WARN ? A_BOLD : A_NORMAL);
	}
}

int tui_open(int keys_fd, bool color)
{
	FILE *keys = keys_fd == STDIN_FILENO ? stdin : fdopen(keys_fd, "r");

	terminal = keys ? newterm(NULL, stdout, keys) : NULL;
	if (!terminal)
		return -ENOTTY;
	set_term(terminal);
	if (!tigetstr("cup")) {
		tui_close();
		return -ENOTTY;
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	leaveok(stdscr, TRUE);
	mouseinterval(150);
	mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED |
			  BUTTON5_PRESSED, NULL);
	color = color && has_colors();
	if (color) {
		start_color();
		use_default_colors();
	}
	choose_styles(color);
	return 0;
}

void tui_close(void)
{
	if (!terminal)
		return;
	endwin();
	delscreen(terminal);
	terminal = NULL;
}

static int draw_line(void *arg, unsigned int y, const struct top_line *line)
{
	unsigned int end;

	move((int)y, 0);
	for (unsigned int x = 0; x < line->width; x = end) {
		char text[1024];
		size_t len = 0;

		for (end = x; end < line->width && line->cell[end].style == line->cell[x].style &&
			      len + sizeof(line->cell[end].text) < sizeof(text); end++)
			len = (size_t)(stpcpy(text + len, line->cell[end].text) - text);
		attrset(line->selected ? A_REVERSE | A_BOLD : attribute[line->cell[x].style]);
		addnstr(text, (int)len);
	}
	attrset(A_NORMAL);
	return 0;
}

int tui_draw(struct top *top, const struct model *m, const struct top_status *status)
{
	int width, height, err;

	getmaxyx(stdscr, height, width);
	err = top_draw(top, m, status, (unsigned int)width, (unsigned int)height, draw_line, NULL);
	refresh();
	return err;
}

static int key_of(int c)
{
	static const struct {
		int curses, key;
	} keys[] = {
		{KEY_UP, TOP_KEY_UP},	      {KEY_DOWN, TOP_KEY_DOWN},
		{KEY_LEFT, TOP_KEY_LEFT},     {KEY_RIGHT, TOP_KEY_RIGHT},
		{KEY_PPAGE, TOP_KEY_PAGE_UP}, {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
		{KEY_HOME, TOP_KEY_HOME},     {KEY_END, TOP_KEY_END},
		{KEY_ENTER, TOP_KEY_ENTER},   {'\r', TOP_KEY_ENTER},
		{'\n', TOP_KEY_ENTER},	      {KEY_BACKSPACE, TOP_KEY_BACKSPACE},
		{127, TOP_KEY_BACKSPACE},     {'\b', TOP_KEY_BACKSPACE},
		{KEY_BTAB, TOP_KEY_BACKTAB},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].curses == c)
			return keys[i].key;
	if (c >= KEY_F(1) && c <= KEY_F(10))
		return TOP_KEY_F0 + (c - KEY_F0);
	return c < KEY_MIN ? c : 0;
}

static enum top_action mouse(struct top *top, const struct model *m)
{
	enum top_mouse what;
	MEVENT e;

	if (getmouse(&e) != OK || e.x < 0 || e.y < 0)
		return TOP_NOTHING;
	if (e.bstate & BUTTON4_PRESSED)
		what = TOP_WHEEL_UP;
	else if (e.bstate & BUTTON5_PRESSED)
		what = TOP_WHEEL_DOWN;
	else
		what = e.bstate & BUTTON1_DOUBLE_CLICKED ? TOP_DOUBLE_CLICK : TOP_CLICK;
	return top_mouse(top, m, what, (unsigned int)e.x, (unsigned int)e.y);
}

enum top_action tui_key(struct top *top, const struct model *m, bool *any)
{
	enum top_action action = TOP_NOTHING;
	int c;

	while (action == TOP_NOTHING && (c = getch()) != ERR) {
		*any = true;
		if (c == KEY_RESIZE)
			clearok(stdscr, TRUE);
		else
			action = c == KEY_MOUSE ? mouse(top, m) : top_key(top, m, key_of(c));
	}
	return action;
}
