// SPDX-License-Identifier: GPL-2.0-only
/* What a recording is: clocks, counts and hosts, also those nobody would have. */
#include <jansson.h>

#include <iommuscope/view.h>

#include "test_stream.h"

static const struct ims_input input = {
	.bytes = 1000, .chunks = 2, .raw_bytes = 4000, .major = 1, .minor = 3};

static void put(struct model *m, struct view_counts *c, const struct ims_record *rec)
{
	view_count_record(c, rec);
	if (rec->type != IMS_REC_EVENT)
		assert_int_equal(model_apply(m, rec), 0);
}

static void put_host(struct model *m, struct view_counts *c, const char *key, const char *value)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1000000000, .host = {key, value}};

	put(m, c, &rec);
}

static void put_event(struct model *m, struct view_counts *c, uint32_t hook, int32_t result)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 3500000000};

	rec.event = plain_event(hook);
	rec.event.result = result;
	put(m, c, &rec);
}

static struct model *new_recording(struct view_counts *c, const char *offset)
{
	struct ims_record end = {.type = IMS_REC_END, .time_ns = 3000000000};
	struct model *m = model_new();

	*c = (struct view_counts){};
	put_host(m, c, "clock.realtime_offset_ns", offset);
	put_event(m, c, IMS_HOOK_ATTACH, -EINVAL);
	put_event(m, c, IMS_HOOK_ATTACH, 0);
	put_event(m, c, UINT32_MAX, 0);
	put(m, c, &end);
	model_finish(m);
	return m;
}

static json_t *json_of(const struct model *m, const struct view_counts *c)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *root;

	assert_int_equal(view_info_json(out, m, c, &input), 0);
	fclose(out);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	free(text);
	return root;
}

static void assert_begins(const char *offset, const char *wanted)
{
	struct view_counts c;
	struct model *m = new_recording(&c, offset);
	json_t *root = json_of(m, &c);
	const char *begin =
		json_string_value(json_object_get(json_object_get(root, "time"), "begin"));

	if (wanted)
		assert_string_equal(begin, wanted);
	else
		assert_null(begin);
	json_decref(root);
	model_free(m);
}

static void test_clock(void **state)
{
	assert_begins("1700000000000000000", "2023-11-14T22:13:21.000000Z");
	assert_begins("-500000000", "1970-01-01T00:00:00.500000Z");
	assert_begins("9223372036854775807", "2262-04-11T23:47:17.854775Z");
	assert_begins("99999999999999999999999", NULL);
	assert_begins("soon", NULL);
	assert_begins("", NULL);
}

/* The machine was asleep for an hour: the end is that much later than the span says. */
static void test_suspend(void **state)
{
	struct view_counts c;
	struct model *m = new_recording(&c, "1700000000000000000");
	const char *begin, *end;
	json_int_t asleep;
	json_t *root;

	put_host(m, &c, "clock.boottime_offset_ns", "1000");
	put_host(m, &c, "clock.later.boottime_offset_ns", "3600000001000");
	put_host(m, &c, "clock.later.realtime_offset_ns", "1700003600000000000");
	root = json_of(m, &c);
	assert_int_equal(json_unpack(root, "{s:{s:s,s:s,s:I}}", "time", "begin", &begin, "end", &end,
				     "asleep_ns", &asleep),
			 0);
	assert_string_equal(begin, "2023-11-14T22:13:21.000000Z");
	assert_string_equal(end, "2023-11-14T23:13:23.500000Z");
	assert_true(asleep == 3600000000000);
	json_decref(root);
	model_free(m);
}

static void test_counts(void **state)
{
	int attach, failed, unknown, host, end, lossy;
	struct view_counts c;
	struct model *m = new_recording(&c, "0");
	json_t *root = json_of(m, &c);

	assert_int_equal(json_unpack(root, "{s:{s:i,s:i},s:{s:i},s:{s:i,s:i},s:b}", "events",
				     "attach", &attach, "unknown", &unknown, "failed", "attach",
				     &failed, "records", "host", &host, "end", &end, "lossy",
				     &lossy),
			 0);
	assert_int_equal(attach, 2);
	assert_int_equal(failed, 1);
	assert_int_equal(unknown, 1);
	assert_int_equal(host, 1);
	assert_int_equal(end, 1);
	assert_false(lossy);
	assert_true(c.first_ns == 1000000000 && c.last_ns == 3500000000);
	json_decref(root);
	model_free(m);
}

static void test_escapes_and_width(void **state)
{
	struct view_options o = {};
	struct view_counts c;
	struct model *m = new_recording(&c, "0");
	char *text;
	size_t len, column = 0;
	FILE *out = open_memstream(&text, &len);

	put_host(m, &c, "kernel.cmdline",
		 "\033[2J a b c d e f g h i j k l m n o p q r s t u v w x y z \x9b\xff \xff \xff "
		 "\xff \xff \xff \xff \xff \xff \xff \xff \xff \xff \xff \xff \xff the_end");
	assert_int_equal(view_info(out, m, &c, &input, &o), 0);
	fclose(out);
	for (const char *p = text; *p; p++) {
		column = *p == '\n' ? 0 : column + 1;
		assert_true(column <= 80 && (*p == '\n' || (*p >= ' ' && *p <= '~')));
	}
	assert_non_null(strstr(text, "the_end"));
	free(text);
	model_free(m);
}

static void put_plan(struct model *m, uint32_t hook, const char *function, const char *state,
		     const char *reason)
{
	struct ims_record rec = {.type = IMS_REC_PLAN};

	rec.plan = (struct ims_plan){
		hook,  function, *function ? "fentry" : "", *function ? "vmlinux" : "",
		state, reason};
	assert_int_equal(model_apply(m, &rec), 0);
}

static char *plan_text(const struct model *m, bool json)
{
	struct view_options o = {};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(json ? view_plan_json(out, m) : view_plan(out, m, &o), 0);
	fclose(out);
	return text;
}

static void test_plan(void **state)
{
	struct model *m = model_new();
	char *text, *json;

	put_plan(m, IMS_HOOK_ATTACH, "__iommu_attach_device", "chosen", "");
	put_plan(m, IMS_HOOK_CALLER, "", "missing", "module vfio_iommu_type1 is not loaded");
	text = plan_text(m, false);
	assert_string_equal(
		text,
		"  HOOK          FUNCTION                            MECHANISM    STATE      HITS\n"
		"  attach        __iommu_attach_device               fentry       chosen\n"
		"  caller        -                                   -            missing\n"
		"      module vfio_iommu_type1 is not loaded\n");
	json = plan_text(m, true);
	assert_string_equal(
		json,
		"{\"schema\":1,\"plan\":[{\"hook\":\"attach\",\"function\":"
		"\"__iommu_attach_device\",\"mechanism\":\"fentry\",\"module\":\"vmlinux\","
		"\"state\":\"chosen\",\"reason\":null,\"hits\":0},{\"hook\":\"caller\",\"function\":null,"
		"\"mechanism\":null,\"module\":null,\"state\":\"missing\",\"reason\":"
		"\"module vfio_iommu_type1 is not loaded\",\"hits\":0}]}\n");
	free(text);
	free(json);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_escapes_and_width),
		cmocka_unit_test(test_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
