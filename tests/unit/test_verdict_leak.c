// SPDX-License-Identifier: GPL-2.0-only
/* Domains that are kept with no device: what is a leak, and everything that only looks like one. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "test_model.h"

static void end_after(struct model *m, uint64_t ns)
{
	struct ims_record rec = {.type = IMS_REC_END, .time_ns = test_now += ns};

	assert_int_equal(model_apply(m, &rec), 0);
	model_finish(m);
}

static void put_plan(struct model *m, uint32_t hook, const char *function, const char *state)
{
	struct ims_record rec = {.type = IMS_REC_PLAN};

	rec.plan = (struct ims_plan){hook, function, "fentry", "vmlinux", state, ""};
	assert_int_equal(model_apply(m, &rec), 0);
}

static void alloc_a(struct model *m)
{
	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
}

static void attach_a(struct model *m)
{
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
}

/* The core goes back to the group's default domain. */
static void detach_a(struct model *m)
{
	EVENT(m, ATTACH, AT1, .domain = 1, .domain_type = DMA, READ(SMMU1));
	EVENT(m, DETACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
}

static struct model *new_with_a(void)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	attach_a(m);
	return m;
}

static void test_detached(void **state)
{
	const char *frame[] = {"__iommu_paging_domain_alloc_flags+0x1", "vfio+0x2"};
	const struct ims_stack stack = {2, frame};
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v;
	uint64_t left;

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, .stack = stack,
	      READ(SMMU1));
	attach_a(m);
	detach_a(m);
	left = test_now - 10000; /* when the default domain took over */
	assert_verdicts(m, "");
	end_after(m, MODEL_LEAK_NS - 10000);
	assert_verdicts(m, "leak ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_WARNING);
	assert_int_equal(v->domain, A);
	assert_int_equal(v->time_ns, left);
	assert_int_equal(v->count, 1);
	assert_int_equal(v->group, IMS_NO_GROUP);
	assert_int_equal(v->hook, IMS_HOOK_DOMAIN_ALLOC);
	assert_string_equal(v->domain_instance->name, SMMU1);
	assert_int_equal(v->evidence, MODEL_EVIDENCE_DRIVER);
	assert_int_equal(v->pid, 100);
	assert_int_equal(v->tid, 101);
	assert_string_equal(v->comm, "qemu");
	assert_string_equal(v->stack->frame[1], "vfio+0x2");
	assert_string_equal(v->degraded, "");
	/* Once is enough. */
	model_finish(m);
	assert_verdicts(m, "leak ");
	model_free(m);
}

