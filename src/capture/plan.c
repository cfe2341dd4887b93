// SPDX-License-Identifier: GPL-2.0-only
#include "capture/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/attach.h"
#include "capture/error.h"

const char *plan_mechanism_name(enum plan_mechanism m)
{
	static const char *const name[] = {
		[PLAN_FSESSION] = "fsession",	[PLAN_FENTRY] = "fentry", [PLAN_MULTI] = "kprobe-multi",
		[PLAN_KPROBE] = "kprobe", [PLAN_TP_BTF] = "tp_btf", [PLAN_RAW_TP] = "raw_tp",
		[PLAN_NONE] = "",
	};

	return name[m];
}

const char *plan_state_name(enum plan_state s)
{
	static const char *const name[] = {"missing", "chosen", "attached", "failed", "silent"};

	return name[s];
}

void plan_say(struct plan_row *row, const char *fmt, ...)
{
	size_t used = strlen(row->reason), room = sizeof(row->reason);
	va_list args;

	if (used && used + 2 < room) {
		strcpy(row->reason + used, "; ");
		used += 2;
	}
	va_start(args, fmt);
	vsnprintf(row->reason + used, room - used, fmt, args);
	va_end(args);
}

static void set(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* ---- functions -------------------------------------------------------------------------------- */

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

static const char *where(const struct candidate *c)
{
	return c->module ? c->module : "vmlinux";
}

static bool tracepoint_fits(const struct btf *btf, const struct candidate *c, struct plan_row *row)
{
	char name[64];

	snprintf(name, sizeof(name), "btf_trace_%s", c->function);
	if (btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) >= 0)
		return true;
	if (!c->why_not)
		plan_say(row, "no tracepoint %s in %s", c->function, where(c));
	return false;
}

static bool function_fits(const struct btf *btf, const struct candidate *c, struct plan_row *row)
{
	int id = btf__find_by_name_kind(btf, c->function, BTF_KIND_FUNC);

	if (c->kind == IS_TRACEPOINT)
		return tracepoint_fits(btf, c, row);
	if (id < 0) {
		plan_say(row, "%s: not in the BTF of %s", c->function, where(c));
		return false;
	}
	if (!params_match(btf, btf__type_by_id(btf, id), c->params)) {
		plan_say(row, "%s: other parameters than (%s)", c->function, c->params);
		return false;
	}
	row->params = btf_vlen(btf__type_by_id(btf, btf__type_by_id(btf, id)->type));
	return true;
}

static bool in_btf(const struct plan *p, const struct candidate *c, struct plan_row *row)
{
	struct btf *module;
	bool fits;

	if (!c->module)
		return function_fits(p->btf, c, row);
	module = btf__load_module_btf(c->module, p->btf);
	if (!module) {
		if (!c->why_not)
			plan_say(row, "module %s is not loaded%s", c->module,
				 p->own_btf ? "" : ", or has no BTF");
		return false;
	}
	fits = function_fits(module, c, row);
	btf__free(module);
	return fits;
}

/*
 * How many copies of the function the compiler made; the row takes the only one. Of these older kernels' BTF
 * says nothing (6.1), and newer ones' what the source had: the arguments are not to be had in any case.
 */
static size_t take_copy(const struct plan *p, const struct candidate *c, struct plan_row *row)
{
	const char *module = c->module ? c->module : "", *full = NULL;
	size_t n = c->suffix ? ksyms_find(p->ksyms, c->function, module, true, &row->address, &full) : 0;

	if (n == 1) {
		plan_say(row, "%s: by address, the compiler changed its arguments", full);
		row->no_args = true;
	} else {
		row->address = 0;
	}
	return n;
}

/*
 * What the BTF has, the compiler may have renamed or inlined, and another file's function may have the
 * same name. Where the kernel shows no addresses the BTF has to be believed.
 */
