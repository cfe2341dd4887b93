// SPDX-License-Identifier: GPL-2.0-only
#include "tools/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/choice.h"

#define FILE_MOST (1u << 20)

enum kind {
	TEXT,  /* const char * */
	OPTIONAL, /* the same, NULL when it is empty */
	ADDRESS, /* the same: ADDRESS:PORT, or "off" */
	COUNT, /* uint64_t */
	SIZE,  /* uint64_t, bytes */
	OPERATIONS, /* the choice's */
	RING,	    /* the choice's */
};

struct setting {
	const char *name, *arg, *help;
	const char *initial;
	enum kind kind;
	size_t offset; /* in struct daemon_options */
	uint64_t least;
	bool fixed; /* a running daemon cannot change it */
	const char *values;
};

#define AT(member) offsetof(struct daemon_options, member)

static const struct setting settings[] = {
	{"socket", "PATH", "where iommutop and iommutrace connect", IMS_SOCKET, TEXT, AT(socket),
	 .fixed = true},
	{"group", "NAME", "whose members may connect; else root", "iommuscope", TEXT, AT(group),
	 .fixed = true},
	{"clients", "N", "connections at a time, at most", "64", COUNT, AT(clients), 1},
	{"flight", "SIZE", "memory for the last minutes", "16M", SIZE, AT(flight_bytes), 256 << 10,
	 .fixed = true},
	{"metrics", "ADDRESS:PORT", "where Prometheus fetches /metrics; off: nowhere",
	 "127.0.0.1:9741", ADDRESS, AT(metrics)},
	{"textfile", "FILE", "metrics for node_exporter, every 15 s", "", TEXT, AT(textfile)},
	{"operations", "LIST", "observe only map,unmap,iotlb-sync,... (\"\": all)", "", OPERATIONS,
	 .fixed = true, .values = "map unmap iotlb-sync queue-sync dma-map dma-unmap"},
	{"ring", "SIZE", "kernel memory for events that were not read yet", "4M", RING, .fixed = true},
	{"mechanism", "NAME", "use only fsession, fentry, kprobe-multi or kprobe", "", OPTIONAL,
	 AT(capture.mechanism), .fixed = true},
	{"btf", "FILE", "the kernel's BTF, if it has none of its own", "", OPTIONAL, AT(capture.btf),
	 .fixed = true},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

_Static_assert(SETTINGS <= CONFIG_MOST, "there is room for all flags");

const struct option_row *config_options(const struct option_row *own)
{
	static struct option_row rows[CONFIG_MOST + 8];
	size_t n = 0;

	for (; n < SETTINGS; n++)
		rows[n] = (struct option_row){CONFIG_KEY + (int)n, settings[n].name, settings[n].arg,
					      settings[n].help, settings[n].values};
	while (own->name && n < sizeof(rows) / sizeof(rows[0]) - 1)
		rows[n++] = *own++;
	return rows;
}

void config_flag(struct config_flags *flags, int key, const char *value)
{
	flags->value[key - CONFIG_KEY] = value;
}

/* ---- values ----------------------------------------------------------------------------------- */

static int set_operations(struct ims_choice *choice, const char *value)
{
	choice->without = 0;
	return *value ? choice_set(choice, CHOICE_OPERATIONS, value) : 0;
}

static int check_address(const char *where, const char *value)
{
	const char *colon = strrchr(value, ':');
	uint64_t port = 0;

	if (!strcmp(value, "off"))
		return 0;
	if (colon && parse_count(where, colon + 1, &port))
		return EXIT_USAGE;
	if (port && port < 65536)
		return 0;
	complain("%s \"%s\" is neither ADDRESS:PORT nor off", where, value);
	return EXIT_USAGE;
}

/* @where names the setting in what is said of a bad value. */
static int set(struct daemon_options *o, const struct setting *s, const char *where,
	       const char *value)
{
	void *place = (char *)o + s->offset;
	uint64_t *number = place;

	switch (s->kind) {
	case ADDRESS:
		*(const char **)place = value;
		return check_address(where, value);
	case TEXT:
		*(const char **)place = value;
		return 0;
	case OPTIONAL:
		*(const char **)place = *value ? value : NULL;
		return 0;
	case COUNT:
		if (parse_count(where, value, number))
			return EXIT_USAGE;
		if (*number >= s->least)
			return 0;
		complain("%s has to be at least %llu", where, (unsigned long long)s->least);
		return EXIT_USAGE;
	case SIZE:
		return parse_size(where, value, s->least, number);
	case OPERATIONS:
		return set_operations(&o->capture.choice, value);
	case RING:
		return choice_set(&o->capture.choice, CHOICE_RING, value);
	}
	return EXIT_USAGE;
}

/* ---- the file --------------------------------------------------------------------------------- */

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t\r");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		*--end = 0;
	return s;
}

