// SPDX-License-Identifier: GPL-2.0-only
/* snapshot.c - what was there before: programs that are run once walk sysfs' folders in the kernel. */
#include "capture/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "capture/instances.h"

/* Runs a snapshot program on a folder of sysfs, page by page, emptying the ring in between. */
static int snapshot(struct ims_capture *c, struct bpf_program *prog, const char *path)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	c->skel->bss->snapshot_fd = (uint32_t)fd;
	/* A list that changed under the walk ends it; what is told twice does no harm. */
	for (int tries = 0; !err && tries < 3 && (!tries || c->skel->bss->snapshot_broken); tries++) {
		c->skel->bss->snapshot_from = 0;
		c->skel->bss->snapshot_broken = 0;
		do {
			err = bpf_prog_test_run_opts(bpf_program__fd(prog), &run) ? -errno
										  : live_drain(c);
			c->skel->bss->snapshot_from += c->skel->rodata->snapshot_page;
		} while (!err && c->skel->bss->snapshot_more);
	}
	close(fd);
	return err;
}

static int snapshot_instances(struct ims_capture *c)
{
	DIR *d = opendir("/sys/class/iommu");
	struct dirent *e;
	char path[300];
	int err = 0;

	while (d && !err && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/iommu/%s", e->d_name);
		err = snapshot(c, c->skel->progs.snapshot_instance, path);
		if (!err && c->options.btf && !instances_known(c->instances, e->d_name))
			err = -EBADMSG;
	}
	if (d)
		closedir(d);
	return err;
}

/* The snapshot is a row of the plan as well: one that found nothing is not to be believed. */
static int tell_snapshot(struct ims_capture *c, bool found)
{
	struct ims_record rec = {.type = IMS_REC_PLAN, .time_ns = live_now_ns()};

	rec.plan = (struct ims_plan){
		.hook = IMS_HOOK_SNAPSHOT,
		.function = "/sys/kernel/iommu_groups",
		.mechanism = "test_run",
		.module = "vmlinux",
		.state = found ? "attached" : "silent",
		.reason = !found			       ? "no group was found"
			  : c->skel->bss->snapshot_broken ? "groups changed meanwhile: not complete"
							  : "",
	};
	return live_put(c, &rec);
}

int snapshot_take(struct ims_capture *c)
{
	int err = snapshot_instances(c);

	if (!err)
		err = snapshot(c, c->skel->progs.snapshot_groups, "/sys/kernel/iommu_groups");
	return err ? err : tell_snapshot(c, c->skel->bss->snapshot_seen);
}
