// SPDX-License-Identifier: GPL-2.0-only
/* Streams that begin in the middle: what they carry over, and the flight recorder's memory. */
#include "test_stream.h"

#include <iommuscope/model.h>

#define UNMANAGED 1u
#define DMA	  3u

struct text {
	FILE *f;
	char *buf;
	size_t size;
};

static int to_text(void *arg, const struct ims_record *rec)
{
	text_record(((struct text *)arg)->f, rec);
	return 0;
}

/* What @c tells at time 77, of which the caller has to free nothing. */
static const char *told(const struct ims_carry *c)
{
	static char *kept;
	struct text t = {};

	free(kept);
	t.f = open_memstream(&t.buf, &t.size);
	assert_int_equal(ims_carry_tell(c, 77, to_text, &t), 0);
	fclose(t.f);
	return kept = t.buf;
}

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

static struct ims_record at(uint64_t time_ns, struct ims_event e)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = time_ns};

	rec.event = e;
	return rec;
}

#define SEE(c, time_ns, ...)                                                                       \
	do {                                                                                       \
		struct ims_record rec_ = at(time_ns, (struct ims_event){__VA_ARGS__});             \
		assert_int_equal(ims_carry_see(c, &rec_), 0);                                      \
	} while (0)

static void see_stats(struct ims_carry *c, uint64_t domain, uint32_t hook, uint64_t calls)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 5};

	rec.stats = (struct ims_stats){.domain = domain, .hook = hook, .untimed = calls};
	assert_int_equal(ims_carry_see(c, &rec), 0);
}

static void test_carry_replaces(void **state)
{
	struct ims_carry *c = ims_carry_new();
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1};

	rec.host = (struct ims_host){"k", "old"};
	assert_int_equal(ims_carry_see(c, &rec), 0);
	rec.host = (struct ims_host){"k", "new"};
	assert_int_equal(ims_carry_see(c, &rec), 0);
	rec = (struct ims_record){.type = IMS_REC_LOSS, .time_ns = 2};
	rec.loss = (struct ims_loss){IMS_HOOK_MAP, IMS_LOSS_SLOTS, 3};
	assert_int_equal(ims_carry_see(c, &rec), 0);
	rec.loss.lost = 4;
	assert_int_equal(ims_carry_see(c, &rec), 0);
	see_stats(c, 7, IMS_HOOK_MAP, 1);
	see_stats(c, 7, IMS_HOOK_UNMAP, 1);
	see_stats(c, 7, IMS_HOOK_MAP, 2);
	rec = (struct ims_record){.type = IMS_REC_END};
	assert_int_equal(ims_carry_see(c, &rec), 0);
	assert_string_equal(told(c),
			    "77 host k=new\n"
			    "77 stats domain=7 hook=11 sum=0 max=0 bytes=0 errors=0 untimed=1\n"
			    "77 stats domain=7 hook=10 sum=0 max=0 bytes=0 errors=0 untimed=2\n"
			    "77 loss hook=10 cause=slots(3) lost=4\n");
	ims_carry_free(c);
}

/* What begins after a suspend begins with the clock of then. */
static void test_carry_clock(void **state)
{
	struct ims_carry *c = ims_carry_new();
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1};

	rec.host = (struct ims_host){"clock.boottime_offset_ns", "5"};
	assert_int_equal(ims_carry_see(c, &rec), 0);
	rec.host = (struct ims_host){"clock.later.boottime_offset_ns", "9"};
	assert_int_equal(ims_carry_see(c, &rec), 0);
	assert_string_equal(told(c), "77 host clock.boottime_offset_ns=9\n");
	ims_carry_free(c);
}

/* Of a domain that is gone nothing is left, whatever order its last records come in. */
static void test_carry_forgets_domains(void **state)
{
	struct ims_carry *c = ims_carry_new();

	SEE(c, 1, .hook = IMS_HOOK_SNAPSHOT, .device = "d", .domain = 1, .domain_type = DMA,
	    .flags = IMS_EVENT_CURRENT | IMS_EVENT_SNAPSHOT);
	SEE(c, 2, .hook = IMS_HOOK_DOMAIN_ALLOC, .domain = 2, .device = "d", .comm = "qemu");
	SEE(c, 3, .hook = IMS_HOOK_DOMAIN_ALLOC, .domain = 3, .device = "d", .result = -12);
	SEE(c, 4, .hook = IMS_HOOK_ATTACH, .domain = 2, .device = "d");
	SEE(c, 5, .hook = IMS_HOOK_ATTACH, .domain = 2, .device = "e", .result = -22);
	SEE(c, 6, .hook = IMS_HOOK_MAP, .domain = 2, .size = 4096);
	see_stats(c, 2, IMS_HOOK_MAP, 5);
	assert_int_equal(count(told(c), "\n"), 4);
	assert_int_equal(count(told(c), "domain=2"), 3);
	SEE(c, 7, .hook = IMS_HOOK_DOMAIN_FREE, .domain = 2);
	see_stats(c, 2, IMS_HOOK_MAP, 6);
	assert_int_equal(count(told(c), "\n"), 1);
	/* A device stays where it was found, on a domain that is gone or not. */
	SEE(c, 8, .hook = IMS_HOOK_DOMAIN_FREE, .domain = 1);
	assert_int_equal(count(told(c), "domain=0"), 1);
	assert_int_equal(count(told(c), "device=d"), 1);
	SEE(c, 9, .hook = IMS_HOOK_DEVICE_REMOVE, .device = "d");
	assert_string_equal(told(c), "");
	ims_carry_free(c);
}

