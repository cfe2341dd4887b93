// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-loop: a reference load on the IOMMU. Gives devices to vfio-pci, puts their groups in one
 * type1 container and maps and unmaps one buffer N times, timing each ioctl.
 *
 * Exit status: 0 all done, 1 something failed, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAX_DEVICES 64
#define PCI "/sys/bus/pci"
/* Above what any platform keeps for MSI, and within 39 bits. */
#define IOVA (4ULL << 30)

struct device {
	const char *bdf;
	char driver[64];	/* what it was bound to; empty: nothing */
	bool taken;
	int group;
	int group_fd;		/* -1: not open, or an earlier device's group */
};

struct timing {
	const char *name;
	uint64_t count, errors, total_ns, min_ns, max_ns;
};

struct loop {
	uint64_t iterations, size_bytes;
	const char *json;
	int container;
	struct device devices[MAX_DEVICES];
	int device_count;
	struct timing map, unmap;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static int fail(int err, const char *hint, const char *fmt, ...)
{
	va_list args;

	fputs("vfio-loop: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	if (hint)
		fprintf(stderr, "; try: %s", hint);
	fputc('\n', stderr);
	return err ? -err : -EINVAL;
}

static int write_file(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t n;
	int fd, err;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* The last part of the link's target; empty if there is no such link. */
static void link_name(char *name, size_t size, const char *bdf, const char *link)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), PCI "/devices/%s/%s", bdf, link);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	slash = strrchr(target, '/');
	slash = slash ? slash + 1 : target;
	snprintf(name, size, "%.*s", (int)size - 1, slash);
}

static int device_take(struct device *dev)
{
	char name[64];
	int err;

	link_name(dev->driver, sizeof(dev->driver), dev->bdf, "driver");
	err = write_file("vfio-pci", PCI "/devices/%s/driver_override", dev->bdf);
	if (err)
		return fail(-err, err == -ENOENT ? "ls " PCI "/devices" : "run it as root",
			    "%s: cannot choose its driver", dev->bdf);
	dev->taken = true;
	if (dev->driver[0]) {
		err = write_file(dev->bdf, PCI "/drivers/%s/unbind", dev->driver);
		if (err)
			return fail(-err, NULL, "%s: cannot unbind it from %s", dev->bdf, dev->driver);
	}
	err = write_file(dev->bdf, PCI "/drivers_probe");
	link_name(name, sizeof(name), dev->bdf, "driver");
	if (err || strcmp(name, "vfio-pci"))
		return fail(-err, "modprobe vfio-pci, then dmesg", "%s: vfio-pci did not take it", dev->bdf);
	/* Only now: before 7.x a device without a driver may have no group yet. */
	link_name(name, sizeof(name), dev->bdf, "iommu_group");
	if (!name[0])
		return fail(0, "ls /sys/class/iommu", "%s: is behind no IOMMU", dev->bdf);
	dev->group = atoi(name);
	return 0;
}

static void device_restore(struct device *dev)
{
	int err;

	if (!dev->taken)
		return;
	write_file(dev->bdf, PCI "/drivers/vfio-pci/unbind");
	write_file("\n", PCI "/devices/%s/driver_override", dev->bdf);
	if (!dev->driver[0])
		return;
	err = write_file(dev->bdf, PCI "/drivers/%s/bind", dev->driver);
	/* EBUSY: clearing the override has made the kernel bind it already. */
	if (err && err != -EBUSY)
		fail(-err, NULL, "%s: cannot give it back to %s", dev->bdf, dev->driver);
}

static bool group_is_open(const struct loop *loop, int group)
{
	for (int i = 0; i < loop->device_count; i++)
		if (loop->devices[i].group_fd >= 0 && loop->devices[i].group == group)
			return true;
	return false;
}

