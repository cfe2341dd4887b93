// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every version reads what the versions before it wrote: tests/golden/v1.ims reads as v1.txt, and
 * v1_1.ims as v1_1.txt, for good. They were written by this program with GOLDEN_WRITE=1 in the
 * environment, each when its version was new: now it writes that of 1.1.
 */
#include "test_stream.h"

#define STREAM "tests/golden/v1_1.ims"
#define TEXT   "tests/golden/v1_1.txt"
#define HOSTILE "tests/golden/hostile.ims"

static void put(struct ims_writer *w, const struct ims_record *rec)
{
	assert_int_equal(ims_writer_put(w, rec), 0);
}

static void put_facts(struct ims_writer *w)
{
	static const struct ims_host host[] = {
		{"tool.version", "0.1"},
		{"kernel.release", "6.12.0"},
		{"kernel.arch", "aarch64"},
		{"kernel.cmdline", "console=ttyAMA0 iommu.passthrough=0"},
		{"clock.realtime_offset_ns", "1700000000000000000"},
		{"cpus.online", "0-127"},
	};
	struct ims_record rec = {.time_ns = 7000000001};
	uint32_t i;

	rec.type = IMS_REC_HOST;
	for (i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		rec.host = host[i];
		put(w, &rec);
	}
	rec.type = IMS_REC_PLAN;
	rec.plan = (struct ims_plan){IMS_HOOK_MAP, "iommu_map_nosync", "fsession",
				     "vmlinux",	   "attached",	       ""};
	put(w, &rec);
	rec.plan = (struct ims_plan){IMS_HOOK_CALLER,	 "",	    "",
				     "vfio_iommu_type1", "missing", "module not loaded"};
	put(w, &rec);
	rec.type = IMS_REC_INSTANCE;
	rec.instance = (struct ims_instance){"smmu3.0x000000000c000000", "arm-smmu-v3"};
	put(w, &rec);
	rec.instance = (struct ims_instance){"smmu3.0x000000000e000000", ""};
	put(w, &rec);
}

/* A domain of one instance, refused by a device of another. */
static void put_attach(struct ims_writer *w)
{
	const char *const frame[] = {
		"iommu_attach_group+0x64",
		"vfio_iommu_type1_attach_group+0x190 [vfio_iommu_type1]",
		"",
	};
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 7000500000};

	rec.event = (struct ims_event){
		.duration_ns = 1500,
		.domain = 3,
		.hook = IMS_HOOK_DOMAIN_ALLOC,
		.cpu = 2,
		.pid = 4242,
		.tid = 4243,
		.flags = IMS_EVENT_DRIVER_READ,
		.group = 11,
		.domain_type = 3,
		.function = "iommu_paging_domain_alloc_flags",
		.comm = "qemu-system-aar",
		.device = "0000:09:00.0",
		.instance = "smmu3.0x000000000c000000",
		.domain_instance = "smmu3.0x000000000c000000",
		.stack = {3, frame},
	};
	put(w, &rec);
	rec.time_ns += 90000;
	rec.event.hook = IMS_HOOK_ATTACH;
	rec.event.result = -22;
	rec.event.group = 12;
	rec.event.function = "arm_smmu_attach_dev";
	rec.event.device = "0001:01:00.0";
	rec.event.instance = "smmu3.0x000000000e000000";
	put(w, &rec);
	rec.time_ns -= 1000;
	rec.event.duration_ns = UINT64_MAX;
	rec.event.domain = 1ull << 40;
	rec.event.cpu = 200;
	rec.event.result = 0;
	rec.event.flags |= IMS_EVENT_SNAPSHOT;
	rec.event.group = IMS_NO_GROUP;
	rec.event.comm = "";
	rec.event.stack.count = 1;
	put(w, &rec);
}

static void put_maps(struct ims_writer *w)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 8000000000};
	uint32_t i;

	rec.event = plain_event(0);
	rec.event.comm = "fio";
	for (i = 0; i < 60; i++) {
		rec.event.hook = i & 1 ? IMS_HOOK_UNMAP : IMS_HOOK_MAP;
		rec.event.function = i & 1 ? "__iommu_unmap" : "iommu_map_nosync";
		rec.event.duration_ns = 150 + i * 7 % 64;
		rec.event.domain = 3 + i / 20;
		rec.event.cpu = i % 3;
		rec.event.tid = 900 + i % 3;
		rec.event.pid = 900;
		rec.time_ns += 1000 + i;
		put(w, &rec);
	}
}

