// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_file.c - a stream as iommutop's source: a recording, in a file or from a pipe, which is played by its
 * own clock; or what is followed as it comes: the daemon's socket, and a pipe where there is no screen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/top_session.h"
#include "tools/top_spool.h"

#define NS 1000000000.0

struct player {
	const char *path;
	int fd;
	struct ims_reader *reader;
	struct ims_record next; /* read, not yet due */
	bool has_next;
	bool cut; /* by --until: that is over */
	bool paced, socket;
	int reader_fd;	     /* the spool's own */
	struct spool *spool; /* a pipe that is played; else NULL */
	bool begun, waits;   /* the first event came; for more */
	uint64_t first_ns, at_ns; /* of the stream: where it begins, and where we are */
	double speed;
	double told;	   /* when at_ns was right */
	uint64_t newest_ns; /* at that time, of what is followed */
	char state[48];
};

/* --until: the recording goes on, but not here. */
static bool is_past(const struct source *s, const struct ims_record *rec)
{
	uint64_t until_ns = s->session->filter.view.until_ns;

	return until_ns && rec->time_ns > until_ns;
}

/* Reads one ahead. Returns 0 (there is none now: the end, when s->over), 1 or -errno. */
static int peek(struct source *s)
{
	struct player *p = s->own;
	int n;

	if (p->has_next)
		return 1;
	if (s->over)
		return 0;
	do
		n = ims_reader_next(p->reader, &p->next);
	while (n == -EAGAIN && p->spool && spool_feed(p->spool));
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n < 0)
		return n;
	if (n && is_past(s, &p->next)) {
		s->over = p->cut = true;
		return 0;
	}
	p->has_next = n;
	if (!n) {
		s->over = true;
		model_damage(s->session->m, ims_reader_damage(p->reader));
		model_finish(s->session->m);
	}
	return n;
}

/* All that is due at @until_ns. */
static int play_to(struct source *s, uint64_t until_ns)
{
	struct player *p = s->own;
	int n, err = 0;

	while (!err && (n = peek(s)) > 0) {
		if (p->next.time_ns > until_ns)
			return 0;
		p->has_next = false;
		err = session_put(s->session, &p->next);
		if (!p->first_ns)
			p->first_ns = model_overview(s->session->m)->first_ns;
	}
	return err ? err : n < 0 ? n : 0;
}

static void tick(struct source *s)
{
	struct player *p = s->own;
	double now = now_seconds(), speed = p->waits && p->speed > 1 ? 1 : p->speed;

	if ((!s->paused || !p->paced) && !s->over)
		p->at_ns += (uint64_t)((now - p->told) * speed * NS);
	p->told = now;
}

static int take_in(struct source *s)
{
	struct player *p = s->own;
	int n = p->spool && s->fd >= 0 ? spool_take(p->spool) : 0;

	if (n > 0)
		s->fd = -1;
	return n < 0 ? n : 0;
}

static int begin(struct source *s);

static int pump(struct source *s)
{
	struct player *p = s->own;
	int err = take_in(s);

	if (err)
		return err;
	if (p->spool && !p->begun && !s->over) {
		err = begin(s);
		p->begun = p->has_next;
		return err;
	}
	tick(s);
	err = play_to(s, p->paced ? p->at_ns : UINT64_MAX);
	/* Where no more has come yet, it does not get ahead. */
	p->waits = p->spool && !p->has_next && !s->over;
	if (s->over || (!p->paced && p->newest_ns != s->session->newest_ns))
		p->at_ns = p->newest_ns = s->session->newest_ns;
	return err ? err : s->over;
}

/* Statistics come once a second, and rates are between two of them. */
static uint64_t now(struct source *s)
{
	struct player *p = s->own;
	uint64_t stats = s->session->stats_ns;

	return s->over || p->at_ns > stats + (uint64_t)(2.5 * NS) ? p->at_ns : stats;
}

static int nothing(struct source *s)
{
	return 0;
}

static int open_reader(struct player *p)
{
	if (!p->spool)
		return lseek(p->fd, 0, SEEK_SET) < 0 && p->paced ? -errno
								 : ims_reader_open(p->fd, &p->reader);
	p->reader_fd = spool_rewind(p->spool);
	return p->reader_fd < 0 ? p->reader_fd : ims_reader_open(p->reader_fd, &p->reader);
}

/* Not what was found at the start, or is known from before. */
static bool happens(const struct ims_record *rec)
{
	return rec->type == IMS_REC_STATS ||
	       (rec->type == IMS_REC_EVENT && rec->event.hook != IMS_HOOK_SNAPSHOT &&
		!(rec->event.flags & IMS_EVENT_EARLIER));
}

/* To the first thing that happens: what is there is shown, also while it is paused. */
static int begin(struct source *s)
{
	struct player *p = s->own;
	int n, err = 0;

	while (!err && (n = peek(s))) {
		if (n < 0)
			return n;
		if (p->first_ns && happens(&p->next))
			break;
		p->has_next = false;
		err = session_put(s->session, &p->next);
		p->first_ns = model_overview(s->session->m)->first_ns;
	}
	p->at_ns = s->session->newest_ns;
	if (!err && s->session->filter.view.since_ns > p->at_ns) {
		p->at_ns = s->session->filter.view.since_ns;
		err = play_to(s, p->at_ns);
	}
	p->told = now_seconds();
	return err ? err : session_refresh(s->session, p->at_ns);
}

