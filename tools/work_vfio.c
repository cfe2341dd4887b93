// SPDX-License-Identifier: GPL-2.0-only
/* work_vfio.c - VFIO type 1: maps, fragmented IOVA space, domains that come and go. */
#include "tools/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/common.h"

#define PCI "/sys/bus/pci"
/* Above what any platform keeps for MSI, and within 39 bits; a thread has 64 GiB for itself. */
#define IOVA (4ull << 30)
#define THREAD_IOVA (64ull << 30)
#define MAX_THREADS 7

/* ---- devices ---------------------------------------------------------------------------------- */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* The last part of what the device's @link leads to; "": there is none. */
static void link_of(const char *device, const char *link, char to[NAME_MAX])
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), PCI "/devices/%s/%s", device, link);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	snprintf(to, NAME_MAX, "%s", n < 0 ? "" : basename(target));
}

/*
 * Off its driver, and to the one that @override names; "\n": to whichever the kernel finds. An error: nothing
 * was done to it.
 */
static int rebind(const char *device, const char *override)
{
	char path[PATH_MAX], now[NAME_MAX];
	int err;

	snprintf(path, sizeof(path), PCI "/devices/%s/driver_override", device);
	err = write_text(path, override);
	if (err)
		return err;
	link_of(device, "driver", now);
	snprintf(path, sizeof(path), PCI "/drivers/%s/unbind", now);
	if (*now)
		write_text(path, device);
	write_text(PCI "/drivers_probe", device);
	return 0;
}

/* One that is vfio-pci's already is not taken, and so stays that driver's. */
static int take(const char *device, bool *taken)
{
	char now[NAME_MAX];
	int err;

	link_of(device, "driver", now);
	if (!strcmp(now, "vfio-pci"))
		return 0;
	err = rebind(device, "vfio-pci");
	if (err)
		return err;
	*taken = true;
	link_of(device, "driver", now);
	return strcmp(now, "vfio-pci") ? -ENODEV : 0;
}

static void undo(struct workload_options *o)
{
	for (size_t i = 0; i < o->devices; i++)
		if (o->taken[i])
			rebind(o->device[i], "\n");
}

static int prepare(struct workload_options *o)
{
	if (o->threads > MAX_THREADS) {
		complain("--threads %" PRIu64 ": at most %d", o->threads, MAX_THREADS);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < o->devices; i++) {
		int err = take(o->device[i], &o->taken[i]);

		if (!err)
			continue;
		complain("cannot give %s to vfio-pci: %s; is the module loaded, and the device there?",
			 o->device[i], strerror(-err));
		undo(o);
		return EXIT_RUNTIME;
	}
	return 0;
}

/* ---- containers ------------------------------------------------------------------------------- */

struct container {
	int fd;
	int group[WORKLOAD_DEVICES];
	size_t groups;
};

static void container_close(struct container *c)
{
	for (size_t i = 0; i < c->groups; i++)
		close(c->group[i]);
	close(c->fd);
}

static bool group_open(struct container *c, const char *device, struct workload_result *r)
{
	char number[NAME_MAX], path[PATH_MAX];
	int fd;

	link_of(device, "iommu_group", number);
	snprintf(path, sizeof(path), "/dev/vfio/%s", number);
	fd = *number ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0)
		c->group[c->groups++] = fd;
	else
		workload_fail(r, "cannot open the group of %s: %s", device, strerror(errno));
	return fd >= 0;
}

static bool group_attach(struct container *c, size_t i, struct workload_result *r)
{
	if (ioctl(c->group[i], VFIO_GROUP_SET_CONTAINER, &c->fd))
		workload_fail(r, "VFIO_GROUP_SET_CONTAINER: %s", strerror(errno));
	else if (!i && ioctl(c->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		workload_fail(r, "VFIO_SET_IOMMU: %s", strerror(errno));
	return !r->failure[0];
}

static bool container_open(struct container *c, const struct workload_options *o,
			   struct workload_result *r)
{
	*c = (struct container){.fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC)};
	if (c->fd < 0) {
		workload_fail(r, "cannot open /dev/vfio/vfio: %s", strerror(errno));
		return false;
	}
	for (size_t i = 0; i < o->devices && group_open(c, o->device[i], r); i++)
		;
	return !r->failure[0];
}

static bool container_attach(struct container *c, struct workload_result *r)
{
	for (size_t i = 0; i < c->groups && group_attach(c, i, r); i++)
		;
	return !r->failure[0];
}

/* ---- maps ------------------------------------------------------------------------------------- */

/* With pages as large as there are, so that a large range can be a large mapping. */
static void *buffer_make(uint64_t size)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *buffer = MAP_FAILED;

	if (size >= 2u << 20)
		buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB | MAP_POPULATE, -1,
			      0);
	if (buffer == MAP_FAILED)
		buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, -1, 0);
	return buffer == MAP_FAILED ? NULL : buffer;
}

static int map(int fd, void *buffer, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map m = {
		.argsz = sizeof(m),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)buffer,
		.iova = iova,
		.size = size,
	};

	return ioctl(fd, VFIO_IOMMU_MAP_DMA, &m) ? -errno : 0;
}

/* What VFIO says that it unmapped has to be what was mapped. */
static int unmap(int fd, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap u = {.argsz = sizeof(u), .iova = iova, .size = size};

	if (ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &u))
		return -errno;
	return u.size == size ? 0 : -ENXIO;
}

struct mapper {
	const struct workload_options *o;
	int fd;
	uint64_t iova;
	void *buffer;
	pthread_t thread;
	uint64_t done;
	int err;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *m = arg;
	const struct workload_options *o = m->o;

