// SPDX-License-Identifier: GPL-2.0-only
/* Numbers and durations as text, held against printf; lines longer than their buffer. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "view/format.h"
#include "view/line.h"

static void assert_digits(uint64_t n, int digits)
{
	char got[VIEW_TEXT], want[VIEW_TEXT];

	*line_digits(got, n, (unsigned int)digits) = 0;
	snprintf(want, sizeof(want), "%0*" PRIu64, digits, n);
	assert_string_equal(got, want);
}

static void test_digits(void **state)
{
	for (uint64_t power = 1, i = 0; i < 20; i++, power *= 10)
		for (int digits = 1; digits <= 20; digits++) {
			assert_digits(power - 1, digits);
			assert_digits(power, digits);
			assert_digits(power + 1, digits);
		}
	assert_digits(UINT64_MAX, 1);
}

static void assert_ns(uint64_t ns, const char *want)
{
	char got[VIEW_TEXT];

	assert_string_equal(view_ns(got, ns), want);
}

static void test_durations(void **state)
{
	assert_ns(0, "0ns");
	assert_ns(999, "999ns");
	assert_ns(1000, "1.00us");
	assert_ns(2815, "2.82us");
	assert_ns(9994, "9.99us");
	assert_ns(9995, "10.00us");
	assert_ns(10000, "10.0us");
	assert_ns(99949, "99.9us");
	assert_ns(100499, "100us");
	assert_ns(999999, "1000us");
	assert_ns(1000000, "1.00ms");
	assert_ns(48200000, "48.2ms");
	assert_ns(1500000000, "1.50s");
	assert_ns(UINT64_MAX, "18446744074s");
}

static const char *text;

static void write_text(struct line *l)
{
	for (int i = 0; i < 200; i++)
		line_escaped(l, text);
	line_char(l, '|');
	line_hex(l, 0);
	line_hex(l, UINT64_MAX);
}

static void assert_text(const char *s, const char *shown)
{
	struct line l = {};
	size_t size, n = strlen(shown);
	char *got = NULL;

	text = s;
	l.out = open_memstream(&got, &size);
	assert_non_null(l.out);
	write_text(&l);
	line_flush(&l);
	fclose(l.out);
	for (int i = 0; i < 200; i++)
		assert_memory_equal(got + (size_t)i * n, shown, n);
	assert_string_equal(got + 200 * n, "|0ffffffffffffffff");
	free(got);
}

static void test_long(void **state)
{
	static char longer[LINE_BYTES + 2];

	memset(longer, 'x', sizeof(longer) - 1);
	assert_text("plain text", "plain text");
	assert_text("a\\b\x1b[31m\xff", "a\\\\b\\x1b[31m\\xff");
	assert_text(longer, longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