/* While the stream goes on it takes longer, is told once, and stays when the domain is used again. */
static void test_live(void **state)
{
	struct model *m = new_with_a();
	uint64_t left;

	detach_a(m);
	left = test_now - 10000;
	model_look(m, left + MODEL_LEAK_LIVE_NS - 1);
	assert_verdicts(m, "");
	model_look(m, left + MODEL_LEAK_LIVE_NS + 5 * MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	assert_int_equal(model_next_verdict(m, NULL)->time_ns, left);
	test_now = left + 2 * MODEL_LEAK_LIVE_NS;
	model_look(m, test_now);
	attach_a(m);
	detach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	model_free(m);
}

/* A stream that begins in the middle tells an old alloc, and not a detach of just now. */
static void test_live_from_the_middle(void **state)
{
	struct model *m = model_new();
	struct ims_record old = {.type = IMS_REC_EVENT, .time_ns = 1000}, now = {.type = IMS_REC_STATS};

	old.event = (struct ims_event){.hook = IMS_HOOK_DOMAIN_ALLOC, .domain = A, .domain_type = UNMANAGED, AT1,
				       .comm = "qemu", .flags = IMS_EVENT_EARLIER};
	assert_int_equal(model_apply(m, &old), 0);
	now.time_ns = 10 * MODEL_LEAK_LIVE_NS;
	now.stats.object = "";
	assert_int_equal(model_apply(m, &now), 0);
	model_look(m, now.time_ns + MODEL_LEAK_LIVE_NS - 1);
	assert_verdicts(m, "");
	model_look(m, now.time_ns + MODEL_LEAK_LIVE_NS + 5 * MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	model_free(m);
}

static void test_never_attached(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	end_after(m, MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	assert_int_equal(model_next_verdict(m, NULL)->time_ns, test_now - MODEL_LEAK_NS);
	model_free(m);
}

static void test_only_refused(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, .result = -ENOMEM,
	      READ(SMMU1));
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "attach-failed leak ");
	model_free(m);
}

static void test_too_short(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	end_after(m, MODEL_LEAK_NS - 1);
	assert_verdicts(m, "");
	model_free(m);
	/* Old, but idle for a short time only. */
	m = new_with_a();
	test_now += 10 * MODEL_LEAK_NS;
	detach_a(m);
	end_after(m, MODEL_LEAK_NS - 10001);
	assert_verdicts(m, "");
	model_free(m);
}

static void test_freed(void **state)
{
	struct model *m = new_with_a();

	detach_a(m);
	test_now += 2 * MODEL_LEAK_NS;
	EVENT(m, DOMAIN_FREE, .domain = A);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
}

static void test_still_attached(void **state)
{
	struct model *m = new_with_a();

	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
	/* A device whose group is not known. */
	m = new_machine("arm-smmu-v3");
	alloc_a(m);
	EVENT(m, ATTACH, .device = "x", .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH_GROUP, .device = "x", .domain = A, .domain_type = UNMANAGED);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
	/* Attached again. */
	m = new_with_a();
	detach_a(m);
	test_now += 2 * MODEL_LEAK_NS;
	attach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
	/* Only one of its two groups is gone. */
	m = new_with_a();
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH_GROUP, .group = 13, .domain = A, .domain_type = UNMANAGED);
	detach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_int_equal(model_verdict_count(m, MODEL_LEAK), 0);
	model_free(m);
}

/* The attaches of single devices are not in the stream, those of groups are. */
static void test_by_groups(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	EVENT(m, ATTACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);

	m = new_machine("arm-smmu-v3");
	alloc_a(m);
	EVENT(m, ATTACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, DETACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	end_after(m, MODEL_LEAK_NS - 1);
	assert_verdicts(m, "");
	model_free(m);

	m = new_machine("arm-smmu-v3");
	alloc_a(m);
	EVENT(m, ATTACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, DETACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	end_after(m, MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	assert_int_equal(model_next_verdict(m, NULL)->time_ns, test_now - MODEL_LEAK_NS);
	model_free(m);
}

static void test_of_the_core(void **state)
{
	static const uint32_t types[] = {DMA, DMA | 1u << 3, IDENTITY, BLOCKED};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct model *m = new_machine("arm-smmu-v3");

		EVENT(m, DOMAIN_ALLOC, AT1, .domain = 30, .domain_type = types[i]);
		end_after(m, 2 * MODEL_LEAK_NS);
		assert_verdicts(m, "");
		model_free(m);
	}
}

static void test_seen_at_start(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, SNAPSHOT, AT1, .domain = A, .domain_type = UNMANAGED,
	      .flags = IMS_EVENT_SNAPSHOT | IMS_EVENT_CURRENT);
	detach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
}

/* A default domain that is not of the DMA API. */
static void test_default_domain(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	attach_a(m);
	EVENT(m, SNAPSHOT, AT1, .domain = A, .domain_type = UNMANAGED,
	      .flags = IMS_EVENT_SNAPSHOT | IMS_EVENT_DEFAULT);
	EVENT(m, ATTACH, AT1, .domain = B, .domain_type = UNMANAGED, READ(SMMU1));
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
}

/* Kernels without a blocked domain make an empty one, and keep it while its group is elsewhere. */
static void test_stand_in(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = 30, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT1, .domain = 30, .domain_type = UNMANAGED, READ(SMMU1));
	alloc_a(m);
	attach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);

	/* The group was given back once: then the core says which it is, whoever attached it. */
	m = new_machine("arm-smmu-v3");
	EVENT(m, DOMAIN_ALLOC, AT1, .domain = 30, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT1, .domain = 30, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH_GROUP, .group = 12, .domain = 30, .domain_type = UNMANAGED);
	alloc_a(m);
	attach_a(m);
	EVENT(m, ATTACH, AT1, .domain = 30, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, DETACH_GROUP, .group = 12, .domain = A, .domain_type = UNMANAGED);
	attach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
}

