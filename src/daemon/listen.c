// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/listen.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

/* A socket that nobody listens on is left from a daemon that was killed. */
static int remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : EADDRINUSE;
	close(fd);
	if (err != ECONNREFUSED)
		return err == ENOENT ? 0 : err == EAGAIN ? -EADDRINUSE : -err;
	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(address->sun_path) ? -errno : 0;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177); /* nobody else connects before the group is set */
	int err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(mask);
	return err;
}

static int give_to_group(struct listener *l, const char *name)
{
	struct group *group = *name ? getgrnam(name) : NULL;

	if (*name && !group)
		log_line(LOG_WARN, "there is no group %s: only root may connect to %s", name, l->path);
	if (!group)
		return 0;
	l->group = group->gr_gid;
	l->by_group = true;
	if (chown(l->path, -1, l->group) || chmod(l->path, 0660))
		return -errno;
	return 0;
}

static int set_up(struct listener *l, const char *group)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int err;

	if (strlen(l->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, l->path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	err = remove_stale(&address);
	if (!err)
		err = bind_to(l->fd, &address);
	if (err) {
		l->path = NULL; /* not ours */
		return err;
	}
	err = give_to_group(l, group);
	return err ? err : listen(l->fd, 16) ? -errno : 0;
}

/* The folder of the default path is made when it is not there; systemd has made it. */
static void make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	mkdir(folder, 0755);
}

int listener_open(struct listener *l, const char *path, const char *group)
{
	int err;

	*l = (struct listener){.fd = -1, .path = path};
	make_folder(path);
	err = set_up(l, group);
	if (!err)
		return 0;
	log_line(LOG_FAILURE, "cannot listen on %s: %s%s", path, strerror(-err),
		 err == -EADDRINUSE ? "; another iommud does" : "; choose another place with --socket");
	listener_close(l);
	return err;
}

void listener_close(struct listener *l)
{
	if (l->fd < 0)
		return;
	if (l->path)
		unlink(l->path);
	close(l->fd);
	l->fd = -1;
}

static bool is_member(int fd, gid_t group)
{
	gid_t groups[1024];
	socklen_t bytes = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes))
		return false;
	for (size_t i = 0; i < bytes / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool listener_admits(const struct listener *l, int fd, struct ucred *who)
{
	socklen_t bytes = sizeof(*who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &bytes))
		return false;
	if (who->uid == 0 || who->uid == geteuid())
		return true;
	return l->by_group && (who->gid == l->group || is_member(fd, l->group));
}
