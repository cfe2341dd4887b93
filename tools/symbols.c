// SPDX-License-Identifier: GPL-2.0-only
#include "tools/symbols.h"

#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define MAX_PATHS   8
#define MAX_MODULES 256	  /* debug files that are open */
#define MAX_FRAMES  65536 /* that are kept */
#define ID_MIN	    16	  /* digits of a build-id */
#define ID_MAX	    64

static const char id_mark[] = ") [build-id ";

/* A debug file, or that there is none. */
struct module {
	char id[ID_MAX + 1];
	Dwfl *dwfl;
	Dwfl_Module *dwfl_module; /* NULL: not found */
	UT_hash_handle hh;
};

struct frame {
	char *name; /* NULL: stays as it is */
	UT_hash_handle hh;
	char text[]; /* as recorded */
};

struct debuginfod {
	bool tried;
	void *client; /* NULL: there is none */
	int (*find)(void *client, const unsigned char *id, int len, char **path);
	void (*end)(void *client);
};

struct symbols {
	const char *path[MAX_PATHS];
	int paths;
	struct module *modules;
	struct frame *frames;
	struct debuginfod debuginfod;
	struct ims_record rec; /* the last one handed out */
	const char *frame[IMS_STACK_MAX];
};

static struct symbols *symbols_get(struct symbols **s)
{
	if (!*s)
		*s = calloc(1, sizeof(**s));
	return *s;
}

int symbols_add_path(struct symbols **s, const char *dir)
{
	struct symbols *all = symbols_get(s);

	if (!all || all->paths == MAX_PATHS) {
		complain("--debug-path: %d folders at most", MAX_PATHS);
		return EXIT_USAGE;
	}
	if (access(dir, X_OK)) {
		complain("--debug-path: cannot look into %s: %s", dir, strerror(errno));
		return EXIT_USAGE;
	}
	all->path[all->paths++] = dir;
	return 0;
}

/* ---- debuginfod -------------------------------------------------------------------------------
 */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What libdebuginfod calls gets nothing of ours. */
static double debuginfod_until;

/* Called while it waits; what is returned ends that. */
static int give_up(void *client, long done, long all)
{
	return now() > debuginfod_until;
}

/* Linked when there is something to ask it: few have it, and fewer use it. */
static void debuginfod_start(struct debuginfod *d)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	void *lib, *(*begin)(void);
	void (*progress)(void *, int (*)(void *, long, long));

	d->tried = true;
	if (!urls || !*urls)
		return;
	lib = dlopen("libdebuginfod.so.1", RTLD_NOW);
	begin = lib ? dlsym(lib, "debuginfod_begin") : NULL;
	progress = lib ? dlsym(lib, "debuginfod_set_progressfn") : NULL;
	d->find = lib ? dlsym(lib, "debuginfod_find_debuginfo") : NULL;
	d->end = lib ? dlsym(lib, "debuginfod_end") : NULL;
	if (begin && progress && d->find && d->end)
		d->client = begin();
	if (!d->client) {
		complain("DEBUGINFOD_URLS is set, but there is no libdebuginfod; install "
			 "libdebuginfod1");
		return;
	}
	debuginfod_until = now() + SYMBOLS_SECONDS;
	progress(d->client, give_up);
}

/* Returns a file, open; or -1. */
static int debuginfod_open(struct debuginfod *d, const char *id)
{
	char *path = NULL;
	int fd;

	if (!d->tried)
		debuginfod_start(d);
	if (!d->client)
		return -1;
	fd = d->find(d->client, (const unsigned char *)id, 0, &path);
	free(path);
	if (now() <= debuginfod_until)
		return fd;
	complain("debuginfod took more than %d s; frames that are left have no names",
		 SYMBOLS_SECONDS);
	d->end(d->client);
	d->client = NULL;
	return fd;
}

/* ---- debug files ------------------------------------------------------------------------------
 */

/* No other file is looked for: not by names that are in this one. */
static int find_nothing(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **found)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {.find_debuginfo = find_nothing};

