// SPDX-License-Identifier: GPL-2.0-only
/* The page's data: bounded whatever the stream, and what is put together is still counted. */
#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include <iommuscope/view.h>

#include "test_model.h"

#define PAGE_MAX (48u << 20) /* docs/DESIGN.md says so */

static FILE *page_out;
static char *page_text;
static size_t page_len;
static void *page_state;

static void begin_page(void)
{
	page_out = open_memstream(&page_text, &page_len);
	assert_int_equal(view_html.begin(page_out, &page_state), 0);
}

static void put_at(uint64_t time_ns, struct ims_event e)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = time_ns};

	e.function = or_empty(e.function);
	e.comm = or_empty(e.comm);
	e.device = or_empty(e.device);
	e.instance = or_empty(e.instance);
	e.domain_instance = or_empty(e.domain_instance);
	rec.event = e;
	assert_int_equal(view_html.record(page_out, page_state, &rec), 0);
}

static void put_calls(uint64_t time_ns, uint64_t domain, uint64_t calls)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = time_ns};

	rec.stats = (struct ims_stats){.domain = domain, .hook = IMS_HOOK_MAP, .object = ""};
	rec.stats.bucket[ims_hist_bucket(500)] = calls;
	assert_int_equal(view_html.record(page_out, page_state, &rec), 0);
}

/* The data of the page, which the caller gives back. */
static json_t *end_page(void)
{
	struct ims_damage damage = {.ended = true};
	const char *begin, *end;
	json_t *data;

	assert_int_equal(view_html.end(page_out, page_state, &damage), 0);
	view_html.free(page_state);
	fclose(page_out);
	assert_true(page_len < PAGE_MAX);
	begin = strstr(page_text, " id=\"data\">") + strlen(" id=\"data\">");
	end = strchr(begin, '<');
	assert_memory_equal(end, "</script>", strlen("</script>"));
	data = json_loadb(begin, end - begin, 0, NULL);
	assert_non_null(data);
	free(page_text);
	return data;
}

static json_t *member(json_t *o, const char *a, const char *b)
{
	json_t *value = json_object_get(json_object_get(o, a), b);

	assert_non_null(value);
	return value;
}

/* The sum over the items of a list of what is at @index. */
static uint64_t sum_of(json_t *data, const char *list, size_t index, uint32_t kind)
{
	json_t *items = member(data, list, "items"), *item;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach (items, i, item) {
		if (json_integer_value(json_array_get(item, 2)) == kind)
			sum += json_integer_value(json_array_get(item, index));
	}
	return sum;
}

#define COUNT 6 /* of an item */

static void test_many_alike(void **state)
{
	json_t *data;

	begin_page();
	for (uint32_t i = 0; i < 100000; i++)
		put_at(1000 + i * 1000ull,
		       (struct ims_event){.hook = i % 2 ? IMS_HOOK_MAP : IMS_HOOK_UNMAP,
					  .domain = 1 + i % 7,
					  .duration_ns = 100,
					  .result = i % 1000 ? 0 : -ENOMEM,
					  .group = IMS_NO_GROUP});
	data = end_page();
	assert_int_equal(sum_of(data, "ops", COUNT, IMS_HOOK_MAP), 50000);
	assert_int_equal(sum_of(data, "ops", COUNT, IMS_HOOK_UNMAP), 50000);
	assert_true(json_array_size(member(data, "ops", "items")) <= 32768);
	assert_true(json_integer_value(member(data, "ops", "grain_ns")) > 0);
	assert_int_equal(json_integer_value(member(data, "ops", "blur")), 0);
	/* A few failures are not lost among many that went well. */
	assert_int_equal(json_integer_value(member(data, "lifecycle", "grain_ns")), 0);
	json_decref(data);
}

/* More different domains and devices than there is room for: all are counted, none is told apart.
 */
static void test_nothing_alike(void **state)
{
	char device[32];
	json_t *data;

	begin_page();
	for (uint32_t i = 0; i < 40000; i++) {
		snprintf(device, sizeof(device), "device-%u", i);
		put_at(1000 + i, (struct ims_event){.hook = IMS_HOOK_ATTACH,
						    .domain = 1 + i,
						    .domain_type = UNMANAGED,
						    .device = device,
						    .result = -(int32_t)(i % 20000),
						    .group = i});
	}
	data = end_page();
	assert_int_equal(sum_of(data, "lifecycle", COUNT, IMS_HOOK_ATTACH), 40000);
	assert_true(json_array_size(member(data, "lifecycle", "items")) <= 32768);
	assert_int_equal(json_integer_value(member(data, "device_names", "left_out")) > 0, true);
	json_decref(data);
}

