// SPDX-License-Identifier: GPL-2.0-only
/* part.c - what several outputs show: verdict counts, plan, loss. */
#include <inttypes.h>

#include "format.h"

static bool print_verdicts_of(const struct view *v, int severity)
{
	bool any = false;

	for (int kind = 0; kind < MODEL_VERDICTS; kind++) {
		const struct model_verdict_info *info = model_verdict_info(kind);
		uint64_t count = view_verdicts_shown(v->o.filter, v->m, kind);

		if (!count || (int)info->severity != severity)
			continue;
		any = true;
		fprintf(v->out, "%6" PRIu64 " ", count);
		view_on(v, view_severity_color(info->severity));
		fprintf(v->out, "%-17s", info->name);
		view_off(v);
		fprintf(v->out, " %s\n", model_severity_name(info->severity));
	}
	return any;
}

void view_verdict_counts(const struct view *v)
{
	bool any = false;

	for (int severity = MODEL_CRITICAL; severity >= MODEL_INFO; severity--)
		any |= print_verdicts_of(v, severity);
	if (!any)
		fputs("  none\n", v->out);
}

void view_plan_rows(const struct view *v)
{
	const struct ims_plan *p;
	char hits[VIEW_TEXT];

	for (size_t i = 0; (p = model_plan(v->m, i)); i++) {
		fputs("  ", v->out);
		view_cell(v, ims_hook_name(p->hook), 13);
		fputc(' ', v->out);
		view_cell(v, *p->function ? p->function : "-", 35);
		fputc(' ', v->out);
		view_cell(v, *p->mechanism ? p->mechanism : "-", 12);
		fputc(' ', v->out);
		if (p->hits) {
			view_cell(v, p->state, 8);
			fprintf(v->out, " %6s", view_count(hits, p->hits, 6));
		} else {
			view_cut(v, p->state, 8);
		}
		fputc('\n', v->out);
		if (*p->reason)
			view_quote(v, p->reason, 6);
	}
}

static void print_count(const struct view *v, uint64_t count, const char *text)
{
	if (count)
		fprintf(v->out, "%10" PRIu64 " %s\n", count, text);
}

static void print_over(const struct view *v, const struct model_over *over)
{
	print_count(v, over->instances, "instances over the cap");
	print_count(v, over->groups, "groups over the cap");
	print_count(v, over->devices, "devices over the cap");
	print_count(v, over->domains, "domains over the cap");
	print_count(v, over->stats, "statistics over the cap");
	print_count(v, over->verdicts, "verdicts over the cap");
	print_count(v, over->tasks, "attaches that were open at once, over the cap");
	print_count(v, over->rows, "rows of plan, host or loss over the cap");
	print_count(v, over->stacks, "uses of a stack over the cap");
	print_count(v, over->strings, "uses of a string over the cap");
}

static void print_damage(const struct view *v, const struct ims_damage *d)
{
	print_count(v, d->skipped_bytes, "bytes that are no chunk were skipped");
	print_count(v, d->bad_chunks, "damaged chunks");
	print_count(v, d->missing_chunks, "missing chunks");
	print_count(v, d->unknown_records, "records of a type not known here");
	if (d->truncated)
		fputs("           the stream ends inside a chunk\n", v->out);
}

/* How many events there were, when the stream tells. */
static void print_counts(const struct view *v)
{
	uint64_t emitted = 0, received = 0;

	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++) {
		emitted += model_count(v->m, hook)->emitted;
		received += model_count(v->m, hook)->received;
	}
	if (emitted || received)
		fprintf(v->out, "  events: %" PRIu64 " emitted, %" PRIu64 " received\n", emitted,
			received);
}

void view_loss(const struct view *v)
{
	const struct model_overview *o = model_overview(v->m);
	const struct ims_loss *loss;

	view_heading(v, "LOSS");
	if (!model_lossy(v->m))
		fputs("  no loss\n", v->out);
	view_on(v, VIEW_YELLOW);
	for (size_t i = 0; (loss = model_loss(v->m, i)); i++)
		if (loss->lost)
			fprintf(v->out, "%10" PRIu64 " %s: %s\n", loss->lost,
				ims_hook_name(loss->hook), ims_loss_cause_name(loss->cause));
	print_counts(v);
	print_damage(v, &o->damage);
	if (o->finished && !o->ended)
		fputs("           the recording was cut off: it has no end\n", v->out);
	print_count(v, o->unknown_records, "records the model does not know");
	print_over(v, &o->over);
	view_off(v);
	if (o->over.forgotten)
		fprintf(v->out, "%10" PRIu64 " freed domains were forgotten to make room\n",
			o->over.forgotten);
}
