// SPDX-License-Identifier: GPL-2.0-only
/* top_terminal.c - the live screens: waits for keys and records, refreshes, draws. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/top_run.h"
#include "view/tui/tui.h"

/* A recording moves on by itself: so often is looked. */
#define PLAY_MS 50

/* ---- choices that are kept ------------------------------------------------------------------ */

static char *choices_path(bool make)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *folder, *path;
	int n;

	if (config && *config == '/')
		n = asprintf(&folder, "%s/iommuscope", config);
	else if (home && *home == '/')
		n = asprintf(&folder, "%s/.config/iommuscope", home);
	else
		return NULL;
	if (n < 0)
		return NULL;
	for (char *slash = folder + 1; make && (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(folder, 0755);
	}
	if (make)
		mkdir(folder, 0755);
	n = asprintf(&path, "%s/iommutop", folder);
	free(folder);
	return n < 0 ? NULL : path;
}

/* What an older or newer iommutop wrote and this one does not know is left out. */
static void read_choices(struct top *t)
{
	char *path = choices_path(false), line[512];
	FILE *in = path ? fopen(path, "re") : NULL;

	while (in && fgets(line, sizeof(line), in))
		top_read_choice(t, line);
	if (in)
		fclose(in);
	free(path);
}

/* As one file that is whole, or not at all: nobody is told when it cannot be. */
static void write_choices(const struct top *t)
{
	char *path = choices_path(true), *new = NULL;
	FILE *out = NULL;
	int err;

	if (path && asprintf(&new, "%s.new", path) >= 0)
		out = fopen(new, "we");
	if (out) {
		err = top_write_choices(t, out);
		if (fclose(out) || err || rename(new, path))
			unlink(new);
	}
	free(new);
	free(path);
}

/* ---- keys ----------------------------------------------------------------------------------- */

struct terminal {
	struct run *r;
	int keys;
	double next, collected; /* when to refresh; when statistics were last asked for */
	bool dirty, quit;
};

static void pause_or_go(struct terminal *t)
{
	struct source *s = &t->r->source;

	if (s->ops->plays && s->over)
		snprintf(t->r->session.message, sizeof(t->r->session.message),
			 "this is the end: [ goes back, { to the begin");
	else
		s->paused = !s->paused;
}

static int act(struct terminal *t, enum top_action action)
{
	struct source *s = &t->r->source;
	struct session *session = &t->r->session;

	session->message[0] = '\0';
	switch (action) {
	case TOP_QUIT:
		t->quit = true;
		return 0;
	case TOP_PAUSE:
		pause_or_go(t);
		return 0;
	case TOP_RECORD:
		session_toggle_recording(session);
		return 0;
	case TOP_REFRESH:
		t->next = 0;
		return 0;
	case TOP_NOTHING:
		return 0;
	default:
		break;
	}
	if (s->ops->act)
		return s->ops->act(s, action, t->r->delay);
	snprintf(session->message, sizeof(session->message), "only a recording in a file can do that");
	return 0;
}

static int keys(struct terminal *t)
{
	enum top_action action;
	int err = 0;

	do {
		bool any = false;

		action = tui_key(t->r->session.top, t->r->session.m, &any);
		if (any)
			err = act(t, action);
		t->dirty |= any;
	} while (!err && action != TOP_NOTHING && !t->quit);
	return err;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static int draw(struct terminal *t)
{
	const struct source *s = &t->r->source;
	struct top_status status = {
		.source = s->name,
		.state = s->ops->state(s),
		.message = t->r->session.message,
		.plays = s->ops->plays,
		.recording = t->r->session.writer,
		.delay = t->r->delay,
	};

	t->dirty = false;
	return tui_draw(t->r->session.top, t->r->session.m, &status);
}

static int refresh_if_due(struct terminal *t)
{
	struct source *s = &t->r->source;
	double now = now_seconds();
	int err = 0;

	if (now >= t->collected + 1 || now >= t->next) {
		err = s->ops->collect(s);
		t->collected = now;
	}
	if (err || now < t->next)
		return err;
	t->next = now + t->r->delay;
	t->dirty = true;
	/* What is held is the screen: what comes goes into the model and into a recording. */
	return s->paused ? 0 : session_refresh(&t->r->session, s->ops->now(s));
}

static void wait_for_something(const struct terminal *t)
{
	struct pollfd fds[] = {{t->keys, POLLIN, 0}, {t->r->source.fd, POLLIN, 0}};
	double left = (t->next - now_seconds()) * 1000;
	int most = t->r->source.ops->plays ? PLAY_MS : 250;

	if (t->r->source.over)
		fds[1].fd = -1;
	poll(fds, 2, left < 0 ? 0 : left < most ? (int)left + 1 : most);
}

static int loop(struct terminal *t)
{
	int err = draw(t);

	while (!err && !t->quit && !stop_requested) {
		wait_for_something(t);
		err = t->r->source.ops->pump(&t->r->source);
		if (err >= 0)
			err = keys(t);
		if (!err)
			err = refresh_if_due(t);
		if (!err && t->dirty)
			err = draw(t);
	}
	return err;
}

int run_terminal(struct run *r)
{
	struct terminal t = {.r = r, .keys = STDIN_FILENO};
	int err;

	if (!isatty(STDIN_FILENO))
		t.keys = open("/dev/tty", O_RDONLY | O_CLOEXEC);
	if (t.keys < 0) {
		complain("keys cannot be read: %s; -b needs none", strerror(errno));
		return EXIT_RUNTIME;
	}
	if (tui_open(t.keys, r->color)) {
		complain("TERM \"%s\" is no terminal that can be drawn on; -b needs none",
			 getenv("TERM") ? getenv("TERM") : "");
		return EXIT_RUNTIME;
	}
	read_choices(r->session.top);
	t.next = now_seconds() + r->delay;
	t.collected = now_seconds();
	err = r->source.ops->plays ? 0 : session_refresh(&r->session, r->source.ops->now(&r->source));
	if (!err)
		err = loop(&t);
	tui_close();
	write_choices(r->session.top);
	if (err)
		complain("stopped: %s", strerror(-err));
	return err ? EXIT_RUNTIME : EXIT_FINE;
}
