// SPDX-License-Identifier: GPL-2.0-only
/* What is missing: which verdicts it takes back, and which stand. */
#include <errno.h>

#include "test_model.h"

static struct model *new_with_a(void)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	return m;
}

static void refuse(struct model *m)
{
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
}

static void refuse_group(struct model *m)
{
	EVENT(m, ATTACH_GROUP, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
}

static void retry(struct model *m)
{
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
}

static void test_loss_while_pending(void **state)
{
	static const uint32_t causes[] = {IMS_LOSS_RING_FULL, IMS_LOSS_MISSED, IMS_LOSS_DOMAINS};

	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		struct model *m = new_with_a();
		const struct model_verdict *v;

		refuse(m);
		put_loss(m, IMS_HOOK_ATTACH, causes[i], 1);
		assert_verdicts(m, "unknown ");
		v = model_next_verdict(m, NULL);
		assert_non_null(strstr(v->reason, "attach events were lost"));
		/* What is seen of it later makes no second verdict. */
		refuse_group(m);
		retry(m);
		EVENT(m, CALLER);
		model_finish(m);
		assert_verdicts(m, "unknown ");
		assert_int_equal(v->retry_domain, B);
		assert_int_equal(v->cost_hook, IMS_HOOK_ATTACH_GROUP);
		model_free(m);
	}
}

/* Losses that no lifecycle event is behind. */
static void test_loss_that_does_not_matter(void **state)
{
	struct model *m = new_with_a();

	refuse(m);
	put_loss(m, IMS_HOOK_MAP, IMS_LOSS_MISSED, 5);
	put_loss(m, IMS_HOOK_UNMAP, IMS_LOSS_RING_FULL, 5);
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_NO_ENTRY, 5);
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 0);
	retry(m);
	assert_verdicts(m, "soft-mismatch ");
	assert_string_equal(model_next_verdict(m, NULL)->degraded, "");
	assert_true(model_lossy(m));
	assert_int_equal(model_overview(m)->lost, 10);
	model_free(m);
}

/* A return without its entry was under way at start, or is in the count of "inflight". */
static void test_no_entry_is_no_loss_of_its_own(void **state)
{
	struct model *m = new_with_a();

	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_NO_ENTRY, 5);
	assert_false(model_lossy(m));
	assert_non_null(model_loss(m, 0));
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_INFLIGHT, 1);
	assert_true(model_lossy(m));
	model_free(m);
}

/* A loss record says "until now": verdicts before it are marked, what begins after is sound. */
static void test_loss_marks_what_was_before(void **state)
{
	struct model *m = new_with_a();
	const struct model_verdict *v;

	refuse(m);
	retry(m);
	EVENT(m, CALLER);
	put_loss(m, IMS_HOOK_CALLER, IMS_LOSS_RING_FULL, 1);
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->kind, MODEL_SOFT_MISMATCH);
	assert_string_not_equal(v->degraded, "");
	EVENT(m, DETACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
	refuse(m);
	/* The same total again is nothing new. */
	put_loss(m, IMS_HOOK_CALLER, IMS_LOSS_RING_FULL, 1);
	retry(m);
	assert_verdicts(m, "soft-mismatch soft-mismatch ");
	v = model_next_verdict(m, v);
	assert_string_equal(v->degraded, "");
	model_free(m);
}

static void test_loss_degrades_alloc(void **state)
{
	struct model *m = new_with_a();
	const struct model_verdict *v = NULL;

	EVENT(m, DOMAIN_ALLOC, AT2, .domain = 30, .domain_type = UNMANAGED, READ(""));
	EVENT(m, DOMAIN_ALLOC, .domain = 31, .domain_type = UNMANAGED,
	      .flags = IMS_EVENT_NO_DEVICE);
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 1);
	EVENT(m, ATTACH, AT3, .domain = 30, .domain_type = UNMANAGED, .domain_instance = SMMU2,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_verdicts(m, "blind-alloc proxy-alloc late-finalise ");
	while ((v = model_next_verdict(m, v)))
		assert_string_not_equal(v->degraded, "");
	model_free(m);
}

static void test_accepted_stands(void **state)
{
	struct model *m = new_with_a();

	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 1);
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 2);
	assert_verdicts(m, "accepted-mismatch ");
	assert_string_equal(model_next_verdict(m, NULL)->degraded, "");
	model_free(m);
}

static void test_accepted_by_history_does_not(void **state)
{
	struct model *m = new_machine("virtio_iommu");

	EVENT(m, DOMAIN_ALLOC, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED);
	put_loss(m, IMS_HOOK_DOMAIN_FREE, IMS_LOSS_RING_FULL, 1);
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED);
	assert_verdicts(m, "accepted-mismatch ");
	assert_string_not_equal(model_next_verdict(m, NULL)->degraded, "");
	model_free(m);
}

