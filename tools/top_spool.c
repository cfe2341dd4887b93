// SPDX-License-Identifier: GPL-2.0-only
#include "tools/top_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE (64u << 10)

struct spool {
	int from, file;
	int reader, feeder; /* the two ends of what a reader reads */
	off_t size, fed;
	bool ended;
	char piece[PIECE];
};

struct spool *spool_open(int from)
{
	const char *folder = getenv("TMPDIR");
	struct spool *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct spool){.from = from, .reader = -1, .feeder = -1};
	s->file = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->file >= 0 && !fcntl(from, F_SETFL, O_NONBLOCK))
		return s;
	spool_close(s);
	return NULL;
}

static void close_ends(struct spool *s)
{
	if (s->reader >= 0)
		close(s->reader);
	if (s->feeder >= 0)
		close(s->feeder);
	s->reader = s->feeder = -1;
}

void spool_close(struct spool *s)
{
	int err = errno;

	close_ends(s);
	if (s->file >= 0)
		close(s->file);
	free(s);
	errno = err;
}

int spool_rewind(struct spool *s)
{
	int end[2];

	close_ends(s);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, end))
		return -errno;
	s->reader = end[0];
	s->feeder = end[1];
	s->fed = 0;
	return s->reader;
}

int spool_take(struct spool *s)
{
	ssize_t n;

	while (!s->ended && (n = read(s->from, s->piece, PIECE)) >= 0) {
		if (n && pwrite(s->file, s->piece, (size_t)n, s->size) != n)
			return errno ? -errno : -ENOSPC;
		s->size += n;
		s->ended = !n;
	}
	return s->ended ? 1 : errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int spool_feed(struct spool *s)
{
	off_t before = s->fed;
	ssize_t n, sent = 1;

	while (s->fed < s->size && sent > 0) {
		n = pread(s->file, s->piece, PIECE, s->fed);
		sent = n > 0 ? send(s->feeder, s->piece, (size_t)n, MSG_NOSIGNAL) : -1;
		s->fed += sent > 0 ? sent : 0;
	}
	if (s->ended && s->fed == s->size && s->feeder >= 0) {
		close(s->feeder);
		s->feeder = -1;
		return 1;
	}
	return s->fed > before;
}
