// SPDX-License-Identifier: GPL-2.0-only
#include "tools/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/common.h"
#include "tools/privileges.h"
#include "tools/status.h"

/* A kill loses what is younger than this, and than one turn of the loop. */
#define FLUSH_SECONDS 0.5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t in_ns(double seconds)
{
	return (uint64_t)(seconds * 1e9);
}

static const char *place(const struct recording *r)
{
	return r->recorder.output.fd == STDOUT_FILENO ? "standard output"
	       : r->recorder.name		      ? r->recorder.name
						      : r->recorder.path;
}

/* ---- records ---------------------------------------------------------------------------------- */

int recording_put(void *arg, const struct ims_record *rec)
{
	struct recording *r = arg;
	int err = recorder_put(&r->recorder, rec);

	r->write_failed |= err != 0;
	return err ? err : trigger_see(&r->trigger, rec);
}

static int flush(struct recording *r)
{
	int err = recorder_flush(&r->recorder);

	r->write_failed |= err != 0;
	return err;
}

/* ---- the flight recorder ---------------------------------------------------------------------- */

/* The totals at the end of a file are those at its end. */
static int finish_file(struct recording *r)
{
	int err = ims_capture_refresh(r->source);

	/* That alone may have filled it. */
	if (!err && r->recorder.writer) {
		err = recorder_next(&r->recorder, in_ns(now()));
		r->write_failed |= err != 0;
	}
	return err;
}

static int act_on_triggers(struct recording *r, double t)
{
	const char *fired = r->trigger.any ? trigger_fired(&r->trigger) : NULL;
	int began;

	if (recorder_due(&r->recorder, in_ns(t)))
		return finish_file(r);
	if (!fired)
		return 0;
	r->triggered++;
	r->last_trigger = fired;
	began = recorder_trigger(&r->recorder, in_ns(t));
	if (began < 0) {
		r->write_failed = true;
		return began;
	}
	if (began && !r->quiet) {
		status_break(r);
		complain("%s at %.1f s: writing %s", fired, t - r->begin, place(r));
	}
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------- */

static void on_child(int sig)
{
}

/* Whether to go on: until the command ends; when the time is over or a signal came it is asked to,
 * and what it does until then is recorded too. */
static bool goes_on(struct recording *r, bool command, double t)
{
	if (stop_requested || r->recorder.done || (r->seconds && t >= r->begin + r->seconds))
		return child_stop(&r->child, t) && !child_ended(&r->child);
	return !command || !child_ended(&r->child);
}

static int loop(struct recording *r, bool command)
{
	double t = now(), refresh = t + 1, write = t + FLUSH_SECONDS;
	int err = 0;

	r->told = t;
	while (!err && goes_on(r, command, t)) {
		err = ims_capture_poll(r->source, 100);
		t = now();
		if (!err && t >= refresh) {
			err = ims_capture_refresh(r->source);
			status_show(r, t, false);
			refresh = t + 1;
		}
		if (!err)
			err = act_on_triggers(r, t);
		if (!err && t >= write) {
			err = flush(r);
			write = t + FLUSH_SECONDS;
		}
	}
	return err;
}

/* For a command that outlives its recording. */
static void stop_command(struct recording *r)
{
	const struct timespec tick = {.tv_nsec = 50000000};

	while (child_stop(&r->child, now()) && !child_ended(&r->child))
		nanosleep(&tick, NULL);
}

static int failed(const struct recording *r, int err)
{
	status_break(r);
	complain("cannot %s %s: %s; the recording ends here, %" PRIu64
		 " bytes of it are good and readable",
		 r->write_failed ? "write" : "go on with", place(r), strerror(-err),
		 recorder_bytes(&r->recorder));
	return EXIT_RUNTIME;
}

/* The recording has a beginning that can be read, the command runs, and the file has its name. */
static int begin(struct recording *r, char **command)
{
	struct ims_error error;
	int err = ims_capture_start(r->source, &error);

	if (err && !r->write_failed) {
		complain("%s", error.text);
		return err;
	}
	if (!err)
		err = flush(r);
	if (err) {
		complain("cannot write %s: %s; nothing was recorded", place(r), strerror(-err));
		return err;
	}
	trigger_fired(&r->trigger); /* what was found at start is no news */
	if (command[0]) {
		err = child_start(&r->child, command, r->recorder.output.fd == STDOUT_FILENO);
		if (err) {
			complain("cannot run %s: %s; nothing was recorded", command[0],
				 strerror(-err));
			return err;
		}
	}
	err = recorder_commit(&r->recorder);
	if (err)
		return err;
	err = privileges_drop(!r->drop_all, r->capture.choice.user_stacks);
	if (err)
		complain("cannot give up privileges: %s", strerror(-err));
	return err;
}

static int record_all(struct recording *r, char **command)
{
	int err;

	if (begin(r, command))
		return EXIT_RUNTIME;
	r->begin = now(); /* to attach takes its time, which is not of the recording */
	err = loop(r, command[0] != NULL);
	if (!err)
		err = ims_capture_stop(r->source);
	if (!err)
		err = flush(r);
	if (err)
		return failed(r, err);
	status_show(r, now(), true);
	return EXIT_FINE;
}

static void tell_notices(const struct recording *r)
{
	const char *notice;

	for (unsigned int i = 0; !r->quiet && (notice = ims_capture_notice(r->source, i)); i++)
		complain("%s", notice);
}

int recording_run(struct recording *r, char **command)
{
	struct sigaction sa = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
	struct ims_error error;
	int code;

	r->capture.sink = r->filter ? r->filter : recording_put;
	r->capture.arg = r->filter ? r->filter_arg : r;
	if (ims_capture_open(&r->capture, &r->source, &error)) {
		complain("%s", error.text);
		return EXIT_RUNTIME;
	}
	tell_notices(r);
	stop_on_signals();
	sigaction(SIGCHLD, &sa, NULL);
	code = recorder_open(&r->recorder) || trigger_open(&r->trigger) ? EXIT_RUNTIME : EXIT_FINE;
	if (!code) {
		code = record_all(r, command);
		stop_command(r);
	}
	if (recorder_close(&r->recorder) && !code)
		code = EXIT_RUNTIME;
	trigger_close(&r->trigger);
	ims_capture_close(r->source);
	return code;
}
