// SPDX-License-Identifier: GPL-2.0-only
/* The outputs: text as it should be, widths, escapes, JSON that parses. */
#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include <iommuscope/view.h>

#include "test_model.h"

static void put_stats_of(struct model *m, uint64_t domain, const char *object, uint32_t hook,
			 uint64_t calls, uint64_t untimed)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = test_now};

	rec.stats = (struct ims_stats){.domain = domain,
				       .object = object,
				       .hook = hook,
				       .sum_ns = 600 * calls,
				       .max_ns = 123456,
				       .bytes = 4096 * calls,
				       .untimed = untimed};
	rec.stats.bucket[ims_hist_bucket(500)] = calls - calls / 50;
	rec.stats.bucket[ims_hist_bucket(5000)] = calls / 50;
	assert_int_equal(model_apply(m, &rec), 0);
}

static void put_plan(struct model *m, uint32_t hook, const char *function, const char *mechanism,
		     const char *state, const char *reason)
{
	struct ims_record rec = {.type = IMS_REC_PLAN};

	rec.plan = (struct ims_plan){hook, function, mechanism, "vmlinux", state, reason};
	assert_int_equal(model_apply(m, &rec), 0);
}

static void put_host(struct model *m, const char *key, const char *value)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .host = {key, value}};

	assert_int_equal(model_apply(m, &rec), 0);
}

static void put_end(struct model *m)
{
	struct ims_record rec = {.type = IMS_REC_END};

	assert_int_equal(model_apply(m, &rec), 0);
}

static void put_stats(struct model *m, uint64_t domain, uint32_t hook, uint64_t calls,
		      uint64_t untimed)
{
	put_stats_of(m, domain, "", hook, calls, untimed);
}

/* The mismatch under VFIO, with mappings. */
static struct model *new_story(void)
{
	struct model *m = new_machine("arm-smmu-v3");

