// SPDX-License-Identifier: GPL-2.0-only
/* top_choice.c - what is chosen by name: screens, columns, sorting; and how it is kept. */
#include <errno.h>
#include <string.h>

#include "screen.h"

int top_screen(const char *name)
{
	for (int i = 0; i < TOP_SCREENS; i++)
		if (!strcmp(screens[i]->name, name))
			return i;
	return -ENOENT;
}

const char *top_screen_name(enum top_screen_id screen)
{
	return screens[screen]->name;
}

void top_go(struct top *t, enum top_screen_id screen)
{
	t->screen = screen;
	t->stale = true;
}

int top_sort(struct top *t, enum top_screen_id screen, const char *column)
{
	bool down = *column == '-';
	int at = column_find(screens[screen]->list, column + down, strlen(column + down));

	if (at < 0)
		return at;
	t->place[screen].sort = (int8_t)at;
	t->place[screen].greatest_first = down;
	t->place[screen].tree = false;
	t->stale = true;
	return 0;
}

int top_columns(struct top *t, enum top_screen_id screen, const char *columns)
{
	uint8_t shown[MAX_COLUMNS], n = 0;
	int at;

	for (size_t len; *columns; columns += len + (columns[len] == ',')) {
		len = strcspn(columns, ",");
		at = column_find(screens[screen]->list, columns, len);
		if (at < 0 || n == MAX_COLUMNS)
			return -ENOENT;
		shown[n++] = (uint8_t)at;
	}
	memcpy(t->place[screen].shown, shown, n);
	t->place[screen].shown_count = n;
	return 0;
}

int top_filter(struct top *t, const char *text)
{
	if (strlen(text) >= sizeof(t->only))
		return -E2BIG;
	strcpy(t->only, text);
	t->stale = true;
	return 0;
}

/* ---- kept ----------------------------------------------------------------------------------- */

static bool default_sort(const struct place *place, const struct screen *screen)
{
	const char *sort = screen->list->sort;
	bool down = *sort == '-';

	if (!*sort || screen->tree)
		return place->sort < 0 || (screen->tree && place->tree);
	return place->greatest_first == down &&
	       place->sort == column_find(screen->list, sort + down, strlen(sort + down));
}

static void write_columns(const struct place *place, const struct screen *screen, FILE *out)
{
	fprintf(out, "%s.columns = ", screen->name);
	for (unsigned int i = 0; i < place->shown_count; i++)
		fprintf(out, "%s%s", i ? "," : "", screen->list->column[place->shown[i]].key);
	fputc('\n', out);
}

int top_write_choices(const struct top *t, FILE *out)
{
	for (int i = 0; i < TOP_SCREENS; i++) {
		const struct place *place = &t->place[i];

		if (place->shown_count)
			write_columns(place, screens[i], out);
		if (!default_sort(place, screens[i]))
			fprintf(out, "%s.sort = %s%s\n", screens[i]->name,
				place->greatest_first ? "-" : "",
				screens[i]->list->column[place->sort].key);
	}
	return view_done(out);
}

int top_read_choice(struct top *t, const char *line)
{
	char screen[16], what[16], value[256];
	int id;

	if (sscanf(line, " %15[a-z].%15[a-z] = %255s", screen, what, value) != 3)
		return -EINVAL;
	id = top_screen(screen);
	if (id < 0)
		return -EINVAL;
	if (!strcmp(what, "sort"))
		return top_sort(t, id, value) ? -EINVAL : 0;
	if (!strcmp(what, "columns"))
		return top_columns(t, id, value) ? -EINVAL : 0;
	return -EINVAL;
}
