// SPDX-License-Identifier: GPL-2.0-only
/* Records to repeats: which calls are of which, by operation, size and instance. */
#include "test_gate.h"

#include "gate/collect.h"

static void put(struct gate_collect *c, const struct ims_record *rec)
{
	assert_int_equal(gate_collect_put(c, rec), 0);
}

static void put_event(struct gate_collect *c, struct ims_event e)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 1000, .event = e};

	put(c, &rec);
}

/* As the capture tells single maps: every string empty. */
static void put_map(struct gate_collect *c, uint64_t domain, uint64_t size, uint64_t ns, int result)
{
	put_event(c, (struct ims_event){.hook = IMS_HOOK_MAP, .domain = domain, .size = size,
					.duration_ns = ns, .result = result, .group = IMS_NO_GROUP,
					.device = "", .instance = "", .domain_instance = "",
					.reason = "", .format = "", .function = "", .comm = ""});
}

/* Domain @id, of the device's instance. */
static void put_alloc(struct gate_collect *c, uint64_t id, const char *instance, uint32_t flags)
{
	put_event(c, (struct ims_event){.hook = IMS_HOOK_DOMAIN_ALLOC, .domain = id, .device = "d",
					.instance = instance, .domain_instance = instance,
					.flags = IMS_EVENT_DRIVER_READ | flags, .function = "",
					.domain_type = IMS_DOMAIN_PAGING,
					.comm = "", .reason = "", .format = "", .duration_ns = 700,
					.group = IMS_NO_GROUP});
}

static void put_stats(struct gate_collect *c, uint32_t hook, uint64_t domain, uint64_t calls,
		      uint64_t each)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 2000};

	rec.stats = (struct ims_stats){.domain = domain, .hook = hook, .sum_ns = calls * each,
				       .max_ns = each, .object = hook == IMS_HOOK_QUEUE_SYNC ? "i1" : ""};
	rec.stats.bucket[ims_hist_bucket(each)] = calls;
	put(c, &rec);
}

static const struct gate_op *find(const struct gate_repeat *r, const char *name, const char *size,
				  const char *instance)
{
	for (size_t i = 0; i < r->ops; i++)
		if (!strcmp(r->op[i].name, name) && !strcmp(r->op[i].size, size) &&
		    !strcmp(r->op[i].instance, instance))
			return &r->op[i];
	fail_msg("no %s.%s@%s", name, size, instance);
	return NULL;
}

static struct gate_run *new_run(void)
{
	struct gate_run *run = run_make(GATE_NS, NULL, 0);

	return run;
}

static void test_events(void **state)
{
	struct gate_collect *c = gate_collect_new(true);
	struct gate_run *run = new_run();
	const struct gate_op *op;

	put_alloc(c, 5, "i1", 0);
	put_map(c, 5, 4096, 50, 0); /* of no repeat */
	gate_collect_begin(c);
	put_alloc(c, 6, "i2", 0);
	put_alloc(c, 9, "i2", IMS_EVENT_SNAPSHOT);
	put_map(c, 5, 4096, 100, 0);
	put_map(c, 5, 8192, 300, 0);
	put_map(c, 5, 2 << 20, 1000, -12);
	put_map(c, 6, 4096, 200, 0);
	put_map(c, 77, 4096, 10, 0);
	put_stats(c, IMS_HOOK_MAP, 5, 1000, 50); /* is told by the events */
	assert_int_equal(gate_collect_end(c, run, 12, 13), 0);
	op = find(&run->repeat[0], "map", "4K", "i1");
	assert_int_equal(op->count, 2);
	assert_int_equal(op->sum, 400);
	assert_int_equal(op->max, 300);
	assert_int_equal(op->buckets, 2);
	assert_true(op->bucket[1].low <= 300 && op->bucket[1].high > 300);
	assert_int_equal(find(&run->repeat[0], "map", "2M", "i1")->errors, 1);
	assert_int_equal(find(&run->repeat[0], "map", "4K", "i2")->count, 1);
	assert_int_equal(find(&run->repeat[0], "map", "4K", "")->count, 1);
	assert_int_equal(find(&run->repeat[0], "domain-alloc", "", "i2")->count, 1);
	assert_true(run->repeat[0].work == 12 && run->repeat[0].traced == 13);
	gate_collect_free(c);
	gate_run_free(run);
}

