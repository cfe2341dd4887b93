/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h - outputs. Each reads a model and writes to a FILE; none keeps anything of the model.
 *
 * Whatever comes from a stream is escaped: for terminals every byte that is not printable ASCII
 * is \xNN and a backslash is \\. The functions return 0, -EIO when writing failed,
 * or -ENOMEM.
 */
#ifndef IOMMUSCOPE_VIEW_H
#define IOMMUSCOPE_VIEW_H

#include <stdio.h>

#include <iommuscope/model.h>

struct view_options {
	unsigned int width; /* columns for text that wraps; 0: 80. Tables need 80 */
	bool color;	    /* ANSI colours */
	bool ascii;	    /* no UTF-8 */
	bool plan;	    /* the table of the plan, not its summary only */
	bool stacks;	    /* with the stacks of allocations and callers */
	size_t rows; /* at most so many rows of each table, 0: all. What is left out is said */
};

/* The report: verdicts, topology, domains, latency, plan, loss. */
int view_text(FILE *out, const struct model *m, const struct view_options *o);

/* The same as one JSON object, "schema": VIEW_JSON_SCHEMA. @o may be NULL; rows is not heeded. */
#define VIEW_JSON_SCHEMA 1
int view_json(FILE *out, const struct model *m, const struct view_options *o);

/* Numbers of the last refresh, to show rates against. NULL when there is no memory. */
struct view_top;
struct view_top *view_top_new(void);
void view_top_free(struct view_top *top);

/*
 * One refresh of iommutop. Rates are over @interval_ns, or since the newest record of the last
 * refresh when it is 0; the first refresh shows totals.
 */
int view_top(FILE *out, const struct model *m, struct view_top *top, uint64_t interval_ns,
	     const struct view_options *o);

/* The paragraph that tells one verdict, escaped; the caller frees it. NULL: no memory. */
char *view_story(const struct model *m, const struct model_verdict *v);

/* Writes @s escaped for a terminal. */
void view_escape(FILE *out, const char *s);

#endif
