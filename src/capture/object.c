// SPDX-License-Identifier: GPL-2.0-only
#include "capture/object.h"

#include <errno.h>
#include <stdlib.h>

#include "nobtf.skel.h"

/* The same source, and read through the same skeleton. */
_Static_assert(sizeof(*((struct ims_bpf *)0)->bss) == sizeof(*((struct nobtf_bpf *)0)->bss) &&
		       sizeof(*((struct ims_bpf *)0)->rodata) ==
			       sizeof(*((struct nobtf_bpf *)0)->rodata),
	       "both objects have the same variables");

/*
 * The skeleton looks for all its programs. What is left of them here is found by name, as plan.c does
 * with those of the points.
 */
static int open_nobtf(struct ims_bpf *s, const struct bpf_object_open_opts *opts)
{
	size_t size;
	int err;

	s->skeleton->data = (void *)nobtf_bpf__elf_bytes(&size);
	s->skeleton->data_sz = size;
	s->skeleton->prog_cnt = 0;
	err = bpf_object__open_skeleton(s->skeleton, opts);
	if (err)
		return err;
	s->progs.snapshot_instance = bpf_object__find_program_by_name(s->obj, "snapshot_instance");
	s->progs.snapshot_groups = bpf_object__find_program_by_name(s->obj, "snapshot_groups");
	return s->progs.snapshot_instance && s->progs.snapshot_groups ? 0 : -ENOENT;
}

struct ims_bpf *object_open(const char *btf)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf);
	struct ims_bpf *s;
	int err;

	if (!btf)
		return ims_bpf__open();
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	err = ims_bpf__create_skeleton(s);
	if (!err)
		err = open_nobtf(s, &opts);
	if (!err)
		return s;
	ims_bpf__destroy(s);
	errno = -err;
	return NULL;
}