static bool in_kernel(const struct plan *p, const struct candidate *c, struct plan_row *row)
{
	const char *module = c->module ? c->module : "";
	size_t n = ksyms_find(p->ksyms, c->function, module, false, &row->address, NULL);

	if (!p->ksyms || c->kind == IS_TRACEPOINT)
		return true;
	if (n == 1) {
		/* Unique in its module, and not only there: by name, which is what sessions need. */
		if (!c->module || !ksyms_find(p->ksyms, c->function, "", false, NULL, NULL))
			row->address = 0;
		return true;
	}
	if (!n) {
		n = take_copy(p, c, row);
		if (n == 1)
			return true;
	}
	row->address = 0;
	plan_say(row, n ? "%s: %zu functions have this name" : "%s: inlined", c->function, n);
	return false;
}

static bool fits(const struct plan *p, const struct candidate *c, struct plan_row *row)
{
	if (!in_btf(p, c, row))
		return take_copy(p, c, row) == 1;
	if (c->why_not) {
		plan_say(row, "tracepoint %s of %s: passed over, %s", c->function, where(c),
			 c->why_not);
		return false;
	}
	return in_kernel(p, c, row);
}

/* ---- mechanisms ------------------------------------------------------------------------------- */

/* Why this kernel cannot do @m; NULL: it can. */
static const char *unusable(struct plan *p, enum plan_mechanism m)
{
	if (!p->tried[m])
		attach_try(p, m, p->unusable[m], sizeof(p->unusable[m]));
	p->tried[m] = true;
	return p->unusable[m][0] ? p->unusable[m] : NULL;
}

/* Why @row cannot have @m; NULL: it can. */
static const char *refusal(struct plan *p, const struct plan_row *row, enum plan_mechanism m)
{
	bool by_name = m == PLAN_FSESSION || m == PLAN_FENTRY;

	if (unusable(p, m))
		return p->unusable[m];
	if (p->running && m != PLAN_KPROBE)
		return "found while recording";
	if (by_name && row->address)
		return "goes by name only";
	if (by_name && row != &p->row[row->point])
		return "one function only";
	if (m != PLAN_KPROBE && strcmp(row->module, "vmlinux") && p->force < 0)
		return "would hold the module";
	return NULL;
}

/* The best that the row can have from @m on. Mechanisms passed over for the same reason share it. */
static void choose_mechanism(struct plan *p, struct plan_row *row, enum plan_mechanism m)
{
	char names[64] = "";
	const char *last = NULL;

	row->mechanism = PLAN_NONE;
	row->state = PLAN_FAILED;
	for (; m < PLAN_LADDER && row->state == PLAN_FAILED; m++) {
		const char *why = refusal(p, row, m);

		if (p->force >= 0 && (int)m != p->force)
			continue;
		if (last && (!why || strcmp(last, why))) {
			plan_say(row, "%s: %s", names, last);
			names[0] = 0;
		}
		last = why;
		if (why) {
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 names[0] ? ", " : "", plan_mechanism_name(m));
			continue;
		}
		row->mechanism = m;
		row->state = PLAN_CHOSEN;
	}
	if (last)
		plan_say(row, "%s: %s", names, last);
}

/* ---- rows ------------------------------------------------------------------------------------- */

static void begin_row(struct plan_row *row, enum ims_point point)
{
	uint64_t missed = row->missed;

	memset(row, 0, sizeof(*row));
	row->missed = missed;
	row->point = point;
	row->program = points[point].program;
	row->arg = -1;
	row->mechanism = PLAN_NONE;
}

/* A row of the point that serves nothing yet, or a further one; NULL: there are too many. */
static struct plan_row *next_row(struct plan *p, enum ims_point point)
{
	for (unsigned int i = 0; i < p->count; i++) {
		struct plan_row *row = &p->row[i];

		if (row->point == point && row->state == PLAN_MISSING && !row->driver[0])
			return row;
	}
	if (p->count == IMS_ROWS)
		return NULL;
	begin_row(&p->row[p->count], point);
	return &p->row[p->count++];
}

static void take(struct plan *p, struct plan_row *row, const struct candidate *c)
{
	row->arg = c->arg;
	if (c->program)
		row->program = c->program;
	if (c->kind != IS_TRACEPOINT) {
		choose_mechanism(p, row, PLAN_FSESSION);
		return;
	}
	row->mechanism = c->module || !p->own_btf ? PLAN_RAW_TP : PLAN_TP_BTF;
	row->state = PLAN_CHOSEN;
}

