/* SPDX-License-Identifier: GPL-2.0-only */
/* http.h - the metrics, for Prometheus to fetch. */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <stdbool.h>
#include <stdio.h>

struct http;

/* Writes all metrics, as OpenMetrics or as Prometheus' older text. Returns 0 or -errno. */
typedef int http_metrics_fn(void *arg, FILE *out, bool openmetrics);

/*
 * Listens on @address ("127.0.0.1:9741", "[::1]:9741"). Says what failed. Returns 0 or -errno. It has no
 * thread: http_fd() is readable when http_run() has something to do, and now and then it has to be called
 * for connections that are idle for too long.
 */
int http_open(struct http **out, const char *address, http_metrics_fn *metrics, void *arg);
int http_fd(const struct http *h);
void http_run(struct http *h);
void http_close(struct http *h);

#endif
