/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_TOOLS_PLAN_H
#define IMS_TOOLS_PLAN_H

#include "capture/capture.h"
#include "tools/common.h"

extern const struct command command_plan;

/* Prints what a capture with @options, without their sink, would hook. Returns an exit code. */
int plan_show(struct ims_capture_options options, bool json);

#endif
