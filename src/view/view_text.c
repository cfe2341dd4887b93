// SPDX-License-Identifier: GPL-2.0-only
/* view_text.c - the report: verdicts, topology, domains, plan. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

/* ASCII and UTF-8 forms of the same. */
static const char *glyph(const struct view *v, const char *utf8, const char *ascii)
{
	return v->o.ascii ? ascii : utf8;
}

static void print_stack(const struct view *v, const struct ims_stack *stack, unsigned int indent)
{
	if (!v->o.stacks || !stack)
		return;
	for (uint32_t i = 0; i < stack->count; i++) {
		fprintf(v->out, "%*s", (int)indent, "");
		view_escape(v->out, stack->frame[i]);
		fputc('\n', v->out);
	}
}

static int print_verdict(const struct view *v, const struct model_verdict *verdict)
{
	char *story = view_story(v->m, verdict);

	if (!story)
		return -ENOMEM;
	fputs("  ", v->out);
	view_on(v, view_severity_color(verdict->severity));
	fprintf(v->out, "%s", model_verdict_info(verdict->kind)->name);
	view_off(v);
	fprintf(v->out, " (%s)\n", model_severity_name(verdict->severity));
	view_wrap(v, story, 4);
	print_stack(v, verdict->stack, 6);
	free(story);
	return 0;
}

static void print_filter(const struct view *v)
{
	if (!v->o.filter)
		return;
	view_heading(v, "SHOWN ONLY");
	view_quote(v, v->o.filter->text, 2);
	fputs("  Sums of operations, plan, host and loss are of the whole recording.\n\n", v->out);
}

static int print_verdicts(const struct view *v)
{
	const struct model_verdict *verdict = NULL;
	uint64_t row = 0;
	int err;

	view_heading(v, "VERDICTS");
	view_verdict_counts(v);
	for (int severity = MODEL_CRITICAL; severity >= MODEL_INFO; severity--) {
		while ((verdict = model_next_verdict(v->m, verdict))) {
			if ((int)verdict->severity != severity ||
			    !view_shows_verdict(v->o.filter, verdict) || !view_row_fits(v, row++))
				continue;
			err = print_verdict(v, verdict);
			if (err)
				return err;
		}
	}
	view_left_out(v, row);
	fputc('\n', v->out);
	return 0;
}

static void print_current(const struct view *v, uint64_t id)
{
	const struct model_domain *d = id ? model_find_domain(v->m, id) : NULL;

	if (!d) {
		fputs("no domain known", v->out);
		return;
	}
	fprintf(v->out, "domain %" PRIu64 " %s", id, model_domain_type(d));
	if (*d->format) {
		fputs(", ", v->out);
		view_escape(v->out, d->format);
	}
}

static void print_device(const struct view *v, const struct model_device *dev, bool last_group)
{
	const struct model_group *group = dev->group;
	bool last = !dev->next_of_group;

	fprintf(v->out, "  %s%s", last_group ? "   " : glyph(v, "│  ", "|  "),
		last ? glyph(v, "└─ ", "`- ") : glyph(v, "├─ ", "|- "));
	view_escape(v->out, dev->name);
	if (dev->domain != group->domain) {
		fputs("  ", v->out);
		print_current(v, dev->domain);
	}
	if (group->mixed && dev->instance && dev->instance != group->instance) {
		fputs("  behind ", v->out);
		view_escape(v->out, dev->instance->name);
	}
	fputc('\n', v->out);
}

static void print_group(const struct view *v, const struct model_group *group, bool last)
{
	const struct model_device *dev;

	fprintf(v->out, "  %sgroup %" PRIu32 "  ",
		last ? glyph(v, "└─ ", "`- ") : glyph(v, "├─ ", "|- "), group->id);
	print_current(v, group->domain);
	if (group->mixed)
		fputs("  (mixed)", v->out);
	fputc('\n', v->out);
	for (dev = group->devices; dev; dev = dev->next_of_group)
		print_device(v, dev, last);
}

/* @group, or the next one of its instance that is shown. */
static const struct model_group *next_shown(const struct view *v, const struct model_group *group)
{
	while (group && !view_shows_group(v->o.filter, group))
		group = group->next_of_instance;
	return group;
}

static uint64_t print_instance(const struct view *v, const struct model_instance *instance,
			       uint64_t row)
{
	const struct model_group *group, *next;

	if (view_row_fits(v, row)) {
		fputs("  ", v->out);
		view_escape(v->out, instance->name);
		fprintf(v->out, "  %s (", model_rule_name(instance->rule));
		view_escape(v->out, instance->rule_source);
		fputs(")\n", v->out);
	}
	row++;
	for (group = next_shown(v, instance->groups); group; group = next, row++) {
		next = next_shown(v, group->next_of_instance);
		if (view_row_fits(v, row))
			print_group(v, group, !next);
	}
	return row;
}

