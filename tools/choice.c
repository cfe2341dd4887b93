// SPDX-License-Identifier: GPL-2.0-only
#include "tools/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A number of bytes, with K, M or G. */
static int parse_bytes(const char *option, const char *value, uint64_t *out)
{
	static const char units[] = "KMG";
	char *end;
	const char *unit;
	int shift = 0;

	errno = 0;
	*out = strtoull(value, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (errno || *end || end == value || value[0] < '0' || value[0] > '9' ||
	    !*out || *out > (1ull << 30) >> shift) {
		complain("%s \"%s\" is no size up to 1G, as 256K or 4M", option, value);
		return EXIT_USAGE;
	}
	*out <<= shift;
	return 0;
}

static int set_events(struct ims_choice *c, const char *value)
{
	c->all = !strcmp(value, "all");
	if (c->all || !strcmp(value, "lifecycle"))
		return 0;
	complain("--events \"%s\" is neither lifecycle nor all", value);
	return EXIT_USAGE;
}

int choice_set(struct ims_choice *c, int key, const char *value)
{
	switch (key) {
	case CHOICE_EVENTS:
		return set_events(c, value);
	case CHOICE_BUFFER:
		return parse_bytes("--buffer", value, &c->buffer_bytes);
	case CHOICE_RING:
		return parse_bytes("--ring", value, &c->ring_bytes);
	}
	return EXIT_USAGE;
}