static int rewind_file(struct source *s)
{
	struct player *p = s->own;
	int err;

	ims_reader_free(p->reader);
	p->reader = NULL;
	p->has_next = s->over = p->cut = false;
	p->first_ns = 0;
	err = open_reader(p);
	if (!err)
		err = session_restart(s->session);
	p->begun = true;
	return err ? err : begin(s);
}

/* To @to_ns; rates are of the @delay before it. */
static int seek(struct source *s, uint64_t to_ns, double delay)
{
	struct player *p = s->own;
	uint64_t before = to_ns > (uint64_t)(delay * NS) ? to_ns - (uint64_t)(delay * NS) : 0;
	int err = 0;

	if (to_ns < p->at_ns)
		err = rewind_file(s);
	if (!err && before > p->at_ns) {
		err = play_to(s, before);
		p->at_ns = before;
		if (!err && !s->over)
			err = session_refresh(s->session, now(s));
	}
	if (err >= 0)
		err = play_to(s, to_ns);
	p->waits = p->spool && !p->has_next && !s->over;
	p->at_ns = s->over || p->waits ? s->session->newest_ns : to_ns;
	p->told = now_seconds();
	return err < 0 ? err : session_refresh(s->session, now(s));
}

static int change_speed(struct player *p, double factor)
{
	double speed = p->speed * factor;

	if (speed >= 1.0 / 64 && speed <= 4096)
		p->speed = speed;
	return 0;
}

static int act(struct source *s, enum top_action action, double delay)
{
	struct player *p = s->own;
	uint64_t jump = (uint64_t)(10 * NS), back = p->at_ns - p->first_ns;

	tick(s);
	switch (action) {
	case TOP_STEP:
		s->paused = true;
		return seek(s, p->at_ns + (uint64_t)(delay * NS), delay);
	case TOP_FASTER:
		return change_speed(p, 2);
	case TOP_SLOWER:
		return change_speed(p, 0.5);
	case TOP_BACK:
		return seek(s, p->at_ns - (back < jump ? back : jump), delay);
	case TOP_FORWARD:
		return seek(s, p->at_ns + jump, delay);
	case TOP_TO_BEGIN:
		return rewind_file(s);
	case TOP_TO_END:
		return seek(s, UINT64_MAX, delay);
	default:
		return 0;
	}
}

static const char *state(const struct source *s)
{
	struct player *p = s->own;

	if (s->over)
		return p->paced ? "end" : "ended";
	if (s->paused || !p->paced)
		return s->paused ? "paused" : "";
	snprintf(p->state, sizeof(p->state), "x%g", p->speed);
	return p->state;
}

static void close_player(struct source *s)
{
	struct player *p = s->own;

	ims_reader_free(p->reader);
	if (p->spool)
		spool_close(p->spool);
	if (p->fd != STDIN_FILENO)
		close(p->fd);
	free(p);
}

static const struct source_ops file = {.plays = true, .pump = pump, .collect = nothing, .now = now,
				       .act = act, .state = state, .close = close_player};
static const struct source_ops pipe_ops = {.pump = pump, .collect = nothing, .now = now,
					   .state = state, .close = close_player};

/* Finds out how @p is to be read. Returns 0 or -errno. */
static int prepare(struct player *p, bool screen)
{
	struct stat st;

	if (fstat(p->fd, &st))
		return -errno;
	p->paced = S_ISREG(st.st_mode);
	if (p->paced)
		return 0;
	p->socket = S_ISSOCK(st.st_mode);
	if (!screen || p->socket)
		return 0;
	p->spool = spool_open(p->fd);
	p->paced = p->spool;
	return p->spool ? 0 : -errno;
}

static struct player *player_new(const char *path, double speed)
{
	struct player *p = calloc(1, sizeof(*p));
	bool from_stdin = !strcmp(path, "-");

	if (!p) {
		complain("no memory");
		return NULL;
	}
	p->path = from_stdin ? "standard input" : path;
	p->speed = speed > 0 ? speed : 1;
	p->fd = from_stdin ? STDIN_FILENO : ims_open(path, IMS_WANT_LIVE);
	if (p->fd >= 0)
		return p;
	complain("cannot open %s: %s%s", path, strerror(-p->fd),
		 p->fd == -EACCES ? "; are you in the group of the daemon's socket?" : "");
	free(p);
	return NULL;
}

int source_file(struct source *s, struct session *session, const char *path, double speed, bool screen)
{
	struct player *p = player_new(path, speed);
	int err;

	if (!p)
		return EXIT_RUNTIME;
	err = prepare(p, screen);
	*s = (struct source){.ops = p->paced ? &file : &pipe_ops, .session = session, .name = p->path,
			     .fd = p->paced && !p->spool ? -1 : p->fd,
			     .paused = p->paced && speed <= 0, .lives = p->socket, .own = p};
	if (!err)
		err = open_reader(p);
	if (!err && p->paced && !p->spool)
		err = begin(s);
	else if (!err && fcntl(p->fd, F_SETFL, O_NONBLOCK))
		err = -errno;
	if (!err)
		return EXIT_FINE;
	complain("cannot read %s: %s", p->path, unreadable(err));
	close_player(s);
	return EXIT_RUNTIME;
}

void source_tell_damage(const struct source *s)
{
	const struct player *p = s->own;
	struct ims_damage damage;

	if (s->ops != &file && s->ops != &pipe_ops)
		return;
	damage = *ims_reader_damage(p->reader);
	/* Of what was not read to its end nobody knows whether it has one. */
	damage.ended |= !s->over || p->cut;
	tell_damage(p->path, &damage);
}
