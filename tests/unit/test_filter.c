// SPDX-License-Identifier: GPL-2.0-only
/* What narrows a recording: times by a clock that may change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/filter.h"

#define S 1000000000ull

static void learn_clock(struct filter *f, const char *key, const char *offset, uint64_t time_ns)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = time_ns, .host = {key, offset}};

	assert_int_equal(filter_learn(f, &rec), 0);
}

static bool fits(struct filter *f, uint64_t time_ns)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = time_ns, .stats = {.object = ""}};

	assert_int_equal(filter_learn(f, &rec), 0);
	return filter_record(f, &rec);
}

/* It begins at 01:00:10 by the clock, and 10 s later it is an hour later. */
static void begin(struct filter *f)
{
	learn_clock(f, "clock.realtime_offset_ns", "3600000000000", 10 * S);
	fits(f, 10 * S);
}

static void sleep_an_hour(struct filter *f)
{
	learn_clock(f, "clock.later.realtime_offset_ns", "7200000000000", 20 * S);
}

static void test_since(void **state)
{
	struct filter early = {}, meanwhile = {}, later = {};

	assert_int_equal(filter_set(&early, KEY_SINCE, "01:00:15"), 0);
	assert_int_equal(filter_set(&meanwhile, KEY_SINCE, "01:30:00"), 0);
	assert_int_equal(filter_set(&later, KEY_SINCE, "1970-01-01T02:00:25"), 0);
	begin(&early);
	begin(&meanwhile);
	begin(&later);
	assert_true(!fits(&early, 14 * S) && fits(&early, 16 * S));
	assert_true(!fits(&meanwhile, 19 * S) && !fits(&later, 19 * S));
	sleep_an_hour(&early);
	sleep_an_hour(&meanwhile);
	sleep_an_hour(&later);
	assert_true(fits(&early, 21 * S) && fits(&meanwhile, 21 * S));
	assert_true(!fits(&later, 24 * S) && fits(&later, 26 * S));
}

static void test_until(void **state)
{
	struct filter meanwhile = {}, by_seconds = {};

	assert_int_equal(filter_set(&meanwhile, KEY_UNTIL, "01:30:00"), 0);
	assert_int_equal(filter_set(&by_seconds, KEY_UNTIL, "15"), 0);
	begin(&meanwhile);
	begin(&by_seconds);
	sleep_an_hour(&meanwhile);
	sleep_an_hour(&by_seconds);
	assert_true(fits(&meanwhile, 19 * S) && !fits(&meanwhile, 21 * S));
	/* Seconds are those of the recording, which passes over what was slept. */
	assert_true(fits(&by_seconds, 24 * S) && !fits(&by_seconds, 26 * S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_until),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
