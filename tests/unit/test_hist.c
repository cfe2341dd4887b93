// SPDX-License-Identifier: GPL-2.0-only
/* Buckets against every scale of values, percentiles against sorted data. */
#include "test_model.h"

static uint64_t midpoint_of(uint64_t ns)
{
	struct model_op op = {.calls = 1, .max_ns = UINT64_MAX};

	op.bucket[ims_hist_bucket(ns)] = 1;
	return model_op_percentile(&op, 500);
}

static void assert_within(uint64_t got, uint64_t want)
{
	uint64_t error = got > want ? got - want : want - got;

	if (error * 8 > want)
		fail_msg("%lu for %lu", (unsigned long)got, (unsigned long)want);
}

static void test_buckets(void **state)
{
	const uint64_t top = ims_hist_low(IMS_HIST_BUCKETS - 1);

	for (uint64_t ns = 0; ns < top; ns += 1 + ns / 1000) {
		uint32_t i = ims_hist_bucket(ns);

		assert_true(ims_hist_low(i) <= ns && ns < ims_hist_low(i + 1));
		assert_within(midpoint_of(ns), ns);
	}
	assert_int_equal(ims_hist_bucket(top - 1), IMS_HIST_BUCKETS - 2);
	assert_int_equal(ims_hist_bucket(UINT64_MAX), IMS_HIST_BUCKETS - 1);
	for (uint64_t ns = 0; ns < 8; ns++)
		assert_int_equal(midpoint_of(ns), ns);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void check_percentiles(uint64_t *ns, size_t count)
{
	static const unsigned int permilles[] = {1, 10, 250, 500, 900, 990, 999, 1000};
	struct model_op op = {.calls = count};

	for (size_t i = 0; i < count; i++) {
		op.bucket[ims_hist_bucket(ns[i])]++;
		op.sum_ns += ns[i];
		if (ns[i] > op.max_ns)
			op.max_ns = ns[i];
	}
	qsort(ns, count, sizeof(*ns), compare);
	for (size_t i = 0; i < sizeof(permilles) / sizeof(*permilles); i++) {
		size_t rank = (count * permilles[i] + 999) / 1000;

		assert_within(model_op_percentile(&op, permilles[i]), ns[rank - 1]);
		assert_true(model_op_percentile(&op, permilles[i]) <= op.max_ns);
	}
	assert_int_equal(model_op_mean(&op), op.sum_ns / count);
}

static void test_percentiles(void **state)
{
	uint64_t ns[5000], random = 88172645463325252ull;

	for (size_t count = 1; count <= 5000; count = count * 3 + 1) {
		for (size_t i = 0; i < count; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			ns[i] = (random >> 32) >> (random & 31);
		}
		check_percentiles(ns, count);
	}
}

static void test_edges(void **state)
{
	struct model_op none = {0}, untimed = {.calls = 7, .untimed = 7};
	struct model_op last = {.calls = 3, .max_ns = 1ull << 60};

	assert_int_equal(model_op_percentile(&none, 500), 0);
	assert_int_equal(model_op_mean(&none), 0);
	assert_int_equal(model_op_percentile(&untimed, 990), 0);
	assert_int_equal(model_op_mean(&untimed), 0);
	/* The last bucket has no midpoint: the maximum is what is known. */
	last.bucket[IMS_HIST_BUCKETS - 1] = 3;
	assert_true(model_op_percentile(&last, 500) == 1ull << 60);
}

/* Untimed calls are in no bucket, and not in the mean. */
static void test_untimed(void **state)
{
	struct model_op op = {.calls = 4, .untimed = 2, .sum_ns = 300, .max_ns = 200};

	op.bucket[ims_hist_bucket(100)] = op.bucket[ims_hist_bucket(200)] = 1;
	assert_int_equal(model_op_mean(&op), 150);
	assert_within(model_op_percentile(&op, 500), 100);
	assert_within(model_op_percentile(&op, 990), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_untimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
