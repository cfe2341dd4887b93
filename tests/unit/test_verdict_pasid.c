// SPDX-License-Identifier: GPL-2.0-only
/* Attaches to a PASID: whether the format, the group, the instances or something else said no. */
#include <errno.h>

#include "test_model.h"

#define SIBLING .device = "0000:09:00.1", .group = 12, .instance = SMMU1

static struct model *new_with_a(const char *driver)
{
	struct model *m = new_machine(driver);

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	return m;
}

static void test_format(void **state)
{
	static const int32_t results[] = {-EINVAL, -EOPNOTSUPP, -ENODEV};

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		struct model *m = new_with_a("arm-smmu-v3");
		const struct model_verdict *v;

		EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED,
		      .result = results[i], .function = "iommu_attach_device_pasid", READ(SMMU1));
		assert_verdicts(m, "pasid-format ");
		v = model_next_verdict(m, NULL);
		assert_int_equal(v->severity, MODEL_WARNING);
		assert_int_equal(v->domain, A);
		assert_int_equal(v->group, 12);
		assert_string_equal(v->device, DEV1);
		assert_int_equal(v->hook, IMS_HOOK_ATTACH_PASID);
		assert_int_equal(v->result, results[i]);
		assert_string_equal(v->device_instance->name, SMMU1);
		assert_string_equal(v->domain_instance->name, SMMU1);
		assert_int_equal(v->evidence, MODEL_EVIDENCE_DRIVER);
		assert_int_equal(v->pid, 100);
		assert_string_equal(v->comm, "qemu");
		assert_string_equal(v->function, "iommu_attach_device_pasid");
		assert_non_null(strstr(v->reason, "format or stage"));
		assert_null(strstr(v->reason, "group"));
		assert_string_equal(v->degraded, "");
		model_free(m);
	}
}

/* Known by its alloc only. */
static void test_format_unread(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	assert_verdicts(m, "pasid-format ");
	assert_int_equal(model_next_verdict(m, NULL)->evidence, MODEL_EVIDENCE_ALLOC_DEVICE);
	model_free(m);
}

static void test_group(void **state)
{
	struct model *m = new_with_a("arm-smmu-v3");
	const struct model_verdict *v;

	EVENT(m, DEVICE_ADD, SIBLING);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	assert_verdicts(m, "pasid-format ");
	v = model_next_verdict(m, NULL);
	assert_string_equal(v->reason, "group 12 has 2 devices, and PASIDs want a group of one");
	assert_int_equal(v->group, 12);
	/* The sibling is gone: then it is not the group. */
	EVENT(m, DEVICE_REMOVE, SIBLING);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	v = model_next_verdict(m, v);
	assert_non_null(strstr(v->reason, "format or stage"));
	model_free(m);
}

static void test_other_failures(void **state)
{
	static const int32_t results[] = {-ENOMEM, -EBUSY, -ENOSPC};

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		struct model *m = new_with_a("arm-smmu-v3");

		EVENT(m, DEVICE_ADD, SIBLING);
		EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED,
		      .result = results[i], READ(SMMU1));
		assert_verdicts(m, "attach-failed ");
		assert_string_equal(model_next_verdict(m, NULL)->reason, "");
		model_free(m);
	}
}

static void test_success(void **state)
{
	struct model *m = new_with_a("arm-smmu-v3");

	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	/* The device itself stays where it is. */
	assert_int_equal(model_find_device(m, DEV1)->domain, 1);
	assert_int_equal(model_find_domain(m, A)->device_count, 0);
	model_finish(m);
	assert_verdicts(m, "");
	assert_int_equal(model_overview(m)->events[IMS_HOOK_ATTACH_PASID], 1);
	assert_int_equal(model_overview(m)->failed[IMS_HOOK_ATTACH_PASID], 0);
	model_free(m);
}

static void test_accepted(void **state)
{
	struct model *m = new_with_a("arm-smmu-v3");
	const struct model_verdict *v;

	EVENT(m, ATTACH_PASID, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	assert_verdicts(m, "accepted-mismatch ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->hook, IMS_HOOK_ATTACH_PASID);
	assert_string_equal(v->device_instance->name, SMMU2);
	assert_string_equal(v->domain_instance->name, SMMU1);
	model_free(m);
	m = new_with_a("intel-iommu");
	EVENT(m, ATTACH_PASID, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	assert_int_equal(model_verdict_count(m, MODEL_ACCEPTED_MISMATCH), 0);
	model_free(m);
}

/* -EINVAL says that of an instance as well as of a format, and the caller may try another. */
static void test_unknown(void **state)
{
	struct model *m = new_with_a("arm-smmu-v3");

	EVENT(m, ATTACH_PASID, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	assert_verdicts(m, "unknown ");
	assert_non_null(strstr(model_next_verdict(m, NULL)->reason, "another instance"));
	model_free(m);

	m = new_machine("arm-smmu-v3");
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	assert_verdicts(m, "unknown ");
	assert_non_null(strstr(model_next_verdict(m, NULL)->reason, "of the domain is not known"));
	model_free(m);

	m = new_with_a("arm-smmu-v3");
	EVENT(m, ATTACH_PASID, .device = "x", .domain = A, .domain_type = UNMANAGED,
	      .result = -EINVAL, READ(SMMU1));
	assert_verdicts(m, "unknown ");
	assert_non_null(strstr(model_next_verdict(m, NULL)->reason, "of the device is not known"));
	model_free(m);
}

/* Where instances do not matter, they are no reason to doubt. */
static void test_not_unknown(void **state)
{
	struct model *m = new_machine("intel_iommu_ops");

	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	EVENT(m, ATTACH_PASID, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	assert_verdicts(m, "pasid-format pasid-format ");
	model_free(m);

	m = new_machine("arm-smmu-v3");
	EVENT(m, ATTACH_PASID, AT1, .domain = BLOCKING_ID, .domain_type = BLOCKED,
	      .result = -EOPNOTSUPP);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(""));
	EVENT(m, DEVICE_ADD, SIBLING);
	EVENT(m, ATTACH_PASID, AT1, .domain = B, .domain_type = UNMANAGED, .result = -EINVAL);
	assert_verdicts(m, "pasid-format pasid-format pasid-format ");
	model_free(m);
}

static void test_loss(void **state)
{
	struct model *m = new_with_a("arm-smmu-v3");

	put_loss(m, IMS_HOOK_DEVICE_ADD, IMS_LOSS_RING_FULL, 1);
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	EVENT(m, ATTACH_PASID, AT1, .domain = A, .domain_type = UNMANAGED, .result = -ENOMEM,
	      READ(SMMU1));
	assert_verdicts(m, "pasid-format attach-failed ");
	assert_string_not_equal(find_verdict(m, MODEL_PASID_FORMAT)->degraded, "");
	assert_string_equal(find_verdict(m, MODEL_ATTACH_FAILED)->degraded, "");
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),	cmocka_unit_test(test_format_unread),
		cmocka_unit_test(test_group),	cmocka_unit_test(test_other_failures),
		cmocka_unit_test(test_success), cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_not_unknown),
		cmocka_unit_test(test_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
