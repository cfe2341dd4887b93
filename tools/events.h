/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_TOOLS_EVENTS_H
#define IMS_TOOLS_EVENTS_H

#include "tools/common.h"

extern const struct command command_events;

#endif
