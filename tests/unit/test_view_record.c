// SPDX-License-Identifier: GPL-2.0-only
/* Outputs of single records: lines, JSON Lines and CSV, whatever bytes a record holds. */
#include <jansson.h>

#include <iommuscope/view.h>

#include "test_stream.h"

#define EVIL "=\033]0;x\a\xff\"\xc3\xa9\xed\xa0\x80\xe2\x82"

static struct ims_record hostile(const char *comm, const char *device)
{
	static const char *const frames[] = {"@sum+0x1 [m\"od]", "b,\r\n"};
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = UINT64_MAX};

	rec.event = plain_event(IMS_HOOK_ATTACH);
	rec.event.comm = comm;
	rec.event.device = device;
	rec.event.result = -EINVAL;
	rec.event.duration_ns = 12345;
	rec.event.domain = 7;
	rec.event.domain_type = IMS_DOMAIN_PAGING;
	rec.event.group = IMS_NO_GROUP;
	rec.event.pid = UINT32_MAX;
	rec.event.flags = IMS_EVENT_FINALISED | IMS_EVENT_DRIVER_READ | 1u << 31;
	rec.event.stack = (struct ims_stack){2, frames};
	return rec;
}

static char *export_text(const struct view_export *to, const struct ims_record *rec)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(to->record(out, NULL, rec), 0);
	fclose(out);
	return text;
}

static char *line(const struct ims_record *rec, uint64_t first_ns, const struct view_options *o)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(view_record(out, rec, first_ns, o), 0);
	fclose(out);
	return text;
}

static void assert_line(const struct ims_record *rec, uint64_t first_ns, const char *wanted)
{
	char *text = line(rec, first_ns, &(struct view_options){.stacks = true});

	assert_string_equal(text, wanted);
	free(text);
}

static void test_line(void **state)
{
	struct ims_record rec = hostile("a\tb\033[2J", "0000:09:00.0");

	rec.time_ns = 5000001500;
	assert_line(&rec, 5000000000,
		    "    0.000001 a\\x09b\\x1b[2J/0         [000] attach        -EINVAL   12.3us  "
		    "domain=7 type=UNMANAGED device=0000:09:00.0 flags=finalised,driver-read\n"
		    "              @sum+0x1 [m\"od]\n"
		    "              b,\\x0d\\x0a\n");
}

static void test_line_before_the_first(void **state)
{
	struct ims_record rec = {.type = IMS_REC_END, .time_ns = 3000000000};

	assert_line(&rec, 4000000500, "   -1.000000 -                             end\n");
}

static void test_line_of_a_fault(void **state)
{
	static const char *const user[] = {"evil\n+0x1 [a.out]"};
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 2};

	rec.event = plain_event(IMS_HOOK_FAULT);
	rec.event.group = IMS_NO_GROUP;
	rec.event.domain = 3;
	rec.event.domain_type = IMS_DOMAIN_PAGING;
	rec.event.iova = 0;
	rec.event.reason = "F_TRANSLATION \033";
	rec.event.format = "SMMUv3 stage 1";
	rec.event.flags = IMS_EVENT_WRITE;
	rec.event.user_stack = (struct ims_stack){1, user};
	assert_line(&rec, 1,
		    "    0.000000 -/0                     [000] fault         0              -  "
		    "domain=3 type=UNMANAGED format=SMMUv3 stage 1 iova=0x0 "
		    "reason=F_TRANSLATION \\x1b flags=write\n"
		    "              user: evil\\x0a+0x1 [a.out]\n");
}

static void test_line_of_a_map(void **state)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 1};

	rec.event = plain_event(IMS_HOOK_UNMAP);
	rec.event.group = IMS_NO_GROUP;
	rec.event.iova = UINT64_MAX - 4095;
	rec.event.size = 4096;
	rec.event.duration_ns = 1500;
	assert_line(&rec, 1,
		    "    0.000000 -/0                     [000] unmap         0         1.50us  "
		    "iova=0xfffffffffffff000 size=4096\n");
	rec.event.size = 0; /* of version 1.0 */
	rec.event.iova = 0;
	assert_line(&rec, 1,
		    "    0.000000 -/0                     [000] unmap         0         1.50us \n");
}

static void test_line_of_an_object(void **state)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 1};

	rec.stats = (struct ims_stats){.hook = IMS_HOOK_DMA_MAP, .object = "a\n", .untimed = 2};
	assert_line(&rec, 1,
		    "    0.000000 -                             statistics hook=dma-map object=a\\x0a "
		    "calls=2 untimed=2 errors=0 bytes=0\n");
	rec.type = IMS_REC_COUNT;
	rec.count = (struct ims_count){IMS_HOOK_MAP, 7, 5};
	assert_line(&rec, 1,
		    "    0.000000 -                             count hook=map emitted=7 received=5\n");
}

/* A free does not say the type of its domain, nor does one that was not timed its duration. */
static void test_line_of_what_is_not_told(void **state)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 1};

	rec.event = plain_event(IMS_HOOK_DOMAIN_FREE);
	rec.event.domain = 3;
	rec.event.group = IMS_NO_GROUP;
	rec.event.flags = IMS_EVENT_UNTIMED;
	assert_line(&rec, 1,
		    "    0.000000 -/0                     [000] domain-free   0              -  "
		    "domain=3\n");
	rec.event.hook = 99;
	rec.event.flags = 0;
	assert_line(&rec, 1,
		    "    0.000000 -/0                     [000] ?             0            0ns  "
		    "domain=3 type=BLOCKED\n");
}

