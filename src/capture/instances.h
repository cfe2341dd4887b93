/* SPDX-License-Identifier: GPL-2.0-only */
/* instances.h - which instances were seen, and how the programs read their drivers' domains. */
#ifndef IMS_CAPTURE_INSTANCES_H
#define IMS_CAPTURE_INSTANCES_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>

struct instances;

/* @btf, the kernel's, stays the caller's and has to outlive the result. */
struct instances *instances_new(int layouts_fd, struct btf *btf);
void instances_free(struct instances *s);

/*
 * Notes an instance and gives the programs the layout of its driver's domains, which have the ops
 * at @domain_ops, or an owner with those at @instance_ops. Returns 1 when it is new, 0 when it was
 * known, or -ENOMEM.
 */
int instances_see(struct instances *s, const char *name, const char *driver, uint64_t domain_ops,
		  uint64_t instance_ops);

/* The format that @value of the layout at @key stands for; "" when it is not known. */
const char *instances_format(const struct instances *s, uint64_t key, uint32_t value);

bool instances_known(const struct instances *s, const char *name);

#endif