static bool same_driver(const struct candidate *a, const struct candidate *b)
{
	return a->driver == b->driver ||
	       (a->driver && b->driver && !strcmp(a->driver, b->driver));
}

/* The first that fits of @c and those after it of the same driver. */
static void choose(struct plan *p, struct plan_row *row, const struct candidate *c)
{
	const struct candidate *end = points[row->point].candidate + MAX_CANDIDATES;
	const char *driver = c->driver;

	row->reason[0] = 0;
	row->address = 0;
	row->no_args = false;
	if (driver)
		set(row->driver, sizeof(row->driver), driver);
	for (const struct candidate *first = c; c < end && c->function; c++) {
		if (!same_driver(c, first))
			continue;
		if (!row->function[0] && !c->why_not) {
			set(row->function, sizeof(row->function), c->function);
			set(row->module, sizeof(row->module), c->module ? c->module : "");
		}
		if (!fits(p, c, row))
			continue;
		set(row->function, sizeof(row->function), c->function);
		set(row->module, sizeof(row->module), where(c));
		take(p, row, c);
		return;
	}
}

/* ---- rows of drivers' ops ------------------------------------------------------------------------ */

static bool has_op_row(const struct plan *p, enum ims_point point, uint64_t op)
{
	for (unsigned int i = 0; i < p->count; i++)
		if (p->row[i].point == point && p->row[i].op == op)
			return true;
	return false;
}

/*
 * What is behind an op is attached to by name where that leads to it and nothing else: never in a module,
 * which may have the names of a driver that is built in.
 */
static void choose_op(struct plan *p, enum ims_point point, const struct candidate *c,
		      const struct ops_kind *kind, uint64_t op)
{
	const char *name = ksyms_name_at(p->ksyms, op), *module = ksyms_module_at(p->ksyms, op);
	struct plan_row *row = next_row(p, point);

	if (!row)
		return;
	row->op = row->address = op;
	row->reason[0] = 0;
	set(row->function, sizeof(row->function), name ? name : c->function);
	set(row->module, sizeof(row->module), module && module[0] ? module : "vmlinux");
	set(row->driver, sizeof(row->driver), kind->driver);
	plan_say(row, "found as %s of %s", c->function, kind->driver[0] ? kind->driver : kind->instance);
	if (name && !(module && module[0]) && btf__find_by_name_kind(p->btf, name, BTF_KIND_FUNC) >= 0 &&
	    ksyms_find(p->ksyms, name, "", false, NULL, NULL) == 1)
		row->address = 0;
	take(p, row, c);
}

static void choose_ops(struct plan *p, enum ims_point point, const struct candidate *c)
{
	const char *type = c->kind == IS_DEVICE_OP ? "iommu_ops" : "iommu_domain_ops";
	int member = ops_member(p->btf, type, c->function);
	struct plan_row *primary = &p->row[point];

	if (primary->state == PLAN_MISSING && !primary->function[0])
		set(primary->function, sizeof(primary->function), c->function);
	if (member < 0 || member >= OPS_MEMBERS) {
		if (primary->state == PLAN_MISSING)
			plan_say(primary, "no %s in %s", c->function, type);
		return;
	}
	for (size_t i = 0; i < p->ops.count; i++) {
		const struct ops_kind *k = &p->ops.kind[i];
		uint64_t op = c->kind == IS_DEVICE_OP ? k->device[member] : k->domain[member];

		if (op && !has_op_row(p, point, op))
			choose_op(p, point, c, k, op);
	}
	if (primary->state == PLAN_MISSING)
		plan_say(primary, "%s: no driver here has it", c->function);
}

/* ---- all rows --------------------------------------------------------------------------------- */

static bool driver_is_here(const struct plan *p, const char *driver)
{
	for (size_t i = 0; driver && i < p->ops.count; i++)
		if (ops_are_of(&p->ops.kind[i], driver))
			return true;
	return !driver;
}

