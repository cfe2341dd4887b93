/* SPDX-License-Identifier: GPL-2.0-only */
/* load.h - one execution of a workload, or of a command, in a process of its own. */
#ifndef TOOLS_LOAD_H
#define TOOLS_LOAD_H

#include <sys/types.h>

#include "tools/workload.h"

struct load {
	const struct workload *workload; /* NULL: the command */
	struct workload_options options;
	char **command;
	bool to_stderr; /* what the command prints, as our stdout is taken */
	bool alone; /* begin when nothing else has to be done, and right after the tick */
	/* running */
	pid_t pid;
	int result_fd;
};

/* Returns 0 or -errno. */
int load_start(struct load *l);

/*
 * Whether it has ended; with @wait when it has. Then *@result tells. A command is one operation. Once
 * a signal asked us to stop, it is ended.
 */
bool load_ended(struct load *l, bool wait, struct workload_result *result);

#endif
