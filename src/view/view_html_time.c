// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_html_time.c - what happened when, for the timeline: which device was on which domain, and
 * every event, each as an item with a begin and an end.
 *
 * Single maps and the like may be millions: they have a place of their own, so that they do not
 * blur the rest. When a place is full, what is alike and begins within the same grain of time
 * becomes one item with a count. The grain doubles until half of the place is free; when grains are
 * coarse already, domains, and then devices, are no longer told apart.
 */
#include "view_html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define ITEMS_MAX	  32768
#define NAMES_MAX	  4096
#define NAME_BYTES	  64 /* longer names are cut: a kernel's are shorter */
#define GRAIN_NS	  1000
#define COARSE		  8 /* grains in the whole recording */
#define KIND_ATTACHED	  0 /* else a hook */
#define DOMAIN_SEVERAL	  UINT64_MAX
#define RESULT_SOME_ERROR 1

struct item {
	uint64_t begin_ns, end_ns;
	uint64_t domain;
	uint64_t count;
	uint32_t kind;
	uint32_t device, comm; /* names; 0: none */
	uint32_t tid;
	uint32_t group;
	int32_t result;
};

struct items {
	struct item *item;
	uint32_t count, room;
	uint32_t blur; /* 1: domains are not told apart, 2: nor are devices and errors */
	uint64_t grain_ns;
	uint64_t first_ns, last_ns;
};

struct name {
	char text[NAME_BYTES];
	uint32_t index;
	struct item open; /* of a device: the domain it is on; count 0: none */
	UT_hash_handle hh;
};

/* In the order they were first seen, which is the order of the index, from 1. */
struct names {
	struct name *first;
	uint32_t count;
	uint64_t over;
};

struct html_time {
	struct names devices, comms;
	struct items lifecycle, ops;
};

struct html_time *html_time_new(void)
{
	return calloc(1, sizeof(struct html_time));
}

static void names_free(struct names *names)
{
	struct name *name, *next;

	HASH_ITER (hh, names->first, name, next) {
		HASH_DEL(names->first, name);
		free(name);
	}
}

void html_time_free(struct html_time *t)
{
	if (!t)
		return;
	names_free(&t->devices);
	names_free(&t->comms);
	free(t->lifecycle.item);
	free(t->ops.item);
	free(t);
}

/* NULL for "", for one too many, and without memory. */
static struct name *name_of(struct names *names, const char *s)
{
	struct name *name;
	char text[NAME_BYTES];

	if (!*s)
		return NULL;
	snprintf(text, sizeof(text), "%s", s);
	HASH_FIND_STR(names->first, text, name);
	if (name)
		return name;
	name = names->count < NAMES_MAX ? calloc(1, sizeof(*name)) : NULL;
	if (!name) {
		names->over++;
		return NULL;
	}
	memcpy(name->text, text, sizeof(text));
	name->index = ++names->count;
	HASH_ADD_STR(names->first, text, name);
	return name;
}

static uint32_t index_of(struct names *names, const char *s)
{
	const struct name *name = name_of(names, s);

	return name ? name->index : 0;
}

/* ---- making room ---------------------------------------------------------------------------- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_key(const struct item *a, const struct item *b)
{
	if (a->kind != b->kind)
		return compare_u64(a->kind, b->kind);
	if (a->device != b->device)
		return compare_u64(a->device, b->device);
	if (a->domain != b->domain)
		return compare_u64(a->domain, b->domain);
	return (a->result > b->result) - (a->result < b->result);
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = compare_key(x, y);

	return order ? order : compare_u64(x->begin_ns, y->begin_ns);
}

static int compare_times(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = compare_u64(x->begin_ns, y->begin_ns);

	return order ? order : compare_items(a, b);
}

static void blur_item(struct item *item, uint32_t blur)
{
	if (blur && item->domain)
		item->domain = DOMAIN_SEVERAL;
	if (blur > 1) {
		item->device = 0;
		item->result = item->result ? RESULT_SOME_ERROR : 0;
	}
}

static void merge_item(struct item *into, const struct item *item)
{
	into->count += item->count;
	if (item->end_ns > into->end_ns)
		into->end_ns = item->end_ns;
	if (item->comm != into->comm)
		into->comm = 0;
	if (item->tid != into->tid)
		into->tid = 0;
	if (item->group != into->group)
		into->group = IMS_NO_GROUP;
}

static void merge_all(struct items *items)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < items->count; i++)
		blur_item(&items->item[i], items->blur);
	qsort(items->item, items->count, sizeof(struct item), compare_items);
	for (uint32_t i = 0; i < items->count; i++) {
		struct item *item = &items->item[i], *last = n ? &items->item[n - 1] : NULL;

		if (last && !compare_key(last, item) &&
		    last->begin_ns / items->grain_ns == item->begin_ns / items->grain_ns)
			merge_item(last, item);
		else
			items->item[n++] = *item;
	}
	items->count = n;
}

static void make_room(struct items *items)
{
	if (items->grain_ns)
		merge_all(items);
	while (items->count > ITEMS_MAX / 2) {
		items->grain_ns = items->grain_ns ? items->grain_ns * 2 : GRAIN_NS;
		if (items->grain_ns > (items->last_ns - items->first_ns) / COARSE &&
		    items->blur < 2)
			items->blur++;
		merge_all(items);
	}
}

static int add_item(struct items *items, const struct item *item)
{
	if (items->count == ITEMS_MAX)
		make_room(items);
	if (items->count == items->room) {
		uint32_t room = items->room ? items->room * 2 : 64;
		struct item *more = realloc(items->item, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		items->item = more;
		items->room = room;
	}
	if (!items->first_ns || item->begin_ns < items->first_ns)
		items->first_ns = item->begin_ns;
	if (item->end_ns > items->last_ns)
		items->last_ns = item->end_ns;
	items->item[items->count++] = *item;
	return 0;
}

/* ---- what happens --------------------------------------------------------------------------- */

