// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule.c - whether the domains of a driver are bound to one instance.
 *
 * From the drivers' attach ops in Linux 6.1 to 7.3: the bound ones return -EINVAL (or -ENXIO,
 * -EXDEV) for a domain whose instance is another, the sharing ones keep a list of instances.
 */
#include "internal.h"

static const struct {
	const char *prefix;
	enum model_rule rule;
} drivers[] = {
	/* of iommu_ops symbols and of driver names */
	{"arm-smmu", MODEL_RULE_BOUND},	     {"arm_smmu", MODEL_RULE_BOUND},
	{"iommulab", MODEL_RULE_BOUND},	     {"iommuscope-smmuv3", MODEL_RULE_BOUND},
	{"virtio_iommu", MODEL_RULE_BOUND},  {"virtio-iommu", MODEL_RULE_BOUND},
	{"viommu", MODEL_RULE_BOUND},
	{"intel_iommu", MODEL_RULE_SHARING}, {"intel-iommu", MODEL_RULE_SHARING},
	{"amd_iommu", MODEL_RULE_SHARING},   {"amd-iommu", MODEL_RULE_SHARING},
	{"dmar", MODEL_RULE_SHARING},	     {"ivhd", MODEL_RULE_SHARING},
};

static const struct {
	const char *prefix;
	enum model_rule rule;
} names[] = {
	{"smmu3.", MODEL_RULE_BOUND},
	{"smmu.", MODEL_RULE_BOUND},
	{"dmar", MODEL_RULE_SHARING},
	{"ivhd", MODEL_RULE_SHARING},
	{"iommulab", MODEL_RULE_BOUND},
};

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool rule_by_driver(struct model *m, struct model_instance *instance)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		if (!starts(instance->driver, drivers[i].prefix))
			continue;
		instance->rule = drivers[i].rule;
		instance->rule_source = intern_format(m, "table: %s", instance->driver);
		return true;
	}
	return false;
}

static bool rule_by_name(struct model *m, struct model_instance *instance)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!starts(instance->name, names[i].prefix))
			continue;
		instance->rule = names[i].rule;
		instance->rule_source = intern_format(m, "name: %s*", names[i].prefix);
		return true;
	}
	return false;
}

void rule_find(struct model *m, struct model_instance *instance)
{
	if (*instance->driver) {
		if (rule_by_driver(m, instance))
			return;
		/* A driver we do not know may well use another's naming. */
		instance->rule = MODEL_RULE_UNKNOWN;
		instance->rule_source = intern_format(m, "not in table: %s", instance->driver);
		return;
	}
	if (rule_by_name(m, instance))
		return;
	instance->rule = MODEL_RULE_UNKNOWN;
	instance->rule_source = intern(m, "driver not known");
}

const char *model_rule_name(enum model_rule rule)
{
	switch (rule) {
	case MODEL_RULE_BOUND:
		return "bound";
	case MODEL_RULE_SHARING:
		return "sharing";
	default:
		return "unknown";
	}
}
