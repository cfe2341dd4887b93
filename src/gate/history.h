/* SPDX-License-Identifier: GPL-2.0-only */
/* history.h - one metric over many runs, and where it changed. */
#ifndef GATE_HISTORY_H
#define GATE_HISTORY_H

#include <stdio.h>

#include "gate/metric.h"

struct gate_point {
	char *name;	/* of the file */
	char *recorded; /* when */
	double value;	/* median of the repeats; in instructions the least; of what is counted the most */
	double low, high; /* of the repeats */
	bool step;	/* from here on the level is another */
};

struct gate_history {
	struct gate_metric metric;
	enum gate_unit unit;
	struct gate_point *point; /* by time */
	size_t points;
	size_t passed_over; /* runs that failed, lost something, or do not tell the metric */
	size_t unread;	    /* files that are no whole run of this schema */
	bool too_few;	    /* points in time to tell any step */
};

/*
 * Reads all *.json of a folder. @unread is told why a file is passed over. Runs of another workload,
 * machine or unit than the newest are an error, as they belong on no common scale. Returns 0, or
 * -errno with *@err filled in.
 */
int gate_history_read(const char *path, const struct gate_metric *metric,
		      void (*unread)(const struct gate_error *why), struct gate_history *out,
		      struct gate_error *err);
void gate_history_free(struct gate_history *h);

int gate_history_text(FILE *out, const struct gate_history *h);
int gate_history_svg(FILE *out, const struct gate_history *h);

#endif
