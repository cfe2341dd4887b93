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
	uint64_t domain_ops, instance_ops;
	UT_hash_handle hh;
};

/* By the address of a domain's ops, or of its owner's. */
struct known_layout {
	uint64_t key;
	struct layout layout;
	UT_hash_handle hh;
};

struct instances {
	int layouts_fd;
	struct btf *btf;
	struct seen *seen;
	struct known_layout *layouts;
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
	struct known_layout *l, *next_layout;
	struct seen *i, *next;

	if (!s)
		return;
	HASH_ITER (hh, s->layouts, l, next_layout) {
		HASH_DEL(s->layouts, l);
		free(l);
	}
	HASH_ITER (hh, s->seen, i, next) {
		HASH_DEL(s->seen, i);
		free(i);
	}
	free(s);
}

bool instances_known(const struct instances *s, const char *name)
{
	struct seen *i;

	HASH_FIND_STR(s->seen, name, i);
	return i;
}

static void put_layout(struct instances *s, uint64_t key, const struct layout *layout)
{
	struct known_layout *l;

	if (!key || bpf_map_update_elem(s->layouts_fd, &key, &layout->bpf, BPF_ANY))
		return;
	HASH_FIND(hh, s->layouts, &key, sizeof(key), l);
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return;
		l->key = key;
		HASH_ADD(hh, s->layouts, key, sizeof(key), l);
	}
	l->layout = *layout;
}

/* Without a layout the driver is no evidence, and the next strongest is used: not an error. */
static void give_layout(struct instances *s, const char *name, const char *driver,
			const struct seen *i)
{
	uint64_t key = i->domain_ops ? i->domain_ops : i->instance_ops;
	struct ims_layout old;
	struct layout layout;

	if (!key || !bpf_map_lookup_elem(s->layouts_fd, &key, &old) ||
	    ims_layout_find(s->btf, driver, name, &layout))
		return;
	put_layout(s, i->domain_ops, &layout);
	put_layout(s, i->instance_ops, &layout);
}

const char *instances_format(const struct instances *s, uint64_t key, uint32_t value)
{
	struct known_layout *l;

	HASH_FIND(hh, s->layouts, &key, sizeof(key), l);
	return l ? ims_layout_format(&l->layout, value) : "";
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

int instances_see(struct instances *s, const char *name, const char *driver, uint64_t domain_ops,
		  uint64_t instance_ops)
{
	struct seen *i;
	int fresh;

	HASH_FIND_STR(s->seen, name, i);
	fresh = !i;
	if (!i && !(i = add(s, name)))
		return -ENOMEM;
	if (i->domain_ops == domain_ops && i->instance_ops == instance_ops)
		return fresh;
	/* The driver was loaded anew: what is at the old address now is not its ops. */
	bpf_map_delete_elem(s->layouts_fd, &i->domain_ops);
	bpf_map_delete_elem(s->layouts_fd, &i->instance_ops);
	i->domain_ops = domain_ops;
	i->instance_ops = instance_ops;
	give_layout(s, name, driver, i);
	return fresh;
}
