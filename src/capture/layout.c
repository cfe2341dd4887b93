// SPDX-License-Identifier: GPL-2.0-only
#include "capture/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define ALTERNATIVES 2

/*
 * How a kernel's driver lays out its domain; a member of which the kernel has none, or none in that
 * place, makes the next alternative the one to try. A path "a.b" goes into a struct. Two drivers
 * may share the name of a struct (both SMMU drivers have an arm_smmu_domain), so a member that only
 * the right one has is named too.
 */
struct instance_rule {
	enum ims_layout_kind kind;
	const char *member;
	const char *type;  /* of the driver's instance; NULL: what the pointer points to */
	const char *index; /* member of that */
};

struct format_rule {
	const char *member;
	struct {
		const char *value; /* name in the member's enum; "N": the number */
		const char *name;
	} is[LAYOUT_FORMATS];
	int bit, bits; /* of an integer that has flags; bits 0: the whole member */
};

#define ARM_STAGES                                                                                 \
	{{"stage", {{"ARM_SMMU_DOMAIN_S1", "stage 1"}, {"ARM_SMMU_DOMAIN_S2", "stage 2"}}}}

static const struct layout_rule {
	const char *driver; /* NAME*: its instances have no driver, but names that begin so */
	const char *module; /* where its BTF is when it is not built in; NULL: it always is */
	const char *type;
	const char *only; /* a member that tells this struct from its namesakes; NULL: none */
	const char *only_format;
	struct instance_rule instance[ALTERNATIVES];
	struct format_rule format[ALTERNATIVES];
} rules[] = {
	{
		.driver = "arm-smmu-v3",
		.module = "arm_smmu_v3",
		.type = "arm_smmu_domain",
		.only = "nr_ats_masters",
		.instance = {{IMS_LAYOUT_POINTER, "smmu"}},
		.format = ARM_STAGES,
	},
	{
		.driver = "iommuscope-smmuv3",
		.module = "iommuscope_smmuv3",
		.type = "arm_smmu_domain",
		.only = "nr_ats_masters",
		.instance = {{IMS_LAYOUT_POINTER, "smmu"}},
		.format = ARM_STAGES,
	},
	{
		.driver = "arm-smmu",
		.module = "arm_smmu",
		.type = "arm_smmu_domain",
		.only = "cb_lock",
		.instance = {{IMS_LAYOUT_POINTER, "smmu"}},
		.format = ARM_STAGES,
	},
	{
		.driver = "virtio_iommu",
		.module = "virtio_iommu",
		.type = "viommu_domain",
		.only_format = "requests",
		.instance = {{IMS_LAYOUT_POINTER, "viommu"}},
	},
	{
		.driver = "iommulab*",
		.module = "iommulab",
		.type = "iommulab_domain",
		.instance = {{IMS_LAYOUT_POINTER, "iommu"}},
	},
	{
		.driver = "intel_iommu_ops",
		.type = "dmar_domain",
		.instance = {{IMS_LAYOUT_XARRAY, "iommu_array", "intel_iommu", "seq_id"}},
		/* In 6.1 DOMAIN_FLAG_USE_FIRST_LEVEL; 7.x: ims_layout_format_of_ops(). */
		.format = {{"use_first_level", {{"0", "second level"}, {"1", "first level"}}},
			   {"flags",
			    {{"0", "second level"}, {"1", "first level"}},
			    .bit = 1,
			    .bits = 1}},
	},
	{
		.driver = "amd_iommu_ops",
		.type = "protection_domain",
		.instance = {{IMS_LAYOUT_XARRAY, "iommu_array", "amd_iommu", "index"},
			     {IMS_LAYOUT_COUNTS, "dev_iommu", "amd_iommu", "index"}},
		.format = {{"pd_mode", {{"PD_MODE_V1", "v1"}, {"PD_MODE_V2", "v2"}}},
			   {"iop.iop.fmt", {{"AMD_IOMMU_V1", "v1"}, {"AMD_IOMMU_V2", "v2"}}}},
	},
};

struct found {
	__u32 bit, bits;
	__u32 type; /* of the member */
};

static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* One member by its name, in anonymous members too. */
static bool member_named(const struct btf *btf, const struct btf_type *t, const char *name,
			 size_t n, struct found *out)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const char *s = btf__name_by_offset(btf, m[i].name_off);
		const struct btf_type *inner = resolve(btf, m[i].type);
		__u32 bit = btf_member_bit_offset(t, i);

		if (s && strlen(s) == n && !strncmp(s, name, n)) {
			*out = (struct found){bit, btf_member_bitfield_size(t, i), m[i].type};
			return true;
		}
		if (s && !*s && inner && btf_is_composite(inner) &&
		    member_named(btf, inner, name, n, out)) {
			out->bit += bit;
			return true;
		}
	}
	return false;
}

