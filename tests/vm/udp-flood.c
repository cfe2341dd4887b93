// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp-flood N ADDRESS: sends N datagrams of changing sizes, up to 32 KiB: a load on the DMA API. Where
 * they go does not matter.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	static char data[32768];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	unsigned long n, failed = 0;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 3 || fd < 0 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
		fputs("usage: udp-flood N ADDRESS\n", stderr);
		return 2;
	}
	n = strtoul(argv[1], NULL, 10);
	for (unsigned long i = 0; i < n; i++)
		failed += sendto(fd, data, 64 + i * 7919 % (sizeof(data) - 64), 0,
				 (struct sockaddr *)&to, sizeof(to)) < 0;
	printf("%lu sent, %lu failed\n", n - failed, failed);
	return failed != 0;
}
