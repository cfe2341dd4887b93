// SPDX-License-Identifier: GPL-2.0-only
/* top_batch.c - refreshes as text or JSON, without a terminal. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "tools/top_run.h"

static int show(struct run *r)
{
	struct session *s = &r->session;
	int err;

	errno = 0;
	if (r->object)
		err = top_object_text(s->top, s->m, stdout, r->object);
	else if (r->json)
		err = top_json(s->top, s->m, stdout, r->screens, r->rows);
	else
		err = top_text(s->top, s->m, stdout, r->screens, r->rows);
	if (!err && fflush(stdout))
		err = -EIO;
	if (err != -EIO)
		return err;
	complain("cannot write to standard output: %s", strerror(errno ? errno : EIO));
	return -EIO;
}

/* One interval of what comes by itself. Returns 1 at its end. */
static int wait_interval(struct run *r)
{
	struct source *s = &r->source;
	double end = now_seconds() + r->delay, collected = now_seconds();
	int err = 0;

	while (!err && !stop_requested) {
		double now = now_seconds();
		struct pollfd fd = {s->fd, POLLIN, 0};

		if (now >= end)
			break;
		/* Dead domains give their place back when statistics are read. */
		if (now >= collected + 1) {
			err = s->ops->collect(s);
			collected = now;
		}
		poll(&fd, 1, (int)((end - now) * 1000 < 50 ? (end - now) * 1000 + 1 : 50));
		err = err ? err : s->ops->pump(s);
	}
	if (err < 0)
		return err;
	return err | (s->ops->collect(s) < 0 ? -EIO : 0);
}

/* One interval of a recording, by its own clock. */
static int step(struct run *r)
{
	int err = r->source.ops->act(&r->source, TOP_STEP, r->delay);

	return err ? err : r->source.over;
}

static int finish(const struct run *r, int err)
{
	if (err == -ENOENT && r->object) {
		complain("--object: there is no %s", r->object);
		return EXIT_RUNTIME;
	}
	if (err < 0 && err != -EIO)
		complain("stopped: %s", strerror(-err));
	return err < 0 ? EXIT_RUNTIME : EXIT_FINE;
}

int run_batch(struct run *r)
{
	struct source *s = &r->source;
	int err = s->ops->plays ? 0 : session_refresh(&r->session, s->ops->now(s));

	for (uint64_t n = 0; !err && !stop_requested && (!r->count || n < r->count); n++) {
		int over = s->ops->plays ? step(r) : wait_interval(r);

		err = over < 0 ? over : session_refresh(&r->session, s->ops->now(s));
		if (!err && !stop_requested)
			err = show(r);
		if (!err && !r->json && (!r->count || n + 1 < r->count))
			putchar('\n');
		err = err ? err : over;
	}
	return finish(r, err);
}

int run_once(struct run *r)
{
	struct source *s = &r->source;
	int err = 0;

	r->count = 1;
	if (s->ops->plays)
		err = s->ops->act(s, TOP_TO_END, r->delay);
	else if (s->lives)
		return run_batch(r);
	while (!err && !s->over && !stop_requested) {
		struct pollfd fd = {s->fd, POLLIN, 0};

		poll(&fd, 1, 100);
		err = s->ops->pump(s);
	}
	if (err >= 0)
		err = session_refresh(&r->session, s->ops->now(s));
	return finish(r, err < 0 ? err : show(r));
}
