// SPDX-License-Identifier: GPL-2.0-only
#include "capture/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* Less of a step nobody looks for; two readings may be so far apart on a busy machine. */
#define STEP_NS 100000000

static int64_t read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Returns whether nothing came between the readings. */
static bool read_all(struct host_clock *now)
{
	int64_t begin = read_ns(CLOCK_MONOTONIC);
	int64_t realtime = read_ns(CLOCK_REALTIME), boottime = read_ns(CLOCK_BOOTTIME);
	int64_t end = read_ns(CLOCK_MONOTONIC);

	now->realtime_ns = realtime - begin;
	now->boottime_ns = boottime - begin;
	return end - begin < STEP_NS / 10;
}

int clock_tell(struct host_clock *clock, struct host_sink *to)
{
	for (int tries = 0; tries < 3 && !read_all(clock); tries++)
		;
	host_fact(to, "clock.realtime_offset_ns", "%" PRId64, clock->realtime_ns);
	return host_fact(to, "clock.boottime_offset_ns", "%" PRId64, clock->boottime_ns);
}

static bool differ(int64_t a, int64_t b)
{
	return llabs(a - b) >= STEP_NS;
}

int clock_follow(struct host_clock *clock, struct host_sink *to)
{
	struct host_clock now;

	if (!read_all(&now) || (!differ(now.realtime_ns, clock->realtime_ns) &&
				!differ(now.boottime_ns, clock->boottime_ns)))
		return 0;
	*clock = now;
	host_fact(to, "clock.later.realtime_offset_ns", "%" PRId64, now.realtime_ns);
	return host_fact(to, "clock.later.boottime_offset_ns", "%" PRId64, now.boottime_ns);
}
