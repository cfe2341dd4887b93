// SPDX-License-Identifier: GPL-2.0-only
#include "capture/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

/*
 * A candidate is taken when the BTF has the function and its parameters begin with these names:
 * that, and never the kernel's version, tells the prototypes apart. A tracepoint has no params.
 */
struct candidate {
	const char *function;
	const char *params;
	const char *module; /* NULL: vmlinux */
	int device_arg;
};

#define MAX_CANDIDATES 3

static const struct point {
	enum ims_hook hook;
	const char *program;
	bool tracepoint;
	struct candidate candidate[MAX_CANDIDATES];
} points[IMS_POINT_MAX] = {
	/* Where all allocations end, default domains too; of the ways to it one or none exists on a
	 * given kernel. See alloc_spoke_for(). */
	[IMS_POINT_DOMAIN_ALLOC] = {IMS_HOOK_DOMAIN_ALLOC, "domain_alloc", false,
				    {{"__iommu_paging_domain_alloc_flags", "dev,type", NULL, 0},
				     {"__iommu_domain_alloc", "ops,dev,type", NULL, 1},
				     {"__iommu_domain_alloc", "bus,type", NULL, -1}}},
	[IMS_POINT_ALLOC_DEVICE] = {IMS_HOOK_DOMAIN_ALLOC, "alloc_device", false,
				    {{"iommu_paging_domain_alloc_flags", "dev,flags"},
				     {"iommu_paging_domain_alloc", "dev"}}},
	[IMS_POINT_ALLOC_BUS] = {IMS_HOOK_DOMAIN_ALLOC, "alloc_bus", false,
				 {{"iommu_domain_alloc", "bus"}}},
	[IMS_POINT_DOMAIN_FREE] = {IMS_HOOK_DOMAIN_FREE, "domain_free", false,
				   {{"iommu_domain_free", "domain"}}},
	/* Not the drivers' own attach_dev: two drivers share that name on arm64. */
	[IMS_POINT_ATTACH] = {IMS_HOOK_ATTACH, "attach", false,
			      {{"__iommu_attach_device", "domain,dev"}}},
	[IMS_POINT_ATTACH_GROUP] = {IMS_HOOK_ATTACH_GROUP, "attach_group", false,
				    {{"iommu_attach_group", "domain,group"}}},
	[IMS_POINT_ATTACH_DEVICE] = {IMS_HOOK_ATTACH_GROUP, "attach_device", false,
				     {{"iommu_attach_device", "domain,dev"}}},
	[IMS_POINT_DETACH_GROUP] = {IMS_HOOK_DETACH_GROUP, "detach_group", false,
				    {{"iommu_detach_group", "domain,group"}}},
	[IMS_POINT_DETACH_DEVICE] = {IMS_HOOK_DETACH_GROUP, "detach_device", false,
				     {{"iommu_detach_device", "domain,dev"}}},
	[IMS_POINT_PROBE] = {IMS_HOOK_PROBE, "probe", false, {{"iommu_probe_device", "dev"}}},
	[IMS_POINT_VFIO_ATTACH] = {IMS_HOOK_CALLER, "vfio_attach", false,
				   {{"vfio_iommu_type1_attach_group", "iommu_data,iommu_group",
				     "vfio_iommu_type1"}}},
	/* A scenario of driver/iommulab, which its writer answers for. */
	[IMS_POINT_LAB] = {IMS_HOOK_CALLER, "lab", false, {{"lab_scenario", "text", "iommulab"}}},
	/* The innermost that every way to map goes through: each call is one iommu:map. */
	[IMS_POINT_MAP] = {IMS_HOOK_MAP, "map", false,
			   {{"iommu_map_nosync", "domain,iova,paddr,size"},
			    {"__iommu_map", "domain,iova,paddr,size"}}},
	[IMS_POINT_UNMAP] = {IMS_HOOK_UNMAP, "unmap", false,
			     {{"__iommu_unmap", "domain,iova,size"}}},
	[IMS_POINT_DEVICE_ADD] = {IMS_HOOK_DEVICE_ADD, "device_add", true,
				  {{"add_device_to_group"}}},
	[IMS_POINT_DEVICE_REMOVE] = {IMS_HOOK_DEVICE_REMOVE, "device_remove", true,
				     {{"remove_device_from_group"}}},
	/* Only our own driver can tell which device it chose. What the core sees too (attach) is
	 * taken from the core, for all drivers of the machine alike. */
	[IMS_POINT_FINALISE] = {IMS_HOOK_FINALISE, "finalise", true,
				{{"domain_finalise", NULL, "iommuscope_smmuv3"}}},
	[IMS_POINT_ATTACH_PASID] = {IMS_HOOK_ATTACH_PASID, "attach_pasid", false,
				    {{"iommu_attach_device_pasid", "domain,dev,pasid"}}},
};

