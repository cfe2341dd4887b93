// SPDX-License-Identifier: GPL-2.0-only
/* A domain meets a device of another instance: every outcome, and what only looks like it. */
#include <errno.h>

#include "test_model.h"

#define C 22

/* Everything VFIO does before it tries A for group 13. */
static void claim_group_13(struct model *m)
{
	EVENT(m, ATTACH, AT2, .domain = BLOCKING_ID, .domain_type = BLOCKED);
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT2, .domain = BLOCKING_ID, .domain_type = BLOCKED);
	EVENT(m, DETACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
}

static void refuse(struct model *m, uint64_t domain)
{
	EVENT(m, ATTACH, AT2, .domain = domain, .domain_type = UNMANAGED, .result = -EINVAL,
	      .duration_ns = 700, READ(SMMU1));
}

static void refuse_group(struct model *m, uint64_t domain)
{
	EVENT(m, ATTACH_GROUP, .group = 13, .domain = domain, .domain_type = UNMANAGED,
	      .result = -EINVAL, .duration_ns = 2500);
}

static void attach_b(struct model *m)
{
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
}

/* What was recorded on a stock arm64 7.3 with VFIO type1 and groups behind two SMMUs. */
static void test_wild(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	const struct model_verdict *v;

	claim_group_13(m);
	refuse(m, A);
	refuse_group(m, A);
	attach_b(m);
	EVENT(m, CALLER, .group = 13, .function = "vfio_iommu_type1_attach_group");
	model_finish(m);

	assert_verdicts(m, "soft-mismatch ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_NOTICE);
	assert_int_equal(v->domain, A);
	assert_int_equal(v->retry_domain, B);
	assert_true(v->retry_ns > v->time_ns);
	assert_int_equal(v->group, 13);
	assert_string_equal(v->device, DEV2);
	assert_string_equal(v->domain_instance->name, SMMU1);
	assert_string_equal(v->device_instance->name, SMMU2);
	assert_int_equal(v->evidence, MODEL_EVIDENCE_DRIVER);
	assert_int_equal(v->result, -EINVAL);
	assert_int_equal(v->cost_hook, IMS_HOOK_ATTACH_GROUP);
	assert_int_equal(v->cost_ns, 2500);
	assert_int_equal(v->cost_calls, 1);
	assert_int_equal(v->count, 1);
	assert_int_equal(v->pid, 100);
	assert_string_equal(v->comm, "qemu");
	assert_string_equal(v->function, "vfio_iommu_type1_attach_group");
	assert_string_equal(v->degraded, "");
	model_free(m);
}

/* The same, but no domain of the driver could be read: the device given at alloc is the evidence.
 */
static void test_wild_unread(void **state)
{
	struct model *m = new_machine("arm_smmu_ops");
	const struct model_verdict *v;

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = B, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->evidence, MODEL_EVIDENCE_ALLOC_DEVICE);
	assert_int_equal(v->cost_hook, IMS_HOOK_ATTACH);
	assert_int_equal(v->cost_ns, 1000);
	model_free(m);
}

static void test_same_instance_is_silent(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	claim_group_13(m);
	EVENT(m, ATTACH, AT3, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, CALLER, .function = "vfio_iommu_type1_attach_group");
	model_finish(m);
	assert_verdicts(m, "");
	model_free(m);
}

static void test_attempts_repeated_are_one(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	const struct model_verdict *v;

	claim_group_13(m);
	refuse(m, A);
	refuse_group(m, A);
	refuse(m, A);
	refuse_group(m, A);
	attach_b(m);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->count, 2);
	assert_int_equal(v->cost_calls, 2);
	assert_int_equal(v->cost_ns, 5000);
	model_free(m);
}

/* Two devices of the group, and the core asks for both. */
static void test_devices_of_a_group_are_one(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	EVENT(m, DEVICE_ADD, .device = "0000:11:00.1", .group = 13, .instance = SMMU2);
	claim_group_13(m);
	refuse(m, A);
	EVENT(m, ATTACH, .device = "0000:11:00.1", .group = 13, .instance = SMMU2, .domain = A,
	      .domain_type = UNMANAGED, .result = -EINVAL, READ(SMMU1));
	refuse_group(m, A);
	attach_b(m);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch ");
	model_free(m);
}

