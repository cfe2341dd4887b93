// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/clients.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"

#define SECOND	    1000000000ull
#define ASK_NS	    (5 * SECOND)  /* to say what it wants */
#define PATIENCE_NS (30 * SECOND) /* to take the next chunk of a head */

struct client {
	struct client *next;
	int fd;
	struct ucred who;
	char request[32];
	size_t asked; /* bytes of it */
	struct ims_writer *writer; /* NULL: it did not say yet what it wants */
	enum ims_want want;
	struct head *head; /* being told, from chunk @told on; NULL: it was told */
	size_t told;
	uint64_t at;    /* chunk of the flight recorder that is next */
	uint64_t until; /* and the one that is not told any more */
	uint64_t seen[IMS_HOOK_MAX]; /* events of each hook before chunk @at */
	uint64_t lost[IMS_HOOK_MAX];
	bool tell_loss, was_slow;
	bool waits; /* for room in its socket */
	bool deaf;  /* it says nothing any more */
	bool done;  /* while all are closed: gone, or told everything */
	uint64_t since_ns; /* when it last took something */
};

/* ---- coming and going ------------------------------------------------------------------------- */

static void watch(const struct clients *c, struct client *who)
{
	struct epoll_event e = {.events = (who->deaf ? 0 : EPOLLIN) | (who->waits ? EPOLLOUT : 0),
				.data.ptr = who};

	epoll_ctl(c->epoll, EPOLL_CTL_MOD, who->fd, &e);
}

static void drop(struct clients *c, struct client *who)
{
	struct client **place = &c->first;

	while (*place != who)
		place = &(*place)->next;
	*place = who->next;
	c->count--;
	head_put(&c->heads, who->head);
	ims_writer_free(who->writer);
	close(who->fd);
	free(who);
}

static int admit(struct clients *c, int fd, uint64_t now_ns)
{
	struct epoll_event e = {.events = EPOLLIN};
	struct client *who;
	struct ucred peer = {};

	if (!listener_admits(&c->listener, fd, &peer)) {
		log_line(LOG_WARN, "refused pid %d of uid %d: not in the group", peer.pid, peer.uid);
		return -EACCES;
	}
	if (c->count >= c->most) {
		log_line(LOG_WARN, "refused pid %d of uid %d: there are %" PRIu64 " clients already",
			 peer.pid, peer.uid, c->count);
		return -EUSERS;
	}
	who = calloc(1, sizeof(*who));
	if (!who)
		return -ENOMEM;
	*who = (struct client){.next = c->first, .fd = fd, .who = peer, .since_ns = now_ns};
	e.data.ptr = who;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e)) {
		free(who);
		return -errno;
	}
	c->first = who;
	c->count++;
	c->served++;
	log_line(LOG_SAY, "pid %d of uid %d connected", peer.pid, peer.uid);
	return 0;
}

void clients_accept(struct clients *c, uint64_t now_ns)
{
	int fd;

	while ((fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (!admit(c, fd, now_ns))
			continue;
		c->refused++;
		close(fd);
	}
}

/* ---- telling ---------------------------------------------------------------------------------- */

/* What is not kept any more is lost to this client: it is told what is so now, and goes on from there. */
static int catch_up(struct clients *c, struct client *who, uint64_t now_ns)
{
	struct head *head;
	int err = head_get(&c->heads, IMS_WANT_LIVE, now_ns, &head);

	if (err)
		return err;
	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++)
		who->lost[hook] += head->events[hook] - who->seen[hook];
	memcpy(who->seen, head->events, sizeof(who->seen));
	ims_writer_skip(who->writer, head->next - who->at);
	c->lost_chunks += head->next - who->at;
	if (!who->was_slow)
		log_line(LOG_WARN, "pid %d reads too slowly, and begins to lose records",
			 who->who.pid);
	who->was_slow = true;
	who->at = head->next;
	who->head = head;
	who->told = 0;
	who->tell_loss = true;
	return 0;
}

