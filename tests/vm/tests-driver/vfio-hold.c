// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-hold GROUP[:DEVICE]... -- CMD: put the groups into one VFIO container, map 64 KiB, run CMD
 * with the shell and exit with its status. Says what failed, and exits with 99 then.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

static int check(int rc, const char *what)
{
	if (rc >= 0)
		return rc;
	fprintf(stderr, "vfio-hold: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void add_group(int container, char *spec)
{
	char path[64], *device = strchr(spec, ':');
	int group;

	if (device)
		*device++ = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", spec);
	group = check(open(path, O_RDWR), path);
	check(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
	/* Only the first one chooses. */
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) && errno != EINVAL)
		check(-1, "VFIO_SET_IOMMU");
	if (device)
		check(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device), "VFIO_GROUP_GET_DEVICE_FD");
}

int main(int argc, char **argv)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = 1 << 20,
		.size = 64 << 10,
	};
	int container = check(open("/dev/vfio/vfio", O_RDWR), "/dev/vfio/vfio"), i, status;
	void *memory = mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		add_group(container, argv[i]);
	map.vaddr = (unsigned long)memory;
	check(memory == MAP_FAILED ? -1 : 0, "mmap");
	check(ioctl(container, VFIO_IOMMU_MAP_DMA, &map), "VFIO_IOMMU_MAP_DMA");
	status = i + 1 < argc ? system(argv[i + 1]) : 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
