// SPDX-License-Identifier: GPL-2.0-only
/* host_log.c - what the kernel logged about IOMMUs since boot: the first lines and the last. */
#include "capture/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINES 96
#define LAST_LINES  160
#define LINE_LEN    320

struct log {
	unsigned int lines;
	char first[FIRST_LINES][LINE_LEN];
	char last[LAST_LINES][LINE_LEN]; /* a ring, of those behind the first */
};

/* The command line is a fact of its own. */
static bool is_relevant(const char *text)
{
	static const char *const words[] = {"iommu",  "smmu", "dmar",
					    "amd-vi", "vfio", "default domain"};

	if (strstr(text, "ommand line:"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

/* "6,339,5140900,-;NET: Registered ...\n SUBSYSTEM=..." (Documentation/ABI/testing/dev-kmsg) */
static void see_record(struct log *l, char *record)
{
	char *text = strchr(record, ';');
	unsigned int n = l->lines;
	uint64_t usec;
	char *line;

	if (!text || sscanf(record, "%*u,%*u,%" SCNu64, &usec) != 1)
		return;
	*text++ = 0;
	text[strcspn(text, "\n")] = 0;
	if (!is_relevant(text))
		return;
	line = n < FIRST_LINES ? l->first[n] : l->last[(n - FIRST_LINES) % LAST_LINES];
	snprintf(line, LINE_LEN, "[%5" PRIu64 ".%06" PRIu64 "] %s", usec / 1000000, usec % 1000000,
		 text);
	l->lines++;
}

/* EPIPE: the record was overwritten before it was read; the next read has a later one. */
static void read_log(struct log *l, int fd)
{
	char record[8192];
	ssize_t n;

	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = 0;
		see_record(l, record);
	}
}

static void tell_line(struct host_sink *to, unsigned int number, const char *line)
{
	char key[32];

	snprintf(key, sizeof(key), "dmesg.%04u", number + 1);
	host_fact(to, key, "%s", line);
}

void host_tell_log(struct host_sink *to)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct log *l = fd < 0 ? NULL : calloc(1, sizeof(*l));
	unsigned int from = FIRST_LINES;

	if (l)
		read_log(l, fd);
	for (unsigned int i = 0; l && i < l->lines && i < FIRST_LINES; i++)
		tell_line(to, i, l->first[i]);
	if (l && l->lines > FIRST_LINES + LAST_LINES) {
		from = l->lines - LAST_LINES;
		host_fact(to, "dmesg.left_out", "%u lines", from - FIRST_LINES);
	}
	for (unsigned int i = from; l && i < l->lines; i++)
		tell_line(to, i, l->last[(i - FIRST_LINES) % LAST_LINES]);
	free(l);
	if (fd >= 0)
		close(fd);
}
