/* SPDX-License-Identifier: GPL-2.0-only */
/* ksyms.h - the kernel's symbols, from /proc/kallsyms. */
#ifndef IMS_CAPTURE_KSYMS_H
#define IMS_CAPTURE_KSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ksyms;

/* Returns NULL with errno: ENOMEM; EPERM when the kernel shows no addresses; of open(). */
struct ksyms *ksyms_load(void);
/* Changes when modules come or go: symbols loaded before are to be loaded again then. */
uint64_t ksyms_modules(void);
void ksyms_free(struct ksyms *k);

/* Writes "name+0x1c [module]" for a code address; "0x..." when it is in no symbol. @k may be NULL
 * here and below: there are no symbols then. */
void ksyms_format(const struct ksyms *k, uint64_t addr, char *buf, size_t size);

/* The name of the symbol that begins exactly here; NULL when there is none. */
const char *ksyms_name_at(const struct ksyms *k, uint64_t addr);

const char *ksyms_module_at(const struct ksyms *k, uint64_t addr);

/*
 * How many symbols are called @name in @module ("": the kernel itself), or, with @suffix, @name and what
 * a compiler adds to a copy it changed (.isra.0, .constprop.0, .part.0). The last one's address goes to
 * *@addr, and its whole name to *@full; both may be NULL.
 */
size_t ksyms_find(const struct ksyms *k, const char *name, const char *module, bool suffix,
		  uint64_t *addr, const char **full);

#endif