/* An event that happened before the loss record, and comes after it. */
static void test_late_event(void **state)
{
	struct model *m = new_with_a();

	test_now += 500000;
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 1);
	test_now -= 400000;
	refuse(m);
	retry(m);
	model_finish(m);
	assert_verdicts(m, "unknown ");
	model_free(m);
}

static void test_damage(void **state)
{
	struct ims_damage damage = {.missing_chunks = 1};
	struct model *m = new_with_a();

	refuse(m);
	model_damage(m, &damage);
	assert_verdicts(m, "unknown ");
	assert_non_null(strstr(model_next_verdict(m, NULL)->reason, "the stream is damaged"));
	assert_true(model_lossy(m));
	refuse(m);
	model_damage(m, &damage);
	model_finish(m);
	assert_int_equal(model_verdict_count(m, MODEL_UNKNOWN), 1);
	model_free(m);
}

static void test_no_damage(void **state)
{
	struct ims_damage damage = {.ended = true};
	struct model *m = new_with_a();

	refuse(m);
	model_damage(m, &damage);
	retry(m);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch ");
	assert_string_equal(model_next_verdict(m, NULL)->degraded, "");
	assert_false(model_lossy(m));
	model_free(m);
}

/* More threads in the middle of an attach than are kept. */
static void test_too_many_pending(void **state)
{
	struct model_limits limits = model_limits_default;
	struct model *m;

	limits.tasks = 4;
	m = model_new_limited(&limits);
	put_instance(m, SMMU1, "arm-smmu-v3");
	put_instance(m, SMMU2, "arm-smmu-v3");
	for (uint32_t tid = 1; tid <= 6; tid++)
		EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
		      .tid = tid, READ(SMMU1));
	assert_verdicts(m, "unknown unknown ");
	assert_int_equal(model_overview(m)->over.tasks, 2);
	/* And one thread with more attempts than are kept. */
	for (uint64_t domain = 100; domain < 120; domain++)
		EVENT(m, ATTACH, AT2, .domain = domain, .domain_type = UNMANAGED, .result = -EINVAL,
		      .tid = 6, READ(SMMU1));
	assert_int_equal(model_verdict_count(m, MODEL_UNKNOWN), 7);
	model_finish(m);
	assert_int_equal(model_verdict_count(m, MODEL_UNKNOWN), 26);
	model_free(m);
}

static void put_count(struct model *m, uint32_t hook, uint64_t emitted, uint64_t received)
{
	struct ims_record rec = {.type = IMS_REC_COUNT, .time_ns = test_now};

	rec.count = (struct ims_count){hook, emitted, received};
	assert_int_equal(model_apply(m, &rec), 0);
}

/* What is lost with @emitted attaches, five received and two told as lost, once @m has ended or not. */
static uint64_t unaccounted(uint64_t emitted, bool ended)
{
	const struct ims_record end = {.type = IMS_REC_END, .time_ns = test_now};
	struct model *m = new_with_a();
	const struct ims_loss *loss;
	uint64_t lost = 0;

	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_RING_FULL, 1);
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_NO_ENTRY, 1);
	put_loss(m, IMS_HOOK_ATTACH, IMS_LOSS_MISSED, 3); /* never emitted */
	put_count(m, IMS_HOOK_ATTACH, emitted, 2);
	put_count(m, IMS_HOOK_ATTACH, emitted, 5);
	if (ended)
		assert_int_equal(model_apply(m, &end), 0);
	model_finish(m);
	for (size_t i = 0; (loss = model_loss(m, i)); i++)
		lost += loss->cause == IMS_LOSS_UNACCOUNTED ? loss->lost : 0;
	assert_int_equal(model_count(m, IMS_HOOK_ATTACH)->received, 5);
	assert_int_equal(model_overview(m)->lost, 4 + lost);
	model_free(m);
	return lost;
}

static void test_unaccounted(void **state)
{
	assert_int_equal(unaccounted(7, true), 0);
	assert_int_equal(unaccounted(9, true), 2);
	assert_int_equal(unaccounted(4, true), 3); /* more arrived than there was */
	assert_int_equal(unaccounted(9, false), 0); /* some may have been under way */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss_while_pending),
		cmocka_unit_test(test_loss_that_does_not_matter),
		cmocka_unit_test(test_no_entry_is_no_loss_of_its_own),
		cmocka_unit_test(test_loss_marks_what_was_before),
		cmocka_unit_test(test_loss_degrades_alloc),
		cmocka_unit_test(test_accepted_stands),
		cmocka_unit_test(test_accepted_by_history_does_not),
		cmocka_unit_test(test_late_event),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_no_damage),
		cmocka_unit_test(test_too_many_pending),
		cmocka_unit_test(test_unaccounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
