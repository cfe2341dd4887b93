// SPDX-License-Identifier: GPL-2.0-only
#include "capture/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/*
 * Two drivers may share the name of a struct (both SMMU drivers have an arm_smmu_domain), so a
 * member that only the right one has is named too.
 */
static const struct layout_rule {
	const char *driver; /* NAME*: its instances have no driver, but names that begin so */
	const char *module; /* where its BTF is when it is not built in */
	const char *type;
	const char *only;     /* a member that tells this struct from its namesakes; NULL: none */
	const char *instance; /* member that points to the driver's instance */
	const char *iommu;    /* member of that: the struct iommu_device */
} rules[] = {
	{"arm-smmu-v3", "arm_smmu_v3", "arm_smmu_domain", "nr_ats_masters", "smmu", "iommu"},
	{"virtio_iommu", "virtio_iommu", "viommu_domain", NULL, "viommu", "iommu"},
	{"iommulab*", "iommulab", "iommulab_domain", NULL, "iommu", "iommu"},
	{"iommuscope-smmuv3", "iommuscope_smmuv3", "arm_smmu_domain", "nr_ats_masters", "smmu",
	 "iommu"},
};

/* The member's offset in bytes, and its type in *@type; negative when there is none. */
static int member(const struct btf *btf, const struct btf_type *t, const char *name, __u32 *type)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const char *s = btf__name_by_offset(btf, m[i].name_off);

		if (!s || strcmp(s, name))
			continue;
		*type = m[i].type;
		return (int)(btf_member_bit_offset(t, i) / 8);
	}
	return -ENOENT;
}

static const struct btf_type *struct_pointed_to(const struct btf *btf, __u32 type)
{
	const struct btf_type *t = btf__type_by_id(btf, type);

	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(btf, t->type);
	while (t && btf_is_mod(t))
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_struct(t) ? t : NULL;
}

static bool fill(const struct btf *btf, const struct btf_type *t, const struct layout_rule *rule,
		 struct ims_layout *out)
{
	const struct btf_type *inst;
	int domain, instance, iommu;
	__u32 type;

	if (rule->only && member(btf, t, rule->only, &type) < 0)
		return false;
	domain = member(btf, t, "domain", &type);
	instance = member(btf, t, rule->instance, &type);
	if (domain < 0 || instance < 0)
		return false;
	inst = struct_pointed_to(btf, type);
	iommu = inst ? member(btf, inst, rule->iommu, &type) : -1;
	if (iommu < 0)
		return false;
	out->domain = domain;
	out->instance = instance;
	out->iommu = iommu;
	return true;
}

static bool search(const struct btf *btf, __u32 first, const struct layout_rule *rule,
		   struct ims_layout *out)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 id = first; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_struct(t))
			continue;
		name = btf__name_by_offset(btf, t->name_off);
		if (name && !strcmp(name, rule->type) && fill(btf, t, rule, out))
			return true;
	}
	return false;
}

static bool find_rule(struct btf *vmlinux, const struct layout_rule *rule, struct ims_layout *out)
{
	/* A module's own types come first; one that equals a type of vmlinux is only there. */
	struct btf *module = btf__load_module_btf(rule->module, vmlinux);
	bool found = false;

	if (module)
		found = search(module, btf__type_cnt(vmlinux), rule, out);
	btf__free(module);
	return found || search(vmlinux, 1, rule, out);
}

static bool rule_fits(const struct layout_rule *rule, const char *driver, const char *instance)
{
	size_t n = strcspn(rule->driver, "*");

	if (rule->driver[n])
		return !driver[0] && !strncmp(rule->driver, instance, n);
	return !strcmp(rule->driver, driver);
}

int ims_layout_find(struct btf *vmlinux, const char *driver, const char *instance,
		    struct ims_layout *layout)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rule_fits(&rules[i], driver, instance))
			return find_rule(vmlinux, &rules[i], layout) ? 0 : -ESRCH;
	return -ENOENT;
}

static int iommu_device_in(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *type = btf__type_by_id(btf, m[i].type);
		const char *name = btf__name_by_offset(btf, type->name_off);

		if (btf_is_struct(type) && name && !strcmp(name, "iommu_device"))
			return (int)(btf_member_bit_offset(t, i) / 8);
	}
	return -ESRCH;
}

int ims_layout_instance(struct btf *vmlinux, const char *module, const char *function)
{
	struct btf *own = strcmp(module, "vmlinux") ? btf__load_module_btf(module, vmlinux) : NULL;
	const struct btf *btf = own ? own : vmlinux;
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id), *proto;
	int offset = -ENOENT;

	proto = t ? btf__type_by_id(btf, t->type) : NULL;
	t = proto && btf_vlen(proto) ? struct_pointed_to(btf, btf_params(proto)[0].type) : NULL;
	if (t)
		offset = iommu_device_in(btf, t);
	btf__free(own);
	return offset;
}
