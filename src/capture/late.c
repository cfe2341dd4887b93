// SPDX-License-Identifier: GPL-2.0-only
/*
 * late.c - modules that come and go while recording.
 *
 * What comes later is hooked by kprobes: they are loaded without a target, and do not hold the module.
 * When it goes the kernel takes them away by itself; the row is detached so that it can come again.
 */
#include <string.h>

#include <bpf/libbpf.h>

#include "capture/attach.h"

bool late_is_possible(enum ims_point point)
{
	const struct candidate *c = points[point].candidate;

	for (int i = 0; i < MAX_CANDIDATES && c[i].function; i++)
		if (!c[i].why_not &&
		    (c[i].module || c[i].driver || c[i].kind == IS_DEVICE_OP || c[i].kind == IS_DOMAIN_OP))
			return true;
	return false;
}

static void attach_late(struct plan *p, struct plan_row *row)
{
	for (int k = 0; k < 2; k++) {
		row->prog[k] = attach_program_of(p->running, row->program, row->mechanism, k);
		if (row->prog[k] && bpf_program__fd(row->prog[k]) < 0) {
			row->state = PLAN_FAILED;
			plan_say(row, "%s: not loaded", bpf_program__name(row->prog[k]));
			return;
		}
	}
	attach_chosen(p, row);
}

bool plan_update(struct plan *p, const struct ksyms *ksyms)
{
	bool changed = false;

	p->ksyms = ksyms;
	ops_read(&p->ops, p->btf, ksyms);
	for (unsigned int i = 0; i < IMS_POINT_MAX; i++)
		if (late_is_possible(i))
			plan_make_rows(p, i);
	for (unsigned int i = 0; i < p->count; i++) {
		if (p->row[i].state != PLAN_CHOSEN)
			continue;
		attach_late(p, &p->row[i]);
		changed = true;
	}
	return changed;
}

bool plan_unload(struct plan *p, const char *module)
{
	bool changed = false;

	for (unsigned int i = 0; i < p->count; i++) {
		struct plan_row *row = &p->row[i];

		if ((row->state != PLAN_ATTACHED && row->state != PLAN_FAILED) ||
		    strncmp(row->module, module, IMS_NAME_LEN - 1))
			continue;
		detach_row(row);
		row->state = PLAN_MISSING;
		row->mechanism = PLAN_NONE;
		if (row->op) /* the next driver at this place may be another */
			row->driver[0] = 0;
		row->op = 0;
		row->reason[0] = 0;
		plan_say(row, "module %s was unloaded", row->module);
		changed = true;
	}
	return changed;
}
