// SPDX-License-Identifier: GPL-2.0-only
/* Runs as files, the statistics beneath the decisions, and many runs in a row. */
#include "test_gate.h"

#include <errno.h>

#include "gate/history.h"
#include "gate/output.h"
#include "gate/sample.h"

static const double three[] = {100, 101, 102};
static char dir[] = "/tmp/test_gate_run.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/a.json", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(path);
	return rmdir(dir);
}

/* ---- files ------------------------------------------------------------------------------------ */

static void test_round_trip(void **state)
{
	struct gate_run *run = run_make(GATE_INSTRUCTIONS, three, 3), *back;
	struct gate_error err;

	run->verdict[MODEL_LEAK] = 2;
	run->empty_pair = NAN;
	assert_int_equal(gate_run_write(path, run, &err), 0);
	assert_int_equal(gate_run_read(path, &back, &err), 0);
	assert_int_equal(back->unit, GATE_INSTRUCTIONS);
	assert_true(isnan(back->empty_pair));
	assert_int_equal(back->verdict[MODEL_LEAK], 2);
	assert_string_equal(gate_run_fact(back, "kernel.release"), "7.3");
	assert_int_equal(back->repeats, 3);
	assert_true(back->repeat[1].work == 101 && back->repeat[1].traced == 401);
	assert_string_equal(back->repeat[2].op[0].instance, "dmar0");
	assert_int_equal(back->repeat[2].op[0].bucket[0].low, 102);
	gate_run_free(run);
	gate_run_free(back);
}

static void refused(const char *text, int wanted, const char *words)
{
	struct gate_run *run;
	struct gate_error err;
	FILE *out = fopen(path, "w");

	fputs(text, out);
	fclose(out);
	assert_int_equal(gate_run_read(path, &run, &err), wanted);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void test_refused(void **state)
{
	refused("", -EPROTO, "it is empty");
	refused("{", -EPROTO, "cannot read");
	refused("[1]", -EPROTO, "no schema");
	refused("{\"schema\": 2}", -EPROTONOSUPPORT, "schema 2");
	refused("{\"schema\": 1}", -EPROTO, "\"workload\"");
	refused("{\"schema\":1,\"workload\":{\"name\":\"\",\"failure\":\"\",\"operations\":-1}}", -EPROTO,
		"\"loss\"");
}

static void put_file(const char *text)
{
	FILE *out = fopen(path, "w");

	fputs(text, out);
	fclose(out);
}

static void take_file(char *text, size_t room)
{
	FILE *in = fopen(path, "r");

	text[fread(text, 1, room - 1, in)] = 0;
	fclose(in);
}

/* Every member matters: without any one of them a run is refused, and none makes it crash. */
static void test_members(void **state)
{
	static const char *const free_to_miss[] = {"aggregate", "kernel.arch", "kernel.release"};
	struct gate_run *run = run_make(GATE_NS, three, 3), *back;
	struct gate_error err;
	char text[4096], broken[4096];

	gate_run_write(path, run, &err);
	take_file(text, sizeof(text));
	for (char *at = text; (at = strchr(at, '"')); at++) {
		size_t len = strcspn(at + 1, "\"");
		bool wanted = at[len + 2] == ':'; /* a key, and not a value */

		for (size_t i = 0; i < sizeof(free_to_miss) / sizeof(free_to_miss[0]); i++)
			wanted &= strlen(free_to_miss[i]) != len || strncmp(at + 1, free_to_miss[i], len);
		snprintf(broken, sizeof(broken), "%s", text);
		broken[at + 1 - text] = 'X';
		put_file(broken);
		if (!gate_run_read(path, &back, &err)) {
			gate_run_free(back);
			if (wanted)
				fail_msg("without %.*s it was taken", (int)len, at + 1);
		}
		at += len + 1;
	}
	gate_run_free(run);
}

/* @from in a good run becomes @to. */
static void damaged(const char *from, const char *to)
{
	struct gate_run *run = run_make(GATE_NS, three, 3);
	char text[4096], broken[4096], *at;
	struct gate_error err;

	run->verdict[MODEL_LEAK] = 2;
	gate_run_write(path, run, &err);
	gate_run_free(run);
	take_file(text, sizeof(text));
	at = strstr(text, from);
	assert_non_null(at);
	snprintf(broken, sizeof(broken), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	refused(broken, -EPROTO, "missing or wrong");
}

static void test_damaged(void **state)
{
	damaged("\"leak\":2", "\"leak\":\"2\"");
	damaged("\"leak\":2", "\"leak\":1.5");
	damaged("\"leak\":2", "\"leek\":2");
	damaged("\"kernel.arch\":\"x86_64\"", "\"kernel.arch\":64");
	damaged("\"work\":100.0", "\"work\":1.75e308");
	damaged("\"op\":\"map\"", "\"op\":\"mop\"");
	damaged("\"sum\":100000", "\"sum\":0");
	damaged("\"max\":100", "\"max\":0");
	damaged("\"count\":1000", "\"count\":999");
}

/* ---- statistics ------------------------------------------------------------------------------- */

static void test_ranks(void **state)
{
	const double a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8}, same[] = {1, 1, 1, 1}, odd[] = {NAN, 1};
	struct sample sa = {a, 4}, sb = {b, 4}, ss = {same, 4};

	/* One order of 70 is as extreme. */
	assert_true(fabs(sample_above(sa, sb, 1) - 1. / 70) < 1e-12);
	assert_true(fabs(sample_above(sb, sa, 1) - 1) < 1e-12);
	assert_true(fabs(sample_least_p(4, 4) - 1. / 70) < 1e-12);
	assert_true(sample_above(ss, ss, 1) == 1);
	sample_above(ss, (struct sample){odd, 2}, 1); /* it ends */
	assert_true(sample_above(sa, sb, 10) == 1);
	assert_true(sample_effect(sa, sb) == 1 && sample_effect(sb, sa) == -1);
	assert_true(sample_effect(ss, ss) == 0);
}

/* Against the exact distribution, by counting the orders themselves. */
static void test_ranks_with_ties(void **state)
{
	const double all[] = {1, 2, 2, 3, 3, 3, 4};
	double wanted = 0, total = 0, a[4], b[3];
	const double seen[] = {3, 3, 4}, others[] = {1, 2, 2, 3};
	double rank_of[7], sum = 5 + 5 + 7;

	for (int i = 0; i < 7; i++)
		rank_of[i] = all[i] == 1 ? 1 : all[i] == 2 ? 2.5 : all[i] == 3 ? 5 : 7;
	for (int bits = 0; bits < 128; bits++) {
		double here = 0;
		size_t na = 0, nb = 0;

		if (__builtin_popcount((unsigned int)bits) != 3)
			continue;
		for (int i = 0; i < 7; i++) {
			if (bits & 1 << i)
				b[nb++] = all[i], here += rank_of[i];
			else
				a[na++] = all[i];
		}
		total++;
		wanted += here >= sum;
	}
	assert_true(a[0] > 0 && b[0] > 0);
	assert_true(fabs(sample_above((struct sample){others, 4}, (struct sample){seen, 3}, 1) -
			 wanted / total) < 1e-12);
}

static void test_interval(void **state)
{
	uint64_t random = 3;
	double a[20], b[20];
	struct sample_interval i;

	for (int k = 0; k < 20; k++) {
		a[k] = 100 + draw_normal(&random);
		b[k] = 110 + draw_normal(&random);
	}
	i = sample_ratio((struct sample){a, 20}, (struct sample){b, 20}, .99);
	assert_true(i.low > 1.06 && i.low < 1.1 && i.high > 1.1 && i.high < 1.14);
}

/* Far more values than are counted exactly: the normal distribution agrees. */
static void test_many(void **state)
{
	double a[100], b[100];

	for (int i = 0; i < 100; i++) {
		a[i] = i;
		b[i] = i + .5;
	}
	assert_true(sample_above((struct sample){a, 100}, (struct sample){b, 100}, 1) > .4);
	for (int i = 0; i < 100; i++)
		b[i] = i + 40;
	assert_true(sample_above((struct sample){a, 100}, (struct sample){b, 100}, 1) < 1e-6);
}

static void test_change(void **state)
{
	uint64_t random = 11;
	double value[40];
	size_t alarms = 0;

	for (int i = 0; i < 40; i++)
		value[i] = (i < 25 ? 100 : 110) + draw_normal(&random);
	assert_int_equal(sample_change((struct sample){value, 40}, .001), 25);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 40; i++)
			value[i] = 100 + draw_normal(&random);
		alarms += sample_change((struct sample){value, 40}, .001) != 0;
	}
	assert_int_equal(alarms, 0);
}