static void test_carry_keeps_all_fields(void **state)
{
	static const char *const frames[] = {"a+0x1", "bb+0x2 [m]"};
	static const char *const user[] = {"main+0x3"};
	struct ims_carry *c = ims_carry_new();
	struct ims_record rec;
	struct text want = {};

	rec = at(3, (struct ims_event){
			    .hook = IMS_HOOK_DOMAIN_ALLOC,
			    .domain = 4,
			    .duration_ns = 5,
			    .cpu = 6,
			    .pid = 7,
			    .tid = 8,
			    .group = 9,
			    .domain_type = UNMANAGED,
			    .function = "f",
			    .comm = "c",
			    .device = "d",
			    .instance = "i",
			    .domain_instance = "di",
			    .reason = "r",
			    .format = "fmt",
			    .iova = 1,
			    .size = 2,
			    .stack = {2, frames},
			    .user_stack = {1, user},
		    });
	assert_int_equal(ims_carry_see(c, &rec), 0);
	rec.event.flags = IMS_EVENT_EARLIER;
	want.f = open_memstream(&want.buf, &want.size);
	text_record(want.f, &rec);
	fclose(want.f);
	assert_string_equal(told(c), want.buf);
	free(want.buf);
	ims_carry_free(c);
}

static void test_carry_pasids(void **state)
{
	struct ims_carry *c = ims_carry_new();

	SEE(c, 1, .hook = IMS_HOOK_ATTACH_PASID, .domain = 2, .device = "d");
	SEE(c, 2, .hook = IMS_HOOK_ATTACH_PASID, .domain = 3, .device = "d");
	assert_int_equal(count(told(c), "\n"), 2);
	SEE(c, 3, .hook = IMS_HOOK_DETACH_PASID, .domain = 2, .device = "d");
	assert_int_equal(count(told(c), "\n"), 1);
	ims_carry_free(c);
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void put_fact(struct ims_flight *f, const char *key, const char *value)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1};

	rec.host = (struct ims_host){key, value};
	assert_int_equal(ims_flight_put(f, &rec), 0);
}

static char *written(struct ims_flight *f, struct ims_damage *damage)
{
	int fd = memory_fd("", 0), err;
	struct ims_writer *w = ims_writer_new(fd, 6);
	uint8_t *bytes;
	size_t size;
	char *text;

	assert_int_equal(ims_flight_write(f, w), 0);
	assert_int_equal(ims_writer_flush(w), 0);
	bytes = content(fd, &size);
	assert_int_equal(size, ims_writer_bytes(w));
	ims_writer_free(w);
	close(fd);
	text = text_of(bytes, size, damage, &err);
	assert_int_equal(err, 0);
	free(bytes);
	return text;
}

#define FLIGHT_BYTES (64u << 10)

/* What is kept is the end, without a gap, and what was at the beginning is told first. */
static void test_flight_keeps_the_end(void **state)
{
	struct ims_flight *f = ims_flight_new(FLIGHT_BYTES, 0);
	struct ims_damage damage;
	struct ims_record rec;
	uint64_t n, first;
	char *text, *line, want[64];

	put_fact(f, "kernel.release", "7.3");
	rec = at(2, (struct ims_event){.hook = IMS_HOOK_DOMAIN_ALLOC, .domain = 5, .comm = "qemu"});
	assert_int_equal(ims_flight_put(f, &rec), 0);
	for (n = 0; n < 100000; n++) {
		rec = numbered_event(n);
		assert_int_equal(ims_flight_put(f, &rec), 0);
		assert_true(ims_flight_bytes(f) <= FLIGHT_BYTES + (66 << 10));
	}
	text = written(f, &damage);
	assert_undamaged(&damage);
	assert_int_equal(count(text, "host kernel.release=7.3\n"), 1);
	line = strstr(text, " event domain-alloc(1)");
	assert_non_null(line);
	line = strchr(line, '\n') + 1;
	first = (strtoull(line, NULL, 10) - 1000) / 10;
	assert_true(first > 50000 && first < n);
	assert_int_equal(count(text, "\n"), 2 + n - first);
	snprintf(want, sizeof(want), "\n%" PRIu64 " event ", 1000 + 10 * (n - 1));
	assert_non_null(strstr(text, want));
	free(text);
	/* It goes on: the next writing begins later, and is as whole. */
	for (; n < 150000; n++) {
		rec = numbered_event(n);
		assert_int_equal(ims_flight_put(f, &rec), 0);
	}
	text = written(f, &damage);
	assert_undamaged(&damage);
	assert_int_equal(count(text, "domain-alloc(1)"), 1);
	free(text);
	ims_flight_free(f);
}

