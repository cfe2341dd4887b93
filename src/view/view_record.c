// SPDX-License-Identifier: GPL-2.0-only
/* view_record.c - one record as a line. */
#include <errno.h>

#include "line.h"
#include "format.h"

static void print_time(struct line *l, uint64_t time_ns, uint64_t first_ns)
{
	bool before = time_ns < first_ns;
	uint64_t ns = before ? first_ns - time_ns : time_ns - first_ns;
	char buf[VIEW_TEXT], *p = buf;

	if (before)
		*p++ = '-';
	p = line_digits(p, ns / 1000000000, 1);
	*p++ = '.';
	p = line_digits(p, ns % 1000000000 / 1000, 6);
	line_blanks(l, 12 - (int)(p - buf));
	line_bytes(l, buf, (size_t)(p - buf));
	line_char(l, ' ');
}

static inline void print_word(struct line *l, const char *key, const char *value)
{
	if (!*value)
		return;
	line_text(l, key);
	line_escaped(l, value);
}

static inline void print_number(struct line *l, const char *key, uint64_t value)
{
	line_text(l, key);
	line_number(l, value);
}

static void print_flags(struct line *l, uint32_t flags)
{
	const char *name, *before = " flags=";

	flags &= ~(uint32_t)IMS_EVENT_UNTIMED; /* its duration says so */
	for (unsigned int i = 0; flags >> i && (name = ims_event_flag_name(i)); i++) {
		if (!(flags & 1u << i))
			continue;
		line_text(l, before);
		line_text(l, name);
		before = ",";
	}
}

static void print_task(struct line *l, const struct ims_event *e)
{
	char tid[VIEW_TEXT];
	size_t n = (size_t)(line_digits(tid, e->tid, 1) - tid);
	unsigned int used = line_cut(l, *e->comm ? e->comm : "-", 15);

	line_char(l, '/');
	line_bytes(l, tid, n);
	line_blanks(l, 22 - (int)(used + n));
}

static void print_result(struct line *l, const struct view *v, int32_t result)
{
	char buf[VIEW_TEXT];

	if (!result) {
		line_text(l, "0       ");
		return;
	}
	line_flush(l);
	view_on(v, VIEW_RED);
	line_text(l, view_errno(buf, result));
	line_blanks(l, 8 - (int)strlen(buf));
	line_flush(l);
	view_off(v);
}

/* What the first columns are for: who, where, what, and how it went. */
static void print_call(struct line *l, const struct view *v, const struct ims_event *e)
{
	const char *hook = ims_hook_name(e->hook), *duration = "-";
	char buf[VIEW_TEXT];

	print_task(l, e);
	line_text(l, " [");
	line_bytes(l, buf, (size_t)(line_digits(buf, e->cpu, 3) - buf));
	line_text(l, "] ");
	line_text(l, hook);
	line_blanks(l, 13 - (int)strlen(hook));
	line_char(l, ' ');
	print_result(l, v, e->result);
	if (view_event_timed(e))
		duration = view_ns(buf, e->duration_ns);
	line_char(l, ' ');
	line_blanks(l, 7 - (int)strlen(duration));
	line_text(l, duration);
	line_char(l, ' ');
}

static void print_objects(struct line *l, const struct ims_event *e)
{
	if (e->domain) {
		print_number(l, " domain=", e->domain);
		print_word(l, " type=", view_event_type(e));
		print_word(l, " format=", e->format);
	}
	if (view_event_placed(e)) {
		line_text(l, " iova=0x");
		line_hex(l, e->iova);
	}
	if (e->size)
		print_number(l, " size=", e->size);
	print_word(l, " reason=", e->reason);
	print_word(l, " device=", e->device);
	if (e->group != IMS_NO_GROUP)
		print_number(l, " group=", e->group);
	print_word(l, " instance=", e->instance);
	print_word(l, " domain_instance=", e->domain_instance);
	print_word(l, " function=", e->function);
	print_flags(l, e->flags);
}

