// SPDX-License-Identifier: GPL-2.0-only
/* I/O page faults: whose, of what domain, and who mapped and unmapped there last. */
#include <iommuscope/view.h>

#include "test_model.h"

#define PAGE 0x1000u

static void put_at(struct model *m, uint64_t time_ns, struct ims_event e)
{
	uint64_t now = test_now;

	test_now = time_ns - 10000;
	put_event(m, e);
	test_now = now;
}

#define FAULT(m, iova_, ...)                                                                       \
	put_event(m, (struct ims_event){.hook = IMS_HOOK_FAULT,                                    \
					.group = IMS_NO_GROUP,                                     \
					.device = DEV1,                                            \
					.instance = SMMU1,                                         \
					.function = "arm_smmu_evtq_thread",                        \
					.iova = iova_,                                             \
					.reason = "F_TRANSLATION (0x10)",                          \
					.flags = IMS_EVENT_UNTIMED,                                \
					__VA_ARGS__})

static const struct model_verdict *only(const struct model *m)
{
	const struct model_verdict *v = model_next_verdict(m, NULL);

	assert_verdicts(m, "fault ");
	assert_non_null(v->fault);
	return v;
}

static void assert_story(const struct model *m, const struct model_verdict *v, const char *text)
{
	char *story = view_story(m, v);

	if (!story || !strstr(story, text))
		fail_msg("no \"%s\" in: %s", text, story);
	free(story);
}

static void test_plain(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v;

	FAULT(m, 0x2000);
	v = only(m);
	assert_int_equal(v->severity, MODEL_ERROR);
	assert_string_equal(v->device, DEV1);
	assert_int_equal(v->group, 12);
	assert_int_equal(v->domain, 1); /* the device was on that */
	assert_string_equal(v->device_instance->name, SMMU1);
	assert_int_equal(v->fault->iova, 0x2000);
	assert_true(v->fault->access_known);
	assert_false(v->fault->write);
	assert_int_equal(v->fault->mapped.time_ns, 0);
	assert_string_equal(v->degraded, "");
	assert_story(m, v,
		     "device " DEV1 " (group 12), behind " SMMU1 ", tried to read IOVA 0x2000");
	assert_story(m, v,
		     "F_TRANSLATION (0x10), which means that nothing is mapped at this address");
	assert_story(m, v, "The device was on domain 1 (DMA)");
	assert_story(m, v, "single maps were not recorded (record --events all)");
	model_free(m);
}

/* Of the event's own domain, when the program could read it. */
static void test_domain_of_event(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	FAULT(m, 0x2000, .domain = A, .flags = IMS_EVENT_WRITE);
	assert_int_equal(only(m)->domain, A);
	assert_story(m, only(m), "tried to write IOVA 0x2000");
	model_free(m);
}

/* A domain that the device is not on by itself is not taken for that of the PASID. */
static void test_pasid(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	FAULT(m, 0x2000, .flags = IMS_EVENT_PASID);
	assert_int_equal(only(m)->domain, 0);
	assert_story(m, only(m), "under a PASID");
	model_free(m);
}

static void test_no_address(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	FAULT(m, 0, .reason = "C_BAD_STE (0x04)", .flags = IMS_EVENT_NO_ACCESS);
	assert_false(only(m)->fault->iova_known);
	assert_story(m, only(m), "tried to do DMA at");
	assert_story(m, only(m), "not set up for this device");
	model_free(m);
}

/* Nothing known but the address: of a driver that does not tell the device. */
static void test_unknown_device(void **state)
{
	struct model *m = new_machine("arm-smmu");

	FAULT(m, 0x2000, .device = "", .instance = "", .reason = "", .domain = 2);
	assert_string_equal(only(m)->device, "");
	assert_int_equal(only(m)->domain, 2);
	assert_story(m, only(m), "the driver tells no reason");
	model_free(m);
}