	while (!m->err && m->done < o->count) {
		uint64_t left = o->count - m->done, n = left < o->batch ? left : o->batch;

		for (uint64_t i = 0; !m->err && i < n; i++)
			m->err = map(m->fd, m->buffer, m->iova + i * o->size, o->size);
		for (uint64_t i = 0; !m->err && i < n; i++)
			m->err = unmap(m->fd, m->iova + i * o->size, o->size);
		m->done += n;
	}
	return NULL;
}

/* One thread needs none: its own would cost instructions, too. */
static void run_mappers(struct mapper *m, uint64_t threads, struct workload_result *r)
{
	uint64_t begin = workload_now_ns(), made = 0;

	if (threads == 1)
		map_and_unmap(m);
	for (; threads > 1 && made < threads; made++)
		if (pthread_create(&m[made].thread, NULL, map_and_unmap, &m[made]))
			break;
	for (uint64_t i = 0; i < made; i++)
		pthread_join(m[i].thread, NULL);
	r->total_ns = workload_now_ns() - begin;
	for (uint64_t i = 0; i < threads; i++) {
		r->operations += m[i].done;
		if (m[i].err)
			workload_fail(r, "map or unmap of %" PRIu64 " bytes: %s", m->o->size,
				      strerror(-m[i].err));
	}
	if (threads > 1 && made < threads)
		workload_fail(r, "only %" PRIu64 " of %" PRIu64 " threads could be made", made, threads);
}

static void map_loop(const struct workload_options *o, int fd, struct workload_result *r)
{
	struct mapper m[MAX_THREADS] = {};

	for (uint64_t i = 0; i < o->threads; i++) {
		m[i] = (struct mapper){.o = o, .fd = fd, .iova = IOVA + i * THREAD_IOVA,
				       .buffer = buffer_make(o->size)};
		if (!m[i].buffer) {
			workload_fail(r, "no memory for a buffer of %" PRIu64 " bytes", o->size);
			return;
		}
	}
	run_mappers(m, o->threads, r);
}

static void once_map(const struct workload_options *o, struct workload_result *r)
{
	struct container c;

	if (container_open(&c, o, r) && container_attach(&c, r))
		map_loop(o, c.fd, r);
	container_close(&c);
}

/* ---- two instances ---------------------------------------------------------------------------- */

static void once_mixed(const struct workload_options *o, struct workload_result *r)
{
	char first[NAME_MAX], other[NAME_MAX];

	link_of(o->device[0], "iommu", first);
	link_of(o->device[1], "iommu", other);
	if (!*first || !strcmp(first, other))
		workload_fail(r, "%s and %s are behind one instance (%s), or none", o->device[0],
			      o->device[1], first);
	else
		once_map(o, r);
}

/* ---- fragments -------------------------------------------------------------------------------- */

/* Every other place of the window stays mapped; what comes and goes fills the holes, far apart. */
#define HOLES 1024
#define STRIDE 389 /* prime to HOLES */

static void fill_holes(const struct workload_options *o, int fd, void *buffer,
		       struct workload_result *r)
{
	uint64_t begin = workload_now_ns();
	int err = 0;

	for (; !err && r->operations < o->count; r->operations++) {
		uint64_t hole = r->operations * STRIDE % HOLES;
		uint64_t iova = IOVA + (2 * hole + 1) * o->size;

		err = map(fd, buffer, iova, o->size);
		if (!err)
			err = unmap(fd, iova, o->size);
	}
	r->total_ns = workload_now_ns() - begin;
	if (err)
		workload_fail(r, "map or unmap between fragments: %s", strerror(-err));
}

static void once_frag(const struct workload_options *o, struct workload_result *r)
{
	void *buffer = buffer_make(o->size);
	struct container c;
	int err = 0;

	if (container_open(&c, o, r) && container_attach(&c, r) && buffer) {
		for (uint64_t i = 0; !err && i < HOLES; i++)
			err = map(c.fd, buffer, IOVA + 2 * i * o->size, o->size);
		if (err)
			workload_fail(r, "cannot map the fragments: %s", strerror(-err));
		else
			fill_holes(o, c.fd, buffer, r);
	}
	container_close(&c);
}

/* ---- domains that come and go ----------------------------------------------------------------- */

/* The container's first group makes it allocate a domain; without its last one it frees that. */
static void once_attach(const struct workload_options *o, struct workload_result *r)
{
	struct container c;
	uint64_t begin;

	if (!container_open(&c, o, r)) {
		container_close(&c);
		return;
	}
	begin = workload_now_ns();
	for (; r->operations < o->count && container_attach(&c, r); r->operations++)
		for (size_t i = 0; i < c.groups; i++)
			if (ioctl(c.group[i], VFIO_GROUP_UNSET_CONTAINER))
				workload_fail(r, "VFIO_GROUP_UNSET_CONTAINER: %s", strerror(errno));
	r->total_ns = workload_now_ns() - begin;
	container_close(&c);
}

const struct workload workload_vfio_map = {
	.name = "vfio-map",
	.usual = {.count = 2000, .size = 4096, .batch = 1, .threads = 1},
	.devices = 1,
	.prepare = prepare,
	.once = once_map,
	.undo = undo,
};

const struct workload workload_vfio_frag = {
	.name = "vfio-frag",
	.usual = {.count = 2000, .size = 4096},
	.devices = 1,
	.prepare = prepare,
	.once = once_frag,
	.undo = undo,
};

const struct workload workload_vfio_attach = {
	.name = "vfio-attach",
	.usual = {.count = 200},
	.devices = 1,
	.prepare = prepare,
	.once = once_attach,
	.undo = undo,
};

const struct workload workload_vfio_mixed = {
	.name = "vfio-mixed",
	.usual = {.count = 2000, .size = 4096, .batch = 1, .threads = 1},
	.devices = 2,
	.prepare = prepare,
	.once = once_mixed,
	.undo = undo,
};
