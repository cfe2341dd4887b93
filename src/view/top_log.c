// SPDX-License-Identifier: GPL-2.0-only
/* top_log.c - the newest events, for the timelines of objects. */
#include <stdlib.h>
#include <string.h>

#include "screen.h"

/* The model's own name lives as long as it; without one the event says nothing of a device. */
static const char *device_name(const struct model *m, const char *name)
{
	const struct model_device *d = *name ? model_find_device(m, name) : NULL;

	return d ? d->name : "";
}

/* What the snapshot found is no event, single maps are too many. */
static bool is_told(const struct ims_event *e)
{
	return e->hook && e->hook != IMS_HOOK_SNAPSHOT && e->hook != IMS_HOOK_MAP &&
	       e->hook != IMS_HOOK_UNMAP && e->hook != IMS_HOOK_IOTLB_SYNC &&
	       e->hook != IMS_HOOK_QUEUE_SYNC && e->hook != IMS_HOOK_DMA_MAP &&
	       e->hook != IMS_HOOK_DMA_UNMAP;
}

void log_see(struct log *log, const struct model *m, const struct ims_record *rec)
{
	const struct ims_event *e = &rec->event;
	struct log_event *to;

	if (rec->type != IMS_REC_EVENT || !is_told(e))
		return;
	if (!log->event)
		log->event = calloc(LOG_EVENTS, sizeof(*log->event));
	if (!log->event)
		return; /* timelines stay empty */
	to = &log->event[log->seen++ % LOG_EVENTS];
	*to = (struct log_event){.time_ns = rec->time_ns,
				 .domain = e->domain,
				 .duration_ns = view_event_timed(e) ? e->duration_ns : 0,
				 .iova = e->iova,
				 .device = device_name(m, e->device),
				 .hook = e->hook,
				 .group = e->group,
				 .pid = e->pid,
				 .flags = e->flags,
				 .result = e->result};
	strncpy(to->comm, e->comm, sizeof(to->comm) - 1);
}
