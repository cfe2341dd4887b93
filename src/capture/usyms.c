// SPDX-License-Identifier: GPL-2.0-only
#include "capture/usyms.h"

#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILES 64
#define MAX_RANGES 256
#define MAX_SEGMENTS 8
#define BUILD_ID_MAX 20

struct symbol {
	uint64_t value, size;
	char *name;
};

struct segment {
	uint64_t offset, vaddr, size;
};

/* A program or a library. */
struct object {
	dev_t dev;
	ino_t ino;
	char path[128]; /* cut from the left: the end tells most */
	char build_id[2 * BUILD_ID_MAX + 1];
	struct segment segment[MAX_SEGMENTS];
	int segments;
	struct symbol *symbol; /* by value */
	size_t symbols;
	bool stripped; /* what it exports is all that has names */
};

/* Where a process has code. */
struct range {
	uint64_t begin, end, offset;
	struct object *object;
};

struct usyms {
	uint32_t pid;
	struct range range[MAX_RANGES];
	int ranges;
	struct object *object[MAX_FILES];
	int objects;
};

struct usyms *usyms_new(void)
{
	elf_version(EV_CURRENT);
	return calloc(1, sizeof(struct usyms));
}

static void object_free(struct object *o)
{
	for (size_t i = 0; o && i < o->symbols; i++)
		free(o->symbol[i].name);
	free(o ? o->symbol : NULL);
	free(o);
}

static void forget(struct usyms *u)
{
	while (u->objects)
		object_free(u->object[--u->objects]);
	u->ranges = 0;
}

void usyms_free(struct usyms *u)
{
	if (u)
		forget(u);
	free(u);
}

/* ---- files -------------------------------------------------------------------------------------- */

static void read_segments(struct object *o, Elf *elf)
{
	size_t n = 0;
	GElf_Phdr ph;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n && o->segments < MAX_SEGMENTS; i++)
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && ph.p_flags & PF_X)
			o->segment[o->segments++] =
				(struct segment){ph.p_offset, ph.p_vaddr, ph.p_filesz};
}

static void read_build_id(struct object *o, Elf_Data *notes)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;

	for (; (next = gelf_getnote(notes, at, &note, &name, &desc)) > 0; at = next) {
		const uint8_t *id = (const uint8_t *)notes->d_buf + desc;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz > BUILD_ID_MAX)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(o->build_id + 2 * i, 3, "%02x", id[i]);
		return;
	}
}

static int by_value(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static void read_symbols(struct object *o, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;
	GElf_Sym sym;

	o->symbol = calloc(n, sizeof(*o->symbol));
	for (size_t i = 0; o->symbol && i < n; i++) {
		struct symbol *s = &o->symbol[o->symbols];
		const char *name;

		if (!gelf_getsym(data, (int)i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
		    !sym.st_value)
			continue;
		name = elf_strptr(elf, sh->sh_link, sym.st_name);
		s->name = name ? strdup(name) : NULL;
		s->value = sym.st_value;
		s->size = sym.st_size;
		o->symbols += s->name != NULL;
	}
	if (o->symbol)
		qsort(o->symbol, o->symbols, sizeof(*o->symbol), by_value);
}

/* The table of all symbols, or that of the exported ones where it is stripped. */
static void read_elf(struct object *o, Elf *elf)
{
	Elf_Scn *scn = NULL, *table = NULL;
	GElf_Shdr sh, table_sh = {};

	read_segments(o, elf);
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_NOTE && !o->build_id[0])
			read_build_id(o, elf_getdata(scn, NULL));
		if (sh.sh_type == SHT_SYMTAB || (sh.sh_type == SHT_DYNSYM && !table)) {
			table = scn;
			table_sh = sh;
		}
	}
	o->stripped = table && table_sh.sh_type == SHT_DYNSYM;
	if (table)
		read_symbols(o, elf, table, &table_sh);
}

/* The file behind /proc/PID/root@path; NULL when there is no room or no memory. */
static struct object *object_get(struct usyms *u, const char *path)
{
	size_t len = strlen(path), cut = len < sizeof(u->object[0]->path) ? 0 : len - 127;
	char full[PATH_MAX + 256];
	struct object *o;
	struct stat st;
	Elf *elf;
	int fd;

