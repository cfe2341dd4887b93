/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_TOOLS_BUNDLE_H
#define IMS_TOOLS_BUNDLE_H

#include "tools/common.h"

extern const struct command command_bundle;

#endif
