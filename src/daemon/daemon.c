// SPDX-License-Identifier: GPL-2.0-only
/* daemon.c - the life of iommud: what the capture reports goes to the model, and to those who follow. */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include <iommuscope/model.h>

#include "daemon/clients.h"
#include "daemon/export.h"
#include "daemon/log.h"

#define LEVEL	   6
#define REFRESH_NS 1000000000ull
#define FLUSH_NS   250000000ull
#define EXPORT_NS  (15 * REFRESH_NS)

/*
 * It runs for months: what was is forgotten sooner than in a report. 100,000 domains are alive at the same
 * time, and what is above counts as missing.
 */
static const struct model_limits limits = {
	.instances = 1 << 12,
	.groups = 1 << 16,
	.devices = 1 << 16,
	.domains = 1 << 17,
	.stats = 1 << 14,
	.verdicts = 1 << 14,
	.tasks = 1 << 12,
	.rows = 1 << 8,
	.facts = 1 << 14,
	.stacks = 1 << 13,
	.mappings = 1 << 12,
	.string_bytes = 16 << 20,
};

struct daemon {
	struct daemon_options options;
	struct ims_capture *capture;
	struct model *model;
	struct ims_flight *flight;
	struct ims_carry *carry;
	struct clients clients;
	struct exporter exporter;
	int epoll, signals;
	bool stop, reload;
	uint64_t refresh_ns, flush_ns, export_ns; /* when they are due */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int on_record(void *arg, const struct ims_record *rec)
{
	struct daemon *d = arg;
	int err = ims_flight_put(d->flight, rec);

	if (!err)
		err = ims_carry_see(d->carry, rec);
	return err ? err : model_apply(d->model, rec);
}

/* ---- life ------------------------------------------------------------------------------------- */

static int watch(struct daemon *d, int fd, void *who)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = who};

	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int catch_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals < 0 ? -errno : watch(d, d->signals, &d->signals);
}

static int set_up(struct daemon *d)
{
	int err;

	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll < 0)
		return -errno;
	d->model = model_new_limited(&limits);
	d->carry = ims_carry_new();
	d->flight = ims_flight_new(d->options.flight_bytes, LEVEL);
	if (!d->model || !d->carry || !d->flight)
		return -ENOMEM;
	d->clients.heads.flight = d->flight;
	d->clients.heads.carry = d->carry;
	d->clients.most = d->options.clients;
	d->clients.epoll = d->exporter.epoll = d->epoll;
	d->exporter.model = d->model;
	d->exporter.clients = &d->clients;
	d->exporter.flight = d->flight;
	err = catch_signals(d);
	return err ? err : watch(d, ims_capture_fd(d->capture), d->capture);
}

int daemon_open(struct daemon **out, const struct daemon_options *options)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct ims_error error;
	int err;

	if (!d)
		return -ENOMEM;
	d->options = *options;
	d->options.capture.sink = on_record;
	d->options.capture.arg = d;
	d->epoll = d->signals = d->clients.listener.fd = -1;
	*out = d;
	err = ims_capture_open(&d->options.capture, &d->capture, &error);
	if (err) {
		log_line(LOG_FAILURE, "%s", error.text);
		return err;
	}
	err = set_up(d);
	if (err)
		log_line(LOG_FAILURE, "cannot begin: %s", strerror(-err));
	return err;
}

int daemon_start(struct daemon *d)
{
	struct ims_error error;
	int err = listener_open(&d->clients.listener, d->options.socket, d->options.group);

	if (!err)
		err = watch(d, d->clients.listener.fd, &d->clients);
	if (!err)
		err = exporter_set(&d->exporter, d->options.metrics, d->options.textfile);
	if (err)
		return err;
	err = ims_capture_start(d->capture, &error);
	if (err)
		log_line(LOG_FAILURE, "%s", error.text);
	return err;
}

int daemon_apply(struct daemon *d, const struct daemon_options *options)
{
	d->clients.most = options->clients;
	return exporter_set(&d->exporter, options->metrics, options->textfile);
}

void daemon_close(struct daemon *d)
{
	if (!d)
		return;
	exporter_close(&d->exporter);
	clients_close(&d->clients, 0);
	ims_capture_close(d->capture);
	model_free(d->model);
	ims_carry_free(d->carry);
	ims_flight_free(d->flight);
	if (d->signals >= 0)
		close(d->signals);
	if (d->epoll >= 0)
		close(d->epoll);
	free(d);
}

/* ---- the loop --------------------------------------------------------------------------------- */

static void on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signals, &info, sizeof(info)) == sizeof(info)) {
		d->reload |= info.ssi_signo == SIGHUP;
		d->stop |= info.ssi_signo != SIGHUP;
	}
}

static void reload(struct daemon *d)
{
	d->reload = false;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_ns() / 1000);
	d->options.reload(d->options.arg, d);
	sd_notify(0, "READY=1");
}

static void on_ready(struct daemon *d, const struct epoll_event *e, uint64_t now)
{
	if (e->data.ptr == &d->signals)
		on_signal(d);
	else if (e->data.ptr == &d->clients)
		clients_accept(&d->clients, now);
	else if (e->data.ptr == &d->exporter)
		exporter_run(&d->exporter);
	else if (e->data.ptr != d->capture)
		client_ready(&d->clients, e->data.ptr, e->events, now);
}

static int timeout_ms(const struct daemon *d, uint64_t now)
{
	uint64_t due = d->refresh_ns < d->flush_ns ? d->refresh_ns : d->flush_ns;

	return due <= now ? 0 : (int)((due - now) / 1000000 + 1);
}

static int keep_up(struct daemon *d)
{
	uint64_t now = now_ns();
	int err = ims_capture_poll(d->capture, 0);

	if (!err && now >= d->refresh_ns) {
		err = ims_capture_refresh(d->capture);
		d->refresh_ns = now + REFRESH_NS;
		model_look(d->model, now);
		exporter_run(&d->exporter);
		sd_notify(0, "WATCHDOG=1");
	}
	if (!err && now >= d->export_ns) {
		exporter_write(&d->exporter);
		d->export_ns = now + EXPORT_NS;
	}
	if (!err && now >= d->flush_ns) {
		err = ims_flight_flush(d->flight);
		d->flush_ns = now + FLUSH_NS;
		clients_serve(&d->clients, now);
	}
	return err;
}

static int turn(struct daemon *d)
{
	struct epoll_event ready[32];
	int n = epoll_wait(d->epoll, ready, 32, timeout_ms(d, now_ns()));
	uint64_t now = now_ns();

	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++)
		on_ready(d, &ready[i], now);
	if (d->reload)
		reload(d);
	return keep_up(d);
}

/* The last statistics and the end go to everyone who still reads. */
static int end(struct daemon *d)
{
	int err;

	sd_notify(0, "STOPPING=1");
	err = ims_capture_stop(d->capture);
	if (!err)
		err = ims_flight_flush(d->flight);
	clients_close(&d->clients, REFRESH_NS);
	return err;
}

int daemon_run(struct daemon *d)
{
	int err = 0;

	log_line(LOG_SAY, "ready: serving %s, metrics on %s", d->options.socket, d->options.metrics);
	sd_notify(0, "READY=1");
	while (!err && !d->stop)
		err = turn(d);
	if (!err)
		err = end(d);
	if (err)
		log_line(LOG_FAILURE, "stopped: %s", strerror(-err));
	return err;
}
