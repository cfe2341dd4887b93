// SPDX-License-Identifier: GPL-2.0-only
/* Decisions: what is a regression, what a pass, and what neither. */
#include "test_gate.h"

static enum gate_verdict decide(const struct gate_run *base, const struct gate_run *new,
				const char *limit, struct gate_row *row, char why[320])
{
	struct gate_policy policy = {};
	struct gate_result result;
	struct gate_error err;
	enum gate_verdict verdict;

	assert_int_equal(gate_policy_add(&policy, limit, &err), 0);
	assert_int_equal(gate_compare(base, new, &policy, GATE_CONFIDENCE, &result), 0);
	verdict = result.verdict;
	memset(row, 0, sizeof(*row));
	if (result.rows)
		*row = result.row[0];
	snprintf(why, 320, "%s", result.why);
	gate_result_free(&result);
	gate_policy_free(&policy);
	return verdict;
}

/* ---- exact ------------------------------------------------------------------------------------ */

static void test_exact(void **state)
{
	const double base[] = {10000, 10000, 10500}, one[] = {10100, 10100, 10100};
	struct gate_run *a = run_make(GATE_INSTRUCTIONS, base, 3);
	struct gate_run *b = run_make(GATE_INSTRUCTIONS, one, 3);
	struct gate_row row;
	char why[320];

	assert_int_equal(decide(a, a, "map.mean=+0%", &row, why), GATE_PASS);
	assert_true(row.change == 0 && !row.statistical);
	assert_int_equal(decide(a, b, "map.mean=+0.5%", &row, why), GATE_REGRESSION);
	assert_true(fabs(row.change - .01) < 1e-12);
	assert_int_equal(decide(a, b, "map.mean=+1%", &row, why), GATE_PASS);
	assert_int_equal(decide(a, b, "map.mean=+99", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(a, b, "map.mean=+100", &row, why), GATE_PASS);
	assert_int_equal(decide(a, b, "work.mean=10099", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(b, a, "work.mean=-2%", &row, why), GATE_REGRESSION);
	gate_run_free(a);
	gate_run_free(b);
}

/* Two costs within 0.2 % are the same, where the base is the limit, and nowhere else. */
static void test_exact_same(void **state)
{
	const double base[] = {10000, 10000}, more[] = {10019, 10019}, much[] = {10021, 10021};
	struct gate_run *a = run_make(GATE_INSTRUCTIONS, base, 2);
	struct gate_run *b = run_make(GATE_INSTRUCTIONS, more, 2);
	struct gate_run *c = run_make(GATE_INSTRUCTIONS, much, 2);
	struct gate_row row;
	char why[320];

	assert_int_equal(decide(a, b, "map.mean=+0%", &row, why), GATE_PASS);
	assert_int_equal(decide(a, b, "map.mean=+0.1%", &row, why), GATE_PASS);
	assert_int_equal(decide(a, c, "map.mean=+0%", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(a, b, "work.mean=10018", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(a, a, "map.mean=-0.1%", &row, why), GATE_REGRESSION);
	gate_run_free(a);
	gate_run_free(b);
	gate_run_free(c);
}

/* No two repeats alike: nothing is exact there. */
static void test_exact_unstable(void **state)
{
	const double base[] = {10000, 10000}, wild[] = {10000, 10900, 11500};
	struct gate_run *a = run_make(GATE_INSTRUCTIONS, base, 2);
	struct gate_run *b = run_make(GATE_INSTRUCTIONS, wild, 3);
	struct gate_row row;
	char why[320];

	assert_int_equal(decide(a, b, "map.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "not exact"));
	b->repeats = 1;
	assert_int_equal(decide(b, a, "map.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "one repeat"));
	b->repeats = 3;
	gate_run_free(a);
	gate_run_free(b);
}

/* A percentile is known as well as its bucket is narrow, and no better. */
static void test_coarse(void **state)
{
	const double cost[] = {1000, 1001, 1000, 1002, 1000, 1001, 1000, 1000};
	struct gate_row row;
	char why[320];

	for (enum gate_unit unit = GATE_NS; unit <= GATE_INSTRUCTIONS; unit++) {
		struct gate_run *a = run_make(unit, cost, 8);

		for (size_t i = 0; i < 8; i++) {
			a->repeat[i].op[0].bucket[0] = (struct gate_bucket){1000, 1251, 1000};
			a->repeat[i].op[0].max = 1250;
		}
		assert_int_equal(decide(a, a, "map.p50=+5%", &row, why), GATE_INCONCLUSIVE);
		assert_true(row.high > .25 && row.low < -.2);
		assert_int_equal(decide(a, a, "map.p50=+60%", &row, why), GATE_PASS);
		assert_int_equal(decide(a, a, "map.p50=-60%", &row, why), GATE_REGRESSION);
		assert_int_equal(decide(a, a, "map.mean=+5%", &row, why), GATE_PASS);
		gate_run_free(a);
	}
}

/* ---- statistical ------------------------------------------------------------------------------ */

static struct gate_run *noisy(uint64_t *state, double mean, double deviation, size_t repeats)
{
	double cost[64];

	for (size_t i = 0; i < repeats; i++)
		cost[i] = mean * (1 + deviation * draw_normal(state));
	return run_make(GATE_NS, cost, repeats);
}

/* How often, of 40, each verdict is given for runs that differ by @change. */
static void count_verdicts(double change, double deviation, const char *limit, size_t count[3])
{
	uint64_t state = 7;

	memset(count, 0, 3 * sizeof(*count));
	for (int i = 0; i < 40; i++) {
		struct gate_run *a = noisy(&state, 100000, deviation, 15);
		struct gate_run *b = noisy(&state, 100000 * (1 + change), deviation, 15);
		struct gate_row row;
		char why[320];

		count[decide(a, b, limit, &row, why)]++;
		gate_run_free(a);
		gate_run_free(b);
	}
}

static void test_no_false_alarm(void **state)
{
	size_t count[3];

	count_verdicts(0, .02, "map.mean=+5%", count);
	assert_int_equal(count[GATE_REGRESSION], 0);
	assert_true(count[GATE_PASS] >= 38);
	/* Noise alone is no regression, not even where nothing at all is allowed. */
	count_verdicts(0, .02, "map.mean=+0%", count);
	assert_int_equal(count[GATE_REGRESSION], 0);
	count_verdicts(0, .2, "map.mean=+1%", count);
	assert_int_equal(count[GATE_REGRESSION], 0);
}

static void test_finds(void **state)
{
	size_t count[3];

	count_verdicts(.10, .01, "map.mean=+5%", count);
	assert_true(count[GATE_REGRESSION] >= 40);
	assert_int_equal(count[GATE_PASS], 0);
	/* What is hidden in the noise is never a pass. */
	count_verdicts(.10, .10, "map.mean=+5%", count);
	assert_int_equal(count[GATE_PASS], 0);
}

/* The machine slows most repeats, a driver all of them. */
static void test_mood(void **state)
{
	uint64_t seed = 7;
	struct gate_run *a = noisy(&seed, 100000, .01, 15), *b = noisy(&seed, 110000, .01, 15);
	struct gate_row row;
	char why[320];

	assert_int_equal(decide(a, b, "work.mean=+0%", &row, why), GATE_REGRESSION);
	b->repeat[3].work = a->repeat[5].work;
	assert_int_equal(decide(a, b, "work.mean=+0%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "mood"));
	assert_true(row.low > 0 && row.p < .001);
	/* Nor is it a pass; and next to a plain number it is what the quickest repeat is above. */
	assert_int_equal(decide(a, b, "work.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_int_equal(decide(a, b, "work.mean=90000", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(a, b, "work.mean=105000", &row, why), GATE_INCONCLUSIVE);
	gate_run_free(a);
	gate_run_free(b);
}

static void test_too_few(void **state)
{
	const double base[] = {100, 101, 102}, twice[] = {200, 201, 202};
	struct gate_run *a = run_make(GATE_NS, base, 3), *b = run_make(GATE_NS, twice, 3);
	struct gate_row row;
	char why[320];

	assert_int_equal(decide(a, b, "map.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "too few"));
	gate_run_free(a);
	gate_run_free(b);
}

/* Many repeats of the one do not make up for few of the other. */
static void test_uneven(void **state)
{
	double many[40];
	const double few[] = {200, 201};
	struct gate_run *a, *b = run_make(GATE_NS, few, 2);
	struct gate_row row;
	char why[320];

	for (int i = 0; i < 40; i++)
		many[i] = 100 + i % 3;
	a = run_make(GATE_NS, many, 40);
	assert_int_equal(decide(a, b, "map.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "too few"));
	gate_run_free(a);
	gate_run_free(b);
}

/* A run slower by more than the floor is told from its base, and one by much less is not. */
static void test_noise_floor(void **state)
{
	uint64_t seed = 7;
	struct gate_run *a = noisy(&seed, 100000, .05, 15), *b = noisy(&seed, 100000, .05, 15);
	struct gate_row row;
	char why[320];
	double noise;

	assert_int_equal(decide(a, b, "work.mean=+0%", &row, why), GATE_INCONCLUSIVE);
	noise = row.noise;
	assert_true(noise > .01 && noise < .5);
	for (size_t i = 0; i < b->repeats; i++)
		b->repeat[i].work = a->repeat[i].work * (1 + 1.3 * noise);
	assert_int_equal(decide(a, b, "work.mean=+0%", &row, why), GATE_REGRESSION);
	for (size_t i = 0; i < b->repeats; i++)
		b->repeat[i].work = a->repeat[i].work * (1 + .3 * noise);
	assert_int_equal(decide(a, b, "work.mean=+0%", &row, why), GATE_INCONCLUSIVE);
	gate_run_free(a);
	gate_run_free(b);
}

/* ---- counted, and what cannot be compared ----------------------------------------------------- */

static void test_counted(void **state)
{
	const double cost[] = {100, 100, 100};
	struct gate_run *a = run_make(GATE_NS, cost, 3), *b = run_make(GATE_NS, cost, 3);
	struct gate_row row;
	char why[320];

	assert_int_equal(decide(a, b, "map.failures=0", &row, why), GATE_PASS);
	b->repeat[1].op[0].errors = 1;
	assert_int_equal(decide(a, b, "map.failures=0", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(a, b, "verdict.accepted-mismatch=0", &row, why), GATE_PASS);
	b->verdict[MODEL_ACCEPTED_MISMATCH] = 1;
	assert_int_equal(decide(a, b, "verdict.accepted-mismatch=0", &row, why), GATE_REGRESSION);
	assert_int_equal(decide(a, b, "lost=0", &row, why), GATE_PASS);
	assert_int_equal(decide(a, b, "unmap.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_int_equal(decide(a, b, "map.2M.failures=0", &row, why), GATE_INCONCLUSIVE);
	assert_int_equal(decide(a, b, "map.4K@dmar0.count=+0", &row, why), GATE_PASS);
	/* Of runs that looked at no attach, or at nothing, no verdict is known. */
	b->verdict[MODEL_ACCEPTED_MISMATCH] = 0;
	for (size_t i = 0; i < 3; i++)
		b->repeat[i].ops = 1;
	assert_int_equal(decide(a, b, "verdict.accepted-mismatch=0", &row, why), GATE_INCONCLUSIVE);
	assert_int_equal(decide(b, a, "verdict.leak=0", &row, why), GATE_INCONCLUSIVE);
	assert_int_equal(decide(a, b, "lost=0", &row, why), GATE_PASS);
	for (size_t i = 0; i < 3; i++)
		b->repeat[i].ops = 0;
	assert_int_equal(decide(a, b, "lost=0", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "NEW did not measure it; try without --untraced"));
	for (size_t i = 0; i < 3; i++)
		b->repeat[i].ops = 2;
	gate_run_free(a);
	gate_run_free(b);
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = strdup(with);
}

static void test_not_comparable(void **state)
{
	const double cost[] = {100, 100, 100};
	struct gate_run *a = run_make(GATE_NS, cost, 3), *b = run_make(GATE_NS, cost, 3);
	const char *limit = "map.count=+0";
	struct gate_row row;
	char why[320];

	b->lost = 3;
	assert_int_equal(decide(a, b, limit, &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(why, "NEW lost 3"));
	b->lost = 0;
	b->unit = GATE_INSTRUCTIONS;
	assert_int_equal(decide(a, b, limit, &row, why), GATE_INCONCLUSIVE);
	b->unit = GATE_NS;
	replace(&b->failure, "exit status 1");
	assert_int_equal(decide(b, a, limit, &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(why, "workload of BASE failed"));
	replace(&b->failure, "");
	replace(&b->host[1].value, "7.4");
	assert_int_equal(decide(a, b, limit, &row, why), GATE_PASS); /* kernels are compared */
	replace(&b->host[0].value, "aarch64");
	assert_int_equal(decide(a, b, limit, &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(why, "kernel.arch"));
	replace(&b->host[0].value, "x86_64");
	replace(&b->workload, "lab-map 2M");
	assert_int_equal(decide(a, b, limit, &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(why, "different workloads"));
	replace(&b->workload, a->workload);
	b->operations = 7;
	assert_int_equal(decide(a, b, limit, &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(why, "1000 and 7 operations"));
	b->operations = a->operations;
	replace(&b->mechanism, "kprobe+kretprobe");
	assert_int_equal(decide(a, b, limit, &row, why), GATE_PASS); /* not in a count */
	assert_int_equal(decide(a, b, "map.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "probed by"));
	replace(&b->mechanism, a->mechanism);
	b->aggregate = true;
	assert_int_equal(decide(a, b, "map.mean=+5%", &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(row.why, "only NEW is of --aggregate"));
	b->aggregate = false;
	a->hosts = b->hosts = 0;
	assert_int_equal(decide(a, b, limit, &row, why), GATE_INCONCLUSIVE);
	assert_non_null(strstr(why, "any machine"));
	a->hosts = b->hosts = 2;
	gate_run_free(a);
	gate_run_free(b);
}

/* ---- metrics and limits ----------------------------------------------------------------------- */

static void test_metrics(void **state)
{
	static const char *const good[] = {"map.p99.9", "map.4K.mean", "sync.max", "attach.failures",
					   "map.4K@smmu3.0x000000000c000000.p50", "dma-map.count",
					   "verdict.leak", "lost", "work.mean", "alloc.p90",
					   "map@0000:00:02.0.mean"};
	static const char *const bad[] = {"map", "map.p98", "mup.mean", "map.big.mean", "verdict.odd",
					  "work.p99", "", ".mean", "map..mean", "map.8K.mean"};
	struct gate_metric m;
	struct gate_error err;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (gate_metric_parse(good[i], &m, &err))
			fail_msg("%s: %s", good[i], err.text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!gate_metric_parse(bad[i], &m, &err))
			fail_msg("%s was taken", bad[i]);
	assert_int_equal(gate_metric_parse("map.4K@smmu3.0x000000000c000000.p99.9", &m, &err), 0);
	assert_int_equal(m.stat, GATE_P999);
	assert_string_equal(m.op, "map");
	assert_string_equal(m.size, "4K");
	assert_string_equal(m.instance, "smmu3.0x000000000c000000");
}

static void test_limits(void **state)
{
	static const char *const bad[] = {"map.mean",	 "map.mean=",	   "map.mean=5%",
					  "map.mean=-5", "map.mean=+5%x",  "map.mean=nan%",
					  "map.mean=x",	 "map.mean=+-5%", "map.mean=+inf",
					  "map.mean=1e999", "map.mean=+1e400%"};
	struct gate_policy p = {};
	struct gate_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!gate_policy_add(&p, bad[i], &err))
			fail_msg("%s was taken", bad[i]);
	assert_int_equal(p.limits, 0);
	assert_int_equal(gate_policy_add(&p, "map.mean=-2.5%", &err), 0);
	assert_true(p.limit[0].kind == GATE_RELATIVE && p.limit[0].value == -.025);
	gate_policy_free(&p);
}

static void test_policy_file(void **state)
{
	static const char good[] = "# the gate\nmap.mean=+1%  # strict\n\n  attach.failures=0\n";
	char longer[600];
	char path[] = "/tmp/test_gate.XXXXXX";
	int fd = mkstemp(path);
	struct gate_policy p = {};
	struct gate_error err;

	assert_int_equal(write(fd, good, sizeof(good) - 1), sizeof(good) - 1);
	assert_int_equal(gate_policy_read(&p, path, &err), 0);
	assert_int_equal(p.limits, 2);
	assert_int_equal(write(fd, "nonsense\n", 9), 9);
	assert_int_not_equal(gate_policy_read(&p, path, &err), 0);
	assert_non_null(strstr(err.text, ":5: "));
	gate_policy_free(&p);
	/* A comment is one, however long. */
	memset(longer, '#', sizeof(longer));
	memcpy(longer + 255, "map.mean=+500%", 14);
	memcpy(longer + sizeof(longer) - 12, "\nlost=0     ", 12);
	assert_int_equal(pwrite(fd, longer, sizeof(longer), 0), sizeof(longer));
	assert_int_equal(gate_policy_read(&p, path, &err), 0);
	assert_int_equal(p.limits, 1);
	/* Nothing is nothing, whatever was given before. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_not_equal(gate_policy_read(&p, path, &err), 0);
	gate_policy_free(&p);
	close(fd);
	unlink(path);
}

static void test_values(void **state)
{
	const double cost[] = {100, 200};
	struct gate_run *run = run_make(GATE_NS, cost, 2);
	struct gate_bucket wide[] = {{0, 100, 50}, {100, 200, 50}};
	struct gate_metric m;
	struct gate_error err;
	double value[3], grain;

	assert_int_equal(gate_metric_parse("map.mean", &m, &err), 0);
	assert_int_equal(gate_metric_values(&m, run, value), 2);
	assert_true(value[0] == 100 && value[1] == 200);
	assert_true(gate_metric_grain(&m, run) == 0);
	assert_int_equal(gate_metric_parse("map.p99", &m, &err), 0);
	gate_metric_values(&m, run, value);
	assert_true(value[0] == 100 && value[1] == 200);
	assert_true(gate_percentile(wide, 2, .5, 1000, &grain) == 100 && isinf(grain));
	assert_true(gate_percentile(wide, 2, .75, 1000, &grain) == 150 && fabs(grain - .99) < 1e-9);
	assert_true(gate_percentile(wide, 2, 1, 190, &grain) == 190 && fabs(grain - .9) < 1e-9);
	assert_true(gate_metric_grain(&m, run) == 0);
	run->repeat[0].op[0].untimed = 1000;
	run->repeat[0].op[0].sum = 0;
	assert_int_equal(gate_metric_parse("map.mean", &m, &err), 0);
	assert_int_equal(gate_metric_values(&m, run, value), 0); /* seen, but not timed */
	gate_run_free(run);
}

/* Whatever either run did is looked at. */
static void test_default_policy(void **state)
{
	const double cost[] = {1000, 1001, 1000, 1002, 1000, 1001, 1000, 1000};
	struct gate_run *a = run_make(GATE_NS, cost, 8), *b = run_make(GATE_NS, cost, 8);
	struct gate_policy p = {};

	assert_int_equal(gate_policy_default(&p, a, b, .05), 0);
	assert_int_equal(p.limits, 3);
	assert_string_equal(p.limit[0].metric.name, "work.mean");
	assert_string_equal(p.limit[1].metric.name, "map.mean");
	assert_string_equal(p.limit[2].metric.name, "map.failures");
	gate_policy_free(&p);
	b->repeat[5].op[1].count = b->repeat[5].op[1].untimed = 1;
	a->repeat[0].op[0].count = 99;
	assert_int_equal(gate_policy_default(&p, a, b, .05), 0);
	assert_int_equal(p.limits, 3);
	assert_string_equal(p.limit[1].metric.name, "attach.failures");
	assert_string_equal(p.limit[2].metric.name, "map.failures");
	gate_policy_free(&p);
	gate_run_free(a);
	gate_run_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),	     cmocka_unit_test(test_exact_unstable),
		cmocka_unit_test(test_exact_same),
		cmocka_unit_test(test_no_false_alarm), cmocka_unit_test(test_finds),
		cmocka_unit_test(test_mood),	     cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_not_comparable), cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_policy_file),
		cmocka_unit_test(test_values),	     cmocka_unit_test(test_coarse),
		cmocka_unit_test(test_uneven),	     cmocka_unit_test(test_noise_floor),
		cmocka_unit_test(test_default_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
