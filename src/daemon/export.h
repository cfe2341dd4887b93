/* SPDX-License-Identifier: GPL-2.0-only */
/* export.h - metrics: over HTTP, and as a file for node_exporter. */
#ifndef DAEMON_EXPORT_H
#define DAEMON_EXPORT_H

#include <iommuscope/model.h>

#include "daemon/clients.h"
#include "daemon/http.h"

struct exporter {
	struct model *model;
	const struct clients *clients;
	const struct ims_flight *flight;
	int epoll;
	struct http *http; /* NULL: off */
	char *address, *textfile;
	double start_seconds; /* since 1970; 0: not yet */
	int said; /* why the text file could not be written last, which was said */
};

/*
 * Serves at @address ("off": nowhere) and writes to @textfile ("": none) from now on; what stays the same is
 * left as it is. Says what failed. Returns 0 or -errno.
 */
int exporter_set(struct exporter *e, const char *address, const char *textfile);

/* When the epoll told that e->http is ready, and now and then. */
void exporter_run(struct exporter *e);

/* Writes the text file, if one is asked for: in its place from one moment to the next. */
void exporter_write(struct exporter *e);

void exporter_close(struct exporter *e);

#endif