/* Who attached the group holds the domain for it, also when the last device is gone. */
static void test_device_removed(void **state)
{
	struct model *m = new_with_a();

	EVENT(m, DEVICE_REMOVE, AT1);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);

	/* The group goes on with the other one, and its detach is seen. */
	m = new_with_a();
	EVENT(m, DEVICE_ADD, .device = "0000:09:00.1", .group = 12, .instance = SMMU1);
	EVENT(m, ATTACH, .device = "0000:09:00.1", .group = 12, .instance = SMMU1, .domain = A,
	      .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, DEVICE_REMOVE, .device = "0000:09:00.1", .group = 12, .instance = SMMU1);
	detach_a(m);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	model_free(m);
}

static void test_pasid(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
	/* Only tried. */
	m = new_machine("arm-smmu-v3");
	alloc_a(m);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -ENOMEM,
	      READ(SMMU1));
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "attach-failed leak ");
	model_free(m);
	/* Of two, one is given back, and then the other. */
	for (int detached = 1; detached <= 2; detached++) {
		m = new_machine("arm-smmu-v3");
		alloc_a(m);
		for (int i = 0; i < 2; i++)
			EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
		for (int i = 0; i < detached; i++)
			EVENT(m, DETACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED);
		end_after(m, 2 * MODEL_LEAK_NS);
		assert_verdicts(m, detached == 2 ? "leak " : "");
		model_free(m);
	}
	/* A kernel that was not asked when a PASID is given back. */
	m = new_machine("arm-smmu-v3");
	put_plan(m, IMS_HOOK_ATTACH, "f", "attached");
	put_plan(m, IMS_HOOK_DOMAIN_FREE, "f", "attached");
	put_plan(m, IMS_HOOK_DETACH_PASID, "f", "missing");
	alloc_a(m);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, DETACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
}

/* Attached to what has no name here: nobody can say when it leaves. */
static void test_nameless(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	alloc_a(m);
	EVENT(m, ATTACH, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH_GROUP, .domain = A, .domain_type = UNMANAGED);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
}

static void test_loss(void **state)
{
	static const uint32_t hooks[] = {IMS_HOOK_DOMAIN_FREE, IMS_HOOK_ATTACH,
					 IMS_HOOK_ATTACH_PASID};
	struct ims_damage damage = {.missing_chunks = 1};
	struct model *m;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		m = new_with_a();
		put_loss(m, hooks[i], IMS_LOSS_RING_FULL, 1);
		detach_a(m);
		end_after(m, 2 * MODEL_LEAK_NS);
		assert_verdicts(m, "leak ");
		assert_non_null(strstr(model_next_verdict(m, NULL)->degraded, "events were lost"));
		model_free(m);
	}
	m = new_with_a();
	detach_a(m);
	test_now += 2 * MODEL_LEAK_NS;
	EVENT(m, DEVICE_ADD, .device = "x");
	model_damage(m, &damage);
	model_finish(m);
	assert_verdicts(m, "leak ");
	assert_string_equal(model_next_verdict(m, NULL)->degraded, "the stream is damaged");
	model_free(m);
	/* What was lost before the domain was made, or no lifecycle event. */
	m = new_machine("arm-smmu-v3");
	put_loss(m, IMS_HOOK_DOMAIN_FREE, IMS_LOSS_RING_FULL, 1);
	alloc_a(m);
	put_loss(m, IMS_HOOK_MAP, IMS_LOSS_RING_FULL, 1);
	end_after(m, 2 * MODEL_LEAK_NS);
	assert_verdicts(m, "leak ");
	assert_string_equal(model_next_verdict(m, NULL)->degraded, "");
	model_free(m);
}

