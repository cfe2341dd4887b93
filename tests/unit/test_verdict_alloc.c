// SPDX-License-Identifier: GPL-2.0-only
/* Verdicts on how domains are allocated and bound, on groups, and on map and unmap. */
#include <errno.h>

#include "test_model.h"

static void test_blind(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const char *frame[] = {"iommu_domain_alloc+0x1", "vfio+0x2"};
	const char *other[] = {"iommu_domain_alloc+0x1", "usnic+0x2"};
	const struct ims_stack stack = {2, frame}, other_stack = {2, other};
	const struct model_verdict *v;

#define BLIND .domain_type = UNMANAGED, .flags = IMS_EVENT_NO_DEVICE
	EVENT(m, DOMAIN_ALLOC, .domain = 20, BLIND, .stack = stack);
	EVENT(m, DOMAIN_ALLOC, .domain = 21, BLIND, .stack = stack);
	assert_verdicts(m, "blind-alloc ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->count, 2);
	assert_int_equal(v->domain, 20);
	assert_int_equal(v->severity, MODEL_WARNING);
	assert_int_equal(v->last_ns - v->time_ns, 10000);
	assert_string_equal(v->stack->frame[1], "vfio+0x2");
	EVENT(m, DOMAIN_ALLOC, .domain = 22, BLIND, .stack = other_stack);
	EVENT(m, DOMAIN_ALLOC, .domain = 23, BLIND, .stack = stack, .comm = "dpdk");
	assert_verdicts(m, "blind-alloc blind-alloc blind-alloc ");
	model_free(m);
}

static void test_not_blind(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = 20, .domain_type = UNMANAGED);
	/* Not read is not the same as not given. */
	EVENT(m, DOMAIN_ALLOC, .domain = 21, .domain_type = UNMANAGED);
	EVENT(m, DOMAIN_ALLOC, .domain = 22, .domain_type = IDENTITY, .flags = IMS_EVENT_NO_DEVICE);
	EVENT(m, DOMAIN_ALLOC, .domain = 23, BLIND, .result = -ENOMEM);
	assert_verdicts(m, "");
	assert_null(model_find_domain(m, 23));
	model_free(m);
}

static void test_proxy(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v;

	/* Behind the same instance: harmless, but not what was asked. */
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = 20, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, AT3, .domain = 20, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, AT2, .domain = 20, .domain_type = UNMANAGED, READ(SMMU2));
	assert_verdicts(m, "proxy-alloc ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_INFO);
	assert_string_equal(v->device, DEV3);
	/* Behind another. */
	EVENT(m, DOMAIN_ALLOC, AT1, .domain = 21, .domain_type = UNMANAGED, READ(""));
	EVENT(m, ATTACH, AT2, .domain = 21, .domain_type = UNMANAGED, .domain_instance = SMMU2,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_verdicts(m, "proxy-alloc proxy-alloc late-finalise ");
	v = model_next_verdict(m, v);
	assert_int_equal(v->severity, MODEL_WARNING);
	model_free(m);
}

static void test_proxy_of_the_group(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	/* It is the group's domain, whichever of its devices stood for it. */
	EVENT(m, DEVICE_ADD, .device = "0000:11:00.1", .group = 13, .instance = SMMU2);
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = 20, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, .device = "0000:11:00.1", .group = 13, .instance = SMMU2, .domain = 20,
	      .domain_type = UNMANAGED, READ(SMMU2));
	/* First its own device, then others. */
	EVENT(m, DOMAIN_ALLOC, AT2, .domain = 21, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, AT2, .domain = 21, .domain_type = UNMANAGED, READ(SMMU2));
	EVENT(m, ATTACH, AT3, .domain = 21, .domain_type = UNMANAGED, READ(SMMU2));
	/* Of a device without a known group nobody can say. */
	EVENT(m, DOMAIN_ALLOC, .device = "y", .domain = 22, .domain_type = UNMANAGED);
	EVENT(m, ATTACH, AT3, .domain = 22, .domain_type = UNMANAGED);
	assert_verdicts(m, "");
	model_free(m);
}

static void test_proxy_refused(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = 20, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT2, .domain = 20, .domain_type = UNMANAGED, .result = -EINVAL,
	      READ(SMMU1));
	EVENT(m, CALLER, .result = -EINVAL);
	assert_verdicts(m, "proxy-alloc hard-mismatch ");
	model_free(m);
}

