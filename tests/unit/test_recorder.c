// SPDX-License-Identifier: GPL-2.0-only
/* Series of files, the flight recorder and its triggers, without a kernel to record. */
#include "test_folder.h"
#include "test_stream.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tools/common.h"
#include "tools/recorder.h"
#include "tools/trigger.h"

#define UNMANAGED 1u
#define SMMU1	  "smmu3.0x000000000c020000"
#define SMMU2	  "smmu3.0x000000000c040000"

/* The records of a file that has to be whole; it is removed. */
static char *take(const char *path)
{
	struct ims_damage damage;
	uint8_t *bytes;
	size_t size;
	char *text;
	int fd = open(path, O_RDONLY), err;

	assert_true(fd >= 0);
	bytes = content(fd, &size);
	text = text_of(bytes, size, &damage, &err);
	assert_int_equal(err, 0);
	assert_undamaged(&damage);
	assert_true(damage.ended);
	free(bytes);
	close(fd);
	assert_int_equal(unlink(path), 0);
	return text;
}

static void put(struct recorder *r, struct ims_record rec)
{
	assert_int_equal(recorder_put(r, &rec), 0);
}

static struct ims_record fact(const char *key, const char *value)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 5};

	rec.host = (struct ims_host){key, value};
	return rec;
}

static struct ims_record alloc(uint64_t domain)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 6};

	rec.event = plain_event(IMS_HOOK_DOMAIN_ALLOC);
	rec.event.domain = domain;
	return rec;
}

/* No two alike to deflate: files fill up. */
static struct ims_record noise(uint64_t n)
{
	struct ims_record rec = numbered_event(n);

