// SPDX-License-Identifier: GPL-2.0-only
/* top_detail.c - all that is known of one object: facts, its story, timeline, histograms, stacks. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

struct detail {
	const struct top *t;
	const struct model *m;
	struct view v; /* for what reports have, too */
	FILE *out;
};

static void heading(const struct detail *d, const char *text)
{
	fprintf(d->out, "\n%c%s\n", TEXT_STYLE(TOP_BOLD), text);
}

static void fact(const struct detail *d, const char *key, const char *value)
{
	fprintf(d->out, "  %-16s ", key);
	view_escape(d->out, *value ? value : "-");
	fputc('\n', d->out);
}

static void fact_number(const struct detail *d, const char *key, uint64_t n)
{
	fprintf(d->out, "  %-16s %" PRIu64 "\n", key, n);
}

static void fact_time(const struct detail *d, const char *key, uint64_t ns)
{
	char buf[VIEW_TEXT];

	fact(d, key, view_time(buf, d->m, ns));
}

static void stack(const struct detail *d, const char *title, const struct ims_stack *s)
{
	if (!s || !s->count)
		return;
	heading(d, title);
	for (uint32_t i = 0; i < s->count; i++) {
		fputs("  ", d->out);
		view_escape(d->out, s->frame[i]);
		fputc('\n', d->out);
	}
}

/* ---- timeline ------------------------------------------------------------------------------- */

/* What the pane shows are the newest: enough to see what it does. */
#define TIMELINE 200u

struct about {
	uint64_t domain;
	const char *device; /* NULL: any */
	uint32_t group;
};

static bool is_about(const struct log_event *e, const struct about *a)
{
	return (a->domain && e->domain == a->domain) || (a->device && e->device == a->device) ||
	       (a->group != IMS_NO_GROUP && e->group == a->group);
}

static void print_event(const struct detail *d, const struct log_event *e)
{
	char time[VIEW_TEXT], took[VIEW_TEXT] = "-", result[VIEW_TEXT];

	if (e->duration_ns)
		view_ns(took, e->duration_ns);
	fprintf(d->out, "%c  %14s %-13s %-8s %8s ",
		TEXT_STYLE(e->result ? TOP_BAD : TOP_PLAIN), view_time(time, d->m, e->time_ns),
		ims_hook_name(e->hook), view_errno(result, e->result), took);
	if (e->domain)
		fprintf(d->out, " domain %" PRIu64, e->domain);
	if (*e->device) {
		fputc(' ', d->out);
		view_escape(d->out, e->device);
	}
	if (*e->comm) {
		fputs(" by ", d->out);
		view_escape(d->out, e->comm);
		fprintf(d->out, " (%" PRIu32 ")", e->pid);
	}
	fputc('\n', d->out);
}

static void timeline(const struct detail *d, struct about a)
{
	const struct log *log = &d->t->log;
	uint64_t kept = log->seen < LOG_EVENTS ? log->seen : LOG_EVENTS, found = 0;
	uint64_t first = log->seen;

	while (kept && first > log->seen - kept && found < TIMELINE)
		found += is_about(&log->event[--first % LOG_EVENTS], &a);
	heading(d, "TIMELINE");
	if (!found)
		fputs("  no event was seen since iommutop looks\n", d->out);
	for (; found && first < log->seen; first++)
		if (is_about(&log->event[first % LOG_EVENTS], &a))
			print_event(d, &log->event[first % LOG_EVENTS]);
}

/* ---- operations ----------------------------------------------------------------------------- */

