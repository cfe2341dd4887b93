/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * diff.h - what two recordings have in common, and what not. Numbers of domains mean nothing across
 * recordings: things are the same when their names are.
 */
#ifndef VIEW_DIFF_H
#define VIEW_DIFF_H

#include <iommuscope/view.h>

/* One thing, and what each side has of it. */
struct diff_row {
	uint32_t number; /* kind of verdict, hook or operation */
	int32_t result;
	const char *text[3];
	uint64_t count[2];
	const void *of[2]; /* the first that a side has; NULL: none */
};

struct diff_table {
	struct diff_row *row; /* in order of number, text, result */
	size_t count, room;
};

/* Each returns a table in *@t, for the caller to free, or -ENOMEM. */
int diff_host(struct diff_table *t, const struct view_side side[2]);
int diff_plan(struct diff_table *t, const struct view_side side[2]);
/* text: device, its instance, the domain's instance; of: struct model_verdict */
int diff_verdicts(struct diff_table *t, const struct view_side side[2]);
/* text: "", "instance" or "device", its name; of: struct model_op */
int diff_ops(struct diff_table *t, const struct view_side side[2]);
/* text: type, instance; count: alive */
int diff_domains(struct diff_table *t, const struct view_side side[2]);
/* number: hook; result: -errno, or 0 for those without a name */
int diff_failures(struct diff_table *t, const struct view_side side[2]);
void diff_free(struct diff_table *t);

/* "new", "gone", "more", "fewer"; "" when both have as many. */
const char *diff_word(const struct diff_row *row);
/* Of a verdict's row: the worse of both sides. */
enum model_severity diff_severity(const struct diff_row *row);
/* Whether a row of diff_host() or diff_plan() is the same on both sides. */
bool diff_same_host(const struct diff_row *row);
bool diff_same_plan(const struct diff_row *row);

#endif
