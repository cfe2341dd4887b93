// SPDX-License-Identifier: GPL-2.0-only
/* connect.c - the reader's end of the daemon's socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <iommuscope/stream.h>

static int ask(int fd, const struct sockaddr_un *address, const char *request)
{
	size_t n = strlen(request);

	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	/* So short a message fits into any buffer: it goes out whole, or the peer is gone. */
	return send(fd, request, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -errno;
}

int ims_connect(const char *path, enum ims_want want)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = ask(fd, &address,
		  want == IMS_WANT_LIVE ? "iommuscope 1 live\n" : "iommuscope 1 recent\n");
	if (!err)
		return fd;
	close(fd);
	return err;
}

int ims_open(const char *path, enum ims_want want)
{
	struct stat st;
	int fd;

	if (!stat(path, &st) && S_ISSOCK(st.st_mode))
		return ims_connect(path, want);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