static void test_last_mapper(void **state)
{
	static const char *const frames[] = {"vfio_iommu_map+0x10", "ioctl+0x20"};
	struct model *m = new_container("arm-smmu-v3");
	const struct model_fault *f;

	EVENT(m, MAP, .domain = A, .iova = 0x10000, .size = 16 * PAGE, .comm = "first");
	EVENT(m, UNMAP, .domain = A, .iova = 0x10000, .size = 16 * PAGE, .comm = "first");
	EVENT(m, MAP, .domain = A, .iova = 0x10000, .size = 16 * PAGE, .comm = "mapper", .pid = 7,
	      .stack = {2, frames});
	EVENT(m, MAP, .domain = B, .iova = 0x10000, .size = 16 * PAGE, .comm = "other domain");
	EVENT(m, MAP, .domain = A, .iova = 0x20000, .size = PAGE, .comm = "behind");
	EVENT(m, UNMAP, .domain = A, .iova = 0xf000, .size = PAGE, .comm = "in front");
	EVENT(m, UNMAP, .domain = A, .iova = 0x1f000, .size = PAGE, .comm = "unmapper", .pid = 8);
	EVENT(m, MAP, .domain = A, .iova = 0x1f000, .size = PAGE, .comm = "failed", .result = -12);
	FAULT(m, 0x1fffc, .domain = A);
	EVENT(m, MAP, .domain = A, .iova = 0x1f000, .size = PAGE, .comm = "after");

	f = only(m)->fault;
	assert_string_equal(f->mapped.comm, "mapper");
	assert_int_equal(f->mapped.pid, 7);
	assert_int_equal(f->mapped.iova, 0x10000);
	assert_int_equal(f->mapped.size, 16 * PAGE);
	assert_string_equal(f->mapped.stack->frame[0], frames[0]);
	assert_string_equal(f->unmapped.comm, "unmapper");
	assert_int_equal(only(m)->time_ns - f->unmapped.time_ns, 20000);
	assert_int_equal(f->searched, 7); /* all but the failed one */
	assert_story(m, only(m), "last unmapped 20.0us before, by unmapper (pid 8)");
	assert_story(m, only(m), "last mapped 60.0us before, by mapper (pid 7)");
	model_free(m);
}

/* What was read when the device was elsewhere by then: 1 s after it left is late enough, more is not. */
static void test_left(void **state)
{
	for (int late = 0; late < 2; late++) {
		struct model *m = new_container("arm-smmu-v3");
		const struct model_fault *f;
		uint64_t left;

		EVENT(m, MAP, .domain = A, .iova = PAGE, .size = PAGE, .comm = "mapper");
		EVENT(m, UNMAP, .domain = A, .iova = PAGE, .size = PAGE, .comm = "unmapper");
		EVENT(m, ATTACH, AT1, .domain = BLOCKING_ID, .domain_type = BLOCKED);
		left = test_now;
		EVENT(m, ATTACH, AT1, .domain = 1, .domain_type = DMA, READ(SMMU1));
		test_now = left + MODEL_QUEUED_NS - 10000 + late;
		FAULT(m, PAGE);
		f = only(m)->fault;
		assert_int_equal(only(m)->domain, 1);
		assert_int_equal(f->left_domain, late ? 0 : A);
		if (late) {
			assert_int_equal(f->mapped.time_ns, 0);
		} else {
			assert_int_equal(f->left_ns, left);
			assert_int_equal(f->mapped.domain, A);
			assert_string_equal(f->unmapped.comm, "unmapper");
			assert_story(m, only(m), "The device was on domain 1 (DMA). It had left "
						 "domain 20 (UNMANAGED) 1.00s before: faults are "
						 "queued, so the DMA may have been on that one. ");
			assert_story(m, only(m), "last unmapped in domain 20 1.00s before, by");
		}
		model_free(m);
	}
}

