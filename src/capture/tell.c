// SPDX-License-Identifier: GPL-2.0-only
/* tell.c - what the programs report, as records. */
#include "capture/live.h"

#include <string.h>

#include "capture/fault.h"
#include "capture/instances.h"
#include "capture/layout.h"
#include "capture/stack.h"
#include "capture/stats.h"
#include "capture/trace.h"

static int tell_instance(struct ims_capture *c, const struct ims_kevent *k)
{
	struct ims_record rec = {.type = IMS_REC_INSTANCE, .time_ns = k->time_ns};
	const char *driver = k->driver;
	int fresh;

	if (!driver[0] && k->instance_ops)
		driver = stacks_name_at(c->stacks, k->instance_ops);
	if (!driver)
		driver = "";
	fresh = instances_see(c->instances, k->instance, driver, k->domain_ops,
			      k->instance_ops);
	if (fresh <= 0)
		return fresh;
	c->update = true;
	rec.instance.name = k->instance;
	rec.instance.driver = driver;
	return live_put(c, &rec);
}

static const char *event_format(struct ims_capture *c, const struct ims_kevent *k)
{
	const char *format = k->layout ? instances_format(c->instances, k->layout, k->format) : "";

	if (format[0] || !k->layout)
		return format;
	return ims_layout_format_of_ops(stacks_name_at(c->stacks, k->ops));
}

static int tell_event(struct ims_capture *c, const struct ims_kevent *k,
		      const struct ims_kevent_user *user)
{
	char reason[96], requester[IMS_NAME_LEN];
	struct frames frames, user_frames;
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = k->time_ns};
	struct ims_event *e = &rec.event;
	bool call = k->hook != IMS_HOOK_SNAPSHOT && k->row < c->plan.count;

	e->duration_ns = k->duration_ns;
	e->domain = k->domain;
	e->hook = k->hook;
	e->result = k->result;
	e->cpu = k->cpu;
	e->pid = k->pid;
	e->tid = k->tid;
	e->flags = k->flags;
	e->group = k->group;
	e->domain_type = k->domain_type;
	e->function = call ? c->plan.row[k->row].function : "";
	e->comm = k->comm;
	e->iova = k->iova;
	e->size = k->size;
	e->device = k->device;
	e->instance = k->instance;
	e->domain_instance = k->domain_instance;
	e->reason = ims_fault_reason(k, reason, sizeof(reason));
	e->format = event_format(c, k);
	if (k->fault == IMS_FAULT_VTD || k->fault == IMS_FAULT_AMD)
		e->device = ims_fault_requester(k, requester, sizeof(requester));
	e->stack = stacks_kernel(c->stacks, k->stack, k->stack_depth, e->function, &frames);
	if (user)
		e->user_stack = stacks_user(c->stacks, k->pid, user->stack, user->depth,
					    &user_frames);
	return live_put(c, &rec);
}

/* Modules are told in the order in which they came and went: one may be gone and back by now. */
static int on_module(struct ims_capture *c, const struct ims_kevent *k)
{
	bool changed = plan_unload(&c->plan, k->device);

	stacks_expire(c->stacks);
	if (k->flags & IMS_EVENT_MODULE_COMES)
		changed |= plan_update(&c->plan, stacks_symbols(c->stacks));
	return changed ? tell_change(c) : 0;
}

int tell_sample(void *arg, void *data, size_t size)
{
	struct ims_capture *c = arg;
	const struct ims_kevent *k = data;
	const struct ims_kevent_user *user = data;
	int err = 0;

	if (size < sizeof(*k))
		return 0;
	c->account.received[k->hook < IMS_HOOK_MAX ? k->hook : 0]++;
	err = trace_drain(c->trace, k->time_ns);
	if (!err && k->hook == IMS_HOOK_NONE) {
		c->sink_error = on_module(c, k);
		return c->sink_error;
	}
	if (!err && k->instance[0])
		err = tell_instance(c, k);
	/* An instance found at start has no device: it is told by its record alone. */
	if (!err && (k->hook != IMS_HOOK_SNAPSHOT || k->device[0])) {
		c->events++;
		err = tell_event(c, k, size < sizeof(*user) ? NULL : user);
	}
	if (err)
		c->sink_error = err;
	return err;
}

