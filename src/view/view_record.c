// SPDX-License-Identifier: GPL-2.0-only
/* view_record.c - one record as a line. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "format.h"

static void pad(const struct view *v, int used, int width)
{
	fprintf(v->out, "%*s", used < width ? width - used : 0, "");
}

static void print_time(const struct view *v, uint64_t time_ns, uint64_t first_ns)
{
	bool before = time_ns < first_ns;
	uint64_t ns = before ? first_ns - time_ns : time_ns - first_ns;
	char buf[VIEW_TEXT];

	snprintf(buf, sizeof(buf), "%s%" PRIu64 ".%06" PRIu64, before ? "-" : "", ns / 1000000000,
		 ns % 1000000000 / 1000);
	fprintf(v->out, "%12s ", buf);
}

static void print_word(const struct view *v, const char *key, const char *value)
{
	if (!*value)
		return;
	fprintf(v->out, " %s=", key);
	view_escape(v->out, value);
}

static void print_number(const struct view *v, const char *key, uint64_t value)
{
	fprintf(v->out, " %s=%" PRIu64, key, value);
}

static void print_flags(const struct view *v, uint32_t flags)
{
	const char *name;
	char before = '=';

	flags &= ~(uint32_t)IMS_EVENT_UNTIMED; /* its duration says so */
	for (unsigned int i = 0; (name = ims_event_flag_name(i)); i++) {
		if (!(flags & 1u << i))
			continue;
		fprintf(v->out, "%s%c%s", before == '=' ? " flags" : "", before, name);
		before = ',';
	}
}

static void print_domain(const struct view *v, const struct ims_event *e)
{
	if (!e->domain)
		return;
	print_number(v, "domain", e->domain);
	print_word(v, "type", view_event_type(e));
	print_word(v, "format", e->format);
}

static void print_range(const struct view *v, const struct ims_event *e)
{
	if (view_event_placed(e))
		fprintf(v->out, " iova=0x%" PRIx64, e->iova);
	if (e->size)
		print_number(v, "size", e->size);
	print_word(v, "reason", e->reason);
}

static void print_stack(const struct view *v, const struct ims_stack *stack, const char *before)
{
	for (uint32_t i = 0; v->o.stacks && i < stack->count; i++) {
		fprintf(v->out, "%14s%s", "", before);
		view_escape(v->out, stack->frame[i]);
		fputc('\n', v->out);
	}
}

static void print_event(const struct view *v, const struct ims_event *e)
{
	char result[VIEW_TEXT], duration[VIEW_TEXT];
	int n;

	n = (int)view_cut(v, *e->comm ? e->comm : "-", 15);
	n += fprintf(v->out, "/%" PRIu32, e->tid);
	pad(v, n, 23);
	fprintf(v->out, " [%03" PRIu32 "] %-13s ", e->cpu, ims_hook_name(e->hook));
	if (e->result)
		view_on(v, VIEW_RED);
	fprintf(v->out, "%-8s", view_errno(result, e->result));
	if (e->result)
		view_off(v);
	fprintf(v->out, " %7s ", view_event_timed(e) ? view_ns(duration, e->duration_ns) : "-");
	print_domain(v, e);
	print_range(v, e);
	print_word(v, "device", e->device);
	if (e->group != IMS_NO_GROUP)
		print_number(v, "group", e->group);
	print_word(v, "instance", e->instance);
	print_word(v, "domain_instance", e->domain_instance);
	print_word(v, "function", e->function);
	print_flags(v, e->flags);
	fputc('\n', v->out);
	print_stack(v, &e->stack, "");
	print_stack(v, &e->user_stack, "user: ");
}

static void print_kind(const struct view *v, const char *kind)
{
	fprintf(v->out, "%-30s%s", "-", kind);
}

static void print_stats(const struct view *v, const struct ims_stats *s)
{
	struct model_op op = {.untimed = s->untimed, .sum_ns = s->sum_ns, .max_ns = s->max_ns};
	char buf[VIEW_TEXT];

	memcpy(op.bucket, s->bucket, sizeof(op.bucket));
	op.calls = op.untimed;
	for (int i = 0; i < IMS_HIST_BUCKETS; i++)
		op.calls += op.bucket[i];
	print_kind(v, "statistics");
	print_word(v, "hook", ims_hook_name(s->hook));
	print_word(v, "object", s->object);
	if (!*s->object)
		print_number(v, "domain", s->domain);
	print_number(v, "calls", op.calls);
	print_number(v, "untimed", op.untimed);
	print_number(v, "errors", s->errors);
	print_number(v, "bytes", s->bytes);
	if (op.calls > op.untimed) {
		print_word(v, "mean", view_ns(buf, model_op_mean(&op)));
		print_word(v, "p50", view_ns(buf, model_op_percentile(&op, 500)));
		print_word(v, "p99", view_ns(buf, model_op_percentile(&op, 990)));
		print_word(v, "max", view_ns(buf, op.max_ns));
	}
	fputc('\n', v->out);
}

static void print_plan(const struct view *v, const struct ims_plan *p)
{
	print_kind(v, "plan");
	print_word(v, "hook", ims_hook_name(p->hook));
	print_word(v, "function", p->function);
	print_word(v, "mechanism", p->mechanism);
	print_word(v, "module", p->module);
	print_word(v, "state", p->state);
	print_word(v, "reason", p->reason);
	print_number(v, "hits", p->hits);
	fputc('\n', v->out);
}

static void print_other(const struct view *v, const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_HOST:
		print_kind(v, "host");
		print_word(v, "key", rec->host.key);
		print_word(v, "value", rec->host.value);
		break;
	case IMS_REC_INSTANCE:
		print_kind(v, "instance");
		print_word(v, "instance", rec->instance.name);
		print_word(v, "driver", rec->instance.driver);
		break;
	case IMS_REC_LOSS:
		print_kind(v, "loss");
		print_word(v, "hook", ims_hook_name(rec->loss.hook));
		print_word(v, "cause", ims_loss_cause_name(rec->loss.cause));
		print_number(v, "lost", rec->loss.lost);
		break;
	case IMS_REC_COUNT:
		print_kind(v, "count");
		print_word(v, "hook", ims_hook_name(rec->count.hook));
		print_number(v, "emitted", rec->count.emitted);
		print_number(v, "received", rec->count.received);
		break;
	default:
		print_kind(v, "end");
		if (rec->end.goes_on)
			print_word(v, "recording", "goes-on");
	}
	fputc('\n', v->out);
}

int view_record(FILE *out, const struct ims_record *rec, uint64_t first_ns,
		const struct view_options *o)
{
	struct view v;

	view_init(&v, out, NULL, o);
	print_time(&v, rec->time_ns, first_ns);
	if (rec->type == IMS_REC_EVENT)
		print_event(&v, &rec->event);
	else if (rec->type == IMS_REC_STATS)
		print_stats(&v, &rec->stats);
	else if (rec->type == IMS_REC_PLAN)
		print_plan(&v, &rec->plan);
	else
		print_other(&v, rec);
	return ferror(out) ? -EIO : 0;
}
