// SPDX-License-Identifier: GPL-2.0-only
/* What is written is what is read. */
#include "test_stream.h"

/* Writes records and keeps the text they should read as. */
struct tape {
	int fd;
	struct ims_writer *w;
	FILE *f;
	char *text;
	size_t size;
};

static void tape_begin(struct tape *t, int level)
{
	t->fd = memory_fd("", 0);
	t->w = ims_writer_new(t->fd, level);
	assert_non_null(t->w);
	t->f = open_memstream(&t->text, &t->size);
}

static void tape_put(struct tape *t, const struct ims_record *rec)
{
	assert_int_equal(ims_writer_put(t->w, rec), 0);
	text_record(t->f, rec);
}

/* Returns how many bytes the stream has. */
static size_t tape_check(struct tape *t)
{
	struct ims_damage damage;
	size_t count;
	uint8_t *bytes;
	char *text;
	int err;

	assert_int_equal(ims_writer_flush(t->w), 0);
	bytes = content(t->fd, &count);
	assert_int_equal(ims_writer_bytes(t->w), count);
	fclose(t->f);
	text = text_of(bytes, count, &damage, &err);
	assert_int_equal(err, 0);
	assert_string_equal(text, t->text);
	assert_undamaged(&damage);
	free(text);
	free(t->text);
	free(bytes);
	ims_writer_free(t->w);
	close(t->fd);
	return count;
}

static void put_full_event(struct tape *t, uint32_t hook)
{
	const char *frame[] = {"iommu_attach_group+0x64", "vfio_iommu+0x1 [vfio]", "", "a"};
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = UINT64_MAX};

	rec.event = (struct ims_event){
		.duration_ns = UINT64_MAX,
		.domain = UINT64_MAX - 1,
		.hook = hook,
		.result = INT32_MIN,
		.cpu = UINT32_MAX,
		.pid = UINT32_MAX - 1,
		.tid = UINT32_MAX - 2,
		.flags = UINT32_MAX - 3,
		.group = IMS_NO_GROUP,
		.domain_type = UINT32_MAX - 4,
		.function = "iommu_attach_device",
		.comm = "qemu",
		.device = "0000:09:00.0",
		.instance = "smmu3.0x000000000c000000",
		.domain_instance = "smmu3.1",
		.stack = {4, frame},
		.user_stack = {2, frame},
		.iova = 0xfffffffffffff000ull,
		.size = 1ull << 63,
		.reason = "F_TRANSLATION",
		.format = "SMMUv3 stage 2",
	};
	tape_put(t, &rec);
	rec.time_ns = 0;
	rec.event.result = INT32_MAX;
	rec.event.stack.count = 1;
	tape_put(t, &rec);
	rec.time_ns = 1ull << 63;
	rec.event = plain_event(hook);
	rec.event.result = -22;
	tape_put(t, &rec);
}

static void put_stats(struct tape *t, uint64_t value)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 5};
	uint32_t i;

	rec.stats = (struct ims_stats){value, IMS_HOOK_MAP, value, value, value, value, value};
	tape_put(t, &rec);
	rec.stats.object = "0000:09:00.0";
	rec.stats.bucket[0] = 1;
	rec.stats.bucket[IMS_HIST_BUCKETS - 1] = value;
	tape_put(t, &rec);
	for (i = 0; i < IMS_HIST_BUCKETS; i++)
		rec.stats.bucket[i] = value - i;
	tape_put(t, &rec);
}

static void put_everything(struct tape *t)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1};
	uint32_t hook;

	rec.host = (struct ims_host){"kernel.release", "6.12.0"};
	tape_put(t, &rec);
	rec.host = (struct ims_host){"kernel.cmdline", ""};
	tape_put(t, &rec);
	rec.type = IMS_REC_PLAN;
	rec.plan = (struct ims_plan){IMS_HOOK_MAP, "iommu_map", "fentry",
				     "vmlinux",	   "attached",	"iommu_map_nosync: missing"};
	tape_put(t, &rec);
	rec.plan = (struct ims_plan){UINT32_MAX, "", "", "", "missing", ""};
	tape_put(t, &rec);
	rec.type = IMS_REC_INSTANCE;
	rec.instance = (struct ims_instance){"dmar0", "intel_iommu_ops"};
	tape_put(t, &rec);
	for (hook = 0; hook < 70; hook++)
		put_full_event(t, hook);
	put_full_event(t, UINT32_MAX);
	put_stats(t, UINT64_MAX);
	put_stats(t, 200);
	rec.type = IMS_REC_LOSS;
	rec.loss = (struct ims_loss){UINT32_MAX, IMS_LOSS_MISSED, UINT64_MAX};
	tape_put(t, &rec);
	rec.type = IMS_REC_COUNT;
	rec.count = (struct ims_count){UINT32_MAX, UINT64_MAX, UINT64_MAX - 1};
	tape_put(t, &rec);
	rec = (struct ims_record){.type = IMS_REC_END};
	tape_put(t, &rec);
}

static void test_every_type(void **state)
{
	static const int level[] = {-1, 0, 1, 6, 9, 10};
	struct tape t;
	uint32_t i;

	for (i = 0; i < sizeof(level) / sizeof(level[0]); i++) {
		tape_begin(&t, level[i]);
		put_everything(&t);
		tape_check(&t);
	}
}

