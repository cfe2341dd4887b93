// SPDX-License-Identifier: GPL-2.0-only
#include "gate/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define RESAMPLES 100
#else
#define RESAMPLES 10000
#endif
#define PERMUTATIONS 2000
#define EXACT_MOST 40

/* xorshift64*: small, and the same on every machine. */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define FEW 32

/* Few values are what there nearly always is, and sorted ten thousand times. */
static void sort(double *value, size_t count)
{
	if (count > FEW) {
		qsort(value, count, sizeof(*value), compare);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		double v = value[i];
		size_t j = i;

		for (; j > 0 && value[j - 1] > v; j--)
			value[j] = value[j - 1];
		value[j] = v;
	}
}

static double sorted_median(double *value, size_t count)
{
	sort(value, count);
	return count % 2 ? value[count / 2] : (value[count / 2 - 1] + value[count / 2]) / 2;
}

double sample_median(struct sample s)
{
	double copy[SAMPLE_MAX];

	if (!s.count)
		return 0;
	memcpy(copy, s.value, s.count * sizeof(*copy));
	return sorted_median(copy, s.count);
}

double sample_least(struct sample s)
{
	double least = s.count ? s.value[0] : 0;

	for (size_t i = 1; i < s.count; i++)
		least = fmin(least, s.value[i]);
	return least;
}

double sample_most(struct sample s)
{
	double most = s.count ? s.value[0] : 0;

	for (size_t i = 1; i < s.count; i++)
		most = fmax(most, s.value[i]);
	return most;
}

static double resampled_median(struct sample s, uint64_t *state)
{
	double copy[SAMPLE_MAX];

	for (size_t i = 0; i < s.count; i++)
		copy[i] = s.value[draw(state) % s.count];
	return sorted_median(copy, s.count);
}

static double resampled_least(struct sample s, uint64_t *state)
{
	double least = INFINITY;

	for (size_t i = 0; i < s.count; i++)
		least = fmin(least, s.value[draw(state) % s.count]);
	return least;
}

static struct sample_interval ratio(struct sample a, struct sample b, double confidence,
				    double (*resampled)(struct sample s, uint64_t *state))
{
	static double of[RESAMPLES];
	uint64_t state = 88172645463325252ull;
	size_t out = (size_t)((1 - confidence) * RESAMPLES + 1e-6); /* 1 - 0.999 is a bit less */

	for (size_t i = 0; i < RESAMPLES; i++) {
		double below = resampled(a, &state);

		of[i] = resampled(b, &state) / (below > 0 ? below : 1);
	}
	qsort(of, RESAMPLES, sizeof(*of), compare);
	return (struct sample_interval){of[out], of[RESAMPLES - 1 - out]};
}

struct sample_interval sample_ratio(struct sample a, struct sample b, double confidence)
{
	return ratio(a, b, confidence, resampled_median);
}

struct sample_interval sample_ratio_least(struct sample a, struct sample b, double confidence)
{
	return ratio(a, b, confidence, resampled_least);
}

/* ---- ranks ------------------------------------------------------------------------------------ */

struct ranked {
	double value;
	unsigned int twice; /* the rank, doubled: those of equal values are averaged */
	int is_b;
};

static int compare_ranked(const void *a, const void *b)
{
	return compare(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

/* Ranks all values, @a times @factor; returns twice the sum of the ranks of @b. */
static unsigned int rank(struct sample a, struct sample b, double factor, struct ranked *all)
{
	size_t n = a.count + b.count, i, j;
	unsigned int sum = 0;

	for (i = 0; i < n; i++)
		all[i] = i < a.count ? (struct ranked){a.value[i] * factor, 0, 0}
				     : (struct ranked){b.value[i - a.count], 0, 1};
	qsort(all, n, sizeof(*all), compare_ranked);
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && all[j].value == all[i].value; j++)
			;
		for (size_t k = i; k < j; k++) {
			all[k].twice = (unsigned int)(i + 1 + j);
			sum += all[k].is_b ? all[k].twice : 0;
		}
	}
	return sum;
}