/* Ends and wrap: the last byte is in, the next is not; a size up to the end of all addresses. */
static void test_bounds(void **state)
{
	static const struct {
		uint64_t iova, size, fault;
		bool covered;
	} rows[] = {
		{PAGE, PAGE, PAGE, true},
		{PAGE, PAGE, 2 * PAGE - 1, true},
		{PAGE, PAGE, 2 * PAGE, false},
		{PAGE, PAGE, PAGE - 1, false},
		{0, UINT64_MAX, UINT64_MAX - 1, true},
		{UINT64_MAX - PAGE + 1, PAGE, UINT64_MAX, true},
		{UINT64_MAX - PAGE + 1, PAGE, 0, false},
		{PAGE, 0, PAGE, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct model *m = new_container("arm-smmu-v3");

		EVENT(m, MAP, .domain = A, .iova = rows[i].iova, .size = rows[i].size);
		FAULT(m, rows[i].fault, .domain = A);
		assert_int_equal(!!only(m)->fault->mapped.time_ns, rows[i].covered);
		model_free(m);
	}
}

/* Buffers of several CPUs reach the stream one after the other. */
static void test_out_of_order(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct ims_event op = {.hook = IMS_HOOK_MAP,
			       .group = IMS_NO_GROUP,
			       .domain = A,
			       .iova = PAGE,
			       .size = PAGE};

	EVENT(m, MAP, .domain = A, .iova = PAGE, .size = PAGE, .comm = "early");
	FAULT(m, PAGE, .domain = A);
	assert_string_equal(only(m)->fault->mapped.comm, "early");
	op.comm = "late in the stream";
	put_at(m, only(m)->time_ns - 1, op);
	assert_string_equal(only(m)->fault->mapped.comm, "late in the stream");
	op.comm = "earlier";
	put_at(m, only(m)->time_ns - 20000, op);
	assert_string_equal(only(m)->fault->mapped.comm, "late in the stream");
	op.comm = "after";
	put_at(m, only(m)->time_ns + 1, op);
	assert_string_equal(only(m)->fault->mapped.comm, "late in the stream");
	model_free(m);
}

/* Nor what came between that fault and a later one, nor in front of it in the stream. */
static void test_later(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct ims_event op = {
		.hook = IMS_HOOK_MAP,
		.group = IMS_NO_GROUP,
		.domain = A,
		.iova = PAGE,
		.size = PAGE,
	};
	uint64_t first;

	put_at(m, test_now + 1000000, op);
	FAULT(m, PAGE, .domain = A);
	first = test_now;
	FAULT(m, 5 * PAGE, .domain = A);
	put_at(m, first + 1, op);
	assert_int_equal(model_next_verdict(m, NULL)->time_ns, first);
	assert_int_equal(model_next_verdict(m, NULL)->fault->mapped.time_ns, 0);
	model_free(m);
}

/* The ring keeps the last so many, and says how many it had. */
static void test_forgotten(void **state)
{
	struct model_limits limits = model_limits_default;
	struct model *m;

	limits.mappings = 3000;
	m = model_new_limited(&limits);
	test_now = 1000000;
	EVENT(m, SNAPSHOT, AT1, .domain = A, .domain_type = DMA,
	      .flags = IMS_EVENT_SNAPSHOT | IMS_EVENT_CURRENT);
	EVENT(m, MAP, .domain = A, .iova = PAGE, .size = PAGE, .comm = "gone");
	EVENT(m, MAP, .domain = A, .iova = 2 * PAGE, .size = PAGE, .comm = "kept");
	for (int i = 0; i < 2999; i++)
		EVENT(m, MAP, .domain = A, .iova = 16 * PAGE, .size = PAGE);
	FAULT(m, PAGE);
	assert_int_equal(only(m)->fault->searched, 3000);
	assert_int_equal(only(m)->fault->mapped.time_ns, 0);
	assert_story(m, only(m), "None of the last 3000 maps and unmaps");
	FAULT(m, 2 * PAGE);
	assert_string_equal(model_next_verdict(m, model_next_verdict(m, NULL))->fault->mapped.comm,
			    "kept");
	model_free(m);
}

/* The same page again is counted, and a storm has few verdicts however many pages it meets. */
static void test_storm(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v = NULL, *last = NULL;
	uint64_t count = 0;
	int told = 0;

	for (uint64_t i = 0; i < 5000; i++)
		FAULT(m, (1 + i / 2) * PAGE + i % 2 * 8);
	FAULT(m, PAGE, .device = DEV2, .instance = SMMU2);
	for (; (v = model_next_verdict(m, v)); told++) {
		count += v->count;
		last = v->fault->more ? v : last;
	}
	assert_int_equal(count, 5001);
	assert_int_equal(told, 16 + 1 + 1);
	assert_int_equal(last->count, 5000 - 32);
	assert_story(m, last, "tried to access more pages");
	assert_story(m, model_next_verdict(m, NULL), "There were 2 on this page");
	model_free(m);
}

/* Without the hook, that there was none says nothing; loss of maps shows in the story. */
static void test_loss(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	EVENT(m, MAP, .domain = A, .iova = PAGE, .size = PAGE);
	put_loss(m, IMS_HOOK_UNMAP, IMS_LOSS_RING_FULL, 3);
	FAULT(m, PAGE, .domain = A);
	assert_story(m, only(m), "Maps or unmaps were lost");
	put_loss(m, IMS_HOOK_FAULT, IMS_LOSS_STORM, 3);
	assert_string_equal(only(m)->degraded, "");
	assert_true(model_lossy(m));
	model_free(m);
}

/* A domain of a sharing driver is on all instances where its devices are. */
static void test_shares(void **state)
{
	struct model *m = new_machine("intel_iommu_ops");
	const struct model_domain *d;

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1),
	      .format = "second level");
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU2));
	assert_verdicts(m, "shared ");
	EVENT(m, ATTACH, AT3, .domain = A, .domain_type = UNMANAGED);
	d = model_find_domain(m, A);
	assert_string_equal(d->format, "second level");
	assert_string_equal(d->instance->name, SMMU1);
	assert_int_equal(d->share_count, 2);
	assert_string_equal(d->share[0].instance->name, SMMU1);
	assert_int_equal(d->share[0].device_count, 1);
	assert_true(d->share[0].by_driver);
	assert_string_equal(d->share[1].instance->name, SMMU2);
	assert_int_equal(d->share[1].device_count, 2);
	EVENT(m, ATTACH, AT1, .domain = BLOCKING_ID, .domain_type = BLOCKED);
	assert_int_equal(d->share_count, 1);
	assert_string_equal(d->share[0].instance->name, SMMU2);
	assert_int_equal(model_find_domain(m, BLOCKING_ID)->share_count, 0);
	model_free(m);
}

