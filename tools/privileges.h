/* SPDX-License-Identifier: GPL-2.0-only */
/* privileges.h - what a tool keeps of its capabilities once its hooks are attached. */
#ifndef IMS_TOOLS_PRIVILEGES_H
#define IMS_TOOLS_PRIVILEGES_H

#include <stdbool.h>

/*
 * Gives capabilities up for good, for this process and all that it will run. Kept are, if @late,
 * those that hook modules which load later; if @others, what stacks of their user space take; and for root, those to write its files and to end its
 * command. After the attach, and after the command was started. Returns 0 or -errno.
 */
int privileges_drop(bool late, bool others);

/* For a command, before exec: it runs as the caller, without what was lent to us. */
void privileges_forget(void);

#endif