/* One map or unmap. */
int tell_trace(void *arg, const struct ims_trace *r, uint32_t cpu, uint32_t pid, const char *comm)
{
	struct ims_capture *c = arg;
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = r->time_ns};
	const struct plan_row *row = &c->plan.row[r->point - 1];
	struct ims_event *e = &rec.event;

	e->hook = points[row->point].hook;
	e->function = row->function;
	e->duration_ns = r->duration_ns;
	e->domain = r->flags & IMS_TRACE_SLOT ? stats_domain(c->stats, r->domain) : r->domain;
	e->iova = r->iova;
	e->size = r->size;
	e->result = r->result;
	e->cpu = cpu;
	e->pid = pid;
	e->tid = r->tid;
	e->comm = comm;
	e->group = IMS_NO_GROUP;
	e->device = e->instance = e->domain_instance = e->reason = e->format = "";
	c->account.received[e->hook]++;
	c->events++;
	c->sink_error = live_put(c, &rec);
	if (!c->sink_error && !(r->flags & IMS_TRACE_COUNTED))
		c->sink_error = stats_add(c->stats, e->domain, e->hook, e->duration_ns, e->size);
	return c->sink_error;
}

void tell_read_account(struct ims_capture *c)
{
	struct account *a = &c->account;
	uint64_t sum[IMS_HOOK_MAX] = {};

	for (unsigned int i = 0; i < c->plan.count; i++)
		sum[points[c->plan.row[i].point].hook] += plan_missed(&c->plan.row[i]);
	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++) {
		a->emitted[hook] = c->skel->bss->emitted[hook];
		for (uint32_t cause = 0; cause < IMS_LOSS_MAX; cause++)
			a->lost[hook][cause] = c->skel->bss->lost[hook * IMS_LOSS_MAX + cause];
		a->lost[hook][IMS_LOSS_MISSED] = sum[hook];
	}
	for (uint32_t hook = IMS_HOOK_MAP; hook <= IMS_HOOK_UNMAP; hook++)
		a->emitted[hook] += trace_emitted(c->trace, hook);
}

/*
 * Programs of the hot path only note that they ran. How often, their statistics know, where the hook has
 * no other row.
 */
static uint64_t hits_of(const struct ims_capture *c, unsigned int i)
{
	enum ims_hook hook = points[c->plan.row[i].point].hook;
	uint64_t hits = c->skel->bss->hits[i], calls = stats_calls(c->stats, hook);
	unsigned int rows = 0;

	for (unsigned int j = 0; j < c->plan.count; j++)
		rows += points[c->plan.row[j].point].hook == hook &&
			c->plan.row[j].mechanism != PLAN_NONE;
	return calls && rows == 1 ? calls : hits;
}

static int tell_row(struct ims_capture *c, struct plan_row *row, enum plan_state state, uint64_t hits)
{
	struct ims_record rec = {.type = IMS_REC_PLAN, .time_ns = live_now_ns()};
	char silent[sizeof(row->reason) + 32];

	snprintf(silent, sizeof(silent), "%s%sattached, never hit", row->reason, *row->reason ? "; " : "");
	row->told = state;
	row->told_hits = hits;
	rec.plan.hook = points[row->point].hook;
	rec.plan.function = row->function;
	rec.plan.mechanism = plan_mechanism_name(row->mechanism);
	rec.plan.module = row->module;
	rec.plan.state = plan_state_name(state);
	rec.plan.reason = state == PLAN_SILENT ? silent : row->reason;
	rec.plan.hits = hits;
	return live_put(c, &rec);
}

int tell_plan(struct ims_capture *c)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < c->plan.count; i++)
		err = tell_row(c, &c->plan.row[i], c->plan.row[i].state, hits_of(c, i));
	return err;
}

int tell_hits(struct ims_capture *c)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < c->plan.count; i++) {
		struct plan_row *row = &c->plan.row[i];
		uint64_t hits = hits_of(c, i);
		bool silent = row->state == PLAN_ATTACHED && !hits;
		enum plan_state state = silent ? PLAN_SILENT : row->state;

		if (state != row->told || hits != row->told_hits)
			err = tell_row(c, row, state, hits);
	}
	return err;
}

/* Where the programs find the instance's name in what a driver's function is given. */
void tell_offsets(struct ims_capture *c)
{
	for (unsigned int i = 0; i < c->plan.count; i++) {
		const struct plan_row *row = &c->plan.row[i];
		uint32_t *offset = &c->skel->bss->iommu_offset[i];
		int found;

		if (row->point != IMS_POINT_QUEUE_SYNC || row->mechanism == PLAN_NONE || *offset)
			continue;
		found = ims_layout_instance(c->btf, row->module, row->function);
		if (found >= 0)
			*offset = found + 1;
	}
}

/* Rows came or went. */
int tell_change(struct ims_capture *c)
{
	tell_offsets(c);
	return tell_plan(c);
}
