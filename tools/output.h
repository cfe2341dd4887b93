/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - the file that a recording goes to.
 *
 * It begins under a name of its own beside the final one and takes that when it is worth having
 * (output_commit()), so that a recording that never came about costs no older one.
 */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <stdbool.h>

struct output {
	const char *path; /* "-": standard output */
	char *temporary;  /* NULL: it is under its final name, or is no regular file */
	int fd;		  /* -1: not open */
	bool on_disk;	  /* it is a regular file of its own */
};

/* Each returns 0 or -errno, and says on stderr what failed. */
int output_open(struct output *o, const char *path);

/* Gives the file its name. What had it is kept as PATH.old. */
int output_commit(struct output *o);

/* Closes it; without a commit the file goes. */
int output_close(struct output *o);

#endif