static void test_late(void **state)
{
	struct model *m = new_machine("virtio_iommu");
	const struct model_verdict *v;
	const struct model_domain *d;

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, READ(""));
	d = model_find_domain(m, A);
	assert_null(d->instance);
	assert_true(d->bound_to_none);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, .domain_instance = SMMU1,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_verdicts(m, "late-finalise ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->severity, MODEL_INFO);
	assert_string_equal(d->instance->name, SMMU1);
	assert_int_equal(d->evidence, MODEL_EVIDENCE_DRIVER);
	assert_false(d->bound_to_none);
	/* The next of the same kind is counted, the next by someone else told. */
	EVENT(m, ATTACH, AT1, .domain = 21, .domain_type = UNMANAGED, .domain_instance = SMMU1,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_int_equal(v->count, 2);
	EVENT(m, ATTACH, AT1, .domain = 22, .domain_type = UNMANAGED, .domain_instance = SMMU1,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED, .comm = "dpdk");
	assert_verdicts(m, "late-finalise late-finalise ");
	model_free(m);
}

/* Bound to none and refused: no instance is in the way. */
static void test_unbound_refused(void **state)
{
	struct model *m = new_machine("virtio_iommu");

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, READ(""));
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, .result = -ENOMEM, READ(""));
	assert_verdicts(m, "attach-failed ");
	model_free(m);
}

static void test_mixed(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v;

	EVENT(m, DEVICE_ADD, .device = "0000:0a:00.0", .group = 12, .instance = SMMU1);
	EVENT(m, DEVICE_ADD, .device = "x", .group = 12);
	assert_verdicts(m, "");
	EVENT(m, DEVICE_ADD, .device = "0000:0b:00.0", .group = 12, .instance = SMMU2);
	EVENT(m, DEVICE_ADD, .device = "0000:0c:00.0", .group = 12, .instance = SMMU2);
	assert_verdicts(m, "mixed-group ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->group, 12);
	assert_string_equal(v->device, "0000:0b:00.0");
	assert_true(model_find_group(m, 12)->mixed);
	assert_true(v->time_ns > 0);
	model_free(m);
}

/* The kernel gives the number of a group that is gone to the next. */
static void test_group_number_again(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_instance *one = model_find_instance(m, SMMU1);

	EVENT(m, DEVICE_REMOVE, AT1);
	assert_null(one->groups);
	EVENT(m, DEVICE_ADD, .device = "0000:20:00.0", .group = 12, .instance = SMMU2);
	assert_verdicts(m, "");
	assert_string_equal(model_find_group(m, 12)->instance->name, SMMU2);
	model_free(m);
}

static void put_errors(struct model *m, uint64_t domain, uint32_t hook, uint64_t errors)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = test_now += 10000};

	rec.stats = (struct ims_stats){.domain = domain, .hook = hook, .errors = errors};
	rec.stats.bucket[30] = 100;
	assert_int_equal(model_apply(m, &rec), 0);
}

static void test_unmap_short(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_verdict *v;

	put_errors(m, 1, IMS_HOOK_UNMAP, 0);
	assert_verdicts(m, "");
	put_errors(m, 1, IMS_HOOK_UNMAP, 2);
	put_errors(m, 1, IMS_HOOK_UNMAP, 2);
	put_errors(m, 1, IMS_HOOK_UNMAP, 5);
	put_errors(m, 1, IMS_HOOK_UNMAP, 3);
	assert_verdicts(m, "unmap-short ");
	v = model_next_verdict(m, NULL);
	assert_int_equal(v->count, 5);
	assert_int_equal(v->hook, IMS_HOOK_UNMAP);
	assert_int_equal(v->severity, MODEL_ERROR);
	put_errors(m, 1, IMS_HOOK_MAP, 1);
	put_errors(m, 0, IMS_HOOK_MAP, 1);
	assert_verdicts(m, "unmap-short unmap-short unmap-short ");
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blind),
		cmocka_unit_test(test_not_blind),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_proxy_of_the_group),
		cmocka_unit_test(test_proxy_refused),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_unbound_refused),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_group_number_again),
		cmocka_unit_test(test_unmap_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
