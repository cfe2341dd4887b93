// SPDX-License-Identifier: GPL-2.0-only
/* Attaches that are judged at once: accepted, shared, failed between equals, or not to be told. */
#include <errno.h>

#include "test_model.h"

static void test_accepted(void **state)
{
	struct model *m = new_container("arm-smmu-v3-ims");
	const struct model_verdict *v;

	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	assert_verdicts(m, "accepted-mismatch ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_CRITICAL);
	assert_string_equal(v->domain_instance->name, SMMU1);
	assert_string_equal(v->device_instance->name, SMMU2);
	/* Once more is the same finding. */
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	assert_verdicts(m, "accepted-mismatch ");
	assert_int_equal(v->count, 2);
	model_free(m);
}

/* The driver was bound to the first instance by an attach that was seen. */
static void test_accepted_by_first_attach(void **state)
{
	struct model *m = new_machine("virtio_iommu");

	EVENT(m, DOMAIN_ALLOC, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED);
	assert_verdicts(m, "accepted-mismatch ");
	assert_int_equal(model_next_verdict(m, NULL)->evidence, MODEL_EVIDENCE_FIRST_ATTACH);
	model_free(m);
}

/* A driver that binds at attach takes such a domain rightly; nobody read its struct. */
static void test_alloc_device_proves_no_acceptance(void **state)
{
	struct model *m = new_machine("arm_smmu_ops");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED);
	assert_verdicts(m, "proxy-alloc unknown ");
	/* From then on it is bound where it was attached. */
	EVENT(m, ATTACH, AT3, .domain = A, .domain_type = UNMANAGED);
	assert_verdicts(m, "proxy-alloc unknown ");
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED);
	assert_verdicts(m, "proxy-alloc unknown accepted-mismatch ");
	model_free(m);
}

static void test_global_domains_never_mismatch(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	for (int i = 0; i < 2; i++) {
		int result = i ? -EINVAL : 0;

		EVENT(m, ATTACH, AT1, .domain = 8, .domain_type = IDENTITY, .result = result);
		EVENT(m, ATTACH, AT2, .domain = 8, .domain_type = IDENTITY, .result = result);
		EVENT(m, ATTACH, AT1, .domain = 9, .domain_type = BLOCKED, .result = result,
		      READ(""));
		EVENT(m, ATTACH, AT2, .domain = 9, .domain_type = BLOCKED, .result = result,
		      READ(SMMU1));
		EVENT(m, ATTACH_GROUP, AT2, .domain = 9, .domain_type = BLOCKED, .result = result);
	}
	model_finish(m);
	assert_verdicts(m, "");
	assert_null(model_find_domain(m, 8)->instance);
	model_free(m);
}

static void test_sharing(void **state)
{
	struct model *m = new_container("intel_iommu_ops");
	const struct model_verdict *v;

	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT3, .domain = A, .domain_type = UNMANAGED);
	assert_verdicts(m, "shared ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_INFO);
	assert_int_equal(v->count, 2);
	EVENT(m, ATTACH, AT2, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	model_finish(m);
	assert_verdicts(m, "shared attach-failed ");
	/* It stays where it was attached first. */
	EVENT(m, ATTACH, AT1, .domain = B, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT2, .domain = B, .domain_type = UNMANAGED);
	assert_string_equal(model_find_domain(m, B)->instance->name, SMMU1);
	model_free(m);
}

static void test_attach_failed(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	const struct model_verdict *v;

	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, .result = -ENOMEM,
	      READ(SMMU1));
	EVENT(m, ATTACH_GROUP, AT1, .domain = A, .domain_type = UNMANAGED, .result = -ENOMEM);
	EVENT(m, CALLER, .result = -ENOMEM, .function = "vfio");
	model_finish(m);
	assert_verdicts(m, "attach-failed ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->result, -ENOMEM);
	assert_int_equal(v->count, 1);
	assert_string_equal(v->function, "vfio");
	model_free(m);
}

static void test_core_refused(void **state)
{
	struct model *m = new_container("arm-smmu-v3");

	EVENT(m, ATTACH_GROUP, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EBUSY);
	model_finish(m);
	assert_verdicts(m, "attach-failed ");
	assert_string_equal(model_next_verdict(m, NULL)->reason,
			    "the core refused, the driver was not asked");
	model_free(m);
}

static void test_unknown(void **state)
{
	struct model *m = new_machine("some_ops");

	/* A domain that nothing is known of. */
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, .result = -EINVAL);
	/* A device that nothing is known of. */
	EVENT(m, ATTACH, .device = "x", .domain = 1, .domain_type = DMA, .result = -EINVAL);
	/* A driver that nothing is known of. */
	EVENT(m, ATTACH, AT2, .domain = 1, .domain_type = DMA, .result = -EINVAL);
	assert_verdicts(m, "unknown unknown unknown ");
	EVENT(m, ATTACH, AT2, .domain = 1, .domain_type = DMA);
	model_finish(m);
	assert_verdicts(m, "unknown unknown unknown unknown ");
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_accepted_by_first_attach),
		cmocka_unit_test(test_alloc_device_proves_no_acceptance),
		cmocka_unit_test(test_global_domains_never_mismatch),
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_attach_failed),
		cmocka_unit_test(test_core_refused),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
