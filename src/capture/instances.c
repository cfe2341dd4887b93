// SPDX-License-Identifier: GPL-2.0-only
#include "capture/instances.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <uthash.h>

#include "capture/layout.h"

struct seen {
	char name[IMS_NAME_LEN];
	uint64_t domain_ops;
	UT_hash_handle hh;
};

struct instances {
	int layouts_fd;
	struct btf *btf;
	struct seen *seen;
};

struct instances *instances_new(int layouts_fd, struct btf *btf)
{
	struct instances *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->layouts_fd = layouts_fd;
	s->btf = btf;
	return s;
}

void instances_free(struct instances *s)
{
	struct seen *i, *next;

	if (!s)
		return;
	HASH_ITER (hh, s->seen, i, next) {
		HASH_DEL(s->seen, i);
		free(i);
	}
	free(s);
}

/* Without a layout the driver is no evidence, and the next strongest is used: not an error. */
static void give_layout(const struct instances *s, const char *name, const char *driver,
			uint64_t domain_ops)
{
	struct ims_layout layout;

	if (!domain_ops || !bpf_map_lookup_elem(s->layouts_fd, &domain_ops, &layout))
		return;
	if (!ims_layout_find(s->btf, driver, name, &layout))
		bpf_map_update_elem(s->layouts_fd, &domain_ops, &layout, BPF_ANY);
}

static struct seen *add(struct instances *s, const char *name)
{
	struct seen *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	strncpy(i->name, name, sizeof(i->name) - 1);
	HASH_ADD_STR(s->seen, name, i);
	return i;
}

int instances_see(struct instances *s, const char *name, const char *driver, uint64_t domain_ops)
{
	struct seen *i;
	int fresh;

	HASH_FIND_STR(s->seen, name, i);
	fresh = !i;
	if (!i && !(i = add(s, name)))
		return -ENOMEM;
	if (i->domain_ops == domain_ops)
		return fresh;
	/* The driver was loaded anew: what is at the old address now is not its ops. */
	bpf_map_delete_elem(s->layouts_fd, &i->domain_ops);
	i->domain_ops = domain_ops;
	give_layout(s, name, driver, domain_ops);
	return fresh;
}
