/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top_spool.h - a pipe that can be read again: what comes is kept in a temporary file, and the writer
 * never waits for who looks.
 */
#ifndef TOOLS_TOP_SPOOL_H
#define TOOLS_TOP_SPOOL_H

struct spool;

/* NULL with errno set. @from stays the caller's, and does not block any more. */
struct spool *spool_open(int from);
void spool_close(struct spool *s);

/* A descriptor to read all from the beginning on, the spool's own; the last one is closed. Or -errno. */
int spool_rewind(struct spool *s);

/* Takes in what has come. Returns 1 at its end, 0 or -errno. */
int spool_take(struct spool *s);

/* Moves on what the reader has room for. Returns whether there was anything. */
int spool_feed(struct spool *s);

#endif