/* What version 1.1 added. */
static void put_map_1_1(struct ims_writer *w)
{
	const char *const user[] = {"ioctl+0x1d [libc.so.6]", "dma_map+0x40 [vfio-loop]"};
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 8100000000};
	uint32_t i;

	rec.event = plain_event(IMS_HOOK_MAP);
	rec.event.comm = "vfio-loop";
	rec.event.domain = 3;
	rec.event.size = 4096;
	rec.event.format = "SMMUv3 stage 1";
	rec.event.user_stack = (struct ims_stack){2, user};
	for (i = 0; i < 8; i++) {
		rec.event.iova = i == 5 ? 0xfffffffffffff000 : 0x100000 + 4096 * i;
		rec.event.user_stack.count = i ? 0 : 2;
		rec.time_ns += 2500;
		put(w, &rec);
	}
}

static void put_fault_1_1(struct ims_writer *w)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 8200000000};

	rec.event = plain_event(IMS_HOOK_FAULT);
	rec.event.domain = 3;
	rec.event.device = "0000:09:00.0";
	rec.event.instance = "smmu3.0x000000000c000000";
	rec.event.iova = 0x103000;
	rec.event.flags = IMS_EVENT_WRITE | IMS_EVENT_UNTIMED;
	rec.event.group = 11;
	rec.event.reason = "F_TRANSLATION";
	rec.event.format = "SMMUv3 stage 1";
	put(w, &rec);
	rec.time_ns++;
	rec.event.iova = 0;
	rec.event.domain = 0;
	rec.event.flags = IMS_EVENT_NO_ACCESS | IMS_EVENT_UNTIMED;
	rec.event.reason = "";
	rec.event.format = "";
	put(w, &rec);
}

static void put_totals_1_1(struct ims_writer *w)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 8900000000};

	rec.stats = (struct ims_stats){.hook = IMS_HOOK_QUEUE_SYNC, .sum_ns = 900, .max_ns = 500};
	rec.stats.object = "smmu3.0x000000000c000000";
	rec.stats.bucket[33] = 3;
	put(w, &rec);
	rec.stats.hook = IMS_HOOK_DMA_MAP;
	rec.stats.object = "0000:09:00.0";
	rec.stats.bytes = 3 * 1500;
	put(w, &rec);
	rec.stats.hook = IMS_HOOK_IOTLB_SYNC;
	rec.stats.object = "";
	rec.stats.domain = 3;
	rec.stats.bytes = 0;
	put(w, &rec);
	rec.type = IMS_REC_COUNT;
	rec.count = (struct ims_count){IMS_HOOK_FAULT, 2, 2};
	put(w, &rec);
	rec.count = (struct ims_count){IMS_HOOK_MAP, 85, 68};
	put(w, &rec);
}

static void put_totals(struct ims_writer *w)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 9000000000};

	rec.stats = (struct ims_stats){3, IMS_HOOK_MAP, 36000, 213, 819200, 0, 1};
	rec.stats.bucket[24] = 150;
	rec.stats.bucket[25] = 50;
	put(w, &rec);
	rec.stats = (struct ims_stats){0, IMS_HOOK_UNMAP, UINT64_MAX, UINT64_MAX, 1, 2, 3};
	rec.stats.bucket[0] = UINT64_MAX;
	rec.stats.bucket[IMS_HIST_BUCKETS - 1] = 1;
	put(w, &rec);
	rec.type = IMS_REC_LOSS;
	rec.loss = (struct ims_loss){IMS_HOOK_MAP, IMS_LOSS_RING_FULL, 17};
	put(w, &rec);
	rec = (struct ims_record){.type = IMS_REC_END, .time_ns = rec.time_ns + 1};
	put(w, &rec);
}