static void test_flushes_between(void **state)
{
	struct tape t;
	uint64_t n;

	tape_begin(&t, 6);
	assert_int_equal(ims_writer_flush(t.w), 0);
	assert_int_equal(ims_writer_bytes(t.w), 0);
	for (n = 0; n < 500; n++) {
		struct ims_record rec = numbered_event(n);

		tape_put(&t, &rec);
		if (n % 7 == 3)
			assert_int_equal(ims_writer_flush(t.w), 0);
		if (n % 11 == 5)
			put_full_event(&t, n % 4);
	}
	tape_check(&t);
}

static void test_chunks_close_by_themselves(void **state)
{
	struct tape t;
	uint64_t n, chunks;

	tape_begin(&t, 0);
	for (n = 0; n < 100000; n++) {
		struct ims_record rec = numbered_event(n);

		tape_put(&t, &rec);
	}
	chunks = tape_check(&t) / CHUNK_GOAL;
	assert_in_range(chunks, 5, 20);
}

/* Strings and stacks that are all different, and as long as they may be. */
static void test_dictionaries_fill(void **state)
{
	static char name[IMS_STACK_MAX][STRING_MAX];
	const char *frame[IMS_STACK_MAX];
	struct ims_record rec = {.type = IMS_REC_EVENT};
	struct tape t;
	uint32_t i, n;

	rec.event = plain_event(IMS_HOOK_ATTACH);
	tape_begin(&t, 1);
	for (n = 0; n < 40000; n++) {
		for (i = 0; i < IMS_STACK_MAX; i++) {
			snprintf(name[i], sizeof(name[i]), "%x", n % 4 ? n : n + i);
			frame[i] = name[i];
		}
		rec.event.stack = (struct ims_stack){n % 8 ? 1 : IMS_STACK_MAX, frame};
		tape_put(&t, &rec);
	}
	for (i = 0; i < IMS_STACK_MAX; i++)
		memset(name[i], 'a' + i % 26 - (i / 26) * 32, STRING_MAX - 1);
	rec.event.stack.count = IMS_STACK_MAX;
	tape_put(&t, &rec);
	tape_check(&t);
}

static void test_cut_to_the_limits(void **state)
{
	char longer[STRING_MAX + 100], cut[STRING_MAX];
	const char *frame[IMS_STACK_MAX + 9];
	struct ims_record rec = {.type = IMS_REC_EVENT}, got;
	struct ims_reader *r;
	int fd = memory_fd("", 0);
	struct ims_writer *w = ims_writer_new(fd, 6);
	uint32_t i;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	memset(cut, 'x', sizeof(cut) - 1);
	cut[sizeof(cut) - 1] = '\0';
	for (i = 0; i < IMS_STACK_MAX + 9; i++)
		frame[i] = "f";
	rec.event = plain_event(IMS_HOOK_ATTACH);
	rec.event.comm = longer;
	rec.event.stack = (struct ims_stack){IMS_STACK_MAX + 9, frame};
	assert_int_equal(ims_writer_put(w, &rec), 0);
	assert_int_equal(ims_writer_put(w, &rec), 0);
	assert_int_equal(ims_writer_flush(w), 0);
	ims_writer_free(w);

	lseek(fd, 0, SEEK_SET);
	assert_int_equal(ims_reader_open(fd, &r), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(ims_reader_next(r, &got), 1);
		assert_string_equal(got.event.comm, cut);
		assert_int_equal(got.event.stack.count, IMS_STACK_MAX);
	}
	assert_int_equal(ims_reader_next(r, &got), 0);
	assert_int_equal(ims_reader_next(r, &got), 0);
	ims_reader_free(r);
	close(fd);
}

static void test_unknown_type_is_refused(void **state)
{
	struct ims_record rec = {.type = IMS_REC_MAX};
	struct tape t;

	tape_begin(&t, 6);
	assert_int_equal(ims_writer_put(t.w, &rec), -EINVAL);
	rec.type = 0;
	assert_int_equal(ims_writer_put(t.w, &rec), -EINVAL);
	rec = (struct ims_record){.type = IMS_REC_END};
	tape_put(&t, &rec);
	tape_check(&t);
}

static void test_names(void **state)
{
	uint32_t i;

	for (i = 0; i < IMS_HOOK_MAX; i++)
		assert_string_not_equal(ims_hook_name(i), "?");
	for (i = 0; i < IMS_LOSS_MAX; i++)
		assert_string_not_equal(ims_loss_cause_name(i), "?");
	assert_string_equal(ims_hook_name(IMS_HOOK_DOMAIN_ALLOC), "domain-alloc");
	assert_string_equal(ims_hook_name(IMS_HOOK_MAX), "?");
	assert_string_equal(ims_loss_cause_name(IMS_LOSS_RING_FULL), "ring-full");
	assert_string_equal(ims_loss_cause_name(UINT32_MAX), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_flushes_between),
		cmocka_unit_test(test_chunks_close_by_themselves),
		cmocka_unit_test(test_dictionaries_fill),
		cmocka_unit_test(test_cut_to_the_limits),
		cmocka_unit_test(test_unknown_type_is_refused),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
