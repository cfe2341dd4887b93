/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline.h - a stream as tracks with spans, for viewers of traces.
 *
 * A track for each instance, below it one for each of its devices and domains. On a domain's track
 * lies its life, on a device's one span after the other for the domains it was attached to, and in
 * these the calls that made it so; all else is an instant. Nothing overlaps on a track but by being
 * within, and no time on it goes back: where a stream says otherwise, the later begins later.
 */
#ifndef VIEW_TIMELINE_H
#define VIEW_TIMELINE_H

#include <iommuscope/view.h>

#include "format.h"

struct timeline_track {
	uint64_t uuid;			     /* from 1 on */
	const struct timeline_track *parent; /* NULL: an instance */
	const char *name;
	bool counter; /* of bytes */
	bool open;    /* its span has begun and not ended */
	uint64_t last_ns;
};

enum timeline_kind { TIMELINE_BEGIN, TIMELINE_END, TIMELINE_INSTANT, TIMELINE_VALUE };
enum timeline_flow {
	TIMELINE_NO_FLOW,
	TIMELINE_FLOW_BEGINS,
	TIMELINE_FLOW_STEP,
	TIMELINE_FLOW_ENDS
};

struct timeline_item {
	enum timeline_kind kind;
	const struct timeline_track *track;
	uint64_t time_ns;
	const char *name;
	const struct ims_event *event; /* of a call's begin and end, an instant; else NULL */
	enum timeline_flow flow_kind;
	uint64_t flow; /* from a domain's alloc to its attaches and its free */
	int64_t value;
};

struct timeline;

/* What a format does with it; both return 0, -EIO or -ENOMEM. */
struct timeline_sink {
	int (*track)(struct timeline *t, const struct timeline_track *track);
	int (*item)(struct timeline *t, const struct timeline_item *item);
};

struct timeline_instance;
struct timeline_device;
struct timeline_domain;

struct timeline {
	FILE *out;
	const struct timeline_sink *sink;
	bool any;      /* for the sink: something was written */
	uint64_t over; /* uses of objects that have no track: there are too many */
	/* its own */
	uint64_t last_uuid, last_flow;
	uint64_t last_ns;
	struct timeline_instance *instances;
	struct timeline_device *devices;
	struct timeline_domain *domains;
	struct timeline_domain *changed; /* their bytes are to be told */
	uint64_t changed_ns;
};

/* NULL: no memory. */
struct timeline *timeline_new(FILE *out, const struct timeline_sink *sink);
int timeline_record(FILE *out, void *t, const struct ims_record *rec); /* as an export's */
int timeline_end(struct timeline *t);				       /* ends what is open */
void timeline_free(void *t);

/* What an event says, as key and value. */
struct timeline_arg {
	const char *key;
	const char *text; /* NULL: the number */
	uint64_t number;
};

#define TIMELINE_ARGS 16

struct timeline_args {
	size_t count;
	struct timeline_arg arg[TIMELINE_ARGS];
	char iova[VIEW_TEXT], result[VIEW_TEXT], flags[4 * VIEW_TEXT];
};

void timeline_args(struct timeline_args *args, const struct ims_event *e);

#endif