static int group_add(struct loop *loop, struct device *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];

	if (group_is_open(loop, dev->group))
		return 0;
	snprintf(path, sizeof(path), "/dev/vfio/%d", dev->group);
	dev->group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->group_fd < 0)
		return fail(errno, "is someone else using it?", "%s: cannot open %s", dev->bdf, path);
	if (ioctl(dev->group_fd, VFIO_GROUP_GET_STATUS, &status))
		return fail(errno, NULL, "%s: VFIO_GROUP_GET_STATUS", dev->bdf);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return fail(0, "name every device of the group", "%s: group %d has devices of other drivers",
			    dev->bdf, dev->group);
	if (ioctl(dev->group_fd, VFIO_GROUP_SET_CONTAINER, &loop->container))
		return fail(errno, "a container of its own", "%s: VFIO_GROUP_SET_CONTAINER (group %d)",
			    dev->bdf, dev->group);
	return 0;
}

static int container_open(struct loop *loop)
{
	int err;

	loop->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (loop->container < 0)
		return fail(errno, "modprobe vfio", "cannot open /dev/vfio/vfio");
	if (ioctl(loop->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
		return fail(0, "modprobe vfio_iommu_type1", "this kernel's VFIO has no type1v2 IOMMU");
	for (int i = 0; i < loop->device_count; i++) {
		err = group_add(loop, &loop->devices[i]);
		if (err)
			return err;
		/* The first group chooses; the others join and must fit. */
		if (i == 0 && ioctl(loop->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
			return fail(errno, errno == EPERM ? "vfio_iommu_type1.allow_unsafe_interrupts=1, if "
				    "dmesg says that there is no interrupt remapping" : "dmesg", "VFIO_SET_IOMMU");
	}
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int timed_ioctl(struct timing *t, int fd, unsigned long request, void *arg)
{
	uint64_t start = now_ns(), ns;
	int err = ioctl(fd, request, arg) ? -errno : 0;

	ns = now_ns() - start;
	t->count++;
	t->total_ns += ns;
	if (t->count == 1 || ns < t->min_ns)
		t->min_ns = ns;
	if (ns > t->max_ns)
		t->max_ns = ns;
	if (err && !t->errors++)
		fail(-err, "a smaller --size, or dmesg", "%s failed (only the first is shown)", t->name);
	return err;
}

static int loop_run(struct loop *loop)
{
	void *buffer = mmap(NULL, loop->size_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (buffer == MAP_FAILED)
		return fail(errno, "a smaller --size", "no buffer of %" PRIu64 " bytes", loop->size_bytes);
	for (uint64_t i = 0; i < loop->iterations && !stop; i++) {
		struct vfio_iommu_type1_dma_map map = {
			.argsz = sizeof(map),
			.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
			.vaddr = (uintptr_t)buffer,
			.iova = IOVA,
			.size = loop->size_bytes,
		};
		struct vfio_iommu_type1_dma_unmap unmap = {
			.argsz = sizeof(unmap),
			.iova = IOVA,
			.size = loop->size_bytes,
		};

		if (!timed_ioctl(&loop->map, loop->container, VFIO_IOMMU_MAP_DMA, &map))
			timed_ioctl(&loop->unmap, loop->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
	}
	munmap(buffer, loop->size_bytes);
	if (stop)
		return fail(EINTR, NULL, "stopped after %" PRIu64 " maps", loop->map.count);
	return loop->map.errors || loop->unmap.errors ? -EIO : 0;
}

static void print_timing(const struct timing *t)
{
	printf("%-6s %10" PRIu64 " %8" PRIu64 " %14" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
	       t->name, t->count, t->errors, t->total_ns, t->count ? t->total_ns / t->count : 0,
	       t->min_ns, t->max_ns);
}

static void print_people(const struct loop *loop)
{
	printf("%" PRIu64 " bytes at IOVA 0x%llx, one container:", loop->size_bytes, IOVA);
	for (int i = 0; i < loop->device_count; i++)
		printf(" %s (group %d)", loop->devices[i].bdf, loop->devices[i].group);
	printf("\n%-6s %10s %8s %14s %10s %10s %10s\n", "ioctl", "count", "errors", "total ns", "mean ns",
	       "min ns", "max ns");
	print_timing(&loop->map);
	print_timing(&loop->unmap);
}

static void json_timing(FILE *out, const struct timing *t)
{
	fprintf(out, "\"%s\": {\"count\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"total_ns\": %" PRIu64
		", \"min_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64 "}", t->name, t->count, t->errors,
		t->total_ns, t->min_ns, t->max_ns);
}

static int print_json(const struct loop *loop)
{
	FILE *out = fopen(loop->json, "we");

	if (!out)
		return fail(errno, NULL, "cannot write %s", loop->json);
	fprintf(out, "{\"size_bytes\": %" PRIu64 ", \"iova\": %llu, \"devices\": [", loop->size_bytes, IOVA);
	for (int i = 0; i < loop->device_count; i++)
		fprintf(out, "%s{\"bdf\": \"%s\", \"group\": %d}", i ? ", " : "", loop->devices[i].bdf,
			loop->devices[i].group);
	fputs("], ", out);
	json_timing(out, &loop->map);
	fputs(", ", out);
	json_timing(out, &loop->unmap);
	fputs("}\n", out);
	if (fclose(out))
		return fail(errno, NULL, "cannot write %s", loop->json);
	return 0;
}

static int usage(FILE *out)
{
	fputs("usage: vfio-loop [-n N] [-s SIZE] [--json FILE] BDF...\n\n"
	      "Give each PCI device to vfio-pci, put all their groups in one VFIO type1 container, map\n"
	      "and unmap a buffer N times, time the ioctls and give the devices back.\n\n"
	      "  -n, --count N    how often (default 1000; 0: only attach)\n"
	      "  -s, --size SIZE  bytes, with K, M or G (default 4096)\n"
	      "      --json FILE  the figures for machines, too\n"
	      "  BDF              a PCI address such as 0000:09:00.0\n", out);
	return 2;
}

static bool parse_number(const char *text, uint64_t *value)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (!unit)
		return !*end;
	*value <<= 10 * (unit - units + 1);
	return !end[1];
}

static bool parse_devices(struct loop *loop, char **bdfs, int count)
{
	unsigned int domain, bus, slot, function;
	int end;

	if (count < 1 || count > MAX_DEVICES)
		return fail(0, "vfio-loop --help", "wants 1 to %d devices, got %d", MAX_DEVICES, count), false;
	for (int i = 0; i < count; i++) {
		end = 0;
		sscanf(bdfs[i], "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end);
		if (!end || bdfs[i][end])
			return fail(0, "one as in " PCI "/devices", "'%s' is no PCI address", bdfs[i]), false;
		loop->devices[i] = (struct device){ .bdf = bdfs[i], .group = -1, .group_fd = -1 };
	}
	loop->device_count = count;
	return true;
}

/* 0: go on; else the exit status plus one. */
static int parse(struct loop *loop, int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' }, { "size", required_argument, NULL, 's' },
		{ "json", required_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, {}
	};
	uint64_t page = sysconf(_SC_PAGESIZE);
	int opt;

	while ((opt = getopt_long(argc, argv, "n:s:h", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			if (parse_number(optarg, &loop->iterations))
				break;
			fail(0, "a number", "--count %s", optarg);
			return 3;
		case 's':
			if (parse_number(optarg, &loop->size_bytes) && loop->size_bytes &&
			    loop->size_bytes % page == 0)
				break;
			fail(0, "-s 4K", "--size %s is no multiple of the page size", optarg);
			return 3;
		case 'j':
			loop->json = optarg;
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			return 1 + usage(stderr);
		}
	}
	return parse_devices(loop, argv + optind, argc - optind) ? 0 : 3;
}

int main(int argc, char **argv)
{
	struct loop loop = {
		.iterations = 1000,
		.size_bytes = 4096,
		.container = -1,
		.map = { .name = "map" },
		.unmap = { .name = "unmap" },
	};
	int err = parse(&loop, argc, argv);

	if (err)
		return err - 1;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (int i = 0; i < loop.device_count && !err; i++)
		err = device_take(&loop.devices[i]);
	if (!err)
		err = container_open(&loop);
	if (!err) {
		err = loop_run(&loop);
		print_people(&loop);
		if (loop.json && print_json(&loop))
			err = -EIO;
	}
	for (int i = 0; i < loop.device_count; i++)
		if (loop.devices[i].group_fd >= 0)
			close(loop.devices[i].group_fd);
	if (loop.container >= 0)
		close(loop.container);
	for (int i = 0; i < loop.device_count; i++)
		device_restore(&loop.devices[i]);
	return err ? 1 : 0;
}
