/* SPDX-License-Identifier: GPL-2.0-only */
/* test_model.h - streams written by hand, for the tests of the model and the views. */
#ifndef TEST_MODEL_H
#define TEST_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <iommuscope/model.h>

#pragma GCC diagnostic ignored "-Woverride-init"

#define BLOCKED	  0u
#define UNMANAGED 1u
#define DMA	  3u
#define IDENTITY  4u

#define SMMU1 "smmu3.0x000000000c020000"
#define SMMU2 "smmu3.0x000000000c040000"
#define DEV1  "0000:09:00.0"
#define DEV2  "0000:11:00.0"
#define DEV3  "0000:12:00.0"
/* Where the three are; for use in EVENT(). */
#define AT1	   .device = DEV1, .group = 12, .instance = SMMU1
#define AT2	   .device = DEV2, .group = 13, .instance = SMMU2
#define AT3	   .device = DEV3, .group = 14, .instance = SMMU2
#define READ(name) .domain_instance = name, .flags = IMS_EVENT_DRIVER_READ
/* The singleton, as the capture numbers it. */
#define BLOCKING_ID 9

/* An event 10 us after the one before, by thread 101 of qemu, with what is given. */
#define EVENT(m, hook_, ...)                                                                       \
	put_event(m, (struct ims_event){.hook = IMS_HOOK_##hook_,                                  \
					.group = IMS_NO_GROUP,                                     \
					.pid = 100,                                                \
					.tid = 101,                                                \
					.comm = "qemu",                                            \
					.duration_ns = 1000,                                       \
					__VA_ARGS__})

static uint64_t test_now = 1000000;

static inline const char *or_empty(const char *s)
{
	return s ? s : "";
}

static inline void put_event(struct model *m, struct ims_event e)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = test_now += 10000};

	e.function = or_empty(e.function);
	e.comm = or_empty(e.comm);
	e.device = or_empty(e.device);
	e.instance = or_empty(e.instance);
	e.domain_instance = or_empty(e.domain_instance);
	e.reason = or_empty(e.reason);
	e.format = or_empty(e.format);
	rec.event = e;
	assert_int_equal(model_apply(m, &rec), 0);
}

static inline void put_instance(struct model *m, const char *name, const char *driver)
{
	struct ims_record rec = {.type = IMS_REC_INSTANCE};

	rec.instance = (struct ims_instance){.name = name, .driver = driver};
	assert_int_equal(model_apply(m, &rec), 0);
}

static inline void put_loss(struct model *m, uint32_t hook, uint32_t cause, uint64_t lost)
{
	struct ims_record rec = {.type = IMS_REC_LOSS, .time_ns = test_now += 10000};

	rec.loss = (struct ims_loss){.hook = hook, .cause = cause, .lost = lost};
	assert_int_equal(model_apply(m, &rec), 0);
}

/* Three devices behind two instances of @driver, as a snapshot finds them. */
static inline struct model *new_machine(const char *driver)
{
	struct model *m = model_new();

	assert_non_null(m);
	test_now = 1000000;
	put_instance(m, SMMU1, driver);
	put_instance(m, SMMU2, driver);
#define SNAP                                                                                       \
	.domain_type = DMA, .flags = IMS_EVENT_SNAPSHOT | IMS_EVENT_DEFAULT | IMS_EVENT_CURRENT |  \
				     IMS_EVENT_DRIVER_READ
	EVENT(m, SNAPSHOT, AT1, .domain = 1, .domain_instance = SMMU1, SNAP);
	EVENT(m, SNAPSHOT, AT2, .domain = 2, .domain_instance = SMMU2, SNAP);
	EVENT(m, SNAPSHOT, AT3, .domain = 3, .domain_instance = SMMU2, SNAP);
#undef SNAP
	return m;
}

#define A 20
#define B 21

/* Domain A serves the first device: VFIO has one container with group 12 in it. */
static inline struct model *new_container(const char *driver)
{
	struct model *m = new_machine(driver);

	EVENT(m, DOMAIN_ALLOC, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH, AT1, .domain = BLOCKING_ID, .domain_type = BLOCKED);
	EVENT(m, ATTACH, AT1, .domain = A, .domain_type = UNMANAGED, READ(SMMU1));
	EVENT(m, ATTACH_GROUP, AT1, .domain = A, .domain_type = UNMANAGED);
	EVENT(m, CALLER, .function = "vfio_iommu_type1_attach_group");
	return m;
}

static inline const struct model_verdict *find_verdict(const struct model *m,
						       enum model_verdict_kind kind)
{
	const struct model_verdict *v = NULL;

	while ((v = model_next_verdict(m, v)))
		if (v->kind == kind)
			return v;
	return NULL;
}

/* All the verdicts of @m, told in order: "soft-mismatch unknown ". */
static inline const char *all_verdicts(const struct model *m)
{
	static char text[1024];
	const struct model_verdict *v = NULL;

	text[0] = '\0';
	while ((v = model_next_verdict(m, v))) {
		strcat(text, model_verdict_info(v->kind)->name);
		strcat(text, " ");
		assert_true(strlen(text) < sizeof(text) - 32);
	}
	return text;
}

#define assert_verdicts(m, text) assert_string_equal(all_verdicts(m), text)

#endif