/* Every value is in its bucket, and buckets are narrow. */
static void test_buckets(void **state)
{
	for (uint64_t ns = 1; ns < 1ull << 50; ns += 1 + ns / 3) {
		struct gate_collect *c = gate_collect_new(true);
		struct gate_run *run = new_run();
		const struct gate_bucket *b;

		put_map(c, 1, 4096, ns, 0);
		assert_int_equal(gate_collect_end(c, run, 0, 0), 0);
		b = find(&run->repeat[0], "map", "4K", "")->bucket;
		assert_true(b->low <= ns && ns < b->high);
		assert_true(b->high - b->low <= 1 + ns / 64);
		gate_collect_free(c);
		gate_run_free(run);
	}
}

/* Totals grow over the whole capture: a repeat has what they grew by. */
static void test_totals(void **state)
{
	struct gate_collect *c = gate_collect_new(false);
	struct gate_run *run = new_run();
	const struct gate_op *op;

	put_alloc(c, 5, "i1", 0);
	put_stats(c, IMS_HOOK_MAP, 5, 10, 1000);
	for (uint64_t calls = 30; calls <= 60; calls += 30) {
		gate_collect_begin(c);
		put_stats(c, IMS_HOOK_MAP, 5, calls - 10, 1000);
		put_stats(c, IMS_HOOK_MAP, 5, calls, 1000);
		put_stats(c, IMS_HOOK_QUEUE_SYNC, 0, calls, 500);
		assert_int_equal(gate_collect_end(c, run, 0, 0), 0);
	}
	assert_int_equal(find(&run->repeat[0], "map", "", "i1")->count, 20);
	op = find(&run->repeat[1], "map", "", "i1");
	assert_int_equal(op->count, 30);
	assert_int_equal(op->sum, 30000);
	assert_int_equal(op->max, 1000);
	assert_int_equal(find(&run->repeat[1], "queue-sync", "", "i1")->count, 30);
	gate_collect_free(c);
	gate_run_free(run);
}

/* Of a device the totals are told by size, and each grows by itself. */
static void test_sizes(void **state)
{
	struct gate_collect *c = gate_collect_new(true);
	struct gate_run *run = new_run();
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = 2000};

	for (uint64_t calls = 10; calls <= 30; calls += 10) {
		gate_collect_begin(c);
		for (uint32_t size = IMS_SIZE_NONE; size < IMS_SIZES; size++) {
			rec.stats = (struct ims_stats){.hook = IMS_HOOK_DMA_MAP, .size = size,
						       .object = "d"};
			rec.stats.bucket[40] = calls * (size + 1);
			put(c, &rec);
		}
	}
	assert_int_equal(gate_collect_end(c, run, 0, 0), 0);
	assert_int_equal(find(&run->repeat[0], "dma-map", "", "")->count, 10);
	assert_int_equal(find(&run->repeat[0], "dma-map", "4K", "")->count, 20);
	assert_int_equal(find(&run->repeat[0], "dma-map", "1G", "")->count, 50);
	gate_collect_free(c);
	gate_run_free(run);
}

/* What is hooked and was not called is known to have happened no times. */
static void test_unseen(void **state)
{
	struct gate_collect *c = gate_collect_new(true);
	struct gate_run *run = new_run();
	struct ims_record plan = {.type = IMS_REC_PLAN};

	plan.plan = (struct ims_plan){.hook = IMS_HOOK_ATTACH, .function = "f", .mechanism = "fentry",
				      .module = "vmlinux", .state = "attached", .reason = ""};
	put(c, &plan);
	plan.plan.hook = IMS_HOOK_UNMAP;
	plan.plan.state = "failed";
	put(c, &plan);
	assert_int_equal(gate_collect_end(c, run, 0, 0), 0);
	assert_int_equal(run->repeat[0].ops, 1); /* not unmap */
	assert_int_equal(find(&run->repeat[0], "attach", "", "")->count, 0);
	gate_collect_free(c);
	gate_run_free(run);
}

static void test_finish(void **state)
{
	struct gate_collect *c = gate_collect_new(true);
	struct gate_run *run = new_run();
	struct ims_record rec = {.type = IMS_REC_HOST};

	rec.host = (struct ims_host){"kernel.release", "7.4"};
	put(c, &rec);
	rec.host = (struct ims_host){"host.name", "secret"};
	put(c, &rec);
	rec = (struct ims_record){.type = IMS_REC_LOSS, .loss = {IMS_HOOK_MAP, IMS_LOSS_RING_FULL, 4}};
	put(c, &rec);
	rec = (struct ims_record){.type = IMS_REC_END};
	put(c, &rec);
	assert_int_equal(gate_collect_finish(c, run), 0);
	assert_int_equal(run->lost, 4);
	assert_non_null(strstr(run->loss, "map: ring-full 4"));
	assert_string_equal(gate_run_fact(run, "kernel.release"), "7.4");
	assert_string_equal(gate_run_fact(run, "host.name"), "");
	gate_collect_free(c);
	gate_run_free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events), cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_totals), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