static void print_op(const struct detail *d, int op, const struct model_op *o)
{
	char mean[VIEW_TEXT], p50[VIEW_TEXT], p99[VIEW_TEXT], max[VIEW_TEXT], bytes[VIEW_TEXT];

	heading(d, ims_hook_name(model_op_hook(op)));
	fprintf(d->out, "  %" PRIu64 " calls, %" PRIu64 " errors", o->calls, o->errors);
	if (o->bytes)
		fprintf(d->out, ", %s", view_bytes(bytes, o->bytes));
	if (o->untimed)
		fprintf(d->out, ", %" PRIu64 " not timed", o->untimed);
	if (o->calls > o->untimed)
		fprintf(d->out, "; mean %s, p50 %s, p99 %s, max %s",
			view_ns(mean, model_op_mean(o)),
			view_ns(p50, model_op_percentile(o, 500)),
			view_ns(p99, model_op_percentile(o, 990)), view_ns(max, o->max_ns));
	fputs("\n", d->out);
	view_histogram(&d->v, o);
}

static void operations(const struct detail *d, const struct model_op *const op[MODEL_OPS])
{
	for (int i = 0; i < MODEL_OPS; i++)
		if (op[i] && op[i]->calls)
			print_op(d, i, op[i]);
}

/* ---- objects -------------------------------------------------------------------------------- */

static int tell_verdict(const struct detail *d, const struct model_verdict *v)
{
	const struct model_verdict_info *info = model_verdict_info(v->kind);
	char *story = view_story(d->m, v);

	if (!story)
		return -ENOMEM;
	fprintf(d->out, "%c%s %s (%s)\n", TEXT_STYLE(severity_style(v->severity)),
		severity_mark(v->severity), info->name, model_severity_name(v->severity));
	view_wrap(&d->v, info->text, 2);
	fputc('\n', d->out);
	view_wrap(&d->v, story, 2);
	free(story);
	stack(d, "STACK", v->stack);
	if (v->domain || *v->device)
		timeline(d, (struct about){v->domain, *v->device ? v->device : NULL, IMS_NO_GROUP});
	return 0;
}

static void tell_owner(const struct detail *d, const struct model_domain *o)
{
	if (!o->alloc_seen) {
		fact(d, "allocated", o->seen_at_start ? "before the start" : "unseen");
		return;
	}
	fact_time(d, "allocated", o->alloc_ns);
	fact(d, "by", o->comm);
	fact_number(d, "pid", o->pid);
	fact(d, "for", *o->alloc_device ? o->alloc_device : o->alloc_blind ? "no device" : "");
	if (*o->chosen_device)
		fact(d, "finalised for", o->chosen_device);
}

static void tell_users(const struct detail *d, uint64_t domain)
{
	const struct model_device *dev = NULL;
	bool any = false;

	heading(d, "DEVICES");
	while ((dev = model_next_device(d->m, dev))) {
		if (dev->domain != domain || dev->removed)
			continue;
		any = true;
		fputs("  ", d->out);
		view_escape(d->out, dev->name);
		if (dev->group)
			fprintf(d->out, "  group %" PRIu32, dev->group->id);
		if (dev->instance) {
			fputs("  ", d->out);
			view_escape(d->out, dev->instance->name);
		}
		fputc('\n', d->out);
	}
	if (!any)
		fputs("  none now\n", d->out);
}

static void tell_domain(const struct detail *d, const struct model_domain *o)
{
	fprintf(d->out, "%cDOMAIN %" PRIu64 "\n", TEXT_STYLE(TOP_BOLD), o->id);
	fact(d, "type", model_domain_type(o));
	fact(d, "format", o->format);
	fact(d, "instance", o->instance ? o->instance->name : o->bound_to_none ? "none yet" : "");
	fact(d, "evidence", model_evidence_name(o->evidence));
	for (uint32_t i = 0; o->share_count > 1 && i < o->share_count; i++)
		fact(d, "also on", o->share[i].instance->name);
	tell_owner(d, o);
	if (o->freed)
		fact_time(d, "freed", o->free_ns);
	tell_users(d, o->id);
	operations(d, o->op);
	timeline(d, (struct about){o->id, NULL, IMS_NO_GROUP});
	stack(d, "ALLOCATED BY", o->stack);
}

