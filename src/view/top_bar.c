// SPDX-License-Identifier: GPL-2.0-only
/* top_bar.c - the lines that are always there: screens at the top, keys at the bottom. */
#include <string.h>

#include "screen.h"

/* ---- screens -------------------------------------------------------------------------------- */

/* Labels are cut where all of them do not fit. */
static unsigned int label_width(unsigned int width, enum top_screen_id i)
{
	size_t len = strlen(screens[i]->label);

	return width >= 76 || len < 4 ? (unsigned int)len : 4;
}

void bar_tabs(const struct top *t, struct pen *p)
{
	for (unsigned int i = 0; i < TOP_SCREENS; i++) {
		bool here = i == t->screen;
		char label[16];

		snprintf(label, sizeof(label), "%u%.*s", i + 1, (int)label_width(p->width, i),
			 screens[i]->label);
		pen_put(p, here ? TOP_KEY : TOP_PLAIN, label);
		pen_space(p, 1);
	}
}

int bar_tab_at(const struct top *t, unsigned int width, unsigned int x)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < TOP_SCREENS; i++) {
		at += label_width(width, i) + 1;
		if (x < at)
			return (int)i;
		if (x < ++at)
			return -1;
	}
	return -1;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static const char *const keys[] = {"Help",  "Cols",  "Search", "Filter", "Tree",
				   "Sort",  "Pause", "Rec",    "Detail", "Quit"};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

void bar_keys(const struct top *t, struct pen *p, const struct top_status *status)
{
	if (t->mode == MODE_SEARCH || t->mode == MODE_FILTER) {
		pen_put(p, TOP_BOLD, t->mode == MODE_SEARCH ? "Search: " : "Filter: ");
		pen_put(p, TOP_PLAIN, t->typed);
		pen_put(p, TOP_KEY, " ");
		pen_put(p, TOP_DIM, t->mode == MODE_SEARCH ? "  Enter: next  Esc: end"
							   : "  Enter: keep  Esc: show all");
		return;
	}
	if (*t->status || *status->message) {
		pen_put(p, TOP_BOLD, *t->status ? t->status : status->message);
		return;
	}
	for (unsigned int i = 0; i < KEYS; i++) {
		pen_printf(p, TOP_PLAIN, "F%u", i + 1);
		pen_put(p, TOP_KEY, keys[i]);
		pen_space(p, 1);
	}
}

int bar_key_at(unsigned int x)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < KEYS; i++) {
		at += 2 + (i >= 9) + (unsigned int)strlen(keys[i]);
		if (x < at++)
			return TOP_KEY_F0 + 1 + (int)i;
	}
	return 0;
}