/* Where frees or attaches cannot be seen, every domain would be one. */
static void test_not_hooked(void **state)
{
	static const struct {
		uint32_t hook;
		const char *state;
		const char *verdicts;
	} rows[] = {
		{IMS_HOOK_DOMAIN_FREE, "missing", ""}, {IMS_HOOK_DOMAIN_FREE, "silent", "leak "},
		{IMS_HOOK_ATTACH, "failed", ""},       {IMS_HOOK_ATTACH, "silent", "leak "},
		{IMS_HOOK_MAP, "failed", "leak "},
	};
	static const uint32_t needed[] = {IMS_HOOK_DOMAIN_ALLOC, IMS_HOOK_DOMAIN_FREE,
					  IMS_HOOK_ATTACH};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct model *m = new_machine("arm-smmu-v3");

		for (size_t k = 0; k < sizeof(needed) / sizeof(*needed); k++)
			if (needed[k] != rows[i].hook)
				put_plan(m, needed[k], "f", "attached");
		put_plan(m, rows[i].hook, "f", rows[i].state);
		alloc_a(m);
		end_after(m, 2 * MODEL_LEAK_NS);
		assert_verdicts(m, rows[i].verdicts);
		model_free(m);
	}
}

/* Times that no kernel writes. */
static void test_odd_times(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	test_now = -10000ull; /* the event is at time 0: when it was is not known */
	alloc_a(m);
	end_after(m, 5 * MODEL_LEAK_NS);
	assert_verdicts(m, "");
	model_free(m);
	m = new_machine("arm-smmu-v3");
	test_now = UINT64_MAX - 20000;
	alloc_a(m);
	end_after(m, 10000);
	assert_verdicts(m, "");
	model_free(m);
}

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void test_many(void **state)
{
	struct model_limits limits = model_limits_default;
	struct model *m;
	double begin;

	limits.verdicts = 1000;
	m = model_new_limited(&limits);
	assert_non_null(m);
	for (uint32_t group = 0; group < 1000; group++) {
		char name[IMS_NAME_LEN];

		snprintf(name, sizeof(name), "dev%u", group);
		EVENT(m, DEVICE_ADD, .device = name, .group = group, .instance = SMMU1);
	}
	for (uint64_t domain = 1; domain <= 100000; domain++)
		EVENT(m, DOMAIN_ALLOC, .domain = domain, .domain_type = UNMANAGED);
	begin = cpu_seconds();
	end_after(m, 2 * MODEL_LEAK_NS);
	/* Every domain with every group takes a hundred times as long. */
	assert_true(cpu_seconds() - begin < 0.15);
	assert_int_equal(model_verdict_count(m, MODEL_LEAK), 1000);
	assert_int_equal(model_overview(m)->over.verdicts, 99000);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),	      cmocka_unit_test(test_live_from_the_middle),
		cmocka_unit_test(test_detached),      cmocka_unit_test(test_never_attached),
		cmocka_unit_test(test_only_refused),  cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_freed),	      cmocka_unit_test(test_still_attached),
		cmocka_unit_test(test_by_groups),     cmocka_unit_test(test_of_the_core),
		cmocka_unit_test(test_seen_at_start), cmocka_unit_test(test_default_domain),
		cmocka_unit_test(test_stand_in),      cmocka_unit_test(test_device_removed),
		cmocka_unit_test(test_pasid),	      cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_loss),	      cmocka_unit_test(test_not_hooked),
		cmocka_unit_test(test_odd_times),     cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