static void tell_device(const struct detail *d, const struct model_device *o)
{
	fprintf(d->out, "%cDEVICE ", TEXT_STYLE(TOP_BOLD));
	view_escape(d->out, o->name);
	fputc('\n', d->out);
	fact(d, "instance", o->instance ? o->instance->name : "");
	if (o->group)
		fact_number(d, "group", o->group->id);
	if (o->domain)
		fact_number(d, "domain", o->domain);
	fact(d, "state", o->removed ? "removed" : o->seen_at_start ? "there at the start" : "added");
	operations(d, o->op);
	timeline(d, (struct about){0, o->name, IMS_NO_GROUP});
}

static void tell_group(const struct detail *d, const struct model_group *o)
{
	fprintf(d->out, "%cGROUP %" PRIu32 "\n", TEXT_STYLE(TOP_BOLD), o->id);
	fact(d, "instance", o->instance ? o->instance->name : "");
	fact(d, "mixed", o->mixed ? "yes: its devices are behind different instances" : "no");
	fact_number(d, "domain", o->domain);
	fact_number(d, "default domain", o->default_domain);
	heading(d, "DEVICES");
	for (const struct model_device *dev = o->devices; dev; dev = dev->next_of_group)
		fact(d, "", dev->name);
	timeline(d, (struct about){0, NULL, o->id});
}

static void tell_instance(const struct detail *d, const struct model_instance *o)
{
	fprintf(d->out, "%cINSTANCE ", TEXT_STYLE(TOP_BOLD));
	view_escape(d->out, o->name);
	fputc('\n', d->out);
	fact(d, "driver", o->driver);
	fact(d, "rule", model_rule_name(o->rule));
	fact(d, "rule from", o->rule_source);
	operations(d, o->op);
	heading(d, "GROUPS");
	for (const struct model_group *g = o->groups; g; g = g->next_of_instance)
		fprintf(d->out, "  group %" PRIu32 "  %" PRIu32 " device%s, domain %" PRIu64 "\n",
			g->id, g->device_count, g->device_count == 1 ? "" : "s", g->domain);
}

static void tell_plan(const struct detail *d, const struct ims_plan *o)
{
	fprintf(d->out, "%cHOOK %s\n", TEXT_STYLE(TOP_BOLD), ims_hook_name(o->hook));
	fact(d, "function", o->function);
	fact(d, "module", o->module);
	fact(d, "mechanism", o->mechanism);
	fact(d, "state", o->state);
	if (o->hits)
		fact_number(d, "hits", o->hits);
	if (*o->reason) {
		heading(d, "WHY");
		view_quote(&d->v, o->reason, 2);
	}
}

/* One operation, over all or of an instance. */
static void tell_op(const struct detail *d, const struct row *row)
{
	const struct model_instance *i = row->object;
	const struct model_op *op = i ? i->op[row->op] : &model_overview(d->m)->op[row->op];

	fprintf(d->out, "%c", TEXT_STYLE(TOP_BOLD));
	view_escape(d->out, i ? i->name : "all objects");
	fputc('\n', d->out);
	if (op)
		print_op(d, row->op, op);
}

int detail_text(const struct top *t, const struct model *m, const struct row *row, FILE *out,
		unsigned int width)
{
	const struct view_options o = {.width = width, .ascii = t->ascii};
	struct detail d = {.t = t, .m = m, .out = out};

	view_init(&d.v, out, m, &o);
	switch (row->kind) {
	case ROW_VERDICT:
		return tell_verdict(&d, row->object);
	case ROW_DOMAIN:
		tell_domain(&d, row->object);
		break;
	case ROW_DEVICE:
		tell_device(&d, row->object);
		break;
	case ROW_GROUP:
		tell_group(&d, row->object);
		break;
	case ROW_INSTANCE:
		tell_instance(&d, row->object);
		break;
	case ROW_PLAN:
		tell_plan(&d, row->object);
		break;
	case ROW_OP:
		tell_op(&d, row);
		break;
	}
	return 0;
}