/* Lists of names that take much more when escaped. */
static void test_long_names(void **state)
{
	static char name[4096];
	json_t *data;

	memset(name, '<', sizeof(name) - 1);
	begin_page();
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(name, 16, "%u", i);
		name[strlen(name)] = '<';
		put_at(1000 + i, (struct ims_event){.hook = IMS_HOOK_DOMAIN_ALLOC,
						    .domain = 1 + i,
						    .domain_type = UNMANAGED,
						    .flags = IMS_EVENT_NO_DEVICE,
						    .comm = name,
						    .device = name,
						    .instance = name,
						    .group = i});
	}
	data = end_page();
	for (const char *const *list = (const char *const[]){"domains", "verdicts", NULL}; *list;
	     list++)
		assert_int_equal(json_array_size(member(data, *list, "rows")) +
					 json_integer_value(member(data, *list, "left_out")),
				 5000);
	assert_true(json_array_size(member(data, "domains", "rows")) > 10);
	json_decref(data);
}

/* The calls in the heat map are those of the totals, also when two seconds share a column. */
static void test_heat_sums(void **state)
{
	json_t *data, *cells, *columns;
	uint64_t sum = 0, last = 0;

	begin_page();
	put_calls(1, 1, 1000000); /* of before the stream */
	for (uint64_t second = 1; second <= 3000; second++) {
		put_calls(1 + second * 1000000000, 1, 1000000 + second * 10);
		put_calls(1 + second * 1000000000, 2, second);
	}
	data = end_page();
	cells = json_object_get(member(data, "heat_stats", "ops"), "map");
	columns = member(data, "heat_stats", "columns");
	for (size_t i = 2; i < json_array_size(cells); i += 3)
		sum += json_integer_value(json_array_get(cells, i));
	assert_int_equal(sum, 33000);
	assert_true(json_array_size(columns) <= 2 * 512);
	/* Columns are in order, without gaps, and reach to the end. */
	for (size_t i = 0; i < json_array_size(columns); i += 2) {
		assert_int_equal(json_integer_value(json_array_get(columns, i)), last);
		last = json_integer_value(json_array_get(columns, i + 1));
	}
	assert_int_equal(last, 3000000000000);
	json_decref(data);
}

/* What a stream tells of before its beginning makes the state, and is not an event of it. */
static void test_earlier(void **state)
{
	struct ims_event e = {.hook = IMS_HOOK_ATTACH,
			      .domain = 4,
			      .domain_type = UNMANAGED,
			      .device = DEV1,
			      .instance = SMMU1,
			      .group = 1,
			      .flags = IMS_EVENT_EARLIER};
	json_t *data;

	begin_page();
	put_at(5, e);
	e.flags = 0;
	e.domain = 5;
	put_at(1000, e);
	put_at(3000, e);
	data = end_page();
	assert_int_equal(sum_of(data, "lifecycle", COUNT, IMS_HOOK_ATTACH), 2);
	assert_int_equal(sum_of(data, "lifecycle", COUNT, 0), 2); /* spans */
	assert_int_equal(json_integer_value(member(data, "totals", "first_ns")), 1000);
	json_decref(data);
}

static void test_odd_times(void **state)
{
	static const uint64_t times[] = {5000, 0, UINT64_MAX, 1, UINT64_MAX / 2};
	json_t *data;

	begin_page();
	for (size_t i = 0; i < 5; i++) {
		put_at(times[i],
		       (struct ims_event){.hook = IMS_HOOK_DMA_MAP, .duration_ns = UINT64_MAX});
		put_at(times[i],
		       (struct ims_event){.hook = IMS_HOOK_PROBE, .duration_ns = UINT64_MAX});
		put_calls(times[i], UINT64_MAX, UINT64_MAX - i);
	}
	data = end_page();
	assert_int_equal(sum_of(data, "ops", COUNT, IMS_HOOK_DMA_MAP), 5);
	json_decref(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_alike), cmocka_unit_test(test_nothing_alike),
		cmocka_unit_test(test_long_names), cmocka_unit_test(test_heat_sums),
		cmocka_unit_test(test_earlier),	   cmocka_unit_test(test_odd_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
