// SPDX-License-Identifier: GPL-2.0-only
/* top_live.c - this machine's kernel as iommutop's source. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/capture.h"
#include "tools/privileges.h"
#include "tools/top_session.h"

static int pump(struct source *s)
{
	return ims_capture_poll(s->own, 0);
}

static int collect(struct source *s)
{
	return ims_capture_refresh(s->own);
}

static uint64_t now(struct source *s)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static const char *state(const struct source *s)
{
	return s->paused ? "paused" : "";
}

static void close_live(struct source *s)
{
	ims_capture_close(s->own);
}

static const struct source_ops live = {
	.pump = pump, .collect = collect, .now = now, .state = state, .close = close_live};

int source_live(struct source *s, struct session *session, const struct ims_choice *choice,
		const char *btf)
{
	struct ims_capture_options o = {.choice = *choice, .btf = btf, .sink = session_put, .arg = session};
	struct ims_capture *c;
	struct ims_error error;
	int err;

	err = ims_capture_open(&o, &c, &error);
	if (err) {
		complain("%s", error.text);
		return EXIT_RUNTIME;
	}
	err = ims_capture_start(c, &error);
	if (!err && (err = privileges_drop(true, false)))
		snprintf(error.text, sizeof(error.text), "cannot give up privileges: %s", strerror(-err));
	if (err) {
		complain("%s", error.text);
		ims_capture_close(c);
		return EXIT_RUNTIME;
	}
	*s = (struct source){.ops = &live, .session = session, .name = "live",
			     .fd = ims_capture_fd(c), .lives = true, .own = c};
	return EXIT_FINE;
}
