/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_TOOLS_EXPORT_H
#define IMS_TOOLS_EXPORT_H

#include "tools/common.h"

extern const struct command command_export;

#endif
