/* SPDX-License-Identifier: GPL-2.0-only */
/* gate.h - the commands of iommugate. */
#ifndef TOOLS_GATE_H
#define TOOLS_GATE_H

#include "gate/run.h"
#include "tools/common.h"

extern const struct command command_gate_compare;
extern const struct command command_gate_exact;
extern const struct command command_gate_history;
extern const struct command command_gate_run;

#endif
