/* SPDX-License-Identifier: GPL-2.0-only */
/* status.h - the line on stderr that tells how a recording goes. */
#ifndef TOOLS_STATUS_H
#define TOOLS_STATUS_H

#include "tools/recording.h"

/* On a terminal only, but for the @last one. @now is in seconds. */
void status_show(struct recording *r, double now, bool last);

/* Ends the line that is being shown, so that another message can follow. */
void status_break(const struct recording *r);

/* "12.3 MiB"; returns @buf. */
const char *status_size(char buf[16], uint64_t bytes);

#endif
