// SPDX-License-Identifier: GPL-2.0-only
#include "capture/choice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "capture/trace.h"
#include "iommuscope.skel.h"

static bool by_object(const struct ims_filter *f)
{
	return f->domain || f->by_group || f->device[0] || f->instance[0];
}

/* Names are told with all the zeros behind them. */
static void set_filter(const struct ims_filter *f, struct ims_bpf *s)
{
	s->rodata->filter_tasks = f->pid || f->comm[0];
	s->rodata->filter_pid = f->pid;
	s->rodata->filter_domain = f->domain;
	if (f->by_group)
		s->rodata->filter_group = f->group;
	s->rodata->filter_objects = by_object(f);
	memcpy((void *)s->rodata->filter_comm, f->comm, IMS_COMM_LEN);
	memcpy((void *)s->rodata->filter_device, f->device, IMS_NAME_LEN);
	memcpy((void *)s->rodata->filter_instance, f->instance, IMS_NAME_LEN);
}

/* A snapshot is taken in pages that the ring has room for; a device has up to two events. */
static int set_ring(const struct ims_choice *c, struct ims_bpf *s)
{
	size_t event = (c->user_stacks ? sizeof(struct ims_kevent_user) : sizeof(struct ims_kevent)) +
		       8;
	uint32_t page;
	int err = 0;

	if (c->ring_bytes)
		err = bpf_map__set_max_entries(s->maps.ring, (uint32_t)c->ring_bytes);
	page = (uint32_t)(bpf_map__max_entries(s->maps.ring) / event / 2);
	if (page < s->rodata->snapshot_page)
		s->rodata->snapshot_page = page;
	return err;
}

int choice_prepare(const struct ims_choice *c, struct ims_bpf *s)
{
	int err = set_ring(c, s), size;

	if (err)
		return err;
	set_filter(&c->filter, s);
	s->rodata->stacks = (c->no_kernel_stacks ? 0 : IMS_STACK_KERNEL) |
			    (c->user_stacks ? IMS_STACK_USER : 0);
	s->rodata->trace_slower_ns = c->slower_ns;
	s->rodata->dma_sizes = c->dma_sizes;
	s->rodata->trace_any = c->all || c->slower_ns;
	if (c->time > 1)
		s->rodata->time_every = c->time;
	if (!c->all)
		return 0;
	if (c->sample > 1)
		s->rodata->trace_chance = UINT32_MAX / c->sample;
	size = trace_prepare(s->maps.traces, c->buffer_bytes);
	if (size < 0)
		return size;
	s->rodata->trace_mask = (uint32_t)size - 1;
	return 0;
}

const char *choice_variant(const struct ims_choice *c)
{
	const struct ims_filter *f = &c->filter;

	if (f->pid || f->comm[0] || c->slower_ns)
		return NULL;
	if (c->all)
		return c->sample < 2 && !by_object(f) ? "quick" : NULL;
	return c->time > 1 ? "some" : "plain";
}

bool choice_hides(const struct ims_choice *c, uint32_t hook, const char *object, bool selected)
{
	const struct ims_filter *f = &c->filter;

	if (!by_object(f))
		return false;
	if (hook == IMS_HOOK_QUEUE_SYNC)
		return strcmp(object, f->instance);
	if (hook == IMS_HOOK_DMA_MAP || hook == IMS_HOOK_DMA_UNMAP)
		return strcmp(object, f->device);
	return !selected;
}

/* ---- facts ------------------------------------------------------------------------------------ */

struct text {
	char text[256];
	size_t len;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds to a list. */
static void say(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n = 0;

	if (t->len)
		n = snprintf(t->text + t->len, sizeof(t->text) - t->len, ", ");
	t->len += (size_t)n;
	va_start(args, fmt);
	n = vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, args);
	va_end(args);
	t->len += (size_t)n; /* all that can be said is shorter than the text */
}

static struct text filter_text(const struct ims_filter *f)
{
	struct text t = {};

	if (f->pid)
		say(&t, "pid %" PRIu32, f->pid);
	if (f->comm[0])
		say(&t, "comm %s", f->comm);
	if (f->device[0])
		say(&t, "device %s", f->device);
	if (f->by_group)
		say(&t, "group %" PRIu32, f->group);
	if (f->instance[0])
		say(&t, "instance %s", f->instance);
	if (f->domain)
		say(&t, "domain %" PRIu64, f->domain);
	return t;
}

static struct text events_text(const struct ims_choice *c)
{
	struct text t = {};

	say(&t, c->all && c->sample < 2 ? "all" : "lifecycle");
	if (c->sample > 1)
		say(&t, "1 in %" PRIu32 " maps and unmaps", c->sample);
	if (c->time > 1)
		say(&t, "1 in %" PRIu32 " calls timed", c->time);
	if (c->slower_ns)
		say(&t, "with stacks from %" PRIu64 " us", c->slower_ns / 1000);
	return t;
}

int choice_tell(const struct ims_choice *c, uint64_t time_ns,
		int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct text filter = filter_text(&c->filter), events = events_text(c);
	const struct ims_host fact[] = {
		{"record.events", events.text},
		{"record.filter", filter.text},
	};
	int err = 0;

	for (int i = 0; !err && i < (filter.len ? 2 : 1); i++) {
		struct ims_record rec = {
			.type = IMS_REC_HOST,
			.time_ns = time_ns,
			.host = fact[i],
		};

		err = sink(arg, &rec);
	}
	return err;
}