static void print_stack(struct line *l, const struct ims_stack *stack, const char *before)
{
	for (uint32_t i = 0; i < stack->count; i++) {
		line_char(l, '\n');
		line_blanks(l, 14);
		line_text(l, before);
		line_escaped(l, stack->frame[i]);
	}
}

static void print_event(struct line *l, const struct view *v, const struct ims_event *e)
{
	print_call(l, v, e);
	print_objects(l, e);
	if (!v->o.stacks)
		return;
	print_stack(l, &e->stack, "");
	print_stack(l, &e->user_stack, "user: ");
}

static void print_kind(struct line *l, const char *kind)
{
	line_char(l, '-');
	line_blanks(l, 29);
	line_text(l, kind);
}

static void print_stats(struct line *l, const struct ims_stats *s)
{
	struct model_op op;
	char buf[VIEW_TEXT];

	model_op_read(&op, s);
	print_kind(l, "statistics");
	print_word(l, " hook=", ims_hook_name(s->hook));
	print_word(l, " object=", s->object);
	if (!*s->object)
		print_number(l, " domain=", s->domain);
	print_number(l, " calls=", op.calls);
	print_number(l, " untimed=", op.untimed);
	print_number(l, " errors=", s->errors);
	print_number(l, " bytes=", s->bytes);
	if (op.calls > op.untimed) {
		print_word(l, " mean=", view_ns(buf, model_op_mean(&op)));
		print_word(l, " p50=", view_ns(buf, model_op_percentile(&op, 500)));
		print_word(l, " p99=", view_ns(buf, model_op_percentile(&op, 990)));
		print_word(l, " max=", view_ns(buf, op.max_ns));
	}
}

static void print_plan(struct line *l, const struct ims_plan *p)
{
	print_kind(l, "plan");
	print_word(l, " hook=", ims_hook_name(p->hook));
	print_word(l, " function=", p->function);
	print_word(l, " mechanism=", p->mechanism);
	print_word(l, " module=", p->module);
	print_word(l, " state=", p->state);
	print_word(l, " reason=", p->reason);
	print_number(l, " hits=", p->hits);
}

static void print_other(struct line *l, const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_HOST:
		print_kind(l, "host");
		print_word(l, " key=", rec->host.key);
		print_word(l, " value=", rec->host.value);
		break;
	case IMS_REC_INSTANCE:
		print_kind(l, "instance");
		print_word(l, " instance=", rec->instance.name);
		print_word(l, " driver=", rec->instance.driver);
		break;
	case IMS_REC_LOSS:
		print_kind(l, "loss");
		print_word(l, " hook=", ims_hook_name(rec->loss.hook));
		print_word(l, " cause=", ims_loss_cause_name(rec->loss.cause));
		print_number(l, " lost=", rec->loss.lost);
		break;
	case IMS_REC_COUNT:
		print_kind(l, "count");
		print_word(l, " hook=", ims_hook_name(rec->count.hook));
		print_number(l, " emitted=", rec->count.emitted);
		print_number(l, " received=", rec->count.received);
		break;
	default:
		print_kind(l, "end");
		if (rec->end.goes_on)
			print_word(l, " recording=", "goes-on");
	}
}

int view_record(FILE *out, const struct ims_record *rec, uint64_t first_ns,
		const struct view_options *o)
{
	struct line l;
	struct view v;

	view_init(&v, out, NULL, o);
	l.out = out;
	l.used = 0;
	print_time(&l, rec->time_ns, first_ns);
	if (rec->type == IMS_REC_EVENT)
		print_event(&l, &v, &rec->event);
	else if (rec->type == IMS_REC_STATS)
		print_stats(&l, &rec->stats);
	else if (rec->type == IMS_REC_PLAN)
		print_plan(&l, &rec->plan);
	else
		print_other(&l, rec);
	line_char(&l, '\n');
	line_flush(&l);
	return ferror(out) ? -EIO : 0;
}
