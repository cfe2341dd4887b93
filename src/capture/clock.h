/* SPDX-License-Identifier: GPL-2.0-only */
/* clock.h - what leads from the stream's time (CLOCK_MONOTONIC) to others: docs/format.md section 4. */
#ifndef IMS_CAPTURE_CLOCK_H
#define IMS_CAPTURE_CLOCK_H

#include "capture/host.h"

/* What was told last, to be added to a time. */
struct host_clock {
	int64_t realtime_ns, boottime_ns;
};

/* Tells how it is at the beginning. Returns 0 or what the sink returned. */
int clock_tell(struct host_clock *clock, struct host_sink *to);

/* Tells it again when the machine was suspended, or its clock was set, since. */
int clock_follow(struct host_clock *clock, struct host_sink *to);

#endif