/* The model knows where a device is, also when that follows from an event of its group. */
static int follow(struct html_time *t, const struct model *m, const char *device,
		  const struct ims_event *e, uint64_t time_ns)
{
	const struct model_device *d = *device ? model_find_device(m, device) : NULL;
	struct name *name = d ? name_of(&t->devices, device) : NULL;
	uint64_t domain = d && !d->removed ? d->domain : 0;
	int err = 0;

	if (!name || (name->open.count ? name->open.domain : 0) == domain)
		return 0;
	if (name->open.count) {
		name->open.end_ns = time_ns > name->open.begin_ns ? time_ns : name->open.begin_ns;
		err = add_item(&t->lifecycle, &name->open);
	}
	name->open = (struct item){
		.kind = KIND_ATTACHED,
		.begin_ns = time_ns,
		.device = name->index,
		.domain = domain,
		.count = domain != 0,
		.comm = index_of(&t->comms, e->comm),
		.tid = e->tid,
		.group = d->group ? d->group->id : IMS_NO_GROUP,
	};
	return err;
}

static int follow_group(struct html_time *t, const struct model *m, const struct ims_event *e,
			uint64_t time_ns)
{
	const struct model_group *group = model_find_group(m, e->group);
	const struct model_device *d = group ? group->devices : NULL;
	int err = 0;

	for (; d && !err; d = d->next_of_group)
		err = follow(t, m, d->name, e, time_ns);
	return err;
}

int html_time_event(struct html_time *t, const struct model *m, const struct ims_event *e,
		    uint64_t time_ns)
{
	uint64_t took = view_event_timed(e) && e->duration_ns < time_ns ? e->duration_ns : 0;
	struct item item = {
		.kind = e->hook,
		.begin_ns = time_ns - took,
		.end_ns = time_ns,
		.device = index_of(&t->devices, e->device),
		.domain = e->domain,
		.count = 1,
		.comm = index_of(&t->comms, e->comm),
		.tid = e->tid,
		.group = e->group,
		.result = e->result,
	};
	int err;

	if (!e->hook || e->hook >= IMS_HOOK_MAX)
		return 0;
	if (html_is_op(e->hook))
		return add_item(&t->ops, &item);
	err = follow(t, m, e->device, e, time_ns);
	if (!err && (e->hook == IMS_HOOK_ATTACH_GROUP || e->hook == IMS_HOOK_DETACH_GROUP))
		err = follow_group(t, m, e, time_ns);
	if (err || e->hook == IMS_HOOK_SNAPSHOT || e->flags & IMS_EVENT_EARLIER)
		return err;
	return add_item(&t->lifecycle, &item);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int write_names(const struct names *names, const char *name, FILE *out)
{
	struct html_list list = html_list(out, name);
	const struct name *n;
	int err = 0;

	for (n = names->first; n && !err; n = n->hh.next)
		err = html_add(&list, json_text(n->text));
	list.left_out = names->over;
	html_end(&list);
	return err;
}

/* Members: begin, end, kind, device, domain, result, count, comm, tid, group; -1: several, none. */
static void write_item(const struct item *item, uint64_t first_ns, FILE *out)
{
	fprintf(out, "[%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",",
		html_since(item->begin_ns, first_ns), html_since(item->end_ns, first_ns),
		item->kind, item->device);
	if (item->domain == DOMAIN_SEVERAL)
		fputs("-1", out);
	else
		fprintf(out, "%" PRIu64, html_number(item->domain));
	fprintf(out, ",%" PRId32 ",%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",", item->result,
		html_number(item->count), item->comm, item->tid);
	fprintf(out, "%" PRId64 "]", item->group == IMS_NO_GROUP ? -1 : (int64_t)item->group);
}

static void write_items(struct items *items, const char *name, uint64_t first_ns, FILE *out)
{
	if (items->count)
		qsort(items->item, items->count, sizeof(struct item), compare_times);
	fprintf(out, ",\n\"%s\":{\"grain_ns\":%" PRIu64 ",\"blur\":%" PRIu32 ",\"items\":[", name,
		items->grain_ns, items->blur);
	for (uint32_t i = 0; i < items->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_item(&items->item[i], first_ns, out);
	}
	fputs("]}", out);
}

static json_t *hook_names(void)
{
	json_t *names = json_array();

	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++)
		json_array_append_new(names, json_text(ims_hook_name(hook)));
	return names;
}

int html_time_write(struct html_time *t, const struct model *m, FILE *out)
{
	const struct model_overview *o = model_overview(m);
	struct name *name;
	int err = 0;

	for (name = t->devices.first; name && !err; name = name->hh.next) {
		name->open.end_ns = o->last_ns;
		if (name->open.count)
			err = add_item(&t->lifecycle, &name->open);
		name->open.count = 0;
	}
	if (err || (err = html_member(out, "hooks", hook_names())) ||
	    (err = write_names(&t->devices, "device_names", out)) ||
	    (err = write_names(&t->comms, "comms", out)))
		return err;
	write_items(&t->lifecycle, "lifecycle", o->first_ns, out);
	write_items(&t->ops, "ops", o->first_ns, out);
	return 0;
}