static void put_row(struct model *m, uint32_t hook, const char *function, const char *state)
{
	struct ims_record rec = {.type = IMS_REC_PLAN};

	rec.plan = (struct ims_plan){hook, function, "kprobe", "vmlinux", state, ""};
	assert_int_equal(model_apply(m, &rec), 0);
}

/* Another driver's hook does not see this one's faults. */
static void test_hooked(void **state)
{
	static const struct {
		const char *driver, *function;
		bool hooked;
	} rows[] = {
		{"arm-smmu-v3", "arm_smmu_evtq_thread", true},
		{"arm-smmu-v3", "report_iommu_fault", false},
		{"iommuscope-smmuv3", "evtq_fault", true},
		{"iommuscope-smmuv3", "arm_smmu_evtq_thread", false},
		{"intel_iommu_ops", "dmar_fault", true},
		{"amd_iommu_ops", "iommu_poll_events", true},
		{"amd_iommu_ops", "amd_iommu_int_thread", true},
		{"amd_iommu_ops", "dmar_fault", false},
		{"virtio_iommu", "report_iommu_fault", false},
		{"arm-smmu", "report_iommu_fault", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct model *m = model_new();

		put_instance(m, SMMU1, rows[i].driver);
		assert_int_equal(model_missing_hook(m, MODEL_FAULT), IMS_HOOK_NONE);
		put_row(m, IMS_HOOK_ATTACH, "f", "attached");
		put_row(m, IMS_HOOK_DOMAIN_ALLOC, "f", "attached");
		put_row(m, IMS_HOOK_FAULT, "f", "attached");
		assert_int_equal(model_missing_hook(m, MODEL_FAULT), IMS_HOOK_FAULT);
		put_row(m, IMS_HOOK_FAULT, rows[i].function, "silent");
		assert_int_equal(model_missing_hook(m, MODEL_FAULT),
				 rows[i].hooked ? IMS_HOOK_NONE : IMS_HOOK_FAULT);
		assert_int_equal(model_missing_hook(m, MODEL_LEAK), IMS_HOOK_DOMAIN_FREE);
		model_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	       cmocka_unit_test(test_domain_of_event),
		cmocka_unit_test(test_pasid),	       cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_unknown_device), cmocka_unit_test(test_last_mapper),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_bounds),	       cmocka_unit_test(test_hooked),
		cmocka_unit_test(test_later),	       cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_forgotten),      cmocka_unit_test(test_storm),
		cmocka_unit_test(test_loss),	       cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