	put_host(m, "kernel.release", "6.12.9-arm64");
	put_plan(m, IMS_HOOK_ATTACH, "__iommu_attach_device", "fentry", "attached", "");
	put_plan(m, IMS_HOOK_CALLER, "", "", "missing", "vfio_iommu_type1 is not loaded");
	EVENT(m, DOMAIN_ALLOC, AT1, .domain = 20, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT1, .domain = 20, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = 21, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, AT2, .domain = 20, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	EVENT(m, ATTACH_GROUP, .group = 13, .domain = 20, .domain_type = UNMANAGED,
	      .result = -EINVAL, .duration_ns = 12345);
	EVENT(m, ATTACH, AT2, .domain = 21, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, CALLER, .function = "vfio_iommu_type1_attach_group");
	EVENT(m, DOMAIN_ALLOC, .domain = 22, .domain_type = UNMANAGED, .flags = IMS_EVENT_NO_DEVICE,
	      .comm = "dpdk");
	EVENT(m, DOMAIN_FREE, .domain = 22);
	put_stats(m, 20, IMS_HOOK_MAP, 1000, 0);
	put_stats(m, 20, IMS_HOOK_UNMAP, 1000, 500);
	put_stats(m, 20, IMS_HOOK_IOTLB_SYNC, 900, 0);
	put_stats_of(m, 0, SMMU1, IMS_HOOK_QUEUE_SYNC, 1900, 0);
	put_stats_of(m, 0, DEV3, IMS_HOOK_DMA_MAP, 700, 0);
	put_end(m);
	model_finish(m);
	return m;
}

static const char golden_text[] =
	"VERDICTS\n"
	"     1 blind-alloc       warning\n"
	"     1 soft-mismatch     notice\n"
	"  blind-alloc (warning)\n"
	"    dpdk (pid 100) allocated domain 22 (UNMANAGED) for no device at +0.000100 s.\n"
	"    No device was given: which instance the domain will fit is left to the core\n"
	"    or to the first attach.\n"
	"  soft-mismatch (notice)\n"
	"    qemu (pid 100) allocated domain 20 (UNMANAGED) for device 0000:09:00.0,\n"
	"    behind smmu3.0x000000000c020000, at +0.000030 s. The domain belongs to\n"
	"    smmu3.0x000000000c020000 (evidence: driver; rule: bound, table:\n"
	"    arm-smmu-v3). qemu (pid 100) tried to attach domain 20 (UNMANAGED) to device\n"
	"    0000:11:00.0 (group 13), behind smmu3.0x000000000c040000, at +0.000060 s:\n"
	"    -EINVAL (the driver says this domain cannot be used with this device). It\n"
	"    cost 12.3us in 1 failed group attach. The same thread then attached domain\n"
	"    21 (UNMANAGED), 20.0us later. User space is not told. When both domains are\n"
	"    of one VFIO container, every range is mapped and unmapped once per domain\n"
	"    from now on.\n"
	"\n"
	"TOPOLOGY\n"
	"  smmu3.0x000000000c020000  bound (table: arm-smmu-v3)\n"
	"  `- group 12  domain 20 UNMANAGED\n"
	"     `- 0000:09:00.0\n"
	"  smmu3.0x000000000c040000  bound (table: arm-smmu-v3)\n"
	"  |- group 13  domain 21 UNMANAGED\n"
	"  |  `- 0000:11:00.0\n"
	"  `- group 14  domain 3 DMA\n"
	"     `- 0000:12:00.0\n"
	"\n"
	"DOMAINS\n"
	" DOMAIN TYPE      INSTANCE                 EVIDENCE     DEVS  BY         PID\n"
	"      1 DMA       smmu3.0x000000000c020000 driver           0 (at start)\n"
	"      2 DMA       smmu3.0x000000000c040000 driver           0 (at start)\n"
	"      3 DMA       smmu3.0x000000000c040000 driver           1 (at start)\n"
	"     20 UNMANAGED smmu3.0x000000000c020000 driver           1 qemu       100\n"
	"     21 UNMANAGED smmu3.0x000000000c040000 driver           1 qemu       100\n"
	"     22 UNMANAGED -                        none         freed dpdk       100\n"
	"\n"
	"LIFETIMES\n"
	" DOMAIN      ALLOCATED          FREED      LIFE  FROM BEGIN TO END\n"
	"     20    +0.000030 s          alive >  80.0us         ######################\n"
	"     21    +0.000050 s          alive >  60.0us               ################\n"
	"     22    +0.000100 s    +0.000110 s    10.0us                            ###\n"
	"\n"
	"MAP AND UNMAP, AND THEIR INVALIDATION\n"
	"DOMAIN OP            COUNT     MEAN       P50      P99      MAX     BYTES ERRORS\n"
	"    20 map            1000    600ns     479ns   4.61us    123us   3.9 MiB      0\n"
	"    20 unmap          1500    600ns*    479ns   4.61us    123us   3.9 MiB      0\n"
	"    20 iotlb-sync      900    600ns     479ns   4.61us    123us         -      0\n"
	"   all map            1000    600ns     479ns   4.61us    123us   3.9 MiB      0\n"
	"   all unmap          1500    600ns*    479ns   4.61us    123us   3.9 MiB      0\n"
	"   all iotlb-sync      900    600ns     479ns   4.61us    123us         -      0\n"
	"\n"
	"INSTANCES\n"
	"INSTANCE                 OP            COUNT     MEAN       P99      MAX ERRORS\n"
	"smmu3.0x000000000c020000 map            1000    600ns    4.61us    123us      0\n"
	"smmu3.0x000000000c020000 unmap          1500    600ns*   4.61us    123us      0\n"
	"smmu3.0x000000000c020000 iotlb-sync      900    600ns    4.61us    123us      0\n"
	"smmu3.0x000000000c020000 queue-sync     1900    600ns    4.61us    123us      0\n"
	"  map, unmap and iotlb-sync: of its domains; they contain queue-syncs.\n"
	"\n"
	"DMA API\n"
	"DEVICE                   OP            COUNT     MEAN       P99      MAX ERRORS\n"
	"0000:12:00.0             dma-map         700    600ns    4.61us    123us      0\n"
	"all                      dma-map         700    600ns    4.61us    123us      0\n"
	"  A dma-map contains its map, a dma-unmap its unmap: never add them up.\n"
	"\n"
	"* of the timed calls only: 500 calls were not timed\n"
	"\n"
	"LATENCY, ALL TIMED CALLS\n"
	"  map, from\n"
	"     256ns        980  ########################################\n"
	"     512ns          0\n"
	"    1.02us          0\n"
	"    2.05us          0\n"
	"    4.10us         20  #\n"
	"  unmap, from\n"
	"     256ns        980  ########################################\n"
	"     512ns          0\n"
	"    1.02us          0\n"
	"    2.05us          0\n"
	"    4.10us         20  #\n"
	"  iotlb-sync, from\n"
	"     256ns        882  ########################################\n"
	"     512ns          0\n"
	"    1.02us          0\n"
	"    2.05us          0\n"
	"    4.10us         18  #\n"
	"  queue-sync, from\n"
	"     256ns       1862  ########################################\n"
	"     512ns          0\n"
	"    1.02us          0\n"
	"    2.05us          0\n"
	"    4.10us         38  #\n"
	"  dma-map, from\n"
	"     256ns        686  ########################################\n"
	"     512ns          0\n"
	"    1.02us          0\n"
	"    2.05us          0\n"
	"    4.10us         14  #\n"
	"\n"
	"PLAN\n"
	"  1 attached, 1 missing\n"
	"  attach        __iommu_attach_device               fentry       attached\n"
	"  caller        -                                   -            missing\n"
	"      vfio_iommu_type1 is not loaded\n"
	"\n"
	"HOST\n"
	"  kernel.release               6.12.9-arm64\n"
	"\n"
	"LOSS\n"
	"  no loss\n";

static char *text_of(const struct model *m, const struct view_options *o)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(view_text(out, m, o), 0);
	fclose(out);
	return text;
}