/* Of all ways to choose @take of the ranks, the share whose sum is at least @sum. */
static double exact_share(const struct ranked *all, size_t n, size_t take, unsigned int sum)
{
	enum { SUMS = EXACT_MOST * (EXACT_MOST + 1) + 1 };
	static double ways[EXACT_MOST + 1][SUMS];
	double above = 0, total = 0;

	memset(ways, 0, sizeof(ways));
	ways[0][0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1 < take ? i + 1 : take; k > 0; k--)
			for (size_t s = SUMS - 1; s >= all[i].twice; s--)
				ways[k][s] += ways[k - 1][s - all[i].twice];
	for (size_t s = 0; s < SUMS; s++) {
		total += ways[take][s];
		above += s >= sum ? ways[take][s] : 0;
	}
	return above / total;
}

/* By the normal distribution, with the variance that ties leave. */
static double normal_share(const struct ranked *all, size_t n, size_t take, unsigned int sum)
{
	double mean = (double)take * (double)(n + 1), square = 0, deviation;

	for (size_t i = 0; i < n; i++)
		square += pow(all[i].twice - (double)(n + 1), 2);
	deviation = sqrt(square * (double)take * (double)(n - take) / ((double)n * (double)(n - 1)));
	if (deviation <= 0)
		return 1;
	return .5 * erfc((sum - mean - 1) / deviation / sqrt(2));
}

double sample_above(struct sample a, struct sample b, double factor)
{
	struct ranked *all = calloc(a.count + b.count + 1, sizeof(*all));
	size_t n = a.count + b.count;
	unsigned int sum;
	double p = 1;

	if (!all || !a.count || !b.count) {
		free(all);
		return 1;
	}
	sum = rank(a, b, factor, all);
	p = n <= EXACT_MOST ? exact_share(all, n, b.count, sum) : normal_share(all, n, b.count, sum);
	free(all);
	return p;
}

/* One of "@a + @b choose @b". */
double sample_least_p(size_t a, size_t b)
{
	double p = 1;

	for (size_t i = 1; i <= b; i++)
		p *= (double)i / (double)(a + i);
	return p;
}

double sample_effect(struct sample a, struct sample b)
{
	double more = 0;

	for (size_t i = 0; i < a.count; i++)
		for (size_t j = 0; j < b.count; j++)
			more += (b.value[j] > a.value[i]) - (b.value[j] < a.value[i]);
	return a.count && b.count ? more / (double)a.count / (double)b.count : 0;
}

/* ---- changes ---------------------------------------------------------------------------------- */

/* How far the ranks before and after the best cut lie apart; the cut in *@where. */
static double best_cut(const double *rank_of, size_t n, size_t *where)
{
	double sum = 0, best = 0, middle = (double)(n + 1) / 2;

	*where = 0;
	for (size_t i = 1; i < n; i++) {
		double apart;

		sum += rank_of[i - 1] - middle;
		apart = fabs(sum) / sqrt((double)i * (double)(n - i));
		if (apart > best) {
			best = apart;
			*where = i;
		}
	}
	return best;
}

static void shuffle(double *value, size_t n, uint64_t *state)
{
	for (size_t i = n - 1; i > 0; i--) {
		size_t j = draw(state) % (i + 1);
		double swap = value[i];

		value[i] = value[j];
		value[j] = swap;
	}
}

static void ranks_in_place(struct sample s, double *rank_of)
{
	for (size_t i = 0; i < s.count; i++) {
		double below = 0, same = 0;

		for (size_t j = 0; j < s.count; j++) {
			below += s.value[j] < s.value[i];
			same += s.value[j] == s.value[i];
		}
		rank_of[i] = below + (same + 1) / 2;
	}
}

/* What is as far apart in so few of the orders that chance could have given is a change. */
size_t sample_change(struct sample s, double significance)
{
	double rank_of[SAMPLE_MAX], apart;
	uint64_t state = 88172645463325252ull;
	size_t where, unused, as_far = 0;

	if (s.count < 2 || s.count > SAMPLE_MAX)
		return 0;
	ranks_in_place(s, rank_of);
	apart = best_cut(rank_of, s.count, &where);
	for (int i = 0; i < PERMUTATIONS; i++) {
		shuffle(rank_of, s.count, &state);
		as_far += best_cut(rank_of, s.count, &unused) >= apart - 1e-9;
	}
	return apart > 0 && (double)(as_far + 1) / (PERMUTATIONS + 1) <= significance ? where : 0;
}
