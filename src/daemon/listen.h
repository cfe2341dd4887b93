/* SPDX-License-Identifier: GPL-2.0-only */
/* listen.h - the socket, and who may use it. */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct listener {
	int fd;
	const char *path;
	gid_t group;
	bool by_group; /* members of @group may connect; else root and our own user */
};

/* Says what failed. Returns 0 or -errno. */
int listener_open(struct listener *l, const char *path, const char *group);
void listener_close(struct listener *l);

/* Whether who is at the other end of @fd may use the socket; who it is goes to *@who. */
bool listener_admits(const struct listener *l, int fd, struct ucred *who);

#endif