const char *plan_mechanism_name(enum plan_mechanism m)
{
	static const char *const name[] = {"", "tp_btf", "fentry", "kprobe"};

	return name[m];
}

const char *plan_state_name(enum plan_state s)
{
	static const char *const name[] = {"missing", "chosen", "attached", "failed", "silent"};

	return name[s];
}

/* ---- choosing --------------------------------------------------------------------------------- */

/* Whether the function's parameters begin with those of the comma-separated @names. */
static bool params_match(const struct btf *btf, const struct btf_type *func, const char *names)
{
	const struct btf_type *proto = btf__type_by_id(btf, func->type);
	const struct btf_param *p = btf_params(proto);

	for (int i = 0; *names; i++) {
		size_t n = strcspn(names, ",");
		const char *have;

		if (i >= btf_vlen(proto))
			return false;
		have = btf__name_by_offset(btf, p[i].name_off);
		if (!have || strlen(have) != n || strncmp(have, names, n))
			return false;
		names += n + (names[n] == ',');
	}
	return true;
}

static bool tracepoint_fits(const struct btf *btf, const struct candidate *c, struct plan_row *row)
{
	char name[64];

	snprintf(name, sizeof(name), "btf_trace_%s", c->function);
	if (btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) >= 0)
		return true;
	snprintf(row->reason, sizeof(row->reason), "no tracepoint %s", c->function);
	return false;
}

static bool function_fits(const struct btf *btf, const struct candidate *c, struct plan_row *row)
{
	int id = btf__find_by_name_kind(btf, c->function, BTF_KIND_FUNC);

	if (!c->params)
		return tracepoint_fits(btf, c, row);
	if (id < 0) {
		snprintf(row->reason, sizeof(row->reason), "%s: not in the BTF of %s", c->function,
			 c->module ? c->module : "vmlinux");
		return false;
	}
	if (!params_match(btf, btf__type_by_id(btf, id), c->params)) {
		snprintf(row->reason, sizeof(row->reason), "%s: other parameters than (%s)",
			 c->function, c->params);
		return false;
	}
	return true;
}

static bool candidate_fits(struct btf *vmlinux, const struct candidate *c, struct plan_row *row)
{
	struct btf *module;
	bool fits;

	if (!c->module)
		return function_fits(vmlinux, c, row);
	module = btf__load_module_btf(c->module, vmlinux);
	if (!module) {
		snprintf(row->reason, sizeof(row->reason), "module %s is not loaded", c->module);
		return false;
	}
	fits = function_fits(module, c, row);
	btf__free(module);
	return fits;
}

static void choose(struct btf *vmlinux, const struct point *pt, struct plan_row *row,
		   enum plan_mechanism mechanism)
{
	for (int i = 0; i < MAX_CANDIDATES && pt->candidate[i].function; i++) {
		const struct candidate *c = &pt->candidate[i];

		if (!candidate_fits(vmlinux, c, row))
			continue;
		row->function = c->function;
		row->module = c->module ? c->module : "vmlinux";
		row->device_arg = c->device_arg;
		row->mechanism = pt->tracepoint ? PLAN_TP_BTF : mechanism;
		row->state = PLAN_CHOSEN;
		return;
	}
}

/*
 * Whether this kernel attaches fentry programs at all: arm64 without direct calls (6.1) loads them,
 * but refuses to attach. Tried with a program that returns at once.
 */
static int try_fentry(const struct btf *btf)
{
	const struct bpf_insn nop[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf__find_by_name_kind(btf, "iommu_domain_free", BTF_KIND_FUNC);
	int prog, link, err;

	if (id < 0)
		return id;
	opts.attach_btf_id = id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "ims_try", "GPL", nop, 2, &opts);
	if (prog < 0)
		return prog;
	link = bpf_link_create(prog, 0, BPF_TRACE_FENTRY, NULL);
	err = link < 0 ? link : 0;
	if (link >= 0)
		close(link);
	close(prog);
	return err;
}

