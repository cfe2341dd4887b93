// SPDX-License-Identifier: GPL-2.0-only
/* view_perfetto.c - a timeline as a Perfetto trace: protobuf, one packet after the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "perfetto.pb-c.h"
#include "timeline.h"

/* All packets are of one sequence: any number but 0. */
#define SEQUENCE 1

static int put_packet(struct timeline *t, Ims__TracePacket *packet)
{
	Ims__Trace trace = IMS__TRACE__INIT;
	uint8_t *bytes;
	size_t size;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = SEQUENCE;
	trace.n_packet = 1;
	trace.packet = &packet;
	size = ims__trace__get_packed_size(&trace);
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	ims__trace__pack(&trace, bytes);
	fwrite(bytes, 1, size, t->out);
	free(bytes);
	return ferror(t->out) ? -EIO : 0;
}

/* Protobuf's strings are UTF-8. The caller frees it; NULL: no memory. */
static char *utf8(const char *s)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	view_utf8(out, s);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static int put_track(struct timeline *t, const struct timeline_track *track)
{
	Ims__TracePacket packet = IMS__TRACE_PACKET__INIT;
	Ims__TrackDescriptor d = IMS__TRACK_DESCRIPTOR__INIT;
	Ims__CounterDescriptor counter = IMS__COUNTER_DESCRIPTOR__INIT;
	char *name = utf8(track->name);
	int err;

	if (!name)
		return -ENOMEM;
	packet.track_descriptor = &d;
	d.has_uuid = true;
	d.uuid = track->uuid;
	d.name = name;
	if (track->parent) {
		d.has_parent_uuid = true;
		d.parent_uuid = track->parent->uuid;
	}
	if (track->counter) {
		d.counter = &counter;
		counter.has_unit = true;
		counter.unit = IMS__COUNTER_DESCRIPTOR__UNIT__UNIT_SIZE_BYTES;
	}
	err = put_packet(t, &packet);
	free(name);
	return err;
}

/* An event's arguments as the library wants them. */
struct annotations {
	struct timeline_args args;
	Ims__DebugAnnotation one[TIMELINE_ARGS];
	Ims__DebugAnnotation *all[TIMELINE_ARGS];
	size_t count;
};

static int annotate(struct annotations *a, const struct ims_event *e)
{
	timeline_args(&a->args, e);
	for (a->count = 0; a->count < a->args.count; a->count++) {
		const struct timeline_arg *arg = &a->args.arg[a->count];
		Ims__DebugAnnotation *d = &a->one[a->count];

		ims__debug_annotation__init(d);
		d->name = (char *)arg->key;
		if (arg->text) {
			d->string_value = utf8(arg->text);
			if (!d->string_value)
				return -ENOMEM;
		} else {
			d->has_uint_value = true;
			d->uint_value = arg->number;
		}
		a->all[a->count] = d;
	}
	return 0;
}

static void annotations_free(struct annotations *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->one[i].string_value);
}

static void set_flow(Ims__TrackEvent *event, const struct timeline_item *item, uint64_t *flow)
{
	*flow = item->flow;
	if (item->flow_kind == TIMELINE_FLOW_ENDS) {
		event->n_terminating_flow_ids = 1;
		event->terminating_flow_ids = flow;
	} else if (item->flow_kind != TIMELINE_NO_FLOW) {
		event->n_flow_ids = 1;
		event->flow_ids = flow;
	}
}

static void set_kind(Ims__TrackEvent *event, const struct timeline_item *item)
{
	static const Ims__TrackEvent__Type type[] = {
		[TIMELINE_BEGIN] = IMS__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN,
		[TIMELINE_END] = IMS__TRACK_EVENT__TYPE__TYPE_SLICE_END,
		[TIMELINE_INSTANT] = IMS__TRACK_EVENT__TYPE__TYPE_INSTANT,
		[TIMELINE_VALUE] = IMS__TRACK_EVENT__TYPE__TYPE_COUNTER,
	};
	static char *category[] = {"iommu"};

	event->has_type = true;
	event->type = type[item->kind];
	event->has_track_uuid = true;
	event->track_uuid = item->track->uuid;
	if (item->kind == TIMELINE_VALUE) {
		event->has_counter_value = true;
		event->counter_value = item->value;
	} else if (item->kind != TIMELINE_END) {
		event->name = (char *)item->name; /* ours: plain ASCII */
		event->n_categories = 1;
		event->categories = category;
	}
}

static int put_item(struct timeline *t, const struct timeline_item *item)
{
	Ims__TracePacket packet = IMS__TRACE_PACKET__INIT;
	Ims__TrackEvent event = IMS__TRACK_EVENT__INIT;
	struct annotations a = {};
	uint64_t flow;
	int err = 0;

	packet.has_timestamp = true;
	packet.timestamp = item->time_ns;
	packet.track_event = &event;
	set_kind(&event, item);
	set_flow(&event, item, &flow);
	if (item->event && item->kind != TIMELINE_END)
		err = annotate(&a, item->event);
	event.n_debug_annotations = a.count;
	event.debug_annotations = a.all;
	if (!err)
		err = put_packet(t, &packet);
	annotations_free(&a);
	return err;
}

static int begin(FILE *out, void **state)
{
	static const struct timeline_sink sink = {put_track, put_item};

	*state = timeline_new(out, &sink);
	return *state ? 0 : -ENOMEM;
}

static int end(FILE *out, void *state, const struct ims_damage *damage)
{
	int err = timeline_end(state);

	return err ? err : view_done(out);
}

const struct view_export view_perfetto = {
	.name = "perfetto",
	.begin = begin,
	.record = timeline_record,
	.end = end,
	.free = timeline_free,
};
