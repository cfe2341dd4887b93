// SPDX-License-Identifier: GPL-2.0-only
#include "gate/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sample.h"

/* What a cost depends on that no change to a kernel or driver makes. */
static const char *const machine[] = {"kernel.arch", "cpus.online", "cpu.model", "clock.source",
				      "iommu.instances", "machine.name"};

const char *gate_verdict_name(enum gate_verdict v)
{
	return v == GATE_PASS ? "pass" : v == GATE_REGRESSION ? "regression" : "inconclusive";
}

bool gate_same_machine(const struct gate_run *base, const struct gate_run *new,
		       const char **differs)
{
	for (size_t i = 0; i < sizeof(machine) / sizeof(machine[0]); i++) {
		*differs = machine[i];
		if (strcmp(gate_run_fact(base, machine[i]), gate_run_fact(new, machine[i])))
			return false;
	}
	return true;
}

static void decide(struct gate_row *row, enum gate_verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void decide(struct gate_row *row, enum gate_verdict verdict, const char *fmt, ...)
{
	va_list args;

	row->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(row->why, sizeof(row->why), fmt, args);
	va_end(args);
}

/* ---- one metric ------------------------------------------------------------------------------- */

/* The most that NEW may be. */
static double most(const struct gate_limit *l, double base)
{
	return l->kind == GATE_RELATIVE ? base * (1 + l->value)
	       : l->kind == GATE_MORE	? base + l->value
					: l->value;
}

static void judge_number(struct gate_row *row)
{
	/* A limit of 5 % is met by 105.0, whatever the last bit of 1.05 is. */
	if (row->new <= most(row->limit, row->base) * (1 + 1e-12))
		row->verdict = GATE_PASS;
	else
		decide(row, GATE_REGRESSION, "above the limit, %s", row->limit->text);
}

/* Counts: the worst repeat of NEW, the worst of BASE. */
static void judge_count(struct gate_row *row, struct sample base, struct sample new)
{
	row->base = sample_most(base);
	row->new = sample_most(new);
	judge_number(row);
}

/* How far the second least is above the least: nothing exact would be. */
static double spread(struct sample s)
{
	double least = sample_least(s), next = INFINITY;
	bool skipped = false;

	for (size_t i = 0; i < s.count; i++) {
		if (s.value[i] == least && !skipped)
			skipped = true;
		else
			next = fmin(next, s.value[i]);
	}
	return s.count > 1 ? next / least - 1 : 0;
}

/* The same as the base, where that is allowed. */
static bool is_same(const struct gate_row *row)
{
	return row->limit->kind != GATE_AT_MOST && row->limit->value >= 0 &&
	       fabs(row->new - row->base) <= GATE_EXACT_SPREAD * row->base;
}

static void judge_exact(struct gate_row *row, struct sample base, struct sample new)
{
	double off = fmax(spread(base), spread(new));

	row->base = sample_least(base);
	row->new = sample_least(new);
	if (off > GATE_EXACT_SPREAD)
		decide(row, GATE_INCONCLUSIVE,
		       "not exact: no two repeats are within %.1f %%, the nearest %.1f %%",
		       100 * GATE_EXACT_SPREAD, 100 * off);
	else if (is_same(row))
		row->verdict = GATE_PASS;
	else
		judge_number(row);
}

static void judge_statistics(struct gate_row *row, struct sample base, struct sample new,
			     double confidence)
{
	struct sample_interval i = sample_ratio(base, new, confidence);
	double factor, p_most = 1 - confidence;

	row->statistical = true;
	row->base = sample_median(base);
	row->new = sample_median(new);
	row->low = i.low - 1;
	row->high = i.high - 1;
	row->noise = (i.high - i.low) / 2;
	row->effect = sample_effect(base, new);
	factor = row->base > 0 ? most(row->limit, row->base) / row->base : 1;
	row->p = sample_above(base, new, factor);
	if (sample_least_p(base.count, new.count) > p_most)
		decide(row, GATE_INCONCLUSIVE, "%zu and %zu repeats are too few for %g %%", base.count,
		       new.count, 100 * confidence);
	else if (i.low > factor && row->p <= p_most)
		decide(row, GATE_REGRESSION, "above the limit, %s", row->limit->text);
	else if (i.high <= factor)
		row->verdict = GATE_PASS;
	else
		decide(row, GATE_INCONCLUSIVE, "too noisy: it is between %+.1f and %+.1f %%, the limit %s",
		       100 * row->low, 100 * row->high, row->limit->text);
}

static int judge(struct gate_row *row, const struct gate_run *base, const struct gate_run *new,
		 double confidence)
{
	const struct gate_metric *m = &row->limit->metric;
	double *value = calloc(base->repeats + new->repeats + 2, sizeof(*value));
	struct sample b, n;

	if (!value)
		return -ENOMEM;
	b = (struct sample){value, gate_metric_values(m, base, value)};
	n = (struct sample){value + b.count, gate_metric_values(m, new, value + b.count)};
	row->known = b.count && n.count;
	if (!row->known)
		decide(row, GATE_INCONCLUSIVE, "%s did not measure it", b.count ? "NEW" : "BASE");
	else if (!gate_metric_is_cost(m))
		judge_count(row, b, n);
	else if (base->unit == GATE_INSTRUCTIONS)
		judge_exact(row, b, n);
	else
		judge_statistics(row, b, n, confidence);
	row->change = row->known && row->base > 0 ? row->new / row->base - 1 : NAN;
	free(value);
	return 0;
}

/* ---- whether they compare --------------------------------------------------------------------- */

static bool refuse(struct gate_result *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(struct gate_result *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, args);
	va_end(args);
	out->verdict = GATE_INCONCLUSIVE;
	return true;
}

static bool is_no_use(const char *which, const struct gate_run *run, struct gate_result *out)
{
	if (*run->failure)
		return refuse(out, "the workload of %s failed: %.200s", which, run->failure);
	if (run->lost)
		return refuse(out, "%s lost %" PRIu64 " events or calls (%.200s): measure it again, or "
			      "with --aggregate", which, run->lost, run->loss);
	if (!run->repeats || run->repeats > SAMPLE_MAX)
		return refuse(out, "%s has %zu repeats; 1 to %d can be compared", which, run->repeats,
			      SAMPLE_MAX);
	return false;
}

static bool cannot_compare(const struct gate_run *base, const struct gate_run *new,
			   struct gate_result *out)
{
	const char *fact;

	if (is_no_use("BASE", base, out) || is_no_use("NEW", new, out))
		return true;
	if (base->unit != new->unit)
		return refuse(out, "BASE is in %s, NEW in %s", gate_unit_name(base->unit),
			      gate_unit_name(new->unit));
	if (strcmp(base->workload, new->workload) || base->operations != new->operations)
		return refuse(out, "different workloads: \"%.100s\" and \"%.100s\"", base->workload,
			      new->workload);
	if (!gate_same_machine(base, new, &fact))
		return refuse(out, "different machines: %s is \"%.80s\" and \"%.80s\"", fact,
			      gate_run_fact(base, fact), gate_run_fact(new, fact));
	return false;
}

int gate_compare(const struct gate_run *base, const struct gate_run *new,
		 const struct gate_policy *policy, double confidence, struct gate_result *out)
{
	int err = 0;

	*out = (struct gate_result){.verdict = GATE_PASS};
	if (cannot_compare(base, new, out))
		return 0;
	if (!policy->limits) {
		refuse(out, "there is nothing to compare: no limit was given");
		return 0;
	}
	out->row = calloc(policy->limits, sizeof(*out->row));
	if (!out->row)
		return -ENOMEM;
	for (out->rows = 0; !err && out->rows < policy->limits; out->rows++) {
		struct gate_row *row = &out->row[out->rows];

		row->limit = &policy->limit[out->rows];
		err = judge(row, base, new, confidence);
		if (row->verdict > out->verdict)
			out->verdict = row->verdict;
	}
	return err;
}

void gate_result_free(struct gate_result *result)
{
	free(result->row);
	*result = (struct gate_result){};
}
