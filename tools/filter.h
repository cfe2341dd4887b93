/* SPDX-License-Identifier: GPL-2.0-only */
/* filter.h - the options that narrow a recording: domains, devices, groups, instances, verdicts, time. */
#ifndef TOOLS_FILTER_H
#define TOOLS_FILTER_H

#include "tools/common.h"

enum { KEY_DOMAIN = 512, KEY_DEVICE, KEY_GROUP, KEY_INSTANCE, KEY_SINCE, KEY_UNTIL, KEY_VERDICT };

/* Rows of an option table. */
#define FILTER_OPTIONS                                                                             \
	{KEY_DOMAIN, "domain", "N", "only about this domain; may be given again for more"},        \
	{KEY_DEVICE, "device", "NAME", "only about this device; the same"},                        \
	{KEY_GROUP, "group", "N", "only about devices of this group; the same"},                   \
	{KEY_INSTANCE, "instance", "NAME", "only about devices behind it; the same"},              \
	{KEY_VERDICT, "verdict", "NAME", "only verdicts of this name; the same", VALUES_VERDICT},  \
	{KEY_SINCE, "since", "TIME", "only what was there or happened from this time on"},         \
	{KEY_UNTIL, "until", "TIME", "only what was there or happened up to this time"}

/* A point in time as the user told it; resolved once the stream has told its clock. */
struct filter_time {
	const char *text; /* NULL: not asked for */
	enum { FILTER_SECONDS, FILTER_CLOCK, FILTER_DATE } kind;
	uint64_t ns; /* since the beginning, since midnight UTC, or since 1970 */
};

struct filter {
	struct view_filter view;
	/* Of these the devices are shown: view.devices gets them as the stream names them. */
	struct view_ids groups;
	struct view_names instances;
	struct filter_time since, until;
	bool clock_known;
	int64_t clock_offset_ns; /* from the stream's times to those since 1970 */
	uint64_t first_ns;	 /* of events and statistics; 0: nothing has happened yet */
	uint64_t begin_ns;	 /* that, since 1970 */
	bool resolved;
};

/* Sets what an option asks for. Returns 0, or EXIT_USAGE with a message. */
int filter_set(struct filter *f, int key, const char *value);

/* Whether anything is asked for. */
bool filter_any(const struct filter *f);

/*
 * Takes in what a record says about times, and which domains and devices go together. Returns 0, or
 * 1 with a message when what is asked for cannot be found out.
 */
int filter_learn(struct filter *f, const struct ims_record *rec);

/* At the end of the stream: all that is asked for, in words, and times that are still open. */
int filter_end(struct filter *f);

/* Whether a record fits, once it was learnt. One that is about no device is not of that device. */
bool filter_record(const struct filter *f, const struct ims_record *rec);

void filter_free(struct filter *f);

#endif
