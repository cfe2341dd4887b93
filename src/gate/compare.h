/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compare.h - the decision: is NEW within the limits, next to BASE?
 *
 * Counted things are compared as they are. Costs in instructions are exact: the least of the repeats,
 * as other work of the machine can only add. Costs in time are statistics: a regression is what the
 * bootstrap interval of the ratio of medians and a rank test put above the limit, and that of the least
 * repeats, too: a machine in another mood moves most repeats, a slower driver each. A pass is an interval
 * that ends below the limit. All else, and whatever cannot be compared, is inconclusive.
 */
#ifndef GATE_COMPARE_H
#define GATE_COMPARE_H

#include "gate/metric.h"

enum gate_verdict { GATE_PASS, GATE_INCONCLUSIVE, GATE_REGRESSION };

struct gate_row {
	const struct gate_limit *limit;
	bool known;	  /* both runs tell the metric: base and new say something */
	bool statistical; /* low to noise, too */
	double base, new;
	double change;	  /* new / base - 1; NAN when base is 0 */
	double low, high; /* of the change, at the confidence asked for, each side */
	double p;	  /* of the rank test against the limit */
	double effect;	  /* Cliff's delta */
	double noise;	  /* the least relative change that could be told from none, about */
	enum gate_verdict verdict;
	char why[200]; /* of a verdict that is no pass */
};

struct gate_result {
	struct gate_row *row;
	size_t rows;
	enum gate_verdict verdict;
	char why[320]; /* the runs cannot be compared: then there are no rows; "": they can */
};

#define GATE_CONFIDENCE 0.999

/*
 * Exact costs within this are the same: of two repeats, or nothing is exact there, and of two runs. What is left is
 * how a repeat is entered and left: some thousand instructions more or less (make study-gate).
 */
#define GATE_EXACT_SPREAD 0.002

/* @policy has to live as long as the result. Returns 0 or -ENOMEM. */
int gate_compare(const struct gate_run *base, const struct gate_run *new,
		 const struct gate_policy *policy, double confidence, struct gate_result *out);
void gate_result_free(struct gate_result *result);

const char *gate_verdict_name(enum gate_verdict v);

/* Facts about the host that may differ and the costs be compared all the same: kernels are. */
bool gate_same_machine(const struct gate_run *base, const struct gate_run *new,
		       const char **differs);

#endif