/* "name = value"; "" in quotes is empty. */
static int read_line(struct daemon_options *o, const char *path, unsigned int number, char *line)
{
	char *value = strchr(line, '='), *name = line;
	char where[512];
	int code;

	if (!*line || *line == '#')
		return 0;
	if (value)
		*value++ = 0;
	name = trim(name);
	for (size_t i = 0; value && i < SETTINGS; i++) {
		if (strcmp(settings[i].name, name))
			continue;
		value = trim(value);
		snprintf(where, sizeof(where), "%s:%u: %s", path, number, name);
		code = set(o, &settings[i], where, strcmp(value, "\"\"") ? value : "");
		if (code && settings[i].kind >= OPERATIONS) /* said by who does not know of files */
			complain("%s: as was just said", where);
		return code;
	}
	if (value)
		complain("%s:%u: there is no setting \"%s\"", path, number, name);
	else
		complain("%s:%u: \"%s\" is no \"name = value\"", path, number, name);
	return EXIT_USAGE;
}

static int read_lines(struct config *c, const char *path)
{
	unsigned int number = 0;
	char *rest = c->text, *line;
	int code = 0;

	while (!code && (line = strsep(&rest, "\n")))
		code = read_line(&c->options, path, ++number, trim(line));
	return code;
}

static int read_text(struct config *c, int fd)
{
	size_t used = 0;
	ssize_t n;

	c->text = malloc(FILE_MOST + 1);
	if (!c->text)
		return -ENOMEM;
	while (used < FILE_MOST && (n = read(fd, c->text + used, FILE_MOST - used)))
		if (n < 0)
			return -errno;
		else
			used += n;
	c->text[used] = 0;
	return used < FILE_MOST ? 0 : -EFBIG;
}

static int read_file(struct config *c, const char *path)
{
	const char *name = path ? path : CONFIG_FILE;
	int fd = open(name, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0 && errno == ENOENT && !path)
		return 0;
	err = fd < 0 ? -errno : read_text(c, fd);
	if (fd >= 0)
		close(fd);
	if (!err)
		return read_lines(c, name);
	complain("cannot read %s: %s", name, strerror(-err));
	return EXIT_RUNTIME;
}

int config_load(struct config *c, const char *path, const struct config_flags *flags)
{
	char option[32];
	int code = 0;

	*c = (struct config){};
	for (size_t i = 0; !code && i < SETTINGS; i++)
		code = set(&c->options, &settings[i], settings[i].name, settings[i].initial);
	if (!code)
		code = read_file(c, path);
	for (size_t i = 0; !code && i < SETTINGS; i++) {
		snprintf(option, sizeof(option), "--%s", settings[i].name);
		if (flags->value[i])
			code = set(&c->options, &settings[i], option, flags->value[i]);
	}
	return code;
}

void config_free(struct config *c)
{
	free(c->text);
	c->text = NULL;
}

void config_print(FILE *out)
{
	fputs("# iommud.conf: what iommud does. Every setting is a flag, too (iommud --help),\n"
	      "# and a flag is stronger. \"iommud --check-config\" tells whether all is right,\n"
	      "# \"systemctl reload iommud\" takes over what changed and needs no restart.\n",
	      out);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		fprintf(out, "\n# %s: %s%s\n#%s = %s\n", s->arg, s->help,
			s->fixed ? ". Needs a restart." : "", s->name,
			*s->initial ? s->initial : "\"\"");
	}
}

static bool same(const struct daemon_options *a, const struct daemon_options *b,
		 const struct setting *s)
{
	const char *x = (const char *)a + s->offset, *y = (const char *)b + s->offset;

	if (s->kind == OPERATIONS)
		return a->capture.choice.without == b->capture.choice.without;
	if (s->kind == RING)
		return a->capture.choice.ring_bytes == b->capture.choice.ring_bytes;
	if (s->kind == COUNT || s->kind == SIZE)
		return *(const uint64_t *)x == *(const uint64_t *)y;
	x = *(const char *const *)x ? *(const char *const *)x : "";
	y = *(const char *const *)y ? *(const char *const *)y : "";
	return !strcmp(x, y);
}

const char *config_fixed(const struct daemon_options *a, const struct daemon_options *b)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].fixed && !same(a, b, &settings[i]))
			return settings[i].name;
	return NULL;
}
