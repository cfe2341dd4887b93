// SPDX-License-Identifier: GPL-2.0-only
#include "capture/ksyms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* kallsyms has no sizes: what is further from a symbol than this is in a gap (BPF, trampolines). */
#define MAX_FUNCTION (1 << 20)

struct ksym {
	uint64_t addr;
	uint32_t name;   /* offsets into text */
	uint32_t module; /* 0: none */
};

struct ksyms {
	struct ksym *sym;
	size_t count, room;
	char *text;
	size_t used, size;
};

static void *grow(void *p, size_t want, size_t *room, size_t elem)
{
	size_t n = *room ? *room : 4096;
	void *q;

	if (want <= *room)
		return p;
	while (n < want)
		n *= 2;
	q = reallocarray(p, n, elem);
	if (q)
		*room = n;
	return q;
}

/* Keeps a copy of @s; returns its offset, 0 when there is no memory. */
static uint32_t keep(struct ksyms *k, const char *s)
{
	size_t n = strlen(s) + 1;
	char *text = grow(k->text, k->used + n, &k->size, 1);
	uint32_t at = (uint32_t)k->used;

	if (!text)
		return 0;
	k->text = text;
	memcpy(text + at, s, n);
	k->used += n;
	return at;
}

static int add(struct ksyms *k, uint64_t addr, const char *name, const char *module,
	       uint32_t *last_module)
{
	struct ksym *sym = grow(k->sym, k->count + 1, &k->room, sizeof(*sym));
	uint32_t mod = 0;

	if (!sym)
		return -ENOMEM;
	k->sym = sym;
	if (module[0]) {
		if (!*last_module || strcmp(k->text + *last_module, module))
			*last_module = keep(k, module);
		mod = *last_module;
	}
	sym[k->count].module = mod;
	sym[k->count].addr = addr;
	sym[k->count].name = keep(k, name);
	if (!sym[k->count].name)
		return -ENOMEM;
	k->count++;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/*
 * One line: "ffffffff81000000 T name\t[module]". Parsed by hand: there are 200,000 of them, and
 * everybody who starts a tool waits for it.
 */
static int parse_line(struct ksyms *k, char *line, uint32_t *last_module)
{
	char *p, *name, *module = "";
	uint64_t addr = strtoull(line, &p, 16);

	if (p == line || !addr || p[0] != ' ' || !p[1] || p[2] != ' ')
		return 0;
	name = p + 3;
	p = name + strcspn(name, "\t\n");
	if (*p == '\t' && p[1] == '[') {
		module = p + 2;
		module[strcspn(module, "]\n")] = 0;
	}
	*p = 0;
	return add(k, addr, name, module, last_module);
}

static int read_all(struct ksyms *k, FILE *f)
{
	uint32_t last_module = 0;
	char line[512];
	int err = 0;

	keep(k, ""); /* so that no offset is 0 */
	while (!err && fgets(line, sizeof(line), f))
		err = parse_line(k, line, &last_module);
	if (err)
		return err;
	if (!k->count)
		return -EPERM;
	qsort(k->sym, k->count, sizeof(*k->sym), by_address);
	return 0;
}

struct ksyms *ksyms_load(void)
{
	struct ksyms *k = calloc(1, sizeof(*k));
	FILE *f;
	int err;

	if (!k)
		return NULL;
	f = fopen("/proc/kallsyms", "re");
	if (f) /* 12 MiB in reads of the default 1 KiB take a second on a slow machine */
		setvbuf(f, NULL, _IOFBF, 1 << 18);
	err = f ? read_all(k, f) : -errno;
	if (f)
		fclose(f);
	if (err) {
		ksyms_free(k);
		errno = -err;
		return NULL;
	}
	return k;
}

uint64_t ksyms_modules(void)
{
	uint64_t hash = 14695981039346656037ull; /* FNV-1a of the names */
	FILE *f = fopen("/proc/modules", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		for (const char *p = line; *p && *p != ' '; p++)
			hash = (hash ^ (uint8_t)*p) * 1099511628211ull;
	if (f)
		fclose(f);
	return hash;
}

void ksyms_free(struct ksyms *k)
{
	if (!k)
		return;
	free(k->sym);
	free(k->text);
	free(k);
}

/* The last symbol at or below @addr. */
static const struct ksym *find(const struct ksyms *k, uint64_t addr)
{
	size_t lo = 0, hi = k ? k->count : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->sym[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &k->sym[lo - 1] : NULL;
}

void ksyms_format(const struct ksyms *k, uint64_t addr, char *buf, size_t size)
{
	const struct ksym *s = find(k, addr);

	if (!s || addr - s->addr > MAX_FUNCTION)
		snprintf(buf, size, "0x%" PRIx64, addr);
	else if (s->module)
		snprintf(buf, size, "%s+0x%" PRIx64 " [%s]", k->text + s->name, addr - s->addr,
			 k->text + s->module);
	else
		snprintf(buf, size, "%s+0x%" PRIx64, k->text + s->name, addr - s->addr);
}

const char *ksyms_name_at(const struct ksyms *k, uint64_t addr)
{
	const struct ksym *s = find(k, addr);

	return s && s->addr == addr ? k->text + s->name : NULL;
}

const char *ksyms_module_at(const struct ksyms *k, uint64_t addr)
{
	const struct ksym *s = find(k, addr);

	return s && s->addr == addr ? k->text + s->module : NULL;
}

static bool is_copy(const char *rest)
{
	static const char *const suffix[] = {".isra.", ".constprop.", ".part."};

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++)
		if (!strncmp(rest, suffix[i], strlen(suffix[i])))
			return !strstr(rest, ".cold");
	return false;
}

size_t ksyms_find(const struct ksyms *k, const char *name, const char *module, bool suffix,
		  uint64_t *addr, const char **full)
{
	size_t n = strlen(name), found = 0;

	for (size_t i = 0; k && i < k->count; i++) {
		const struct ksym *s = &k->sym[i];
		const char *text = k->text + s->name;

		if (strncmp(text, name, n) || strcmp(k->text + s->module, module))
			continue;
		if (suffix ? !is_copy(text + n) : text[n] != 0)
			continue;
		found++;
		if (addr)
			*addr = s->addr;
		if (full)
			*full = text;
	}
	return found;
}