static void test_text(void **state)
{
	struct view_options o = {.ascii = true, .plan = true};
	struct model *m = new_story();
	char *text = text_of(m, &o);

	assert_string_equal(text, golden_text);
	free(text);
	/* UTF-8 is in the tree only, colours are on request only. */
	o.ascii = false;
	text = text_of(m, &o);
	assert_non_null(strstr(text, "  ├─ group 13"));
	assert_non_null(strstr(text, "  │  └─ 0000:11:00.0"));
	assert_null(strchr(text, '\033'));
	free(text);
	o.color = true;
	text = text_of(m, &o);
	assert_non_null(strstr(text, "\033[36msoft-mismatch\033[0m (notice)"));
	free(text);
	model_free(m);
}

/* Those of one stack together, the most first; who allocated has no more than the terminal. */
static void test_leaks_by_stack(void **state)
{
	struct view_options o = {.ascii = true};
	const char *const one[] = {"one+0x1"}, *const two[] = {"two+0x1\033", "outer+0x2"};
	struct model *m = new_machine("arm-smmu-v3");
	char *text;

	for (uint64_t id = 20; id < 24; id++)
		EVENT(m, DOMAIN_ALLOC, AT1, .domain = id, .domain_type = UNMANAGED,
		      .stack = {id > 20 ? 2 : 1, id > 20 ? two : one});
	test_now += MODEL_LEAK_NS;
	put_stats(m, 20, IMS_HOOK_MAP, 1, 0);
	model_finish(m);
	text = text_of(m, &o);
	assert_non_null(strstr(text, "LEAKS, BY WHO ALLOCATED\n"
				     "  3 domains (21, 22, 23), allocated by\n"
				     "      two+0x1\\x1b\n"
				     "      outer+0x2\n"
				     "  1 domain (20), allocated by\n"
				     "      one+0x1\n"
				     "\n"));
	free(text);
	o.rows = 1;
	text = text_of(m, &o);
	assert_null(strstr(text, "1 domain (20)"));
	free(text);
	model_free(m);
}

static void test_text_of_nothing(void **state)
{
	struct model *m = model_new();
	char *text = text_of(m, NULL);

	assert_non_null(strstr(text, "VERDICTS\n  none\n"));
	assert_non_null(strstr(text, "nothing known"));
	assert_non_null(strstr(text, "nothing was mapped or unmapped"));
	assert_non_null(strstr(text, "  0 attached, 0 missing\n"));
	assert_non_null(strstr(text, "LOSS\n  no loss\n"));
	free(text);
	model_free(m);
}

static void test_rows(void **state)
{
	struct view_options o = {.rows = 2};
	struct model *m = new_story();
	char *text = text_of(m, &o);

	assert_non_null(strstr(text, "      2 DMA"));
	assert_null(strstr(text, "      3 DMA"));
	assert_non_null(strstr(text, "  ... and 4 more\n"));
	free(text);
	model_free(m);
}

static void test_loss(void **state)
{
	struct ims_damage damage = {.bad_chunks = 3, .truncated = true};
	struct ims_record unknown = {.type = 99};
	struct model *m = new_story();
	char *text;

	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 7);
	put_loss(m, IMS_HOOK_MAP, IMS_LOSS_SLOTS, 2);
	model_apply(m, &unknown);
	model_damage(m, &damage);
	text = text_of(m, NULL);
	assert_null(strstr(text, "no loss"));
	assert_non_null(strstr(text, "         7 attach: ring-full\n"));
	assert_non_null(strstr(text, "         2 map: slots\n"));
	assert_non_null(strstr(text, "         3 damaged chunks\n"));
	assert_non_null(strstr(text, "ends inside a chunk"));
	assert_non_null(strstr(text, "         1 records the model does not know\n"));
	assert_non_null(strstr(text, "This may be incomplete: attach events were lost"));
	free(text);
	model_free(m);
}