static int tell_loss(struct client *who, uint64_t now_ns)
{
	struct ims_record rec = {.type = IMS_REC_LOSS, .time_ns = now_ns};
	int err = 0;

	for (uint32_t hook = 0; !err && hook < IMS_HOOK_MAX; hook++) {
		if (!who->lost[hook])
			continue;
		rec.loss = (struct ims_loss){hook, IMS_LOSS_SLOW_READER, who->lost[hook]};
		err = ims_writer_put(who->writer, &rec);
	}
	who->tell_loss = false;
	return err ? err : ims_writer_flush(who->writer);
}

static int tell_head(struct clients *c, struct client *who)
{
	const struct head_chunk *chunk = &who->head->chunk[who->told];

	if (who->told < who->head->count) {
		who->told++;
		return ims_writer_put_chunk(who->writer, chunk->data, chunk->bytes);
	}
	head_put(&c->heads, who->head);
	who->head = NULL;
	return 0;
}

static int tell_chunk(struct clients *c, struct client *who)
{
	struct ims_kept kept = ims_flight_get(c->heads.flight, who->at);
	const uint64_t *after = ims_flight_events(c->heads.flight);

	who->at++;
	if (who->at < ims_flight_next(c->heads.flight))
		after = ims_flight_get(c->heads.flight, who->at).events;
	memcpy(who->seen, after, sizeof(who->seen));
	return ims_writer_put_chunk(who->writer, kept.chunk, kept.bytes);
}

/* That of the flight recorder; the live stream's is in its last chunk. */
static int tell_end(struct client *who, uint64_t now_ns)
{
	struct ims_record end = {
		.type = IMS_REC_END, .time_ns = now_ns, .end = {.goes_on = true}};
	int err = ims_writer_put(who->writer, &end);

	who->until = 0;
	return err ? err : ims_writer_flush(who->writer);
}

/* Of a client with nothing left to write: the next thing. Returns 1 when there is none. */
static int tell_next(struct clients *c, struct client *who, uint64_t now_ns)
{
	struct ims_flight *f = c->heads.flight;
	int err;

	if (who->head)
		return tell_head(c, who);
	if (who->tell_loss)
		return tell_loss(who, now_ns);
	if (!who->until)
		return -ESHUTDOWN;
	if (who->at >= who->until)
		return tell_end(who, now_ns);
	if (who->at < ims_flight_first(f)) {
		err = catch_up(c, who, now_ns);
		return err == -EBUSY ? 1 : err;
	}
	return who->at < ims_flight_next(f) ? tell_chunk(c, who) : 1;
}

/* Writes until the socket is full or all is told. Returns 0 or -errno: then the client has to go. */
static int serve(struct clients *c, struct client *who, uint64_t now_ns)
{
	uint64_t before = ims_writer_bytes(who->writer);
	int err = ims_writer_flush(who->writer);

	while (!err)
		err = tell_next(c, who, now_ns);
	if (ims_writer_bytes(who->writer) != before)
		who->since_ns = now_ns;
	if (err < 0 && err != -EAGAIN)
		return err;
	if (who->waits != (err == -EAGAIN)) {
		who->waits = err == -EAGAIN;
		watch(c, who);
	}
	return 0;
}

/* ---- asking ----------------------------------------------------------------------------------- */

static int begin(struct clients *c, struct client *who, uint64_t now_ns)
{
	int err = ims_flight_flush(c->heads.flight);

	if (err)
		return err;
	who->writer = ims_writer_new(who->fd, 0);
	if (!who->writer)
		return -ENOMEM;
	err = head_get(&c->heads, who->want, now_ns, &who->head);
	if (err)
		return err;
	who->at = who->head->next;
	memcpy(who->seen, who->head->events, sizeof(who->seen));
	who->until = who->want == IMS_WANT_LIVE ? UINT64_MAX : ims_flight_next(c->heads.flight);
	return serve(c, who, now_ns);
}