static void test_jsonl_of_any_bytes(void **state)
{
	struct ims_record rec = hostile(EVIL, "\x80");
	char *text = export_text(&view_jsonl, &rec);
	const char *comm, *device;
	json_int_t time_ns;
	json_t *root;

	for (const char *p = text; *p; p++)
		assert_true((*p >= ' ' && *p <= '~') || (*p == '\n' && !p[1]));
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_unpack(root, "{s:s,s:s,s:I}", "comm", &comm, "device", &device,
				     "time_ns", &time_ns),
			 0);
	/* é stays; 0xff, the three bytes of a surrogate and the two of a cut character do not. */
	assert_string_equal(comm, "=\033]0;x\a\uFFFD\"\u00e9\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
	assert_string_equal(device, "\uFFFD");
	assert_true(time_ns == INT64_MAX);
	json_decref(root);
	free(text);
}

/* Each pair of bytes, as a name: all lines are JSON, and what is UTF-8 comes back as it was. */
static void test_jsonl_of_all_pairs(void **state)
{
	for (unsigned int pair = 0x0101; pair <= 0xffff; pair++) {
		char name[] = {(char)(pair >> 8), (char)pair, 0};
		struct ims_record rec = {.type = IMS_REC_HOST, .host = {name, name}};
		json_t *valid = json_string(name), *root;
		char *text = export_text(&view_jsonl, &rec);

		root = json_loads(text, 0, NULL);
		assert_non_null(root);
		if (valid)
			assert_true(json_equal(json_object_get(root, "value"), valid));
		json_decref(valid);
		json_decref(root);
		free(text);
	}
}

static void test_jsonl_of_numbers(void **state)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 1};
	char *text;

	rec.stats = (struct ims_stats){.hook = IMS_HOOK_MAP, .bytes = UINT64_MAX, .untimed = 2,
				       .object = ""};
	rec.stats.bucket[0] = 5;
	rec.stats.bucket[IMS_HIST_BUCKETS - 1] = 6;
	text = export_text(&view_jsonl, &rec);
	assert_string_equal(text,
			    "{\"type\":\"statistics\",\"time_ns\":1,\"hook\":\"map\",\"domain\":0,\"object\":null,"
			    "\"sum_ns\":0,\"max_ns\":0,\"bytes\":9223372036854775807,"
			    "\"errors\":0,\"untimed\":2,"
			    "\"buckets\":[[0,5],[60129542144,6]]}\n");
	free(text);
}

static void test_jsonl_of_a_fault(void **state)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 1};
	const char *iova, *reason, *format;
	json_t *root;
	char *text;

	rec.event = plain_event(IMS_HOOK_FAULT);
	rec.event.iova = UINT64_MAX;
	rec.event.reason = "F_TRANSLATION";
	rec.event.format = "\xff";
	text = export_text(&view_jsonl, &rec);
	root = json_loads(text, 0, NULL);
	assert_int_equal(json_unpack(root, "{s:s,s:n,s:s,s:s,s:[]}", "iova", &iova, "size", "reason",
				     &reason, "format", &format, "user_stack"),
			 0);
	assert_string_equal(iova, "0xffffffffffffffff");
	assert_string_equal(reason, "F_TRANSLATION");
	assert_string_equal(format, "\uFFFD");
	json_decref(root);
	free(text);
}

static void test_csv(void **state)
{
	struct ims_record rec = hostile(EVIL, "a,\"b\"");
	char *text = export_text(&view_csv, &rec);

	assert_string_equal(text, "18446744073709551615,attach,,0,4294967295,0,"
				  "\"'=\033]0;x\a\uFFFD\"\"\u00e9\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\","
				  "7,UNMANAGED,\"a,\"\"b\"\"\",,,,-22,EINVAL,12345,"
				  "finalised driver-read,,,,,"
				  "\"'@sum+0x1 [m\"\"od] < b,\r\n\",\n");
	free(text);
}

static void assert_guarded(const char *comm, bool guarded)
{
	struct ims_record rec = hostile(comm, "");
	char *text = export_text(&view_csv, &rec);
	char *field = strstr(text, ",\"") + 2;

	assert_int_equal(field[0] == '\'' && !strncmp(field + 1, comm, strlen(comm)), guarded);
	if (!guarded)
		assert_memory_equal(field, comm, strlen(comm));
	free(text);
}

static void test_csv_formulas(void **state)
{
	static const char *const formulas[] = {"=1",  "+1",  "-1",	"@a",	   "\ta",
					       "\ra", "\na", "\uff1d1", "\uff0b1", "'=1"};

	for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++)
		assert_guarded(formulas[i], true);
	assert_guarded("kworker/u8:3-x=1", false);
	assert_guarded("\uff11", false);
}

static void test_csv_has_events_only(void **state)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .host = {"key", "value"}};
	char *text = export_text(&view_csv, &rec);

	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_line_before_the_first),
		cmocka_unit_test(test_line_of_what_is_not_told),
		cmocka_unit_test(test_line_of_a_fault),
		cmocka_unit_test(test_line_of_a_map),
		cmocka_unit_test(test_line_of_an_object),
		cmocka_unit_test(test_jsonl_of_a_fault),
		cmocka_unit_test(test_jsonl_of_any_bytes),
		cmocka_unit_test(test_jsonl_of_all_pairs),
		cmocka_unit_test(test_jsonl_of_numbers),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_csv_formulas),
		cmocka_unit_test(test_csv_has_events_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
