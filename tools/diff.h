/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_TOOLS_DIFF_H
#define IMS_TOOLS_DIFF_H

#include "tools/common.h"

extern const struct command command_diff;

#endif
