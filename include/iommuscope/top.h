/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top.h - the screens of iommutop, without a terminal: what is on them, what keys do.
 *
 * Screens read a model. top_refresh() begins an interval: rates are of the last one. Lines come out
 * as cells, so that a terminal, a file and a test show the same; whatever comes from a stream is
 * printable there. Tables are lists of columns, which text, JSON and sorting share.
 */
#ifndef IOMMUSCOPE_TOP_H
#define IOMMUSCOPE_TOP_H

#include <iommuscope/view.h>

enum top_screen_id {
	TOP_OVERVIEW,
	TOP_INSTANCES,
	TOP_DEVICES,
	TOP_DOMAINS,
	TOP_OPERATIONS,
	TOP_VERDICTS,
	TOP_FAULTS,
	TOP_PLAN,
	TOP_SCREENS
};

struct top;

/* NULL: no memory. */
struct top *top_new(void);
void top_free(struct top *top);

/* What is shown of the model, NULL: all; no UTF-8. Both may change. */
void top_show(struct top *top, const struct view_filter *filter, bool ascii);

/* The model is another one from now on: nothing to compare with, no events seen. */
void top_restart(struct top *top);

/* Once @rec went into the model: events are kept for timelines, the newest 65,536. */
void top_see(struct top *top, const struct model *m, const struct ims_record *rec);

/*
 * An interval ends at @now_ns, of the stream's clock. The first call after a start only takes what
 * later ones are compared with. Returns 0 or -ENOMEM.
 */
int top_refresh(struct top *top, const struct model *m, uint64_t now_ns);

/* ---- drawing -------------------------------------------------------------------------------- */

enum top_style {
	TOP_PLAIN,
	TOP_BOLD,
	TOP_DIM,
	TOP_TITLE,  /* the first line */
	TOP_HEAD,   /* of a table */
	TOP_SORTED, /* the head of the column that sorts */
	TOP_KEY,    /* the last line: what keys do */
	TOP_BAR,    /* of a histogram */
	TOP_GOOD,
	TOP_NOTE,
	TOP_WARN,
	TOP_BAD,
	TOP_STYLES
};

/* One column of the terminal: a character of UTF-8, nothing behind one of two columns. */
struct top_cell {
	char text[7];
	uint8_t style;
};

struct top_line {
	unsigned int width;
	bool selected; /* the bar of the cursor */
	const struct top_cell *cell;
};

/* What the source says of itself, for the first line. */
struct top_status {
	const char *source; /* "live", "daemon", "FILE" */
	const char *state;  /* "paused", "x4", "end", ...; may be "" */
	const char *message; /* of the last key; may be "" */
	bool plays;	    /* a recording: it has speed and steps */
	bool recording;
	double delay;
};

/* Lines from the top, @y from 0; each is valid during the call. Returns 0 or -errno. */
typedef int top_line_fn(void *arg, unsigned int y, const struct top_line *line);

/* The least that a screen fits on. */
#define TOP_MIN_WIDTH  60
#define TOP_MIN_HEIGHT 15

/* The whole screen, exactly @height lines. */
int top_draw(struct top *top, const struct model *m, const struct top_status *status,
	     unsigned int width, unsigned int height, top_line_fn *line, void *arg);

/* ---- keys ----------------------------------------------------------------------------------- */

/* Characters are themselves. */
enum top_key {
	TOP_KEY_ESCAPE = 27,
	TOP_KEY_UP = 0x200000,
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ENTER,
	TOP_KEY_BACKSPACE,
	TOP_KEY_BACKTAB,
	TOP_KEY_F0, /* F1 is the next one */
	TOP_KEY_F10 = TOP_KEY_F0 + 10,
};

enum top_mouse { TOP_CLICK, TOP_DOUBLE_CLICK, TOP_WHEEL_UP, TOP_WHEEL_DOWN };

/* What is left to who has the source. */
enum top_action {
	TOP_NOTHING, /* at most to draw again */
	TOP_QUIT,
	TOP_PAUSE,
	TOP_RECORD,
	TOP_STEP,
	TOP_FASTER,
	TOP_SLOWER,
	TOP_BACK,
	TOP_FORWARD,
	TOP_TO_BEGIN,
	TOP_TO_END,
	TOP_REFRESH,
};

enum top_action top_key(struct top *top, const struct model *m, int key);
/* At a place of the last top_draw(). */
enum top_action top_mouse(struct top *top, const struct model *m, enum top_mouse what,
			  unsigned int x, unsigned int y);

/* ---- choices -------------------------------------------------------------------------------- */

/* The screen called @name ("domains"), or -ENOENT. */
int top_screen(const char *name);
const char *top_screen_name(enum top_screen_id screen);
void top_go(struct top *top, enum top_screen_id screen);

/* "COLUMN" or "-COLUMN", which begins with the greatest. Returns 0 or -ENOENT. */
int top_sort(struct top *top, enum top_screen_id screen, const char *column);
/* Keys of columns, separated by commas. */
int top_columns(struct top *top, enum top_screen_id screen, const char *columns);
/* Only rows that have @text in one of their names; "": all. Returns 0 or -ENOMEM. */
int top_filter(struct top *top, const char *text);

/* Columns and sorting of all screens that differ from what they are by default, as text. */
int top_write_choices(const struct top *top, FILE *out);
/* Takes one line of that. What is not known is passed over: returns -EINVAL then. */
int top_read_choice(struct top *top, const char *line);

/* ---- without a terminal --------------------------------------------------------------------- */

/* @screens as text; @rows: at most so many of each table, 0: all. Return 0, -EIO or -ENOMEM. */
int top_text(struct top *top, const struct model *m, FILE *out, uint32_t screens, size_t rows);
/* The same as one JSON object on a line. */
#define TOP_JSON_SCHEMA 1
int top_json(struct top *top, const struct model *m, FILE *out, uint32_t screens, size_t rows);
/* All that is known of one object: "domain:12", "instance:NAME", "device:NAME", "group:N",
 * "verdict:N". Returns -ENOENT when there is none. */
int top_object_text(struct top *top, const struct model *m, FILE *out, const char *object);

#endif