static void test_flight_that_fits(void **state)
{
	struct ims_flight *f = ims_flight_new(1 << 20, 6);
	struct ims_damage damage;
	struct ims_record rec;
	char *text;

	put_fact(f, "a", "1");
	assert_int_equal(ims_flight_flush(f), 0);
	rec = numbered_event(0);
	assert_int_equal(ims_flight_put(f, &rec), 0);
	text = written(f, &damage);
	assert_undamaged(&damage);
	assert_int_equal(count(text, "\n"), 2);
	assert_int_equal(count(text, "host a=1"), 1);
	free(text);
	ims_flight_free(f);
	f = ims_flight_new(1, 6); /* one chunk is always kept */
	put_fact(f, "a", "1");
	assert_int_equal(ims_flight_flush(f), 0);
	put_fact(f, "b", "2");
	text = written(f, &damage);
	assert_int_equal(count(text, "host "), 2);
	free(text);
	ims_flight_free(f);
}

/* ---- what readers make of it ----------------------------------------------------------------- */

static void test_model_of_later_stream(void **state)
{
	struct model *m = model_new();
	struct ims_record rec;
	const struct model_domain *d;

	rec = at(1000, (struct ims_event){.hook = IMS_HOOK_DOMAIN_ALLOC,
					  .domain = 5,
					  .comm = "qemu",
					  .function = "",
					  .device = "",
					  .instance = "",
					  .domain_instance = "",
					  .domain_type = UNMANAGED,
					  .group = IMS_NO_GROUP,
					  .flags = IMS_EVENT_EARLIER});
	assert_int_equal(model_apply(m, &rec), 0);
	rec.event.flags = 0;
	rec.event.domain = 6;
	rec.time_ns = 9000;
	assert_int_equal(model_apply(m, &rec), 0);
	d = model_find_domain(m, 5);
	assert_non_null(d);
	assert_int_equal(d->alloc_ns, 1000);
	assert_int_equal(model_overview(m)->first_ns, 9000);
	assert_int_equal(model_overview(m)->events[IMS_HOOK_DOMAIN_ALLOC], 1);
	/* The file that follows in a series tells again what was seen happening. */
	rec.event.hook = IMS_HOOK_DOMAIN_FREE;
	assert_int_equal(model_apply(m, &rec), 0);
	rec.event.hook = IMS_HOOK_DOMAIN_ALLOC;
	rec.event.flags = IMS_EVENT_EARLIER | IMS_EVENT_NO_DEVICE;
	assert_int_equal(model_apply(m, &rec), 0);
	assert_int_equal(model_verdict_count(m, MODEL_BLIND_ALLOC), 0);
	model_free(m);
}

static void test_skipped_numbers_are_missing(void **state)
{
	int fd = memory_fd("", 0), err;
	struct ims_writer *w = ims_writer_new(fd, 6);
	struct ims_record rec = numbered_event(1);
	struct ims_damage damage;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(ims_writer_put(w, &rec), 0);
	assert_int_equal(ims_writer_flush(w), 0);
	ims_writer_skip(w, 3);
	assert_int_equal(ims_writer_put(w, &rec), 0);
	assert_true(ims_writer_most(w) > ims_writer_bytes(w));
	assert_int_equal(ims_writer_flush(w), 0);
	assert_int_equal(ims_writer_most(w), ims_writer_bytes(w));
	bytes = content(fd, &size);
	free(text_of(bytes, size, &damage, &err));
	assert_int_equal(damage.missing_chunks, 3);
	free(bytes);
	ims_writer_free(w);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carry_replaces),
		cmocka_unit_test(test_carry_clock),
		cmocka_unit_test(test_carry_forgets_domains),
		cmocka_unit_test(test_carry_keeps_all_fields),
		cmocka_unit_test(test_carry_pasids),
		cmocka_unit_test(test_flight_keeps_the_end),
		cmocka_unit_test(test_flight_that_fits),
		cmocka_unit_test(test_model_of_later_stream),
		cmocka_unit_test(test_skipped_numbers_are_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