/* The row for the candidates of @driver; NULL: there are too many. */
static struct plan_row *row_of(struct plan *p, enum ims_point point, const char *driver)
{
	if (!driver)
		return &p->row[point];
	for (unsigned int i = 0; i < p->count; i++)
		if (p->row[i].point == point && !strcmp(p->row[i].driver, driver))
			return &p->row[i];
	return next_row(p, point);
}

static bool is_first_of_driver(const struct candidate *c, const struct candidate *all)
{
	while (!same_driver(all, c))
		all++;
	return all == c;
}

void plan_make_rows(struct plan *p, enum ims_point point)
{
	const struct candidate *all = points[point].candidate;
	struct plan_row *primary = &p->row[point], *row;

	if (primary->state == PLAN_MISSING)
		primary->reason[0] = 0;
	if (p->without & 1u << points[point].hook) {
		set(primary->function, sizeof(primary->function), all->function);
		plan_say(primary, "left out by --operations");
		return;
	}
	for (const struct candidate *c = all; c < all + MAX_CANDIDATES && c->function; c++) {
		if (c->kind == IS_DEVICE_OP || c->kind == IS_DOMAIN_OP) {
			choose_ops(p, point, c);
			continue;
		}
		if (!is_first_of_driver(c, all) || !driver_is_here(p, c->driver))
			continue;
		row = row_of(p, point, c->driver);
		if (row && row->state == PLAN_MISSING)
			choose(p, row, c);
	}
	if (primary->state == PLAN_MISSING && !primary->reason[0]) {
		set(primary->function, sizeof(primary->function), all->function);
		plan_say(primary, "no instance here has a driver with such a function");
	}
}

static int parse_force(struct plan *p, const char *force, struct ims_error *err)
{
	const char *why;

	p->force = -1;
	if (!force)
		return 0;
	for (int m = 0; m < PLAN_LADDER; m++)
		if (!strcmp(force, plan_mechanism_name(m)))
			p->force = m;
	if (p->force < 0)
		return ims_fail(err, -EINVAL,
				"no mechanism is called \"%s\"; there are fsession, fentry, "
				"kprobe-multi and kprobe",
				force);
	why = unusable(p, p->force);
	if (why)
		return ims_fail(err, -EOPNOTSUPP,
				"cannot use %s: %s; without --mechanism the best there is is taken",
				force, why);
	return 0;
}

/* Tracepoints alone would tell next to nothing. */
static int need_one(struct plan *p, struct ims_error *err)
{
	for (int m = 0; m < PLAN_LADDER; m++)
		if (!unusable(p, m))
			return 0;
	return ims_fail(err, -EACCES,
			"cannot hook any function: kprobe: %s; run it as root, or set "
			"kernel.perf_event_paranoid to 2",
			p->unusable[PLAN_KPROBE]);
}

int plan_make(struct plan *p, struct btf *btf, bool own_btf, const struct ksyms *ksyms,
	      const char *force, uint32_t without, struct ims_error *err)
{
	int e;

	memset(p, 0, sizeof(*p));
	p->btf = btf;
	p->own_btf = own_btf;
	p->ksyms = ksyms;
	p->without = without;
	e = parse_force(p, force, err);
	if (!e)
		e = need_one(p, err);
	if (e)
		return e;
	ops_read(&p->ops, btf, ksyms);
	p->count = IMS_POINT_MAX;
	for (unsigned int i = 0; i < IMS_POINT_MAX; i++)
		begin_row(&p->row[i], i);
	for (unsigned int i = 0; i < IMS_POINT_MAX; i++)
		plan_make_rows(p, i);
	return 0;
}

bool plan_load_failed(struct plan *p)
{
	for (unsigned int i = 0; i < p->count; i++) {
		struct plan_row *row = &p->row[i];
		const char *line;

		if (row->state != PLAN_CHOSEN || !attach_was_refused(p, row, &line))
			continue;
		plan_say(row, "%s: refused (%s)", plan_mechanism_name(row->mechanism), line);
		choose_mechanism(p, row, row->mechanism + 1);
		return true;
	}
	return false;
}

void plan_free(struct plan *p)
{
	plan_detach(p);
	free(p->log);
	p->log = NULL;
}
