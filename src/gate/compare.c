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
				      "iommu.instances", "machine.name", "tool.version"};

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
	return next / least - 1;
}

/* The same as the base, where that is allowed. */
static bool is_same(const struct gate_row *row)
{
	return row->limit->kind != GATE_AT_MOST && row->limit->value >= 0 &&
	       fabs(row->new - row->base) <= GATE_EXACT_SPREAD * row->base;
}

/* What is between the change divided and multiplied by this, as values are told within @grain. */
static double coarse(double grain)
{
	return (1 + grain) * (1 + grain);
}

/* Exact, but for the histogram. */
static void judge_coarse(struct gate_row *row, struct sample base, struct sample new, double grain)
{
	double ratio = row->new / row->base, factor = most(row->limit, row->base) / row->base;

	row->statistical = true;
	row->low = ratio / coarse(grain) - 1;
	row->high = ratio * coarse(grain) - 1;
	row->noise = coarse(grain) - 1;
	row->effect = sample_effect(base, new);
	row->p = sample_above(base, new, factor);
	if (row->low + 1 > factor)
		decide(row, GATE_REGRESSION, "above the limit, %s", row->limit->text);
	else if (row->high + 1 <= factor)
		row->verdict = GATE_PASS;
	else
		decide(row, GATE_INCONCLUSIVE, "its histogram tells it within %.1f %% only, the limit is %s",
		       100 * grain, row->limit->text);
}

static void judge_exact(struct gate_row *row, struct sample base, struct sample new, double grain)
{
	double off = fmax(spread(base), spread(new));

	row->base = sample_least(base);
	row->new = sample_least(new);
	if (base.count < 2 || new.count < 2)
		decide(row, GATE_INCONCLUSIVE, "one repeat proves nothing: two have to agree; try --repeat 2");
	else if (off > GATE_EXACT_SPREAD)
		decide(row, GATE_INCONCLUSIVE,
		       "not exact: no two repeats are within %.1f %%, the nearest %.1f %%",
		       100 * GATE_EXACT_SPREAD, 100 * off);
	else if (grain > GATE_EXACT_SPREAD)
		judge_coarse(row, base, new, grain);
	else if (is_same(row))
		row->verdict = GATE_PASS;
	else
		judge_number(row);
}

/*
 * By what the least repeats differ at the least, as a ratio. What they say of the noise is kept, as they have
 * to be told from one another, too.
 */
static double least_ratio(struct gate_row *row, struct sample base, struct sample new, double grain,
			  double confidence)
{
	double low = sample_ratio_least(base, new, confidence).low / coarse(grain);

	row->noise = fmax(row->noise, sample_least(new) / sample_least(base) / low - 1);
	return low;
}

static void judge_statistics(struct gate_row *row, struct sample base, struct sample new, double grain,
			     double confidence)
{
	struct sample_interval i = sample_ratio(base, new, confidence);
	size_t fewer = base.count < new.count ? base.count : new.count;
	double least = sample_least(base), least_by, factor, p_most = 1 - confidence;
	bool above;

	i.low /= coarse(grain);
	i.high *= coarse(grain);
	row->statistical = true;
	row->base = sample_median(base);
	row->new = sample_median(new);
	if (least <= 0) {
		decide(row, GATE_INCONCLUSIVE, "a repeat of BASE is 0: there is no change relative to that");
		return;
	}
	row->low = i.low - 1;
	row->high = i.high - 1;
	row->noise = row->new / row->base / i.low - 1;
	row->effect = sample_effect(base, new);
	factor = most(row->limit, row->base) / row->base;
	row->p = sample_above(base, new, factor);
	above = i.low > factor && row->p <= p_most;
	least_by = least_ratio(row, base, new, grain, confidence);
	/* Of few repeats the bootstrap knows nothing, however many there are of the other. */
	if (sample_least_p(fewer, fewer) > p_most)
		decide(row, GATE_INCONCLUSIVE, "%zu and %zu repeats are too few for %g %%; try --repeat 15",
		       base.count, new.count, 100 * confidence);
	else if (above && least * least_by > most(row->limit, least))
		decide(row, GATE_REGRESSION, "above the limit, %s", row->limit->text);
	else if (above)
		decide(row, GATE_INCONCLUSIVE, "most repeats are above the limit, %s, but the quickest may be at %+.1f %%: "
		       "it may be the machine's mood; try again", row->limit->text, 100 * (least_by - 1));
	else if (i.high <= factor)
		row->verdict = GATE_PASS;
	else
		decide(row, GATE_INCONCLUSIVE, "too noisy: it is between %+.1f and %+.1f %%, the limit %s; try "
		       "more --repeat, or a quieter machine", 100 * row->low, 100 * row->high,
		       row->limit->text);
}

/* Why a metric has no value. */
static void judge_unknown(struct gate_row *row, const struct gate_run *base, bool base_knows,
			  const struct gate_run *new, bool new_knows)
{
	bool untraced = (!base_knows && !gate_run_traced(base)) || (!new_knows && !gate_run_traced(new));

	decide(row, GATE_INCONCLUSIVE, "%s did not measure it%s",
	       base_knows ? "NEW" : new_knows ? "BASE" : "BASE and NEW",
	       untraced && row->limit->metric.stat != GATE_WORK ? "; try without --untraced" : "");
}

/* What looked at the calls is in what they cost. */
static bool same_probes(struct gate_row *row, const struct gate_run *base, const struct gate_run *new)
{
	if (row->limit->metric.stat > GATE_MAX)
		return true;
	if (base->aggregate != new->aggregate) {
		decide(row, GATE_INCONCLUSIVE, "only %s is of --aggregate", base->aggregate ? "BASE" : "NEW");
		return false;
	}
	if (!*base->mechanism || !*new->mechanism || !strcmp(base->mechanism, new->mechanism))
		return true;
	decide(row, GATE_INCONCLUSIVE, "BASE was probed by \"%.30s\", NEW by \"%.30s\"", base->mechanism,
	       new->mechanism);
	return false;
}

static int judge(struct gate_row *row, const struct gate_run *base, const struct gate_run *new,
		 double confidence)
{
	const struct gate_metric *m = &row->limit->metric;
	double *value = calloc(base->repeats + new->repeats + 2, sizeof(*value));
	double grain = fmax(gate_metric_grain(m, base), gate_metric_grain(m, new));
	struct sample b, n;

	if (!value)
		return -ENOMEM;
	b = (struct sample){value, gate_metric_values(m, base, value)};
	n = (struct sample){value + b.count, gate_metric_values(m, new, value + b.count)};
	row->known = b.count && n.count;
	if (!row->known)
		judge_unknown(row, base, b.count, new, n.count);
	else if (!same_probes(row, base, new))
		row->known = false;
	else if (!gate_metric_is_cost(m))
		judge_count(row, b, n);
	else if (base->unit == GATE_INSTRUCTIONS)
		judge_exact(row, b, n, grain);
	else
		judge_statistics(row, b, n, grain, confidence);
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
	if (strcmp(base->workload, new->workload))
		return refuse(out, "different workloads: \"%.100s\" and \"%.100s\"", base->workload,
			      new->workload);
	if (base->operations != new->operations)
		return refuse(out, "different workloads: %" PRIu64 " and %" PRIu64 " operations of \"%.100s\"",
			      base->operations, new->operations, new->workload);
	if (!*gate_run_fact(base, machine[0]))
		return refuse(out, "BASE does not tell its %s: it could be any machine", machine[0]);
	if (!gate_same_machine(base, new, &fact))
		return refuse(out, "different machines or tools: %s is \"%.80s\" and \"%.80s\"", fact,
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