static void print_topology(const struct view *v)
{
	const struct model_instance *instance = NULL;
	const struct model_group *group = NULL;
	uint64_t row = 0;

	view_heading(v, "TOPOLOGY");
	while ((instance = model_next_instance(v->m, instance)))
		if (view_shows_instance(v->o.filter, instance))
			row = print_instance(v, instance, row);
	while ((group = model_next_group(v->m, group))) {
		if (group->instance || !group->devices || !view_shows_group(v->o.filter, group))
			continue;
		if (view_row_fits(v, row))
			print_group(v, group, true);
		row++;
	}
	if (!row)
		fputs("  nothing known\n", v->out);
	view_left_out(v, row);
	fputc('\n', v->out);
}

/* All instances of a domain that has more than the one in its row. */
static void print_shares(const struct view *v, const struct model_domain *d)
{
	for (uint32_t i = 0; d->share_count > 1 && i < d->share_count; i++) {
		const struct model_share *s = &d->share[i];

		fputs("                on ", v->out);
		view_cell(v, s->instance->name, 24);
		fprintf(v->out, " %-9s%6" PRIu32 "\n", s->by_driver ? "driver" : "devices",
			s->device_count);
	}
}

static void print_domain(const struct view *v, const struct model_domain *d)
{
	char buf[VIEW_TEXT];

	fprintf(v->out, "%7" PRIu64 " ", d->id);
	view_cell(v, model_domain_type(d), 9);
	fputc(' ', v->out);
	view_cell(v, d->instance ? d->instance->name : d->bound_to_none ? "(none yet)" : "-", 24);
	fputc(' ', v->out);
	view_cell(v, model_evidence_name(d->evidence), 12);
	if (d->freed)
		fputs(" freed ", v->out);
	else
		fprintf(v->out, " %5" PRIu32 " ", d->device_count);
	if (d->alloc_seen) {
		view_cell(v, d->comm, 10);
		fprintf(v->out, " %s", view_count(buf, d->pid, 7));
	} else {
		fputs(d->seen_at_start ? "(at start)" : "(unseen)", v->out);
	}
	fputc('\n', v->out);
	print_shares(v, d);
	if (v->o.stacks && d->stack) {
		fprintf(v->out, "        allocated at %s by\n", view_time(buf, v->m, d->alloc_ns));
		print_stack(v, d->stack, 10);
	}
}

static void print_domains(const struct view *v)
{
	const struct model_domain *d = NULL;
	uint64_t row = 0;

	view_heading(v, "DOMAINS");
	view_on(v, VIEW_DIM);
	fputs(" DOMAIN TYPE      INSTANCE                 EVIDENCE     DEVS  BY         PID\n",
	      v->out);
	view_off(v);
	while ((d = model_next_domain(v->m, d)))
		if (view_shows_domain(v->o.filter, d) && view_row_fits(v, row++))
			print_domain(v, d);
	view_left_out(v, row);
	fputc('\n', v->out);
}

/* One of many of its kind: iommutrace info shows them. */
static bool is_detail(const char *key)
{
	static const char *const kinds[] = {"instance.", "group.", "device.", "dmesg.",
					    "kernel.modules"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(key, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

static void print_host(const struct view *v)
{
	const struct ims_host *h;
	uint64_t details = 0;

	if (!model_host(v->m, 0))
		return;
	view_heading(v, "HOST");
	for (size_t i = 0; (h = model_host(v->m, i)); i++) {
		if (is_detail(h->key)) {
			details++;
			continue;
		}
		fputs("  ", v->out);
		view_cell(v, h->key, 28);
		fputc(' ', v->out);
		view_cut(v, h->value, 49);
		fputc('\n', v->out);
	}
	if (details)
		fprintf(v->out, "  and %" PRIu64 " of instances, groups, devices, modules and dmesg: info shows them\n",
			details);
	fputc('\n', v->out);
}

static void print_plan(const struct view *v)
{
	const struct model_overview *o = model_overview(v->m);

	view_heading(v, "PLAN");
	fprintf(v->out, "  %" PRIu64 " attached, %" PRIu64 " missing\n", o->attached_rows,
		o->missing_rows);
	if (v->o.plan)
		view_plan_rows(v);
	fputc('\n', v->out);
}

int view_text(FILE *out, const struct model *m, const struct view_options *o)
{
	struct view v;
	int err;

	view_init(&v, out, m, o);
	print_filter(&v);
	err = print_verdicts(&v);
	if (err)
		return err;
	print_topology(&v);
	print_domains(&v);
	view_lifetimes(&v);
	view_latency(&v);
	view_histograms(&v);
	err = view_leaks(&v);
	if (err)
		return err;
	print_plan(&v);
	print_host(&v);
	view_loss(&v);
	return view_done(out);
}
