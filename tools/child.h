/* SPDX-License-Identifier: GPL-2.0-only */
/* child.h - the command that runs while something is recorded. */
#ifndef TOOLS_CHILD_H
#define TOOLS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* How long a command may take to end after it was asked to, and to go after it was killed. */
#define CHILD_PATIENCE 5.0

struct child {
	pid_t pid; /* 0: none, or it has ended */
	int status;
	double asked, killed; /* when SIGTERM and SIGKILL were sent; 0: not yet */
};

/* Starts @argv; with @to_stderr its standard output goes there. Returns 0 or -errno, also when it
 * cannot be executed. */
int child_start(struct child *c, char **argv, bool to_stderr);

/* Whether it has ended. Says so when that was no success, unless it was asked to. */
bool child_ended(struct child *c);

/* Asks it to end: SIGTERM at the first call, SIGKILL at one that comes CHILD_PATIENCE later.
 * Returns whether it is still worth waiting for. @now is in seconds. */
bool child_stop(struct child *c, double now);

#endif