int plan_make(struct plan *p, struct btf *btf, const char *force)
{
	enum plan_mechanism mechanism = PLAN_FENTRY;
	int err = 0;

	if (force && strcmp(force, "fentry") && strcmp(force, "kprobe"))
		return -EINVAL;
	if (force && !strcmp(force, "kprobe"))
		mechanism = PLAN_KPROBE;
	else if (!force && (err = try_fentry(btf)))
		mechanism = PLAN_KPROBE;
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < IMS_POINT_MAX; i++) {
		struct plan_row *row = &p->row[i];

		row->point = i;
		row->hook = points[i].hook;
		row->program = points[i].program;
		row->function = points[i].candidate[0].function;
		row->module = "";
		row->device_arg = -1;
		choose(btf, &points[i], row, mechanism);
		if (row->state == PLAN_CHOSEN && row->mechanism == PLAN_KPROBE && !force)
			snprintf(row->reason, sizeof(row->reason), "fentry: this kernel refuses it (%s)",
				 err == -524 ? "ENOTSUPP" : strerror(-err));
	}
	return 0;
}

/* ---- carrying out ------------------------------------------------------------------------------ */

static struct bpf_program *program(const struct bpf_object *obj, const struct plan_row *row,
				   const char *kind)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", row->program, kind);
	return bpf_object__find_program_by_name(obj, name);
}

static const char *const kinds[][2] = {
	[PLAN_TP_BTF] = {"tp", NULL},
	[PLAN_FENTRY] = {"fexit", "fentry"},
	[PLAN_KPROBE] = {"kretprobe", "kprobe"},
};

static int prepare_row(struct plan_row *row, const struct bpf_object *obj)
{
	int err = 0;

	for (int k = 0; !err && k < 2 && kinds[row->mechanism][k]; k++) {
		row->prog[k] = program(obj, row, kinds[row->mechanism][k]);
		if (row->mechanism != PLAN_KPROBE)
			err = bpf_program__set_attach_target(row->prog[k], 0, row->function);
	}
	for (int k = 0; k < 2 && row->prog[k]; k++) {
		bpf_program__set_autoload(row->prog[k], !err);
		if (err)
			row->prog[k] = NULL;
	}
	return err;
}

void plan_prepare(struct plan *p, struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
		if (strcmp(bpf_program__section_name(prog), "raw_tp"))
			bpf_program__set_autoload(prog, false);
	for (int i = 0; i < IMS_POINT_MAX; i++) {
		struct plan_row *row = &p->row[i];
		int err = row->state == PLAN_CHOSEN ? prepare_row(row, obj) : 0;

		if (!err)
			continue;
		row->state = PLAN_FAILED;
		snprintf(row->reason, sizeof(row->reason), "target: %s", strerror(-err));
	}
}

/* The return first: an entry without its return would hold a place among the calls. */
static int attach_row(struct plan_row *row)
{
	for (int k = 0; k < 2 && row->prog[k]; k++) {
		row->link[k] = row->mechanism == PLAN_KPROBE
				       ? bpf_program__attach_kprobe(row->prog[k], k == 0,
								    row->function)
				       : bpf_program__attach(row->prog[k]);
		if (!row->link[k])
			return -errno;
	}
	return 0;
}

static void detach_row(struct plan_row *row)
{
	bpf_link__destroy(row->link[1]);
	bpf_link__destroy(row->link[0]);
	row->link[0] = row->link[1] = NULL;
}

int plan_attach(struct plan *p)
{
	int attached = 0;

	for (int i = 0; i < IMS_POINT_MAX; i++) {
		struct plan_row *row = &p->row[i];
		int err;

		if (row->state != PLAN_CHOSEN)
			continue;
		err = attach_row(row);
		if (err) {
			detach_row(row);
			row->state = PLAN_FAILED;
			snprintf(row->reason, sizeof(row->reason), "attach: %s", strerror(-err));
			continue;
		}
		row->state = PLAN_ATTACHED;
		attached++;
	}
	return attached;
}

void plan_detach(struct plan *p)
{
	for (int i = 0; i < IMS_POINT_MAX; i++)
		detach_row(&p->row[i]);
}
