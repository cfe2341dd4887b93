// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <iommuscope/view.h>

#include "daemon/log.h"

#define OFF "off"

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static uint64_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int metrics(void *arg, FILE *out, bool openmetrics)
{
	const struct exporter *e = arg;
	struct timespec now;
	struct view_self self = {
		.start_seconds = e->start_seconds,
		.resident_bytes = resident_bytes(),
		.clients = e->clients->count,
		.refused = e->clients->refused,
		.lost_chunks = e->clients->lost_chunks,
		.flight_bytes = ims_flight_bytes(e->flight),
	};
	struct rusage used = {};

	clock_gettime(CLOCK_MONOTONIC, &now);
	self.idle_domains = model_idle(e->model, now.tv_sec * 1000000000ull + now.tv_nsec);
	getrusage(RUSAGE_SELF, &used);
	self.cpu_seconds = seconds(&used.ru_utime) + seconds(&used.ru_stime);
	return view_metrics(out, e->model, openmetrics, &self);
}

static int serve(struct exporter *e, const char *address)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};
	int err = strcmp(address, OFF) ? http_open(&e->http, address, metrics, e) : 0;

	if (!err && e->http && epoll_ctl(e->epoll, EPOLL_CTL_ADD, http_fd(e->http), &event))
		err = -errno;
	return err;
}

static void unserve(struct exporter *e)
{
	http_close(e->http);
	e->http = NULL;
}

/* The old one goes first, as the new one may want its port, and comes back when the new one cannot. */
static int set_http(struct exporter *e, const char *address)
{
	char *copy = strdup(address);
	int err;

	if (!copy)
		return -ENOMEM;
	unserve(e);
	err = serve(e, copy);
	if (err) {
		unserve(e);
		free(copy);
		if (e->address)
			serve(e, e->address);
		return err;
	}
	free(e->address);
	e->address = copy;
	return 0;
}

int exporter_set(struct exporter *e, const char *address, const char *textfile)
{
	struct timespec now;

	free(e->textfile);
	e->textfile = *textfile ? strdup(textfile) : NULL;
	if (*textfile && !e->textfile)
		return -ENOMEM;
	if (!e->start_seconds) { /* once: a clock that is set would make another start of it */
		clock_gettime(CLOCK_REALTIME, &now);
		e->start_seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	}
	return e->address && !strcmp(e->address, address) ? 0 : set_http(e, address);
}

void exporter_run(struct exporter *e)
{
	if (e->http)
		http_run(e->http);
}

static int write_file(const struct exporter *e, const char *temporary)
{
	FILE *f = fopen(temporary, "we");
	int err;

	if (!f)
		return -errno;
	err = metrics((void *)e, f, false);
	/* node_exporter runs as another user. */
	if (!err && fchmod(fileno(f), 0644))
		err = -errno;
	if (fclose(f) && !err)
		err = -errno;
	if (!err && rename(temporary, e->textfile))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

void exporter_write(struct exporter *e)
{
	char *temporary;
	int err;

	if (!e->textfile)
		return;
	/* Not .prom: node_exporter must not read it yet. */
	if (asprintf(&temporary, "%s.new", e->textfile) < 0)
		return;
	err = write_file(e, temporary);
	free(temporary);
	if (err && err != e->said) /* a full disk stays full for long */
		log_line(LOG_WARN, "cannot write %s: %s", e->textfile, strerror(-err));
	e->said = err;
}

void exporter_close(struct exporter *e)
{
	unserve(e);
	free(e->address);
	free(e->textfile);
	e->address = e->textfile = NULL;
}
