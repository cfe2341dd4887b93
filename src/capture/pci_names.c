// SPDX-License-Identifier: GPL-2.0-only
#include "capture/pci_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file, 1.5 MB: it is sorted by vendor, and read from the start for each device. */
struct pci_names {
	char *text;
};

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	/* Up to the first NUL, of which a text has none. */
	if (f && getdelim(&text, &size, 0, f) < 0) {
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

struct pci_names *pci_names_open(const char *path)
{
	static const char *const paths[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
	struct pci_names *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	p->text = path ? read_all(path) : NULL;
	for (size_t i = 0; !path && !p->text && i < sizeof(paths) / sizeof(paths[0]); i++)
		p->text = read_all(paths[i]);
	if (p->text)
		return p;
	free(p);
	return NULL;
}

void pci_names_close(struct pci_names *p)
{
	if (p)
		free(p->text);
	free(p);
}

/* The line that begins "@indent@id  " before @end, and what follows in *@name; NULL: none does. */
static const char *find(const char *from, const char *end, const char *indent, unsigned int id,
			const char **name)
{
	char wanted[16];
	const char *line;

	snprintf(wanted, sizeof(wanted), "\n%s%04x  ", indent, id);
	line = strstr(from, wanted);
	if (!line || (end && line >= end))
		return NULL;
	*name = line + strlen(wanted);
	return line + 1;
}

/* Where the next vendor begins: a line that is neither indented, nor empty, nor a comment. */
static const char *next_vendor(const char *line)
{
	while ((line = strchr(line, '\n'))) {
		line++;
		if (*line && !strchr("\t#\n", *line))
			return line;
	}
	return NULL;
}

void pci_names_of(struct pci_names *p, unsigned int vendor, unsigned int device, char *buf,
		  size_t size)
{
	const char *line, *name;
	size_t len;

	buf[0] = 0;
	line = p ? find(p->text, NULL, "", vendor, &name) : NULL;
	if (!line)
		return;
	snprintf(buf, size, "%.*s", (int)strcspn(name, "\n"), name);
	len = strlen(buf);
	if (find(line, next_vendor(line), "\t", device, &name))
		snprintf(buf + len, size - len, " %.*s", (int)strcspn(name, "\n"), name);
}