static int local_open(const char *dir, const char *id)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", dir, id, id + 2) >= PATH_MAX)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool has_id(Dwfl_Module *module, const char *id)
{
	const unsigned char *bits;
	char text[ID_MAX + 1] = "";
	GElf_Addr where;
	int n = dwfl_module_build_id(module, &bits, &where);

	for (int i = 0; i < n && i < ID_MAX / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", bits[i]);
	return n > 0 && !strcmp(text, id);
}

/* Makes the file the module's, at the addresses that are in it. Takes @fd. */
static bool load(struct module *m, int fd)
{
	if (fd < 0)
		return false;
	m->dwfl = dwfl_begin(&callbacks);
	if (!m->dwfl) {
		close(fd);
		return false;
	}
	dwfl_report_begin(m->dwfl);
	m->dwfl_module = dwfl_report_elf(m->dwfl, m->id, m->id, fd, 0, true);
	if (!m->dwfl_module)
		close(fd);
	dwfl_report_end(m->dwfl, NULL, NULL);
	if (m->dwfl_module && has_id(m->dwfl_module, m->id))
		return true;
	dwfl_end(m->dwfl);
	m->dwfl = NULL;
	m->dwfl_module = NULL;
	return false;
}

static struct module *module_get(struct symbols *s, const char *id)
{
	struct module *m;
	bool found = false;

	HASH_FIND_STR(s->modules, id, m);
	if (m || HASH_COUNT(s->modules) >= MAX_MODULES)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	strcpy(m->id, id);
	HASH_ADD_STR(s->modules, id, m);
	if (!m->hh.tbl) {
		free(m);
		return NULL;
	}
	for (int i = 0; i < s->paths && !found; i++)
		found = load(m, local_open(s->path[i], id));
	if (!found && !load(m, local_open("/usr/lib/debug", id)))
		load(m, debuginfod_open(&s->debuginfod, id));
	return m;
}

/* ---- frames -----------------------------------------------------------------------------------
 */

/*
 * "0x41c (/usr/lib/libx.so) [build-id HEX]", "name+0x1c (libx.so) [build-id HEX+0x41c]": the
 * address, the file's name in @text, the build-id.
 */
static bool parse(const char *text, uint64_t *addr, const char **file, int *file_len, char *id)
{
	const char *path = strstr(text, " ("), *end = NULL, *slash, *value = text, *closing;
	char *rest;
	size_t n;

	for (const char *p = path; p && (p = strstr(p, id_mark)); p++)
		end = p;
	if (!end)
		return false;
	n = strspn(end + strlen(id_mark), "0123456789abcdef");
	if (n < ID_MIN || n > ID_MAX || n % 2)
		return false;
	memcpy(id, end + strlen(id_mark), n);
	id[n] = 0;
	closing = end + strlen(id_mark) + n;
	if (*closing == '+')
		value = closing + 1;
	*addr = strtoull(value, &rest, 16);
	if (strncmp(value, "0x", 2) || strcmp(value == text ? closing : rest, "]") ||
	    (value == text && rest != path))
		return false;
	slash = memrchr(path + 2, '/', (size_t)(end - path - 2));
	*file = slash ? slash + 1 : path + 2;
	*file_len = (int)(end - *file);
	return true;
}

/* An address is where a call returns to: what called is the instruction before. */
static char *name_of(struct symbols *s, const char *text)
{
	const char *file, *name, *source = NULL;
	char id[ID_MAX + 1], *made;
	uint64_t addr, offset = 0;
	struct module *m;
	Dwfl_Line *line;
	int file_len, number = 0;
	GElf_Sym sym;

	if (!parse(text, &addr, &file, &file_len, id) || !addr)
		return NULL;
	m = module_get(s, id);
	if (!m || !m->dwfl_module)
		return NULL;
	name = dwfl_module_addrinfo(m->dwfl_module, addr - 1, &offset, &sym, NULL, NULL, NULL);
	if (!name)
		return NULL;
	line = dwfl_module_getsrc(m->dwfl_module, addr - 1);
	if (line)
		source = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	if (source && strrchr(source, '/'))
		source = strrchr(source, '/') + 1;
	if (asprintf(&made, source ? "%s+0x%" PRIx64 " (%.*s) %s:%d" : "%s+0x%" PRIx64 " (%.*s)",
		     name, offset + 1, file_len, file, source, number) < 0)
		return NULL;
	return made;
}

static const char *frame_name(struct symbols *s, const char *text)
{
	size_t len = strlen(text);
	struct frame *f;

	HASH_FIND(hh, s->frames, text, len, f);
	if (f || HASH_COUNT(s->frames) >= MAX_FRAMES)
		return f && f->name ? f->name : text;
	f = calloc(1, sizeof(*f) + len + 1);
	if (!f)
		return text;
	memcpy(f->text, text, len);
	f->name = name_of(s, text);
	HASH_ADD(hh, s->frames, text[0], len, f);
	if (f->hh.tbl)
		return f->name ? f->name : text;
	free(f->name);
	free(f);
	return text;
}

static bool has_build_id(const struct ims_stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++)
		if (strstr(stack->frame[i], id_mark))
			return true;
	return false;
}

const struct ims_record *symbols_record(struct symbols **s, const struct ims_record *rec)
{
	const struct ims_stack *stack = &rec->event.user_stack;
	struct symbols *all;

	if (rec->type != IMS_REC_EVENT || stack->count > IMS_STACK_MAX || !has_build_id(stack))
		return rec;
	all = symbols_get(s);
	if (!all)
		return rec;
	for (uint32_t i = 0; i < stack->count; i++)
		all->frame[i] = frame_name(all, stack->frame[i]);
	all->rec = *rec;
	all->rec.event.user_stack.frame = all->frame;
	return &all->rec;
}

void symbols_free(struct symbols *s)
{
	struct module *m, *next;
	struct frame *f, *after;

	if (!s)
		return;
	HASH_ITER (hh, s->modules, m, next) {
		HASH_DEL(s->modules, m);
		dwfl_end(m->dwfl);
		free(m);
	}
	HASH_ITER (hh, s->frames, f, after) {
		HASH_DEL(s->frames, f);
		free(f->name);
		free(f);
	}
	if (s->debuginfod.client)
		s->debuginfod.end(s->debuginfod.client);
	free(s);
}
