/* SPDX-License-Identifier: GPL-2.0-only */
/* choice.h - the options of record that choose which calls are counted, and which become events. */
#ifndef TOOLS_CHOICE_H
#define TOOLS_CHOICE_H

#include "capture/capture.h"
#include "tools/common.h"

enum choice_key {
	CHOICE_EVENTS = 768,
	CHOICE_SAMPLE,
	CHOICE_SLOWER,
	CHOICE_TIME,
	CHOICE_STACKS,
	CHOICE_COMM,
	CHOICE_DEVICE,
	CHOICE_GROUP,
	CHOICE_INSTANCE,
	CHOICE_DOMAIN,
	CHOICE_BUFFER,
	CHOICE_RING,
	CHOICE_OPERATIONS,
};

/* Rows of an option table. */
#define CHOICE_CALLER                                                                              \
	{'p', "pid", "PID", "only maps and unmaps by this process"},                               \
	{CHOICE_COMM, "comm", "NAME", "only by threads of this name"}

#define CHOICE_OPTIONS                                                                             \
	{CHOICE_EVENTS, "events", "WHICH", "lifecycle (default), or all: also each map and unmap", \
	 "lifecycle all"},                                                                         \
	{CHOICE_SAMPLE, "sample", "1/N", "the same, but one in N of these only, by chance"},       \
	{CHOICE_OPERATIONS, "operations", "LIST", "observe only map,unmap,iotlb-sync,... (default: all)", \
	 "map unmap iotlb-sync queue-sync dma-map dma-unmap"},                                     \
	{CHOICE_TIME, "time", "1/N", "count all calls, time one in N (with fsession)"},            \
	{CHOICE_SLOWER, "slower", "USEC", "each map and unmap that took so long, with its stack"}, \
	{CHOICE_STACKS, "stacks", "WHICH", "kernel (default), user, both or none",                 \
	 "kernel user both none"},                                                                 \
	CHOICE_CALLER,                                                                             \
	{CHOICE_DEVICE, "device", "BDF", "only on domains that this device was attached to"},      \
	{CHOICE_GROUP, "group", "N", "only on domains of this group's devices"},                   \
	{CHOICE_INSTANCE, "instance", "NAME", "only on domains of devices behind it"},             \
	{CHOICE_DOMAIN, "domain", "N", "only on this domain"},                                     \
	{CHOICE_BUFFER, "buffer", "SIZE", "of each CPU, for --events all (default: 32M for all)"}, \
	{CHOICE_RING, "ring", "SIZE", "for all other events (default: 1M)"}

/* Takes one of them; 0, or EXIT_USAGE with a message. */
int choice_set(struct ims_choice *choice, int key, const char *value);

/* Once all are taken: whether they go together. 0, or EXIT_USAGE with a message. */
int choice_check(struct ims_choice *choice);

#endif
