/* SPDX-License-Identifier: GPL-2.0-only */
/* screen.h - what the files of the screens share: lines, values, columns, rows, rates, state. */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include <iommuscope/top.h>

#include "format.h"

/* ---- lines: top_line.c ---------------------------------------------------------------------- */

struct pen {
	struct top_cell *cell;
	unsigned int width, x;
	bool ascii;
	bool escaped; /* what comes is: a backslash stays one */
};

/* The columns that @s takes once escaped. */
unsigned int pen_measure(const struct pen *p, const char *s);
/* Any bytes; what is not printable is escaped, what does not fit is cut. */
void pen_put(struct pen *p, enum top_style style, const char *s);
void pen_printf(struct pen *p, enum top_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* In exactly @width columns, '~' at the end of what was cut. */
/* The same, cut in the middle. */
void pen_ends(struct pen *p, enum top_style style, const char *s, unsigned int width);
void pen_cell(struct pen *p, enum top_style style, const char *s, unsigned int width, bool right);
void pen_space(struct pen *p, unsigned int count);
void pen_to(struct pen *p, unsigned int x);
void pen_clear(struct pen *p);

/* ---- values: top_value.c -------------------------------------------------------------------- */

enum value_kind {
	VALUE_NONE, /* not known, or nothing to say: "-", null */
	VALUE_TEXT,
	VALUE_COUNT,
	VALUE_RATE,  /* per second */
	VALUE_BYTES,
	VALUE_BYTE_RATE,
	VALUE_NS,
	VALUE_AGE,   /* ns, in words of people */
	VALUE_TIME,  /* of the stream: seconds since its beginning */
	VALUE_SHARE, /* of one; shown as percent */
	VALUE_GRAPH, /* small bars, one a column */
};

#define VALUE_ROOM 96

struct value {
	enum value_kind kind;
	enum top_style style;
	union {
		uint64_t count;
		double real;
		const char *text; /* of the stream, or in buf */
		struct {
			const float *bar; /* newest or greatest last */
			unsigned int bars;
		};
	};
	char buf[VALUE_ROOM];
};

void value_text(struct value *v, const char *s); /* "": none */
void value_format(struct value *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void value_count(struct value *v, uint64_t n);
void value_number(struct value *v, enum value_kind kind, double n);
void value_ns(struct value *v, uint64_t ns);
void value_graph(struct value *v, const float *bar, unsigned int bars);
/* As shown in at most @width columns; into @buf of VALUE_ROOM * 2 bytes, which it returns. */
const char *value_show(const struct top *t, char *buf, const struct value *v, unsigned int width);
/* What rows are sorted by: a number, or text. */
double value_key(const struct value *v);
struct json_t;
struct json_t *value_json(const struct top *t, const struct value *v);

/* ---- rates: top_past.c ---------------------------------------------------------------------- */

/* What one operation of one object did: since its beginning, or in the interval. */
struct counter {
	uint64_t calls, timed, sum_ns, bytes;
};

#define DOMAIN_OPS (MODEL_OP_IOTLB_SYNC + 1)
#define DEVICE_OPS (MODEL_OPS - MODEL_OP_DMA_MAP)

/* From objects of the model to places in a list: top_map.c. */
struct map {
	const void **key;
	uint32_t *value;
	size_t size, count;
};

int map_put(struct map *map, const void *key, size_t value); /* 0 or -ENOMEM */
bool map_get(const struct map *map, const void *key, size_t *value);
void map_free(struct map *map);

struct past_domain {
	uint64_t id;
	struct counter last[DOMAIN_OPS], delta[DOMAIN_OPS];
};

struct past_device {
	const struct model_device *device;
	struct counter last[DEVICE_OPS], delta[DEVICE_OPS];
};

/* With histograms: for the few. */
struct past_op {
	struct model_op last, delta;
};

#define HISTORY 120

struct history {
	float value[HISTORY];
	unsigned int count;
};

struct past_instance {
	const struct model_instance *instance;
	struct past_op *op[MODEL_OPS]; /* NULL: there is nothing */
	uint64_t domains, faults;
};

struct past {
	uint64_t now_ns, interval_ns; /* 0: there was no interval yet */
	struct past_domain *domain;
	size_t domains, domain_room;
	struct past_device *device;
	size_t devices, device_room;
	struct map device_map, instance_map;
	struct past_instance *instance;
	size_t instances, instance_room;
	struct past_op all[MODEL_OPS];
	struct history rate[MODEL_OPS], p99[MODEL_OPS];
	uint64_t events[IMS_HOOK_MAX], failed[IMS_HOOK_MAX];
	uint64_t new_events[IMS_HOOK_MAX], new_failed[IMS_HOOK_MAX];
	struct history event_rate[IMS_HOOK_MAX];
};

int past_refresh(struct past *p, const struct model *m, uint64_t now_ns);
void past_free(struct past *p);
/* That of the next domain of a walk; *@at: how far the last one got, 0 at first. NULL: it has none. */
const struct past_domain *past_walk(const struct past *p, const struct model *m, size_t *at,
				    const struct model_domain *d);
const struct past_domain *past_domain(const struct past *p, uint64_t id);
const struct past_device *past_device(const struct past *p, const struct model_device *d);
const struct past_instance *past_instance(const struct past *p, const struct model_instance *i);
/* Per second; none while there was no interval. */
void value_rate(struct value *v, const struct past *p, enum value_kind kind, uint64_t count);
void value_mean(struct value *v, const struct counter *c);

/* ---- events: top_log.c ---------------------------------------------------------------------- */

#define LOG_EVENTS 65536u /* a power of two */

struct log_event {
	uint64_t time_ns, domain, duration_ns, iova;
	const char *device; /* the model's */
	uint32_t hook, group, pid, flags;
	int32_t result;
	char comm[16];
};

struct log {
	struct log_event *event;
	uint64_t seen;
};

void log_see(struct log *log, const struct model *m, const struct ims_record *rec);

/* ---- rows, columns, screens ----------------------------------------------------------------- */

enum row_kind { ROW_OP, ROW_HOOK, ROW_INSTANCE, ROW_GROUP, ROW_DEVICE, ROW_DOMAIN, ROW_VERDICT, ROW_PLAN };

/* One object, and what is at hand about it. */
struct row {
	uint8_t kind, op, depth;
	bool last; /* of its parent's */
	bool under_last; /* and the parent is, of its own */
	uint64_t id; /* number of a domain, group, verdict, row of the plan; hook */
	const void *object;
	const void *past; /* NULL: none */
};

struct rows {
	struct row *row;
	size_t count, room;
};

int rows_add(struct rows *rows, const struct row *row);

struct column {
	const char *key;   /* in JSON and choices */
	const char *title; /* NULL: the key */
	uint8_t width;
	uint8_t rank; /* 1: always shown; greater ones give way first; 0: on demand only */
	uint8_t grow; /* may take so many columns more */
	bool left;
	bool ends; /* what differs is at its end: cut in the middle */
	bool name; /* filters and searches look at it */
	void (*get)(const struct top *t, const struct row *row, struct value *v);
	const char *help;
};

struct table {
	const char *key;
	const struct column *column; /* ends with a key of NULL */
	const char *sort; /* "", "COLUMN" or "-COLUMN" */
	int (*collect)(const struct top *t, const struct model *m, struct rows *rows);
	const char *empty; /* what is said when there is no row */
};

struct screen {
	const char *name, *label;
	const struct table *head; /* above the list; may be NULL */
	const struct table *list; /* it scrolls */
	bool tree; /* rows come as a tree unless they are sorted */
};

extern const struct screen *const screens[TOP_SCREENS];
extern const struct screen screen_overview, screen_instances, screen_devices, screen_domains,
	screen_operations, screen_verdicts, screen_faults, screen_plan;
extern const struct table table_verdicts, table_faults;

#define MAX_COLUMNS 24

/* What the user chose on a screen, and where he is. */
struct place {
	uint8_t shown[MAX_COLUMNS]; /* columns, in order */
	uint8_t shown_count;	    /* 0: by default */
	int8_t sort;		    /* column; -1: as they come */
	bool greatest_first;
	bool tree;
	bool followed;		    /* the cursor stays on one object: */
	struct row selected; /* which; object and past are not heeded */
	char selected_name[IMS_NAME_LEN];
	size_t cursor, top; /* rows */
	unsigned int shift; /* columns left out at the left */
};

enum mode { MODE_LIST, MODE_DETAIL, MODE_HELP, MODE_SEARCH, MODE_FILTER, MODE_SORT, MODE_COLUMNS };

struct area {
	unsigned int y, height;
};

struct top {
	struct past past;
	struct log log;
	const struct model *model; /* of the last call, for columns */
	const struct view_filter *filter;
	bool ascii;
	bool freed; /* freed domains, too */
	enum top_screen_id screen;
	enum mode mode;
	struct place place[TOP_SCREENS];
	char needle[64], typed[64]; /* searched for or typed; the filter */
	char only[64];
	unsigned int menu;   /* cursor of a menu */
	unsigned int scroll; /* of detail and help */
	struct row shown;    /* in the detail pane, with its name */
	char shown_name[IMS_NAME_LEN];
	struct rows rows; /* of the list, as shown */
	bool stale;	  /* they have to be made again, as after the model took in a record: */
	uint64_t rows_records;
	struct area list; /* of the last drawing */
	unsigned int list_width;
	char status[128];
};

/* top_rows.c: collects, filters and sorts the list of the screen; finds the selected object. */
int rows_make(struct top *t, const struct model *m);
const struct row *rows_selected(const struct top *t);
void rows_select(struct top *t, size_t at);
bool rows_search(struct top *t, const char *text, size_t from, int step);
bool row_is(const struct row *row, const struct row *wanted, const char *name);
const char *row_name(const struct row *row);
/* The same object in the model as it is now; false when it is gone. */
bool row_find(const struct top *t, const struct model *m, struct row *row, const char *name);
unsigned int column_count(const struct table *table);
int column_find(const struct table *table, const char *key, size_t len);
/* Which columns fit into @width, in @column with their @wide; returns how many. */
unsigned int columns_fit(const struct top *t, const struct table *table, const struct place *place,
			 unsigned int width, uint8_t column[MAX_COLUMNS], uint8_t wide[MAX_COLUMNS]);

/* top_table.c: one line each. */
void table_head(const struct top *t, struct pen *p, const struct table *table,
		const struct place *place);
void table_row(const struct top *t, struct pen *p, const struct table *table,
	       const struct place *place, const struct row *row);

/* The first byte of a line of a pane, when it has a style. */
#define TEXT_STYLE(style) (0x10 + (style))

/* top_detail.c: all that is known of the object, line by line. */
int detail_text(const struct top *t, const struct model *m, const struct row *row, FILE *out,
		unsigned int width);

/* top_menu.c: help, and the choice of columns and of what sorts, as text of the pane. */
void help_text(FILE *out);
void menu_text(const struct top *t, FILE *out);
enum top_action menu_key(struct top *t, int key);

/* top_bar.c: tabs and keys, by where they are on their line. */
void bar_tabs(const struct top *t, struct pen *p);
void bar_keys(const struct top *t, struct pen *p, const struct top_status *status);
int bar_tab_at(const struct top *t, unsigned int width, unsigned int x); /* -1: none */
int bar_key_at(unsigned int x);						 /* 0: none */

enum top_style severity_style(enum model_severity severity);
const char *severity_mark(enum model_severity severity);

#endif
