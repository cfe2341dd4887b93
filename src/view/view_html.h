/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view_html.h - what the page of view_html.c is made of, besides the model: what happened when, and
 * how long the operations took when. Both are fed record by record, and take bounded memory: when
 * there is too much they become coarser, and say how coarse.
 */
#ifndef VIEW_HTML_H
#define VIEW_HTML_H

#include "format.h"
#include "json.h"

/* ---- JSON inside a <script>: no "<" in it, and never more than so much --------------------- */

/* A list of at most HTML_ROWS rows and HTML_LIST_BYTES bytes; how many did not fit is told. */
#define HTML_ROWS	4096
#define HTML_LIST_BYTES (2u << 20)

struct html_list {
	FILE *out;
	uint32_t rows;
	size_t bytes;
	uint64_t left_out;
};

int html_member(FILE *out, const char *name, json_t *value); /* takes @value; unbounded */
struct html_list html_list(FILE *out, const char *name);
/* Whether @list takes no more rows; the one that was to be added is then counted as left out. */
bool html_full(struct html_list *list);
int html_add(struct html_list *list, json_t *row); /* takes @row */
void html_end(struct html_list *list);

/* JSON readers have whole numbers up to INT64_MAX. */
static inline uint64_t html_number(uint64_t n)
{
	return n < INT64_MAX ? n : INT64_MAX;
}

static inline uint64_t html_since(uint64_t time_ns, uint64_t first_ns)
{
	return html_number(time_ns > first_ns ? time_ns - first_ns : 0);
}

/* ---- view_html_time.c: what happened when -------------------------------------------------- */

struct html_time;
struct html_time *html_time_new(void);
void html_time_free(struct html_time *t);
/* @m has taken in @rec already. Returns 0 or -ENOMEM. */
int html_time_event(struct html_time *t, const struct model *m, const struct ims_event *e,
		    uint64_t time_ns);
int html_time_write(struct html_time *t, const struct model *m, FILE *out);

/* ---- view_html_ops.c: the operations of the hot path, and their latencies over time --------- */

struct html_ops;
struct html_ops *html_ops_new(void);
void html_ops_free(struct html_ops *o);
bool html_is_op(uint32_t hook);
/* An event, or a record of statistics. Returns 0 or -ENOMEM. */
int html_ops_record(struct html_ops *o, const struct ims_record *rec);
int html_ops_write(struct html_ops *o, uint64_t first_ns, FILE *out);

#endif
