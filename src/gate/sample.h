/* SPDX-License-Identifier: GPL-2.0-only */
/* sample.h - robust statistics of small samples. The same input gives the same answer, always. */
#ifndef GATE_SAMPLE_H
#define GATE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct sample {
	const double *value;
	size_t count;
};

struct sample_interval {
	double low, high;
};

#define SAMPLE_MAX 1000 /* more values than that are refused by who reads them */

double sample_median(struct sample s);
double sample_least(struct sample s);
double sample_most(struct sample s);

/*
 * Where the ratio of the medians, or of the least values, @b to @a, lies with a probability of @confidence
 * on each side: by bootstrap.
 */
struct sample_interval sample_ratio(struct sample a, struct sample b, double confidence);
struct sample_interval sample_ratio_least(struct sample a, struct sample b, double confidence);

/*
 * The one-sided Mann-Whitney test: how likely the values of @b would lie so far above @factor times
 * those of @a, or further, if both were of one kind. Exact up to 40 values, ties included.
 */
double sample_above(struct sample a, struct sample b, double factor);

/* The least that sample_above() can be for so many values. */
double sample_least_p(size_t a, size_t b);

/* Cliff's delta: how much oftener a value of @b is above one of @a than below, -1 to 1. */
double sample_effect(struct sample a, struct sample b);

/*
 * Where a series of @count values changed its level: the index of the first value after the change, 0
 * if it did not. @significance: how seldom chance alone may look like one.
 */
size_t sample_change(struct sample s, double significance);

#endif