static int understand(struct client *who)
{
	if (!strcmp(who->request, "iommuscope 1 live\n"))
		who->want = IMS_WANT_LIVE;
	else if (!strcmp(who->request, "iommuscope 1 recent\n"))
		who->want = IMS_WANT_RECENT;
	else
		return -EPROTO;
	return 0;
}

/* What it says after its request is of no interest; it may have closed its side for that. */
static int ignore(const struct clients *c, struct client *who)
{
	char waste[256];
	ssize_t n = recv(who->fd, waste, sizeof(waste), 0);

	if (n < 0 && errno != EAGAIN)
		return -errno;
	who->deaf = !n;
	if (!n)
		watch(c, who);
	return 0;
}

static int listen_to(struct clients *c, struct client *who, uint64_t now_ns)
{
	ssize_t n;
	int err;

	if (who->writer)
		return ignore(c, who);
	n = recv(who->fd, who->request + who->asked, sizeof(who->request) - 1 - who->asked, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -EPIPE;
	who->asked += n;
	if (!memchr(who->request, '\n', who->asked))
		return who->asked < sizeof(who->request) - 1 ? 0 : -EPROTO;
	err = understand(who);
	return err ? err : begin(c, who, now_ns);
}

/* ---- all of them ------------------------------------------------------------------------------ */

static void part(struct clients *c, struct client *who, int err)
{
	if (err == -EPROTO)
		log_line(LOG_WARN, "pid %d asked for what is not known here", who->who.pid);
	else if (err == -EBUSY || err == -ETIMEDOUT)
		log_line(LOG_WARN, "pid %d was dropped: %s", who->who.pid,
			 err == -EBUSY ? "too many clients have not read their beginning"
				       : "it asked for nothing, or did not read");
	else if (err != -EPIPE && err != -ECONNRESET && err != -ESHUTDOWN)
		log_line(LOG_WARN, "pid %d was dropped: %s", who->who.pid, strerror(-err));
	else
		log_line(LOG_SAY, "pid %d is done", who->who.pid);
	drop(c, who);
}

void client_ready(struct clients *c, struct client *who, uint32_t events, uint64_t now_ns)
{
	int err = 0;

	if (events & EPOLLIN)
		err = listen_to(c, who, now_ns);
	if (!err && events & (EPOLLHUP | EPOLLERR))
		err = -EPIPE;
	if (!err && events & EPOLLOUT && who->writer)
		err = serve(c, who, now_ns);
	if (err)
		part(c, who, err);
}

static int serve_or_drop(struct clients *c, struct client *who, uint64_t now_ns)
{
	bool holds = !who->writer || who->head || who->want == IMS_WANT_RECENT;

	if (holds && now_ns > who->since_ns + (who->writer ? PATIENCE_NS : ASK_NS))
		return -ETIMEDOUT;
	return who->writer && !who->waits ? serve(c, who, now_ns) : 0;
}

void clients_serve(struct clients *c, uint64_t now_ns)
{
	for (struct client *who = c->first, *next; who; who = next) {
		int err = serve_or_drop(c, who, now_ns);

		next = who->next;
		if (err)
			part(c, who, err);
	}
	heads_tidy(&c->heads);
}

/* Whether anyone still has to be told something. */
static bool is_behind(const struct clients *c)
{
	for (const struct client *who = c->first; who; who = who->next)
		if (who->waits && !who->done)
			return true;
	return false;
}

void clients_close(struct clients *c, uint64_t patience_ns)
{
	const struct timespec tick = {.tv_nsec = 20000000};

	for (uint64_t waited = 0; waited < patience_ns; waited += tick.tv_nsec) {
		for (struct client *who = c->first; who; who = who->next)
			if (who->writer && !who->done)
				who->done = serve(c, who, 0) < 0;
		if (!is_behind(c))
			break;
		nanosleep(&tick, NULL);
	}
	while (c->first)
		drop(c, c->first);
	heads_tidy(&c->heads);
	listener_close(&c->listener);
}
