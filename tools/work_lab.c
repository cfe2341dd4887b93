// SPDX-License-Identifier: GPL-2.0-only
/* work_lab.c - the loops of driver/iommulab, which run in the kernel. */
#include "tools/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/common.h"

#define BENCH "/sys/kernel/debug/iommulab/bench"

static int prepare(struct workload_options *o)
{
	if (!access(BENCH, W_OK))
		return 0;
	complain("cannot use " BENCH ": %s; load iommulab.ko, and mount debugfs", strerror(errno));
	return EXIT_RUNTIME;
}

/* Writing runs the loop; it returns when that has ended. */
static int start(const char *text, char *answer, size_t room)
{
	int fd = open(BENCH, O_RDWR | O_CLOEXEC), err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	fd = err ? -1 : open(BENCH, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, answer, room - 1);
	if (!err && n < 0)
		err = -errno;
	answer[n < 0 ? 0 : n] = 0;
	if (fd >= 0)
		close(fd);
	return err;
}

static uint64_t field(const char *answer, const char *name)
{
	const char *at = strstr(answer, name);
	uint64_t value = 0;

	if (at)
		sscanf(at + strlen(name), "%" SCNu64, &value);
	return value;
}

/* The driver counts, and tells errors. */
static void run(const char *loop, const struct workload_options *o, struct workload_result *r)
{
	uint64_t wanted = o->count * (o->threads ? o->threads : 1), errors;
	char text[128], answer[256];
	int err;

	if (o->size)
		snprintf(text, sizeof(text), "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64, loop,
			 o->device[0], o->size, o->count, o->threads);
	else
		snprintf(text, sizeof(text), "%s %s %" PRIu64, loop, o->device[0], o->count);
	err = start(text, answer, sizeof(answer));
	if (err) {
		workload_fail(r, "iommulab's \"%s\": %s", text, strerror(-err));
		return;
	}
	r->operations = field(answer, " count=");
	r->total_ns = field(answer, " total_ns=");
	errors = field(answer, " errors=");
	if (r->operations != wanted || errors)
		workload_fail(r, "iommulab did %" PRIu64 " of %" PRIu64 ", %" PRIu64 " with an error",
			      r->operations, wanted, errors);
}

static void once_map(const struct workload_options *o, struct workload_result *r)
{
	run("map", o, r);
}

static void once_dma(const struct workload_options *o, struct workload_result *r)
{
	run("dma", o, r);
}

static void once_attach(const struct workload_options *o, struct workload_result *r)
{
	run("attach", o, r);
}

static void once_alloc(const struct workload_options *o, struct workload_result *r)
{
	run("alloc", o, r);
}

const struct workload workload_lab_map = {
	.name = "lab-map",
	.usual = {.count = 30000, .size = 4096, .threads = 1},
	.devices = 1,
	.prepare = prepare,
	.once = once_map,
};

const struct workload workload_lab_dma = {
	.name = "lab-dma",
	.usual = {.count = 10000, .size = 4096, .threads = 1},
	.devices = 1,
	.prepare = prepare,
	.once = once_dma,
};

const struct workload workload_lab_attach = {
	.name = "lab-attach",
	.usual = {.count = 1000},
	.devices = 1,
	.prepare = prepare,
	.once = once_attach,
};

const struct workload workload_lab_alloc = {
	.name = "lab-alloc",
	.usual = {.count = 1000},
	.devices = 1,
	.prepare = prepare,
	.once = once_alloc,
};
