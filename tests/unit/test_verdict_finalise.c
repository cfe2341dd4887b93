// SPDX-License-Identifier: GPL-2.0-only
/* A driver tells for which device it bound a domain: not always the one that was asked for. */
#include <errno.h>

#include <iommuscope/view.h>

#include "test_model.h"

#define OF_A .domain = A, .domain_type = UNMANAGED

static void assert_proxy(const struct model *m, enum model_severity severity)
{
	const struct model_verdict *v = find_verdict(m, MODEL_PROXY_ALLOC);

	assert_verdicts(m, "proxy-alloc ");
	assert_int_equal(v->severity, severity);
	assert_int_equal(v->domain, A);
}

/* The tracepoint is in the middle of the alloc: its event is the first of the two. */
static void test_same_instance(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	char *story;

	EVENT(m, FINALISE, AT3, OF_A, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT2, OF_A, READ(SMMU2));
	assert_string_equal(model_find_domain(m, A)->chosen_device, DEV3);
	assert_string_equal(model_find_domain(m, A)->alloc_device, DEV2);
	EVENT(m, ATTACH, AT2, OF_A, READ(SMMU2));
	assert_proxy(m, MODEL_INFO);
	story = view_story(m, model_next_verdict(m, NULL));
	assert_non_null(strstr(story, "The driver finalised it for device " DEV3 ", behind " SMMU2
				      ", instead. "));
	free(story);
	model_free(m);
}

static void test_other_instance(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, FINALISE, AT2, OF_A, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT1, OF_A, READ(SMMU2));
	EVENT(m, ATTACH, AT1, OF_A, .result = -EINVAL, READ(SMMU2));
	EVENT(m, CALLER, .result = -EINVAL);
	assert_verdicts(m, "proxy-alloc hard-mismatch ");
	assert_int_equal(find_verdict(m, MODEL_PROXY_ALLOC)->severity, MODEL_WARNING);
	model_free(m);
}

static void test_after_alloc(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT2, OF_A, READ(SMMU2));
	EVENT(m, FINALISE, AT3, OF_A, READ(SMMU2));
	EVENT(m, ATTACH, AT2, OF_A, READ(SMMU2));
	assert_proxy(m, MODEL_INFO);
	model_free(m);
}

/* What the driver says counts where its struct cannot be read. */
static void test_unread(void **state)
{
	for (int first = 0; first < 2; first++) {
		struct model *m = new_machine("arm-smmu-v3");
		const struct model_verdict *v;

		if (first)
			EVENT(m, FINALISE, AT2, OF_A);
		EVENT(m, DOMAIN_ALLOC, AT1, OF_A);
		if (!first)
			EVENT(m, FINALISE, AT2, OF_A);
		assert_string_equal(model_find_domain(m, A)->instance->name, SMMU2);
		EVENT(m, ATTACH, AT1, OF_A, .result = -EINVAL);
		EVENT(m, CALLER, .result = -EINVAL);
		assert_verdicts(m, "proxy-alloc hard-mismatch ");
		v = find_verdict(m, MODEL_HARD_MISMATCH);
		assert_string_equal(v->domain_instance->name, SMMU2);
		assert_int_equal(v->evidence, MODEL_EVIDENCE_DRIVER);
		model_free(m);
	}
}

static void test_as_asked(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	char *story;

	EVENT(m, FINALISE, AT1, OF_A, READ(SMMU1));
	EVENT(m, DOMAIN_ALLOC, AT1, OF_A, READ(SMMU1));
	EVENT(m, ATTACH, AT1, OF_A, READ(SMMU1));
	assert_verdicts(m, "");
	/* And nothing of it is told. */
	EVENT(m, ATTACH, AT1, OF_A, .result = -ENOMEM, READ(SMMU1));
	story = view_story(m, model_next_verdict(m, NULL));
	assert_null(strstr(story, "finalised"));
	free(story);
	model_free(m);
}

/* Asked for one, attached to another, and the driver had bound it for that one. */
static void test_driver_knew_better(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, FINALISE, AT2, OF_A, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT1, OF_A, READ(SMMU2));
	EVENT(m, ATTACH, AT2, OF_A, READ(SMMU2));
	assert_verdicts(m, "");
	model_free(m);
}

/* As asked, but attached to another. */
static void test_attached_elsewhere(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, FINALISE, AT2, OF_A, READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT2, OF_A, READ(SMMU2));
	EVENT(m, ATTACH, AT3, OF_A, READ(SMMU2));
	assert_proxy(m, MODEL_INFO);
	model_free(m);
}

static void test_chosen_in_the_group(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, FINALISE, .device = "0000:11:00.1", .group = 13, .instance = SMMU2, OF_A,
	      READ(SMMU2));
	EVENT(m, DOMAIN_ALLOC, AT2, OF_A, READ(SMMU2));
	EVENT(m, ATTACH, AT2, OF_A, READ(SMMU2));
	assert_verdicts(m, "");
	model_free(m);
}

/* At attach the device is the one that is attached: nobody chose. */
static void test_late(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, DOMAIN_ALLOC, AT1, OF_A, READ(""));
	EVENT(m, FINALISE, AT1, OF_A, .domain_instance = SMMU1,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_string_equal(model_find_domain(m, A)->chosen_device, "");
	EVENT(m, ATTACH, AT1, OF_A, .domain_instance = SMMU1,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_verdicts(m, "late-finalise ");
	model_free(m);

	m = new_machine("arm-smmu-v3");
	EVENT(m, DOMAIN_ALLOC, AT1, OF_A, READ(""));
	EVENT(m, FINALISE, AT2, OF_A, .domain_instance = SMMU2,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_string_equal(model_find_domain(m, A)->chosen_device, "");
	EVENT(m, ATTACH, AT2, OF_A, .domain_instance = SMMU2,
	      .flags = IMS_EVENT_DRIVER_READ | IMS_EVENT_FINALISED);
	assert_verdicts(m, "proxy-alloc late-finalise ");
	model_free(m);
}

static void test_failed(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");

	EVENT(m, FINALISE, AT2, OF_A, .result = -ENOMEM, READ(""));
	assert_null(model_find_domain(m, A));
	EVENT(m, DOMAIN_ALLOC, AT1, OF_A, READ(SMMU1));
	EVENT(m, FINALISE, AT2, OF_A, .result = -ENOMEM, READ(""));
	assert_string_equal(model_find_domain(m, A)->chosen_device, "");
	assert_string_equal(model_find_domain(m, A)->instance->name, SMMU1);
	EVENT(m, ATTACH, AT1, OF_A, READ(SMMU1));
	assert_verdicts(m, "");
	assert_int_equal(model_overview(m)->failed[IMS_HOOK_FINALISE], 2);
	model_free(m);
}

/* No domain in the model is without the string, and domain 0 is one. */
static void test_never_null(void **state)
{
	struct model *m = new_machine("arm-smmu-v3");
	const struct model_domain *d = NULL;

	while ((d = model_next_domain(m, d)))
		assert_string_equal(d->chosen_device, "");
	assert_string_equal(model_find_domain(m, 0)->chosen_device, "");
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_instance),
		cmocka_unit_test(test_other_instance),
		cmocka_unit_test(test_after_alloc),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_as_asked),
		cmocka_unit_test(test_driver_knew_better),
		cmocka_unit_test(test_attached_elsewhere),
		cmocka_unit_test(test_chosen_in_the_group),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_never_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