static void test_next_attach_is_another(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	for (int i = 0; i < 2; i++) {
		claim_group_13(m);
		refuse(m, A);
		refuse_group(m, A);
		attach_b(m);
		EVENT(m, CALLER, .function = "vfio_iommu_type1_attach_group");
		EVENT(m, DETACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
	}
	model_finish(m);
	assert_verdicts(m, "soft-mismatch soft-mismatch ");
	model_free(m);
}

/* A container that has two domains already tries both. */
static void test_every_domain_is_its_own(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = C, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT1, .domain = C, .domain_type = UNMANAGED, READ(SMMU1));
	claim_group_13(m);
	refuse(m, A);
	refuse(m, C);
	attach_b(m);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch soft-mismatch ");
	model_free(m);
}

/* None of these is the retry: the caller's return decides. */
static void test_unwinding_is_no_retry(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	const struct model_verdict *v;

	claim_group_13(m);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	refuse(m, A);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	refuse_group(m, A);
	EVENT(m, ATTACH, AT2, .domain = BLOCKING_ID, .domain_type = BLOCKED);
	EVENT(m, ATTACH, AT2, .domain = 8, .domain_type = IDENTITY);
	EVENT(m, ATTACH, AT2, .domain = 2, .domain_type = DMA, READ(SMMU2));
	assert_verdicts(m, "");
	EVENT(m, CALLER, .result = -EINVAL, .function = "vfio_iommu_type1_attach_group");
	model_finish(m);
	assert_verdicts(m, "hard-mismatch ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_ERROR);
	assert_int_equal(v->retry_ns, 0);
	assert_string_equal(v->function, "vfio_iommu_type1_attach_group");
	model_free(m);
}

/* A group made while recording: its default domain is known by its type. */
static void test_unwinding_to_an_unknown_default(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

#define AT4 .device = "0000:30:00.0", .group = 30, .instance = SMMU2
	EVENT(m, ATTACH, AT4, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	EVENT(m, ATTACH_GROUP, AT4, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	EVENT(m, ATTACH, AT4, .domain = 40, .domain_type = DMA, READ(SMMU2));
	assert_verdicts(m, "");
	model_finish(m);
	assert_verdicts(m, "unknown ");
	model_free(m);
}

/* Linux 6.1 with a driver that has no blocking domain: an unmanaged one stands for it. */
static void test_stand_in_for_blocking(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

#define STAND_IN AT2, .domain = 50, .domain_type = UNMANAGED, READ(SMMU2)
	EVENT(m, ATTACH, STAND_IN);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, STAND_IN);
	EVENT(m, DETACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
	refuse(m, A);
	EVENT(m, ATTACH, STAND_IN);
	refuse_group(m, A);
	EVENT(m, ATTACH, STAND_IN);
	assert_verdicts(m, "");
	EVENT(m, CALLER, .result = -EINVAL);
	assert_verdicts(m, "hard-mismatch ");
	model_free(m);
}

/* Once the group attach has returned, it is the caller that goes back to where it was. */
static void test_back_by_the_caller(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	claim_group_13(m);
	attach_b(m);
	refuse(m, A);
	refuse_group(m, A);
	attach_b(m);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch ");
	model_free(m);
}

/* The return of the group attach belongs to the attempt, even when it comes after the retry. */
static void test_group_returns_late(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	claim_group_13(m);
	refuse(m, A);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	refuse_group(m, A);
	model_finish(m);
	assert_verdicts(m, "soft-mismatch ");
	assert_int_equal(model_next_verdict(m, NULL)->cost_ns, 2500);
	model_free(m);
}

/* Without the caller's return (its function cannot be hooked) a retry ends an attempt as well. */
static void test_next_attach_without_caller(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	for (int i = 0; i < 2; i++) {
		claim_group_13(m);
		refuse(m, A);
		refuse_group(m, A);
		attach_b(m);
		EVENT(m, DETACH_GROUP, .group = 13, .domain = B, .domain_type = UNMANAGED);
	}
	assert_verdicts(m, "soft-mismatch soft-mismatch ");
	model_free(m);
}

static void test_other_thread_is_no_retry(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	claim_group_13(m);
	refuse(m, A);
	refuse_group(m, A);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED, .tid = 102, READ(SMMU2));
	EVENT(m, ATTACH, AT3, .domain = B, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, CALLER, .tid = 102, .result = -EINVAL);
	assert_verdicts(m, "");
	model_finish(m);
	assert_verdicts(m, "unknown ");
	assert_non_null(strstr(model_next_verdict(m, NULL)->reason, "was not seen"));
	model_free(m);
}

static void test_caller_fine_without_retry(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	claim_group_13(m);
	refuse(m, A);
	EVENT(m, CALLER, .function = "vfio_iommu_type1_attach_group");
	assert_verdicts(m, "unknown ");
	/* What follows is another operation. */
	attach_b(m);
	model_finish(m);
	assert_verdicts(m, "unknown ");
	model_free(m);
}

static void test_probe(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v;

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = DMA, READ(SMMU1));
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = DMA, .result = -EINVAL, READ(SMMU1));
	EVENT(m, PROBE, AT3, .result = -ENODEV);
	EVENT(m, PROBE, .device = DEV2, .result = -EINVAL, .function = "__iommu_probe_device");
	model_finish(m);
	assert_verdicts(m, "proxy-alloc hard-mismatch probe-lost ");
	v = find_verdict(m, MODEL_PROBE_LOST);
	assert_string_equal(v->device, DEV2);
	assert_int_equal(v->severity, MODEL_ERROR);
	assert_int_equal(v->domain, A);
	model_free(m);
}

