/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metric.h - what is compared, by name, and how far it may move.
 *
 *   OP[.SIZE][@INSTANCE].STAT   map.p99  map.4K.mean  attach@dmar0.failures
 *   work.mean                   an operation of the workload, untraced
 *   verdict.NAME                verdicts in the whole run
 *   lost                        events and calls
 *
 * A limit is +5% (relative), +100 (more than the base, in the run's unit) or 1500 (at most).
 */
#ifndef GATE_METRIC_H
#define GATE_METRIC_H

#include "gate/run.h"

enum gate_stat {
	GATE_MEAN,
	GATE_P50,
	GATE_P90,
	GATE_P99,
	GATE_P999,
	GATE_MAX,
	GATE_COUNT, /* from here on what is counted is not measured: there is no noise in it */
	GATE_ERRORS,
	GATE_WORK,
	GATE_VERDICT,
	GATE_LOST,
};

struct gate_metric {
	char name[128];
	enum gate_stat stat;
	char op[24], size[8], instance[96];
	int verdict; /* enum model_verdict_kind */
};

enum gate_limit_kind { GATE_RELATIVE, GATE_MORE, GATE_AT_MOST };

struct gate_limit {
	struct gate_metric metric;
	enum gate_limit_kind kind;
	double value; /* GATE_RELATIVE: 0.05 for +5% */
	char text[24];
};

struct gate_policy {
	struct gate_limit *limit;
	size_t limits;
};

/* Each returns 0, or -EINVAL with *@err filled in. */
int gate_metric_parse(const char *text, struct gate_metric *out, struct gate_error *err);
int gate_policy_add(struct gate_policy *p, const char *text, struct gate_error *err);

/* Lines of METRIC=LIMIT; # begins a comment. Or -errno of the file. */
int gate_policy_read(struct gate_policy *p, const char *path, struct gate_error *err);

/*
 * What is compared when nothing was asked for: each operation that was called by errors and, when it was a
 * hundred times in each repeat of @base, by mean, and its work: @relative more at most. Returns 0 or -ENOMEM.
 */
int gate_policy_default(struct gate_policy *p, const struct gate_run *base,
			const struct gate_run *new, double relative);

void gate_policy_free(struct gate_policy *p);

/* Costs are measured, all else is counted. */
bool gate_metric_is_cost(const struct gate_metric *m);

/*
 * Its value in each repeat of @run, one for those of the whole run. @value has room for run->repeats + 1.
 * Returns how many; 0: the run does not tell.
 */
size_t gate_metric_values(const struct gate_metric *m, const struct gate_run *run, double *value);

/* A percentile is somewhere in its bucket: the value is off by a factor of 1 + this at most. */
double gate_metric_grain(const struct gate_metric *m, const struct gate_run *run);

/* Operations were looked at, not only the work as a whole. */
bool gate_run_traced(const struct gate_run *run);

/* The histograms of all repeats, ascending; ranges may overlap. The caller frees it; NULL: there is none. */
struct gate_bucket *gate_metric_histogram(const struct gate_metric *m, const struct gate_run *run,
					  size_t *count);

/* The value that @share (0 to 1) of those in the buckets are below, never above @max; *@grain: of that bucket. */
double gate_percentile(const struct gate_bucket *bucket, size_t buckets, double share, double max,
		       double *grain);

#endif
