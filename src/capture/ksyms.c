// SPDX-License-Identifier: GPL-2.0-only
#include "capture/ksyms.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * kallsyms has no sizes: what is further from a function than this, or behind data, is in a gap, where
 * trampolines are.
 */
#define MAX_FUNCTION (1 << 16)

struct ksym {
	uint64_t addr;
	uint32_t name; /* offsets into text */
	uint32_t module;
	uint32_t next; /* symbol of the same bucket + 1; 0: none */
	bool text;
};

struct ksyms {
	struct ksym *sym; /* by address */
	size_t count, room;
	char *text; /* the file, its words ended by zeros; an empty one before it */
	size_t used, size;
	uint32_t *bucket; /* by name without suffix: symbol + 1 */
	size_t buckets;	  /* a power of two */
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

static int add(struct ksyms *k, uint64_t addr, char type, uint32_t name, uint32_t module)
{
	struct ksym *sym = grow(k->sym, k->count + 1, &k->room, sizeof(*sym));

	if (!sym)
		return -ENOMEM;
	k->sym = sym;
	sym[k->count++] = (struct ksym){
		.addr = addr,
		.name = name,
		.module = module,
		.text = strchr("tTwW", type),
	};
	return 0;
}

static uint64_t parse_hex(char **p)
{
	uint64_t n = 0;

	for (;; (*p)++) {
		char c = **p;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			return n;
	}
}

/*
 * Lines of "ffffffff81000000 T name\t[module]". Parsed by hand and left where they are: there are 200,000
 * of them, and everybody who starts a tool waits for it.
 */
static int parse(struct ksyms *k)
{
	char *p = k->text + 1, *end = k->text + k->used;
	int err = 0;

	while (!err && p < end) {
		uint64_t addr = parse_hex(&p);
		char *line_end = memchr(p, '\n', (size_t)(end - p)), *name, *tab, *module = k->text;

		if (!line_end)
			line_end = end;
		*line_end = 0;
		name = p + 3;
		if (addr && name < line_end && p[0] == ' ' && p[2] == ' ') {
			tab = memchr(name, '\t', (size_t)(line_end - name));
			if (tab && tab[1] == '[' && line_end[-1] == ']') {
				*tab = line_end[-1] = 0;
				module = tab + 2;
			}
			err = add(k, addr, p[1], (uint32_t)(name - k->text),
				  (uint32_t)(module - k->text));
		}
		p = line_end + 1;
	}
	return err;
}

static int read_file(struct ksyms *k, int fd)
{
	ssize_t n;

	k->used = 1;
	do {
		char *text = grow(k->text, k->used + (1 << 16) + 1, &k->size, 1);

		if (!text)
			return -ENOMEM;
		k->text = text;
		n = read(fd, text + k->used, 1 << 16);
		if (n > 0)
			k->used += (size_t)n;
	} while (n > 0);
	k->text[0] = k->text[k->used] = 0;
	return n < 0 ? -errno : 0;
}

static int by_address(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* The kernel's own come in order, those of modules do not: they are sorted, and merged from the end. */
static int sort(struct ksyms *k)
{
	size_t n = 1, left, rest, to = k->count;
	struct ksym *tail;

	while (n < k->count && k->sym[n - 1].addr <= k->sym[n].addr)
		n++;
	rest = k->count - n;
	if (!rest)
		return 0;
	tail = malloc(rest * sizeof(*tail));
	if (!tail)
		return -ENOMEM;
	memcpy(tail, k->sym + n, rest * sizeof(*tail));
	qsort(tail, rest, sizeof(*tail), by_address);
	for (left = n; rest;)
		k->sym[--to] = left && k->sym[left - 1].addr > tail[rest - 1].addr ? k->sym[--left]
										    : tail[--rest];
	free(tail);
	return 0;
}

/* Of the name up to what a compiler adds to it. */
static size_t bucket_of(const struct ksyms *k, const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name && *name != '.'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return (hash ^ hash >> 15) & (k->buckets - 1);
}

static int index_names(struct ksyms *k)
{
	for (k->buckets = 1; k->buckets < k->count; k->buckets *= 2)
		;
	k->bucket = calloc(k->buckets, sizeof(*k->bucket));
	if (!k->bucket)
		return -ENOMEM;
	for (size_t i = k->count; i--;) { /* so that each bucket is in the order of addresses */
		uint32_t *bucket = &k->bucket[bucket_of(k, k->text + k->sym[i].name)];

		k->sym[i].next = *bucket;
		*bucket = (uint32_t)i + 1;
	}
	return 0;
}

struct ksyms *ksyms_load(void)
{
	struct ksyms *k = calloc(1, sizeof(*k));
	int fd, err;

	if (!k)
		return NULL;
	fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	err = fd < 0 ? -errno : read_file(k, fd);
	if (fd >= 0)
		close(fd);
	if (!err)
		err = parse(k);
	if (!err && !k->count)
		err = -EPERM;
	if (!err)
		err = sort(k);
	if (!err)
		err = index_names(k);
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
	free(k->bucket);
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

	if (!s || !s->text || addr - s->addr > MAX_FUNCTION)
		snprintf(buf, size, "0x%" PRIx64, addr);
	else if (k->text[s->module])
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

	for (uint32_t i = k ? k->bucket[bucket_of(k, name)] : 0; i; i = k->sym[i - 1].next) {
		const struct ksym *s = &k->sym[i - 1];
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