static void test_cut_off(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	char *text;

	assert_false(model_lossy(m)); /* live: there is no end yet */
	model_finish(m);
	assert_true(model_lossy(m));
	text = text_of(m, NULL);
	assert_null(strstr(text, "no loss"));
	assert_non_null(strstr(text, "the recording was cut off"));
	free(text);
	model_free(m);
}

/* Columns, when each byte that begins a character is one. */
static void assert_width(const char *text, unsigned int width)
{
	unsigned int column = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			column = 0;
		else if ((*p & 0xc0) != 0x80 && ++column > width)
			fail_msg("too wide: %.*s", 120, p - column + 1);
	}
}

static struct model *new_hostile(void)
{
	static const char evil[] = "\033]0;x\a\x9b\\\xff";
	const char *frame[] = {evil};
	struct model *m = model_new();

	put_instance(m, evil, evil);
	put_host(m, evil, evil);
	put_plan(m, 77, evil, evil, evil, evil);
	EVENT(m, DOMAIN_ALLOC, .device = evil, .group = 4000000000u, .instance = evil, .domain = 1,
	      .domain_type = 0xffffffff, .comm = evil, .pid = UINT32_MAX, .stack = {1, frame},
	      .flags = IMS_EVENT_NO_DEVICE);
	EVENT(m, ATTACH, .device = evil, .group = 4000000000u, .instance = evil, .domain = 1,
	      .domain_type = UNMANAGED, .result = INT32_MIN, .comm = evil, .function = evil,
	      READ(evil));
	EVENT(m, CALLER, .result = -1, .function = evil);
	put_stats(m, 1, IMS_HOOK_MAP, 1000000000000000ull, 1);
	put_loss(m, 77, 77, UINT64_MAX);
	model_finish(m);
	return m;
}

static void test_escapes(void **state)
{
	struct view_options o = {.ascii = true, .plan = true, .stacks = true};
	struct model *m = new_hostile();
	char *text = text_of(m, &o);

	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	assert_width(text, 80);
	assert_non_null(strstr(text, "\\x1b]0;x\\x07\\x9b\\\\\\xff"));
	free(text);
	model_free(m);
}

static void test_width(void **state)
{
	struct view_options o = {.plan = true, .stacks = true};
	struct model *m = new_story();
	char *text = text_of(m, &o);

	assert_width(text, 80);
	free(text);
	model_free(m);
}

static json_t *json_of(const struct model *m)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *root;

	assert_int_equal(view_json(out, m, NULL), 0);
	fclose(out);
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	free(text);
	return root;
}

static void test_json(void **state)
{
	struct model *m = new_story();
	json_t *root = json_of(m), *v;
	const char *verdict, *story, *cost_of;
	int schema, retry, lossy, calls, p99;
	size_t domains;

	assert_int_equal(json_unpack(root, "{s:i,s:{s:b},s:{s:{s:i,s:i}}}", "schema", &schema,
				     "missing", "lossy", &lossy, "totals", "map", "calls", &calls,
				     "p99_ns", &p99),
			 0);
	assert_int_equal(schema, VIEW_JSON_SCHEMA);
	assert_false(lossy);
	assert_int_equal(calls, 1000);
	assert_int_equal(p99, 4607);
	v = json_array_get(json_object_get(root, "verdicts"), 0);
	assert_int_equal(json_unpack(v, "{s:s,s:s,s:{s:s},s:{s:i}}", "verdict", &verdict, "story",
				     &story, "cost", "of", &cost_of, "retry", "domain", &retry),
			 0);
	assert_string_equal(verdict, "soft-mismatch");
	assert_non_null(strstr(story, "-EINVAL"));
	assert_string_equal(cost_of, "attach-group");
	assert_int_equal(retry, 21);
	domains = json_array_size(json_object_get(root, "domains"));
	assert_int_equal(domains, 6);
	assert_int_equal(json_array_size(json_object_get(root, "devices")), 3);
	assert_int_equal(json_array_size(json_object_get(root, "instances")), 2);
	json_decref(root);
	model_free(m);
}

static void assert_story(const struct model *m, enum model_verdict_kind kind, const char *wanted)
{
	char *story = view_story(m, find_verdict(m, kind));

	assert_string_equal(story, wanted);
	free(story);
}

