// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket-peer: what the daemon's tests have at the other ends of its sockets.
 *
 *   socket-peer hold PATH COUNT REQUEST   COUNT clients that ask, and never read
 *   socket-peer notify PATH               stands for systemd: prints what it is notified of
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return address;
}

static int hold(const char *path, int count, const char *request)
{
	struct sockaddr_un address = at(path);

	for (int i = 0; i < count; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
		    dprintf(fd, "%s\n", request) < 0) {
			perror(path);
			return 1;
		}
	}
	puts("holding");
	fflush(stdout);
	pause();
	return 0;
}

static int notify(const char *path)
{
	struct sockaddr_un address = at(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[4096];
	ssize_t n;

	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror(path);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = 0;
		puts(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "hold"))
		return hold(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 3 && !strcmp(argv[1], "notify"))
		return notify(argv[2]);
	fprintf(stderr, "usage: socket-peer hold PATH COUNT REQUEST | notify PATH\n");
	return 2;
}