/* A process, and what else a machine lets be named, can be called anything. */
static void put_hostile_names(struct ims_writer *w, const char *name)
{
	const char *const frame[] = {name, "plain+0x1"};
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1000, .host = {name, name}};
	static const uint32_t hooks[] = {
		IMS_HOOK_DOMAIN_ALLOC, IMS_HOOK_ATTACH, IMS_HOOK_CALLER, IMS_HOOK_MAP,
		IMS_HOOK_FAULT,	       IMS_HOOK_PROBE,
	};

	put(w, &rec);
	rec.type = IMS_REC_PLAN;
	rec.plan = (struct ims_plan){IMS_HOOK_ATTACH, name, name, name, name, name};
	put(w, &rec);
	rec.type = IMS_REC_INSTANCE;
	rec.instance = (struct ims_instance){name, name};
	put(w, &rec);
	rec.type = IMS_REC_EVENT;
	rec.event = (struct ims_event){
		.domain = 1,
		.group = 1,
		.domain_type = IMS_DOMAIN_PAGING,
		.size = 4096,
		.function = name,
		.comm = name,
		.device = name,
		.instance = name,
		.domain_instance = name,
		.stack = {2, frame},
		.user_stack = {2, frame},
		.reason = name,
		.format = name,
	};
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		rec.time_ns += 1000;
		rec.event.hook = hooks[i];
		rec.event.result = hooks[i] == IMS_HOOK_CALLER ? -EINVAL : 0;
		put(w, &rec);
	}
	rec.type = IMS_REC_STATS;
	rec.stats = (struct ims_stats){.hook = IMS_HOOK_DMA_MAP, .object = name, .untimed = 1};
	put(w, &rec);
}

static void hostile_write(void)
{
	static char huge[4096];
	const char *const names[] = {
		"\033]0;owned\a\033[2J", "a\nb\r\n\tc",	  "<script>alert(1)</script>",
		"\xff\xfe\xc0\x80\xed\xa0\x80", "=cmd|' /C calc'!A0", "\"},{\"a\":[\\",
		"\u202eevil\u2028\xc2\x85",	 "</script><img src=x onerror=alert(1)>",
		"${jndi:x}`id`$(id)%n%s",	 huge,
	};
	int fd = open(HOSTILE, O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct ims_writer *w = ims_writer_new(fd, 9);
	struct ims_record end = {.type = IMS_REC_END, .time_ns = 1000000};

	memset(huge, 'A', sizeof(huge) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_hostile_names(w, names[i]);
	put(w, &end);
	assert_int_equal(ims_writer_flush(w), 0);
	ims_writer_free(w);
	close(fd);
}

static void golden_write(void)
{
	int fd = open(STREAM, O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct ims_writer *w = ims_writer_new(fd, 9);
	struct ims_damage damage;
	size_t count;
	uint8_t *bytes;
	char *text;
	FILE *f = fopen(TEXT, "w");
	int err;

	put_facts(w);
	assert_int_equal(ims_writer_flush(w), 0);
	put_attach(w);
	assert_int_equal(ims_writer_flush(w), 0);
	put_maps(w);
	put_map_1_1(w);
	put_fault_1_1(w);
	put_totals_1_1(w);
	put_totals(w);
	assert_int_equal(ims_writer_flush(w), 0);
	ims_writer_free(w);
	bytes = content(fd, &count);
	text = text_of(bytes, count, &damage, &err);
	fputs(text, f);
	fclose(f);
	free(text);
	free(bytes);
	close(fd);
	hostile_write();
}

static uint8_t *file(const char *path, size_t *count)
{
	int fd = open(path, O_RDONLY);
	uint8_t *bytes;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	bytes = content(fd, count);
	bytes[*count] = '\0';
	close(fd);
	return bytes;
}

static void assert_reads(const char *stream_path, const char *text_path)
{
	struct ims_damage damage;
	size_t count, size;
	uint8_t *bytes = file(stream_path, &count);
	char *want = (char *)file(text_path, &size);
	int err;
	char *got = text_of(bytes, count, &damage, &err);

	assert_int_equal(err, 0);
	assert_string_equal(got, want);
	assert_undamaged(&damage);
	assert_true(damage.ended);
	free(bytes);
	free(want);
	free(got);
}

static void test_version_1_0(void **state)
{
	assert_reads("tests/golden/v1.ims", "tests/golden/v1.txt");
}

static void test_version_1_1(void **state)
{
	assert_reads(STREAM, TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_1_0),
		cmocka_unit_test(test_version_1_1),
	};

	if (getenv("GOLDEN_WRITE"))
		golden_write();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
