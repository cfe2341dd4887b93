// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu-dma: lets QEMU's "edu" device do DMA, to addresses that are mapped and to such that are not.
 *
 *   edu-dma BDF read|write IOVA...   as it stands: the device is in its default domain
 *   edu-dma BDF vfio IOVA SECONDS    in a VFIO container: maps a page there, has the device read and
 *                                    write it, unmaps it, has the device read it again, and stays:
 *                                    the fault waits in a queue until the kernel reads it
 *
 * The device has a 28-bit DMA mask. Exit status: 0 all done, 1 something failed, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BAR_SIZE 0x100000
#define EDU_SRC 0x80
#define EDU_DST 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_RUN 1
#define EDU_TO_MEMORY 2
#define EDU_BUFFER 0x40000
#define PAGE 4096

static int fail(const char *what)
{
	fprintf(stderr, "edu-dma: %s: %s\n", what, strerror(errno));
	return 1;
}

static void reg_write(volatile uint8_t *bar, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(bar + reg) = value;
}

/* Four bytes between the memory at @iova and the device's buffer; the device takes 0.1 s. */
static void dma(volatile uint8_t *bar, uint32_t iova, int to_memory)
{
	reg_write(bar, EDU_SRC, to_memory ? EDU_BUFFER : iova);
	reg_write(bar, EDU_DST, to_memory ? iova : EDU_BUFFER);
	reg_write(bar, EDU_COUNT, 4);
	reg_write(bar, EDU_COMMAND, EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0));
	while (*(volatile uint32_t *)(bar + EDU_COMMAND) & EDU_RUN)
		usleep(1000);
}

static int enable(int config, off_t base)
{
	uint16_t command;

	if (pread(config, &command, 2, base + PCI_COMMAND) != 2)
		return -1;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	return pwrite(config, &command, 2, base + PCI_COMMAND) == 2 ? 0 : -1;
}

static int open_device(const char *bdf, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file);
	return open(path, O_RDWR | O_CLOEXEC | O_SYNC);
}

static int run_plain(const char *bdf, int to_memory, char **iova, int count)
{
	int config = open_device(bdf, "config"), resource = open_device(bdf, "resource0");
	volatile uint8_t *bar;

	if (config < 0 || resource < 0 || enable(config, 0))
		return fail(bdf);
	bar = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, resource, 0);
	if (bar == MAP_FAILED)
		return fail("mmap of BAR 0");
	for (int i = 0; i < count; i++)
		dma(bar, strtoul(iova[i], NULL, 0), to_memory);
	return 0;
}

static int group_of(const char *bdf)
{
	char path[384], link[256], *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -1;
	link[n] = '\0';
	slash = strrchr(link, '/');
	snprintf(path, sizeof(path), "/dev/vfio/%s", slash ? slash + 1 : link);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* The device's BAR 0 in a container of its own, or MAP_FAILED. */
static volatile uint8_t *vfio_bar(const char *bdf, int *container)
{
	struct vfio_region_info bar = {.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX};
	struct vfio_region_info config = {.argsz = sizeof(config),
					  .index = VFIO_PCI_CONFIG_REGION_INDEX};
	int group = group_of(bdf), device;

	*container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (group < 0 || *container < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, container) ||
	    ioctl(*container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return MAP_FAILED;
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) || enable(device, config.offset))
		return MAP_FAILED;
	return mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, device, bar.offset);
}

static int run_vfio(const char *bdf, uint32_t iova, unsigned int seconds)
{
	uint32_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)page, .iova = iova, .size = PAGE,
	};
	struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap), .iova = iova, .size = PAGE};
	volatile uint8_t *bar;
	int container;

	if (page == MAP_FAILED)
		return fail("mmap");
	bar = vfio_bar(bdf, &container);
	if (bar == MAP_FAILED || ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		return fail("VFIO");
	page[0] = 0x5ca1ab1e;
	dma(bar, iova, 0);
	dma(bar, iova + 64, 1);
	if (page[16] != page[0]) {
		fprintf(stderr, "edu-dma: DMA through the mapping did not work\n");
		return 1;
	}
	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return fail("unmap");
	dma(bar, iova, 0);
	sleep(seconds);
	printf("pid %d\n", getpid());
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && (!strcmp(argv[2], "read") || !strcmp(argv[2], "write")))
		return run_plain(argv[1], !strcmp(argv[2], "write"), argv + 3, argc - 3);
	if (argc == 5 && !strcmp(argv[2], "vfio"))
		return run_vfio(argv[1], strtoul(argv[3], NULL, 0), atoi(argv[4]));
	fputs("usage: edu-dma BDF read|write IOVA...\n       edu-dma BDF vfio IOVA SECONDS\n", stderr);
	return 2;
}
