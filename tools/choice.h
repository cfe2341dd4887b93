/* SPDX-License-Identifier: GPL-2.0-only */
/* choice.h - the options of record that choose which calls become events. */
#ifndef TOOLS_CHOICE_H
#define TOOLS_CHOICE_H

#include "capture/capture.h"
#include "tools/common.h"

enum choice_key { CHOICE_EVENTS = 512, CHOICE_BUFFER, CHOICE_RING };

/* Rows of an option table. */
#define CHOICE_OPTIONS                                                                             \
	{CHOICE_EVENTS, "events", "WHICH", "lifecycle (default), or all: also each map and unmap"}, \
		{CHOICE_BUFFER, "buffer", "SIZE", "for these, of each CPU (default: 32M for all)"}, \
		{CHOICE_RING, "ring", "SIZE", "for all other events (default 1M)"}

/* Takes one of them; 0, or EXIT_USAGE with a message. */
int choice_set(struct ims_choice *choice, int key, const char *value);

#endif
