// SPDX-License-Identifier: GPL-2.0-only
/* host_iommus.c - instances with features, groups with types, devices with names. */
#include "capture/host.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/pci_names.h"

#define INSTANCES "/sys/class/iommu"
#define GROUPS	  "/sys/kernel/iommu_groups"

/* The most that is told of each kind; what is left out is counted. */
#define MOST_GROUPS  4096
#define MOST_DEVICES 4096
#define MOST_TYPES   8

struct machine {
	struct host_sink *to;
	struct pci_names *names;
	unsigned int groups, devices;
	struct {
		char name[16];
		unsigned int groups;
	} type[MOST_TYPES];
};

/* A path that is too long is cut, and then leads nowhere. */
__attribute__((format(printf, 2, 3))) static void make_path(char path[PATH_MAX], const char *fmt,
							    ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, PATH_MAX, fmt, args);
	va_end(args);
}

typedef void each_fn(void *arg, const char *folder, const char *name);

/* Calls @each for the entries of @folder, by name; numbers in their order. */
static void each_entry(const char *folder, each_fn *each, void *arg)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, versionsort);

	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			each(arg, folder, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* The last part of what the link @path leads to, "" when it is none. */
static void link_name(char *buf, size_t size, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *last;

	buf[0] = 0;
	if (n <= 0)
		return;
	target[n] = 0;
	last = strrchr(target, '/');
	snprintf(buf, size, "%.*s", NAME_MAX, last ? last + 1 : target);
}

/* ---- instances ------------------------------------------------------------------------------- */

struct features {
	struct host_sink *to;
	const char *instance;
};

static void tell_feature(void *arg, const char *folder, const char *name)
{
	const struct features *f = arg;
	char path[PATH_MAX], key[600], value[256];

	make_path(path, "%s/%s", folder, name);
	snprintf(key, sizeof(key), "instance.%s.%s", f->instance, name);
	if (host_read_line(path, value, sizeof(value)))
		host_fact(f->to, key, "%s", value);
}

/* A driver's features are in a folder of its own: intel-iommu, amd-iommu. */
static void tell_instance(void *arg, const char *folder, const char *name)
{
	static const char *const drivers[] = {"intel-iommu", "amd-iommu"};
	struct features f = {arg, name};
	char path[PATH_MAX], key[600], device[NAME_MAX + 1];

	make_path(path, "%s/%s/device", folder, name);
	snprintf(key, sizeof(key), "instance.%s.device", name);
	link_name(device, sizeof(device), path);
	host_fact(f.to, key, "%s", device);
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		make_path(path, "%s/%s/%s", folder, name, drivers[i]);
		each_entry(path, tell_feature, &f);
	}
}

/* ---- groups and devices ---------------------------------------------------------------------- */

struct group {
	struct machine *m;
	char list[4000];
	size_t len;
};

static unsigned int read_hex(const char *folder, const char *name, const char *file)
{
	char path[PATH_MAX], value[32];

	make_path(path, "%s/%s/%s", folder, name, file);
	host_read_line(path, value, sizeof(value));
	return (unsigned int)strtoul(value, NULL, 16);
}

/* "1af4:1041 class 020000 driver virtio-pci (Red Hat, Inc. Virtio 1.0 network device)" */
static void tell_device(struct machine *m, const char *folder, const char *name)
{
	unsigned int vendor = read_hex(folder, name, "vendor");
	unsigned int device = read_hex(folder, name, "device");
	char path[PATH_MAX], key[600], driver[NAME_MAX + 1], ids[48] = "", called[256] = "";

	if (m->devices++ >= MOST_DEVICES)
		return;
	make_path(path, "%s/%s/driver", folder, name);
	link_name(driver, sizeof(driver), path);
	if (vendor) {
		snprintf(ids, sizeof(ids), "%04x:%04x class %06x ", vendor, device,
			 read_hex(folder, name, "class"));
		pci_names_of(m->names, vendor, device, called, sizeof(called));
	}
	snprintf(key, sizeof(key), "device.%s", name);
	host_fact(m->to, key, "%s%s%s%s%s%s", ids, *driver ? "driver " : "no driver", driver,
		  *called ? " (" : "", called, *called ? ")" : "");
}

static void see_device(void *arg, const char *folder, const char *name)
{
	struct group *g = arg;
	size_t n = strlen(name);

	if (g->len + n + 2 < sizeof(g->list))
		g->len += (size_t)sprintf(g->list + g->len, " %s", name);
	tell_device(g->m, folder, name);
}

static void count_type(struct machine *m, const char *type)
{
	for (int i = 0; i < MOST_TYPES; i++) {
		if (m->type[i].groups && strcmp(m->type[i].name, type))
			continue;
		snprintf(m->type[i].name, sizeof(m->type[i].name), "%.15s", type);
		m->type[i].groups++;
		return;
	}
}

static void tell_group(void *arg, const char *folder, const char *name)
{
	struct group g = {.m = arg};
	char path[PATH_MAX], key[300], type[64];

	make_path(path, "%s/%s/type", folder, name);
	host_read_line(path, type, sizeof(type));
	count_type(g.m, *type ? type : "?");
	make_path(path, "%s/%s/devices", folder, name);
	if (g.m->groups++ >= MOST_GROUPS)
		return;
	each_entry(path, see_device, &g);
	snprintf(key, sizeof(key), "group.%s", name);
	host_fact(g.m->to, key, "%s%s", *type ? type : "?", g.list);
}

/* Strict or lazy: whether an unmap waits for its invalidation is in the type. */
static const char *meaning(const char *type)
{
	return !strcmp(type, "DMA") ? " (strict)" : !strcmp(type, "DMA-FQ") ? " (lazy)" : "";
}

static void tell_mode(const struct machine *m)
{
	char mode[256] = "";
	size_t len = 0;

	for (int i = 0; i < MOST_TYPES && m->type[i].groups; i++)
		len += (size_t)snprintf(mode + len, sizeof(mode) - len, "%s%u groups %s%s",
					i ? ", " : "", m->type[i].groups, m->type[i].name,
					meaning(m->type[i].name));
	host_fact(m->to, "iommu.mode", "%s", mode);
	if (m->groups > MOST_GROUPS || m->devices > MOST_DEVICES)
		host_fact(m->to, "iommu.left_out", "facts of %u groups and %u devices",
			  m->groups > MOST_GROUPS ? m->groups - MOST_GROUPS : 0,
			  m->devices > MOST_DEVICES ? m->devices - MOST_DEVICES : 0);
}

void host_tell_iommus(struct host_sink *to)
{
	struct machine m = {.to = to, .names = pci_names_open(NULL)};

	each_entry(INSTANCES, tell_instance, to);
	each_entry(GROUPS, tell_group, &m);
	tell_mode(&m);
	pci_names_close(m.names);
}
