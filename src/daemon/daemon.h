/* SPDX-License-Identifier: GPL-2.0-only */
/* daemon.h - one process that captures, and serves everyone else. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "capture/capture.h"

struct daemon;

struct daemon_options {
	struct ims_capture_options capture; /* without the sink */
	const char *socket;
	const char *group;     /* that may connect; "" or one that does not exist: root alone */
	uint64_t clients;      /* at most */
	uint64_t flight_bytes; /* of the flight recorder */
	const char *metrics;   /* "127.0.0.1:9741", or "off" */
	const char *textfile;  /* for node_exporter; "": none */
	/* At SIGHUP: calls daemon_apply() with what is so now. */
	void (*reload)(void *arg, struct daemon *d);
	void *arg;
};

/*
 * Each returns 0 or -errno, and has said on stderr what failed. In this order: open, start,
 * (privileges may be dropped), run until a signal asks to stop, close.
 */
int daemon_open(struct daemon **out, const struct daemon_options *options);
int daemon_start(struct daemon *d);
int daemon_run(struct daemon *d);
void daemon_close(struct daemon *d);

/* While it runs: takes over metrics, textfile and clients. Returns 0 or -errno. */
int daemon_apply(struct daemon *d, const struct daemon_options *options);

#endif
