/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics.h - what the files of the metrics share. */
#ifndef VIEW_METRICS_H
#define VIEW_METRICS_H

#include <stddef.h>

#include "view/format.h"

#define METRICS_TYPES 9 /* of domains */

/* What is summed up over the objects of an instance. */
struct sums {
	const struct model_instance *instance; /* NULL: what is of none */
	uint64_t domains[METRICS_TYPES];
	uint64_t devices;
	int64_t mapped; /* of the domains whose alloc was seen */
	struct model_op op[MODEL_OPS];
};

struct metrics {
	FILE *out;
	const struct model *m;
	bool openmetrics; /* else Prometheus' older text format */
	struct sums *sums; /* in the model's order; the first is of none */
	struct sums **by_address;
	size_t count;
};

/* The head of a family. A counter's name is without its "_total". */
void metrics_family(const struct metrics *s, const char *name, const char *type, const char *help);

/* name="value". Returns 0 or -ENOMEM. */
int metrics_label(const struct metrics *s, const char *name, const char *value);

/* The metric and the labels of an instance, without the closing brace. */
int metrics_instance(const struct metrics *s, const char *metric, const char *suffix,
		     const struct model_instance *instance);

/* Attaches that failed; what happened; the plan and the stream; the process that tells this. */
int metrics_failures(const struct metrics *s);
void metrics_events(const struct metrics *s);
void metrics_stream(const struct metrics *s);
void metrics_self(const struct metrics *s, const struct view_self *self);

#endif