	snprintf(full, sizeof(full), "/proc/%" PRIu32 "/root%s", u->pid, path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		st = (struct stat){};
	for (int i = 0; i < u->objects; i++)
		if (u->object[i]->dev == st.st_dev && u->object[i]->ino == st.st_ino &&
		    !strcmp(u->object[i]->path, path + cut)) {
			if (fd >= 0)
				close(fd);
			return u->object[i];
		}
	o = u->objects < MAX_FILES ? calloc(1, sizeof(*o)) : NULL;
	if (o) {
		o->dev = st.st_dev;
		o->ino = st.st_ino;
		strcpy(o->path, path + cut);
		u->object[u->objects++] = o;
	}
	elf = o && S_ISREG(st.st_mode) ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	if (elf)
		read_elf(o, elf);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return o;
}

/* ---- processes ---------------------------------------------------------------------------------- */

static void add_range(struct usyms *u, const char *line)
{
	struct range r;
	char rights[5];
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &r.begin, &r.end,
		   rights, &r.offset, &path) < 4 ||
	    !path || rights[2] != 'x' || !line[path] || u->ranges == MAX_RANGES)
		return;
	r.object = object_get(u, line + path);
	if (r.object)
		u->range[u->ranges++] = r;
}

void usyms_process(struct usyms *u, uint32_t pid)
{
	char line[PATH_MAX + 128];
	bool first = true;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%" PRIu32 "/maps", pid);
	f = fopen(line, "re");
	if (u->pid != pid)
		u->ranges = 0;
	u->pid = pid;
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (first && u->objects > MAX_FILES / 2)
			forget(u);
		if (first) /* one that has exited shows none: what it had is kept */
			u->ranges = 0;
		first = false;
		add_range(u, line);
	}
	if (f)
		fclose(f);
}

static const struct symbol *find_symbol(const struct object *o, uint64_t vaddr)
{
	const struct symbol *found = NULL;
	size_t lo = 0, hi = o->symbols;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->symbol[mid].value <= vaddr) {
			found = &o->symbol[mid];
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return found && vaddr - found->value < (found->size ? found->size : 4096) ? found : NULL;
}

/* As the file has the address: what its symbols are in. */
static uint64_t file_address(const struct object *o, uint64_t offset)
{
	for (int i = 0; i < o->segments; i++)
		if (offset - o->segment[i].offset < o->segment[i].size)
			return offset - o->segment[i].offset + o->segment[i].vaddr;
	return offset;
}

/* An exported name says little of what is between two of them: a debug file says it all. */
static void format_named(const struct object *o, const struct symbol *s, uint64_t vaddr, char *buf,
			 size_t size)
{
	bool more = o->stripped && o->build_id[0];
	char tail[sizeof(o->path) + sizeof(o->build_id) + 64];
	int n = snprintf(tail, sizeof(tail), "+0x%" PRIx64 " (%s)", vaddr - s->value,
			 basename(o->path));

	if (more)
		n += snprintf(tail + n, sizeof(tail) - (size_t)n, " [build-id %s+0x%" PRIx64 "]",
			      o->build_id, vaddr);
	snprintf(buf, size, "%.*s%s", (int)size - 1 - n, s->name, tail);
}

void usyms_format(struct usyms *u, uint64_t addr, char *buf, size_t size)
{
	const struct range *r = NULL;
	const struct symbol *s;
	const struct object *o;
	uint64_t vaddr;

	for (int i = 0; i < u->ranges && !r; i++)
		if (addr >= u->range[i].begin && addr < u->range[i].end)
			r = &u->range[i];
	if (!r) {
		snprintf(buf, size, "0x%" PRIx64, addr);
		return;
	}
	o = r->object;
	vaddr = file_address(o, addr - r->begin + r->offset);
	s = find_symbol(o, vaddr);
	if (s)
		format_named(o, s, vaddr, buf, size);
	else if (o->build_id[0])
		snprintf(buf, size, "0x%" PRIx64 " (%s) [build-id %s]", vaddr, o->path, o->build_id);
	else
		snprintf(buf, size, "0x%" PRIx64 " (%s)", vaddr, o->path);
}