static void test_probe_without_attach(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, PROBE, AT2, .result = -ENODEV);
	assert_verdicts(m, "");
	/* Nor is one lost that succeeds in the end. */
	EVENT(m, ATTACH, AT2, .domain = 2, .domain_type = DMA, .result = -ENOMEM, READ(SMMU2));
	EVENT(m, PROBE, AT2);
	EVENT(m, PROBE, AT2, .result = -ENODEV);
	model_finish(m);
	assert_verdicts(m, "attach-failed ");
	model_free(m);
}

/* Its instance is right, or it has none: the probe is lost all the same. */
static void test_probe_lost_alone(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, ATTACH, AT2, .domain = 2, .domain_type = DMA, .result = -ENOMEM, READ(SMMU2));
	EVENT(m, PROBE, AT2, .result = -ENOMEM);
	EVENT(m, ATTACH, AT3, .domain = 8, .domain_type = IDENTITY, .result = -EIO);
	EVENT(m, PROBE, AT3, .result = -EIO);
	model_finish(m);
	assert_verdicts(m, "attach-failed probe-lost probe-lost ");
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wild),
		cmocka_unit_test(test_wild_unread),
		cmocka_unit_test(test_same_instance_is_silent),
		cmocka_unit_test(test_attempts_repeated_are_one),
		cmocka_unit_test(test_devices_of_a_group_are_one),
		cmocka_unit_test(test_next_attach_is_another),
		cmocka_unit_test(test_every_domain_is_its_own),
		cmocka_unit_test(test_unwinding_is_no_retry),
		cmocka_unit_test(test_unwinding_to_an_unknown_default),
		cmocka_unit_test(test_stand_in_for_blocking),
		cmocka_unit_test(test_back_by_the_caller),
		cmocka_unit_test(test_group_returns_late),
		cmocka_unit_test(test_next_attach_without_caller),
		cmocka_unit_test(test_other_thread_is_no_retry),
		cmocka_unit_test(test_caller_fine_without_retry),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_probe_without_attach),
		cmocka_unit_test(test_probe_lost_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
