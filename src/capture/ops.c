// SPDX-License-Identifier: GPL-2.0-only
#include "capture/ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "peek.skel.h"

#define INSTANCES "/sys/class/iommu"

/* ---- members -------------------------------------------------------------------------------- */

static const struct btf_type *type_of(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

/* The member's offset in bytes, or -ENOENT. Those of anonymous structs and unions count as well. */
static int offset_in(const struct btf *btf, const struct btf_type *t, const char *name)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const char *s = btf__name_by_offset(btf, m[i].name_off);
		int at = (int)(btf_member_bit_offset(t, i) / 8), inner;

		if (s[0]) {
			if (!strcmp(s, name))
				return at;
			continue;
		}
		inner = offset_in(btf, btf__type_by_id(btf, m[i].type), name);
		if (inner >= 0)
			return at + inner;
	}
	return -ENOENT;
}

static int offset_of(const struct btf *btf, const char *type, const char *member)
{
	const struct btf_type *t = type_of(btf, type);

	return t ? offset_in(btf, t, member) : -ENOENT;
}

int ops_member(const struct btf *btf, const char *type, const char *member)
{
	int at = offset_of(btf, type, member);

	return at < 0 ? at : at / (int)sizeof(uint64_t);
}

/* ---- reading ---------------------------------------------------------------------------------- */

/*
 * From the task to the class device that it has open as a folder of sysfs, whose data is the struct
 * iommu_device, and to its ops: see snapshot.bpf.h. Returns how many steps, or -ENOENT.
 */
static int path_to_ops(const struct btf *btf, int fd, __s32 *offset)
{
	static const struct {
		const char *type, *member;
	} path[] = {{"task_struct", "files"},	{"files_struct", "fdt"},  {"fdtable", "fd"},
		    {NULL, NULL},		{"file", "f_inode"},	  {"inode", "i_private"},
		    {"kernfs_node", "priv"},	{"device", "driver_data"}, {"iommu_device", "ops"}};
	const int n = sizeof(path) / sizeof(path[0]);
	int kobj = offset_of(btf, "device", "kobj");

	for (int i = 0; i < n; i++) {
		offset[i] = path[i].type ? offset_of(btf, path[i].type, path[i].member)
					 : fd * (int)sizeof(void *);
		if (offset[i] < 0)
			return -ENOENT;
	}
	offset[n - 2] -= kobj; /* what the folder leads to is in the middle of the device */
	return n;
}

static int run(struct peek_bpf *s, const struct btf *btf, const char *type, uint64_t *to)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	const struct btf_type *t = type_of(btf, type);

	s->bss->size = t ? t->size : 0;
	if (bpf_prog_test_run_opts(bpf_program__fd(s->progs.peek), &opts))
		return -errno;
	if (!s->bss->found)
		return -EFAULT;
	memcpy(to, (const void *)s->bss->copy, sizeof(s->bss->copy));
	return 0;
}

/* As the programs do it, but for the module: the parent's driver, or what the ops are called. */
static void name_driver(struct ops_kind *k, const struct ksyms *ksyms)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), INSTANCES "/%s/device/driver", k->instance);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	name = n > 0 ? basename(target) : ksyms_name_at(ksyms, k->address);
	snprintf(k->driver, sizeof(k->driver), "%.*s", IMS_NAME_LEN - 1, name ? name : "");
}

static int read_kind(struct ops *ops, struct peek_bpf *s, const struct btf *btf,
		     const struct ksyms *ksyms, const char *instance, int fd)
{
	struct ops_kind *k = &ops->kind[ops->count];
	int n = path_to_ops(btf, fd, s->bss->offset);
	int err;

	if (n < 0)
		return n;
	s->bss->steps = n;
	memset(k, 0, sizeof(*k));
	err = run(s, btf, "iommu_ops", k->device);
	if (err)
		return err;
	k->address = s->bss->found;
	for (size_t i = 0; i < ops->count; i++)
		if (ops->kind[i].address == k->address)
			return 0;
	snprintf(k->instance, sizeof(k->instance), "%.*s", IMS_NAME_LEN - 1, instance);
	name_driver(k, ksyms);
	n = offset_of(btf, "iommu_ops", "default_domain_ops");
	if (n >= 0) {
		s->bss->offset[s->bss->steps++] = n;
		run(s, btf, "iommu_domain_ops", k->domain);
	}
	ops->count++;
	return 0;
}

static int read_all(struct ops *ops, struct peek_bpf *s, const struct btf *btf,
		    const struct ksyms *ksyms)
{
	DIR *d = opendir(INSTANCES);
	struct dirent *e;
	int err = 0;

	while (d && (e = readdir(d)) && ops->count < OPS_KINDS) {
		int fd, failed;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		failed = fd < 0 ? -errno : read_kind(ops, s, btf, ksyms, e->d_name, fd);
		if (fd >= 0)
			close(fd);
		if (failed)
			err = failed;
	}
	if (d)
		closedir(d);
	return err;
}

int ops_read(struct ops *ops, const struct btf *btf, const struct ksyms *ksyms)
{
	struct peek_bpf *s = peek_bpf__open();
	int err = s ? peek_bpf__load(s) : -errno;

	ops->count = 0;
	if (!err)
		err = read_all(ops, s, btf, ksyms);
	peek_bpf__destroy(s);
	return err;
}

bool ops_are_of(const struct ops_kind *kind, const char *driver)
{
	size_t n = strcspn(driver, "*");

	if (driver[n])
		return !strncmp(driver, kind->instance, n);
	return !strcmp(driver, kind->driver);
}