static void test_leak_and_pasid(void **state)
{
	struct ims_record end = {.type = IMS_REC_END};
	struct model *m = new_container("arm-smmu-v3");

	EVENT(m, FINALISE, AT3, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, DEVICE_ADD, .device = "0000:11:00.1", .group = 13, .instance = SMMU2);
	EVENT(m, ATTACH_PASID, AT2, .domain = B, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU2));
	end.time_ns = test_now + 2500000000;
	assert_int_equal(model_apply(m, &end), 0);
	model_finish(m);
	assert_verdicts(m, "pasid-format leak ");
	assert_story(m, MODEL_LEAK,
		     "qemu (pid 100) allocated domain 21 (UNMANAGED) for device 0000:11:00.0, "
		     "behind smmu3.0x000000000c040000, at +0.000090 s. The driver finalised it for "
		     "device 0000:12:00.0, behind smmu3.0x000000000c040000, instead. The domain "
		     "belongs to smmu3.0x000000000c040000 (evidence: driver). No device was ever "
		     "attached to it, and in the 2.50s from then to the end of the recording it "
		     "was not freed.");
	assert_story(m, MODEL_PASID_FORMAT,
		     "qemu (pid 100) allocated domain 21 (UNMANAGED) for device 0000:11:00.0, "
		     "behind smmu3.0x000000000c040000, at +0.000090 s. The driver finalised it for "
		     "device 0000:12:00.0, behind smmu3.0x000000000c040000, instead. The domain "
		     "belongs to smmu3.0x000000000c040000 (evidence: driver; rule: bound, table: "
		     "arm-smmu-v3). qemu (pid 100) tried to attach domain 21 (UNMANAGED) to a "
		     "PASID of device 0000:11:00.0 (group 13), behind smmu3.0x000000000c040000, "
		     "at +0.000110 s: -EINVAL (this domain cannot be used with a PASID of this "
		     "device). Note: group 13 has 2 devices, and PASIDs want a group of one.");
	model_free(m);
}

static void test_leak_after_detach(void **state)
{
	struct ims_record end = {.type = IMS_REC_END};
	struct model *m = new_container("arm-smmu-v3");

	EVENT(m, ATTACH, AT1, .domain = 1, .domain_type = DMA, READ(SMMU1));
	EVENT(m, DETACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	put_loss(m, IMS_HOOK_DOMAIN_FREE, IMS_LOSS_RING_FULL, 1);
	end.time_ns = test_now + 2500000000;
	assert_int_equal(model_apply(m, &end), 0);
	model_finish(m);
	assert_story(m, MODEL_LEAK,
		     "qemu (pid 100) allocated domain 20 (UNMANAGED) for device 0000:09:00.0, "
		     "behind smmu3.0x000000000c020000, at +0.000030 s. The domain belongs to "
		     "smmu3.0x000000000c020000 (evidence: driver). The last device left it at "
		     "+0.000080 s, and in the 2.50s from then to the end of the recording it was "
		     "not freed. This may be incomplete: domain-free events were lost "
		     "(ring-full).");
	model_free(m);
}

static void test_json_of_a_choice(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const char *device, *chosen;
	json_t *root;

	EVENT(m, FINALISE, AT3, .domain = A, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	root = json_of(m);
	assert_int_equal(json_unpack(json_array_get(json_object_get(root, "domains"), 3),
				     "{s:{s:s,s:s}}", "alloc", "device", &device, "chosen_device",
				     &chosen),
			 0);
	assert_string_equal(device, DEV2);
	assert_string_equal(chosen, DEV3);
	assert_int_equal(json_unpack(json_array_get(json_object_get(root, "domains"), 4),
				     "{s:{s:n}}", "alloc", "chosen_device"),
			 0);
	json_decref(root);
	model_free(m);
}

static void test_json_of_anything(void **state)
{
	struct model *m = new_hostile();

	json_decref(json_of(m));
	model_free(m);
	m = model_new();
	json_decref(json_of(m));
	model_free(m);
}

static void test_write_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct model *m = new_story();

	assert_non_null(full);
	assert_int_equal(view_text(full, m, NULL), -EIO);
	assert_int_equal(view_json(full, m, NULL), -EIO);
	fclose(full);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_leaks_by_stack),	    cmocka_unit_test(test_text_of_nothing),
		cmocka_unit_test(test_rows),	    cmocka_unit_test(test_loss),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_escapes),	    cmocka_unit_test(test_width),
		cmocka_unit_test(test_json),	    cmocka_unit_test(test_json_of_anything),
		cmocka_unit_test(test_leak_and_pasid),
		cmocka_unit_test(test_leak_after_detach),
		cmocka_unit_test(test_json_of_a_choice),
		cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
