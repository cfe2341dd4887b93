/* SPDX-License-Identifier: GPL-2.0-only */
/* format.h - what the outputs for people share. */
#ifndef VIEW_FORMAT_H
#define VIEW_FORMAT_H

#include <iommuscope/view.h>

/* Room for any of the short texts below. */
#define VIEW_TEXT 40

enum view_color { VIEW_PLAIN, VIEW_BOLD, VIEW_DIM, VIEW_RED, VIEW_YELLOW, VIEW_CYAN };

struct view {
	FILE *out;
	const struct model *m;
	struct view_options o;
};

void view_init(struct view *v, FILE *out, const struct model *m, const struct view_options *o);

/* Short texts into @buf of VIEW_TEXT bytes, which they return. ASCII: "12.3us", "4.0 KiB". */
const char *view_ns(char *buf, uint64_t ns);
const char *view_bytes(char *buf, uint64_t bytes);
/* Seconds since the first event of the stream: "+12.345678 s". */
const char *view_time(char *buf, const struct model *m, uint64_t time_ns);
const char *view_errno(char *buf, int32_t result); /* "-EINVAL", "-22" without a name, "0" */
const char *view_errno_name(int32_t result);	   /* "EINVAL"; "" for 0 or without a name */
const char *view_group(char *buf, uint32_t group); /* "13", "-" */

/* What an event does not say: a free has no type, the snapshot and some calls no duration. */
const char *view_event_type(const struct ims_event *e); /* "" when it is not known */
bool view_event_timed(const struct ims_event *e);
bool view_event_placed(const struct ims_event *e); /* its iova says something */

/* @n in at most @width (6 or more) columns: "1234", or "12.3G" when that does not fit. */
const char *view_count(char *buf, uint64_t n, unsigned int width);
/* @s escaped, cut to @width columns with '~' at the end; view_cell() pads with blanks. */
unsigned int view_cut(const struct view *v, const char *s, unsigned int width);
void view_cell(const struct view *v, const char *s, unsigned int width);
void view_heading(const struct view *v, const char *title);
void view_on(const struct view *v, enum view_color color);
void view_off(const struct view *v);
enum view_color view_severity_color(enum model_severity severity);
/* @text (escaped before), wrapped, each line @indent columns in; view_quote() escapes it. */
void view_wrap(const struct view *v, const char *text, unsigned int indent);
int view_quote(const struct view *v, const char *s, unsigned int indent);
/* "... N more" when rows were left out. */
void view_left_out(const struct view *v, uint64_t rows);
bool view_row_fits(const struct view *v, uint64_t row);

/* Ends an output: 0 or -EIO. */
int view_done(FILE *out);

/* Parts that several outputs show. */
void view_plan_rows(const struct view *v);
void view_latency(const struct view *v);
void view_loss(const struct view *v);
void view_verdict_counts(const struct view *v);

/* Parts of the report. */
void view_lifetimes(const struct view *v);
void view_histograms(const struct view *v);
void view_histogram(const struct view *v, const struct model_op *op); /* nothing timed: nothing */
int view_leaks(const struct view *v); /* nothing when there are none; 0 or -ENOMEM */

#endif