	rec.event.iova = n * 0x9e3779b97f4a7c15ull;
	rec.event.duration_ns = rec.event.iova >> 17;
	return rec;
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void test_stops_at_size(void **state)
{
	struct recorder r = {.path = "a", .level = 6, .most_bytes = RECORDER_LEAST_BYTES};
	uint64_t n;
	char *text;

	assert_int_equal(recorder_open(&r), 0);
	put(&r, fact("k", "v"));
	assert_int_equal(recorder_flush(&r), 0);
	assert_int_equal(recorder_commit(&r), 0);
	for (n = 0; !r.done; n++)
		put(&r, noise(n));
	put(&r, noise(n)); /* comes too late, and does no harm */
	assert_int_equal(recorder_close(&r), 0);
	assert_int_equal(files(), 1);
	assert_true(size_of("a") <= RECORDER_LEAST_BYTES);
	assert_true(size_of("a") > RECORDER_LEAST_BYTES / 2);
	text = take("a");
	assert_non_null(strstr(text, "host k=v"));
	free(text);
}

/* The newest files are there, each with what the first one began with. */
static void test_rotates(void **state)
{
	struct recorder r = {
		.path = "a", .level = 6, .most_bytes = RECORDER_LEAST_BYTES, .keep_files = 2};
	struct ims_record end = {.type = IMS_REC_END, .time_ns = 1ull << 40};
	char *first, *second, *line, want[64];
	uint64_t n;

	assert_int_equal(recorder_open(&r), 0);
	put(&r, fact("k", "v"));
	put(&r, alloc(7));
	assert_int_equal(recorder_flush(&r), 0);
	assert_int_equal(recorder_commit(&r), 0);
	for (n = 0; r.files < 4; n++)
		put(&r, noise(n));
	put(&r, end);
	assert_int_equal(recorder_flush(&r), 0);
	assert_string_equal(r.name, "a.3");
	assert_int_equal(r.files, 4);
	assert_int_equal(recorder_close(&r), 0);
	assert_int_equal(files(), 2);
	assert_true(size_of("a.2") <= RECORDER_LEAST_BYTES);
	first = take("a.2");
	second = take("a.3");
	for (int i = 0; i < 2; i++) {
		const char *text = i ? second : first;

		assert_non_null(strstr(text, " host k=v\n"));
		line = strstr(text, "event domain-alloc(1)");
		assert_non_null(line);
		assert_non_null(strstr(line, "flags=200 "));
	}
	/* What the one ends with the other goes on with. */
	snprintf(want, sizeof(want), "%" PRIu64 " event ", noise(n - 1).time_ns);
	assert_non_null(strstr(second, want));
	assert_null(strstr(first, want));
	snprintf(want, sizeof(want), "%" PRIu64 " event ", noise(n - 2).time_ns);
	assert_non_null(strstr(first, want));
	/* Only the last one ends the recording. */
	assert_non_null(strstr(first, " end, goes on\n"));
	assert_non_null(strstr(second, " end\n"));
	free(first);
	free(second);
}

static void test_flight_writes_at_trigger(void **state)
{
	struct recorder r = {
		.path = "a", .level = 6, .flight_bytes = RECORDER_LEAST_BYTES, .after_ns = 1000};
	char *text;

	assert_int_equal(recorder_open(&r), 0);
	assert_int_equal(files(), 0);
	put(&r, fact("k", "v"));
	put(&r, alloc(7));
	assert_int_equal(recorder_commit(&r), 0);
	assert_int_equal(files(), 0);
	assert_false(recorder_due(&r, 1ull << 60));
	assert_int_equal(recorder_trigger(&r, 5000), 1);
	assert_int_equal(files(), 1);
	assert_int_equal(recorder_trigger(&r, 5500), 0); /* it is being written already */
	put(&r, alloc(8));
	assert_false(recorder_due(&r, 5999));
	assert_true(recorder_due(&r, 6000));
	assert_int_equal(recorder_next(&r, 7000), 0);
	assert_true(r.done);
	put(&r, alloc(9));
	assert_int_equal(recorder_trigger(&r, 9000), 0);
	assert_int_equal(recorder_close(&r), 0);
	assert_int_equal(files(), 1);
	text = take("a");
	assert_non_null(strstr(text, "host k=v"));
	assert_non_null(strstr(text, "domain=7"));
	assert_non_null(strstr(text, "domain=8"));
	assert_null(strstr(text, "domain=9"));
	free(text);
}

static void test_flight_goes_on(void **state)
{
	struct recorder r = {
		.path = "a", .level = 6, .flight_bytes = RECORDER_LEAST_BYTES, .keep_files = 2};
	char *text;

	assert_int_equal(recorder_open(&r), 0);
	put(&r, fact("k", "v"));
	for (uint64_t i = 1; i <= 4; i++) {
		put(&r, alloc(100 * i));
		assert_int_equal(recorder_trigger(&r, i), 1);
		assert_true(recorder_due(&r, i));
		assert_int_equal(recorder_next(&r, 7000), 0);
		assert_false(r.done);
	}
	assert_int_equal(recorder_close(&r), 0);
	assert_int_equal(files(), 2);
	free(take("a.2"));
	text = take("a.3");
	assert_non_null(strstr(text, "domain=100"));
	assert_non_null(strstr(text, "domain=400"));
	free(text);
}

static void test_flight_cannot_write(void **state)
{
	struct recorder r = {.path = "no/a", .flight_bytes = RECORDER_LEAST_BYTES};

	assert_int_equal(recorder_open(&r), -ENOENT);
	assert_int_equal(recorder_close(&r), 0);
}

/* ---- triggers -------------------------------------------------------------------------------- */

static void see(struct trigger *t, struct ims_record rec)
{
	assert_int_equal(trigger_see(t, &rec), 0);
}

static void test_trigger_names(void **state)
{
	struct trigger t = {};

	assert_int_equal(trigger_parse(&t, "slower=2.5"), 0);
	assert_int_equal(t.slower_ns, 2500);
	assert_int_equal(trigger_parse(&t, "fault"), 0);
	assert_int_equal(trigger_parse(&t, "signal"), 0);
	assert_int_equal(trigger_parse(&t, "soft-mismatch"), 0);
	assert_int_equal(trigger_parse(&t, "hard-mismatch"), 0);
	assert_int_equal(t.verdicts, 1u << MODEL_SOFT_MISMATCH | 1u << MODEL_HARD_MISMATCH);
	assert_int_equal(trigger_parse(&t, "nonsense"), EXIT_USAGE);
	assert_int_equal(trigger_parse(&t, "slower=x"), EXIT_USAGE);
	assert_int_equal(trigger_parse(&t, "slower"), EXIT_USAGE);
	assert_int_equal(trigger_parse(&t, "leak"), EXIT_USAGE);
}

static void test_trigger_slower(void **state)
{
	struct trigger t = {.any = true, .slower_ns = 5000};
	struct ims_record rec = alloc(1);

	assert_int_equal(trigger_open(&t), 0);
	rec.event.duration_ns = 4999;
	see(&t, rec);
	assert_null(trigger_fired(&t));
	rec.event.duration_ns = 5000;
	see(&t, rec);
	assert_string_equal(trigger_fired(&t), "slower");
	assert_null(trigger_fired(&t));
	rec.event.flags = IMS_EVENT_UNTIMED;
	see(&t, rec);
	assert_null(trigger_fired(&t));
	rec = (struct ims_record){.type = IMS_REC_STATS};
	rec.stats = (struct ims_stats){.domain = 1, .hook = IMS_HOOK_MAP, .max_ns = 4000};
	see(&t, rec);
	assert_null(trigger_fired(&t));
	rec.stats.max_ns = 100000;
	rec.stats.bucket[ims_hist_bucket(100000)] = 1;
	see(&t, rec);
	assert_string_equal(trigger_fired(&t), "slower");
	rec.stats.bucket[0]++; /* a fast one after it is no news */
	see(&t, rec);
	assert_null(trigger_fired(&t));
	rec.stats.bucket[ims_hist_bucket(50000)]++;
	see(&t, rec);
	assert_string_equal(trigger_fired(&t), "slower");
	rec.stats.domain = 2; /* has its own */
	see(&t, rec);
	assert_string_equal(trigger_fired(&t), "slower");
	trigger_close(&t);
}

static void test_trigger_fault_and_signal(void **state)
{
	struct trigger t = {.any = true, .fault = true, .signal = true};
	struct ims_record rec = alloc(1);

	assert_int_equal(trigger_open(&t), 0);
	see(&t, rec);
	assert_null(trigger_fired(&t));
	rec.event.hook = IMS_HOOK_FAULT;
	see(&t, rec);
	assert_string_equal(trigger_fired(&t), "fault");
	raise(SIGUSR1);
	assert_string_equal(trigger_fired(&t), "signal");
	assert_null(trigger_fired(&t));
	trigger_close(&t);
}

static struct ims_event attach(const char *device, const char *instance, uint64_t domain)
{
	struct ims_event e = plain_event(IMS_HOOK_ATTACH);