/* A member by its path. */
static bool member(const struct btf *btf, const struct btf_type *t, const char *path,
		   struct found *out)
{
	__u32 bit = 0;

	for (;; path++) {
		size_t n = strcspn(path, ".");

		if (!t || !btf_is_composite(t) || !member_named(btf, t, path, n, out))
			return false;
		out->bit += bit;
		bit = out->bit;
		path += n;
		if (!*path)
			return true;
		t = resolve(btf, out->type);
	}
}

static const struct btf_type *struct_pointed_to(const struct btf *btf, __u32 type)
{
	const struct btf_type *t = resolve(btf, type);

	if (!t || !btf_is_ptr(t))
		return NULL;
	t = resolve(btf, t->type);
	return t && btf_is_struct(t) ? t : NULL;
}

static bool fill_instance(const struct btf *btf, const struct btf_type *t,
			  const struct instance_rule *rule, struct ims_layout *out)
{
	const struct btf_type *instance;
	struct found at, iommu, index = {};

	if (!rule->member || !member(btf, t, rule->member, &at))
		return false;
	if (rule->type)
		instance = btf__type_by_id(
			btf, btf__find_by_name_kind(btf, rule->type, BTF_KIND_STRUCT));
	else
		instance = struct_pointed_to(btf, at.type);
	if (!instance || !member(btf, instance, "iommu", &iommu) ||
	    (rule->index && !member(btf, instance, rule->index, &index)))
		return false;
	out->kind = rule->kind;
	out->instance = at.bit / 8;
	out->iommu = iommu.bit / 8;
	out->index = index.bit / 8;
	return true;
}

static bool enum_value(const struct btf *btf, __u32 type, const char *name, __u32 *value)
{
	const struct btf_type *t = resolve(btf, type);
	const struct btf_enum *e;

	if (*name >= '0' && *name <= '9') {
		*value = *name - '0';
		return true;
	}
	if (!t || !btf_is_enum(t))
		return false;
	e = btf_enum(t);
	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, e[i].name_off), name)) {
			*value = e[i].val;
			return true;
		}
	return false;
}

static bool fill_format(const struct btf *btf, const struct btf_type *t,
			const struct format_rule *rule, struct layout *out)
{
	struct found at;

	if (!rule->member || !member(btf, t, rule->member, &at))
		return false;
	out->bpf.format = at.bit + rule->bit;
	out->bpf.format_bits = rule->bits ? (__u32)rule->bits : at.bits ? at.bits : 32;
	for (int i = 0; i < LAYOUT_FORMATS && rule->is[i].value; i++)
		if (enum_value(btf, at.type, rule->is[i].value, &out->format[i].value))
			out->format[i].name = rule->is[i].name;
	return true;
}

static bool fill(const struct btf *btf, const struct btf_type *t, const struct layout_rule *rule,
		 struct layout *out)
{
	struct found at;

	if (rule->only && !member(btf, t, rule->only, &at))
		return false;
	if (!member(btf, t, "domain", &at))
		return false;
	memset(out, 0, sizeof(*out));
	out->bpf.domain = at.bit / 8;
	out->only_format = rule->only_format;
	for (int i = 0; i < ALTERNATIVES && !fill_format(btf, t, &rule->format[i], out); i++)
		;
	for (int i = 0; i < ALTERNATIVES; i++)
		if (fill_instance(btf, t, &rule->instance[i], &out->bpf))
			return true;
	return false;
}

static bool search(const struct btf *btf, __u32 first, const struct layout_rule *rule,
		   struct layout *out)
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

static bool find_rule(struct btf *vmlinux, const struct layout_rule *rule, struct layout *out)
{
	/* A module's own types come first; one that equals a type of vmlinux is only there. */
	struct btf *module = rule->module ? btf__load_module_btf(rule->module, vmlinux) : NULL;
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
		    struct layout *layout)
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

const char *ims_layout_format(const struct layout *layout, __u32 value)
{
	if (layout->only_format)
		return layout->only_format;
	if (!layout->bpf.format_bits)
		return "";
	for (int i = 0; i < LAYOUT_FORMATS; i++)
		if (layout->format[i].name && layout->format[i].value == value)
			return layout->format[i].name;
	return "";
}

const char *ims_layout_format_of_ops(const char *symbol)
{
	static const struct {
		const char *symbol, *format;
	} ops[] = {
		{"intel_fs_paging_domain_ops", "first level"},
		{"intel_ss_paging_domain_ops", "second level"},
	};

	for (size_t i = 0; symbol && i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(symbol, ops[i].symbol))
			return ops[i].format;
	return "";
}
