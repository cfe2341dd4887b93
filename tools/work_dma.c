// SPDX-License-Identifier: GPL-2.0-only
/* work_dma.c - the DMA API at work: a block device that reads, a network card that sends. */
#include "tools/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "tools/common.h"

/* ---- block ------------------------------------------------------------------------------------ */

/* Past the page cache, always at the same places: the first MiB, block by block. */
static void once_block(const struct workload_options *o, struct workload_result *r)
{
	int fd = open(o->device[0], O_RDONLY | O_DIRECT | O_CLOEXEC);
	uint64_t window = (1 << 20) / o->size, begin;
	void *buffer = NULL;
	int err = fd < 0 ? errno : posix_memalign(&buffer, 4096, o->size);

	if (err) {
		workload_fail(r, "cannot read %s past the cache: %s", o->device[0], strerror(err));
		return;
	}
	begin = workload_now_ns();
	for (; r->operations < o->count; r->operations++) {
		off_t at = (off_t)(r->operations % (window ? window : 1) * o->size);
		ssize_t n = pread(fd, buffer, o->size, at);

		if (n == (ssize_t)o->size)
			continue;
		workload_fail(r, "%s gave %zd of %" PRIu64 " bytes at %jd: %s", o->device[0], n, o->size,
			      (intmax_t)at, n < 0 ? strerror(errno) : "it is too small");
		break;
	}
	r->total_ns = workload_now_ns() - begin;
	free(buffer);
	close(fd);
}

/* ---- network ---------------------------------------------------------------------------------- */

static uint64_t sent_by(const char *card)
{
	char path[128], line[32] = "";
	FILE *in;

	snprintf(path, sizeof(path), "/sys/class/net/%.32s/statistics/tx_packets", card);
	in = fopen(path, "re");
	if (in) {
		if (!fgets(line, sizeof(line), in))
			line[0] = 0;
		fclose(in);
	}
	return strtoull(line, NULL, 10);
}

static int card_open(const char *name, struct sockaddr_ll *to, struct workload_result *r)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	*to = (struct sockaddr_ll){.sll_family = AF_PACKET,
				   .sll_ifindex = (int)if_nametoindex(name),
				   .sll_halen = ETH_ALEN};
	if (fd < 0 || !to->sll_ifindex) {
		workload_fail(r, "cannot send by %s: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Frames to nobody, of a protocol for experiments (IEEE 802, 88B5). */
static void once_net(const struct workload_options *o, struct workload_result *r)
{
	struct {
		struct ether_header head;
		char body[1500];
	} frame = {.head = {.ether_dhost = {2, 0, 0, 0, 0, 1}, .ether_type = htons(0x88b5)}};
	const struct timespec tick = {.tv_nsec = 1000000};
	const char *card = o->device[0];
	size_t len = sizeof(frame.head) + (o->size < 1500 ? o->size : 1500);
	uint64_t before = sent_by(card), begin;
	struct sockaddr_ll to;
	int fd = card_open(card, &to, r);

	if (fd < 0)
		return;
	begin = workload_now_ns();
	while (r->operations < o->count) {
		if (sendto(fd, &frame, len, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)len) {
			r->operations++;
		} else if (errno != ENOBUFS && errno != EAGAIN) {
			workload_fail(r, "%s refused a frame: %s", card, strerror(errno));
			break;
		}
	}
	for (int i = 0; i < 2000 && sent_by(card) - before < r->operations; i++)
		nanosleep(&tick, NULL);
	r->total_ns = workload_now_ns() - begin;
	if (sent_by(card) - before < r->operations)
		workload_fail(r, "%s says that it sent %" PRIu64 " of %" PRIu64 " frames", card,
			      sent_by(card) - before, r->operations);
	close(fd);
}

const struct workload workload_dma_block = {
	.name = "dma-block",
	.usual = {.count = 2000, .size = 4096},
	.devices = 1,
	.once = once_block,
};

const struct workload workload_dma_net = {
	.name = "dma-net",
	.usual = {.count = 5000, .size = 1000},
	.devices = 1,
	.once = once_net,
};