	e.device = device;
	e.instance = instance;
	e.domain = domain;
	e.domain_type = UNMANAGED;
	e.group = device[0];
	e.tid = e.pid = 9;
	e.comm = "qemu";
	return e;
}

static void see_event(struct trigger *t, struct ims_event e)
{
	static uint64_t now = 1000;
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = now += 1000};

	rec.event = e;
	see(t, rec);
}

/* A refused attach of @domain, of @instance, and the retry. */
static void mismatch(struct trigger *t, uint64_t domain)
{
	struct ims_event e = attach("x", SMMU1, domain);

	e.hook = IMS_HOOK_DOMAIN_ALLOC;
	e.domain_instance = SMMU1;
	e.flags = IMS_EVENT_DRIVER_READ;
	see_event(t, e);
	e = attach("y", SMMU2, domain);
	e.result = -EINVAL;
	e.domain_instance = SMMU1;
	e.flags = IMS_EVENT_DRIVER_READ;
	see_event(t, e);
	assert_null(trigger_fired(t));
	e.hook = IMS_HOOK_ATTACH_GROUP;
	see_event(t, e);
	e = attach("y", SMMU2, domain + 1);
	e.domain_instance = SMMU2;
	e.flags = IMS_EVENT_DRIVER_READ;
	see_event(t, e);
	e.hook = IMS_HOOK_ATTACH_GROUP;
	see_event(t, e);
	e = attach("y", SMMU2, 0);
	e.hook = IMS_HOOK_CALLER;
	see_event(t, e);
	/* As VFIO does at the end. */
	e = attach("", "", domain);
	e.hook = IMS_HOOK_DOMAIN_FREE;
	see_event(t, e);
	e.domain++;
	see_event(t, e);
}

static void test_trigger_verdict(void **state)
{
	struct trigger t = {};
	struct ims_record rec = {.type = IMS_REC_INSTANCE};

	assert_int_equal(trigger_parse(&t, "soft-mismatch"), 0);
	assert_int_equal(trigger_open(&t), 0);
	rec.instance = (struct ims_instance){SMMU1, "arm-smmu-v3"};
	see(&t, rec);
	rec.instance.name = SMMU2;
	see(&t, rec);
	/* More than the model has room for verdicts: it has to begin anew meanwhile. */
	for (uint64_t i = 0; i < 3000; i++) {
		mismatch(&t, 10 + 2 * i);
		assert_string_equal(trigger_fired(&t), "soft-mismatch");
		assert_null(trigger_fired(&t));
	}
	trigger_close(&t);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void test_sizes(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "-1",
					  "1KB",
					  "1 K",
					  "64m",
					  "K",
					  "99999999999999999999",
					  "18446744073709551615K"};
	uint64_t size;

	assert_int_equal(parse_size("--x", "1000", 0, &size), 0);
	assert_int_equal(size, 1000);
	assert_int_equal(parse_size("--x", "64K", 0, &size), 0);
	assert_int_equal(size, 65536);
	assert_int_equal(parse_size("--x", "3G", 0, &size), 0);
	assert_int_equal(size, 3ull << 30);
	assert_int_equal(parse_size("--x", "63K", 65536, &size), EXIT_USAGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_size("--x", bad[i], 0, &size), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_at_size),
		cmocka_unit_test(test_rotates),
		cmocka_unit_test(test_flight_writes_at_trigger),
		cmocka_unit_test(test_flight_goes_on),
		cmocka_unit_test(test_flight_cannot_write),
		cmocka_unit_test(test_trigger_names),
		cmocka_unit_test(test_trigger_slower),
		cmocka_unit_test(test_trigger_fault_and_signal),
		cmocka_unit_test(test_trigger_verdict),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