/* ---- outputs ---------------------------------------------------------------------------------- */

/* Names that want to be markup stay text in all of them. */
static void test_outputs_escape(void **state)
{
	struct gate_run *a = run_make(GATE_NS, three, 3), *b = run_make(GATE_NS, three, 3);
	struct gate_policy policy = {};
	struct gate_result result;
	struct gate_error err;
	struct gate_report r = {.base = a, .new = b, .base_name = "<script>\033[1m", .new_name = "b|&\"",
				.result = &result, .confidence = .999};

	free(a->workload);
	a->workload = strdup("<b>\n");
	free(b->workload);
	b->workload = strdup("<b>\n");
	assert_int_equal(gate_policy_add(&policy, "map@<i>.mean=+5%", &err), 0);
	assert_int_equal(gate_policy_add(&policy, "map.mean=+5%", &err), 0);
	assert_int_equal(gate_compare(a, b, &policy, .999, &result), 0);
	for (int i = 0; gate_outputs[i].name; i++) {
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_int_equal(gate_outputs[i].write(out, &r), 0);
		fclose(out);
		assert_true(len > 100);
		assert_null(strchr(text, '\033'));
		if (i > 1) {
			assert_null(strstr(text, "<script"));
			assert_null(strstr(text, "<b>"));
			assert_null(strstr(text, "<i>"));
		}
		free(text);
	}
	gate_result_free(&result);
	gate_policy_free(&policy);
	gate_run_free(a);
	gate_run_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_members), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_ranks_with_ties),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_outputs_escape),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
