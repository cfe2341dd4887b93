// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "scrub_out.h"

#define NAMES_MOST (1u << 18) /* of a kind: what memory a stream can cost */
#define COMM_LEN   16
#define HOST_LEAST 3 /* a shorter name is found in every text */
/* Fewer digits are offsets, flags and sizes. */
#define HEX_LEAST  5 /* behind 0x, without leading zeros */
#define BARE_LEAST 7
#define ID_LEAST   16 /* of a build-id */

struct name {
	UT_hash_handle hh;
	uint32_t number;
	char original[]; /* begins with its kind */
};

struct scrub {
	struct name *names;
	uint32_t count[SCRUB_KINDS];
	char host[256];
};

static const struct {
	const char *prefix, *what;
} kinds[SCRUB_KINDS] = {
	[SCRUB_TASK] = {"task", "command names"},
	[SCRUB_PID] = {"pid", "process ids"},
	[SCRUB_ADDRESS] = {"addr", "physical addresses"},
	[SCRUB_HOST] = {"host", "host names"},
	[SCRUB_SERIAL] = {"serial", "serial numbers"},
	[SCRUB_OBJECT] = {"object", "programs and paths"},
	[SCRUB_UUID] = {"uuid", "UUIDs"},
	[SCRUB_MAC] = {"mac", "MAC addresses"},
	[SCRUB_IP] = {"ip", "IP addresses"},
	[SCRUB_VALUE] = {"value", "values of the command line"},
};

struct scrub *scrub_new(void)
{
	return calloc(1, sizeof(struct scrub));
}

void scrub_free(struct scrub *s)
{
	struct name *n, *next;

	if (!s)
		return;
	HASH_ITER (hh, s->names, n, next) {
		HASH_DEL(s->names, n);
		free(n);
	}
	free(s);
}

uint32_t scrub_count(const struct scrub *s, enum scrub_kind kind)
{
	return s->count[kind];
}

const char *scrub_what(enum scrub_kind kind)
{
	return kinds[kind].what;
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct name *find(const struct scrub *s, enum scrub_kind kind, const char *original,
			 size_t len)
{
	char key[WORD_MAX + 1];
	struct name *n;

	if (len >= WORD_MAX)
		len = WORD_MAX - 1;
	key[0] = (char)('A' + kind);
	memcpy(key + 1, original, len);
	HASH_FIND(hh, s->names, key, len + 1, n);
	return n;
}

static uint32_t number_of(struct scrub *s, enum scrub_kind kind, const char *original, size_t len)
{
	struct name *n = find(s, kind, original, len);

	if (n)
		return n->number;
	if (len >= WORD_MAX)
		len = WORD_MAX - 1;
	n = s->count[kind] < NAMES_MOST ? malloc(sizeof(*n) + len + 1) : NULL;
	if (!n)
		return 0;
	n->original[0] = (char)('A' + kind);
	memcpy(n->original + 1, original, len);
	n->number = s->count[kind] + 1;
	HASH_ADD_KEYPTR(hh, s->names, n->original, len + 1, n);
	if (!n->hh.tbl) {
		free(n);
		return 0;
	}
	s->count[kind]++;
	return n->number;
}

uint32_t scrub_number(struct scrub *s, enum scrub_kind kind, const char *original)
{
	return number_of(s, kind, original, strlen(original));
}

/* 0 is the idle task, and says nothing. */
uint32_t scrub_pid(struct scrub *s, uint32_t pid)
{
	char text[16];

	if (!pid)
		return 0;
	snprintf(text, sizeof(text), "%u", pid);
	return scrub_number(s, SCRUB_PID, text);
}

void scrub_learn_host(struct scrub *s, const char *name)
{
	snprintf(s->host, sizeof(s->host), "%s", name);
	if (*name)
		scrub_number(s, SCRUB_HOST, name);
}

/* ---- writing --------------------------------------------------------------------------------- */

void out_put(struct out *o, const char *text, size_t len)
{
	if (len > (size_t)(o->end - o->p))
		len = (size_t)(o->end - o->p);
	memcpy(o->p, text, len);
	o->p += len;
}

void out_replace(struct scrub *s, struct out *o, enum scrub_kind kind, const char *original,
		 size_t len)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%s-%u", kinds[kind].prefix,
			 number_of(s, kind, original, len));

	out_put(o, text, (size_t)n);
}

/* 0xC020000 is 0xc020000. */
static void replace_address(struct scrub *s, struct out *o, const char *value, size_t digits)
{
	char lower[32];
	size_t n = digits < sizeof(lower) ? digits : sizeof(lower);

	for (size_t i = 0; i < n; i++)
		lower[i] = (char)tolower((unsigned char)value[i]);
	out_replace(s, o, SCRUB_ADDRESS, lower, n);
}

struct out out_begin(char *buf, size_t size)
{
	return (struct out){buf, buf + size - 1};
}

void out_end(struct out *o)
{
	*o->p = 0;
}

/* ---- what there is to find ------------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t hex_digits(const char *p)
{
	return strspn(p, "0123456789abcdefABCDEF");
}

/* Groups of as many hex digits as @lengths says, with @between. Returns the length, or 0. */
static size_t hex_groups(const char *p, const char *lengths, char between)
{
	const char *from = p;

	for (; *lengths; lengths++) {
		if (hex_digits(p) != (size_t)*lengths)
			return 0;
		p += *lengths;
		if (lengths[1] && *p++ != between)
			return 0;
	}
	return is_word(*p) || *p == between ? 0 : (size_t)(p - from);
}

/* A PCI address, which stays: 0000:09:00.0 */
static size_t pci_length(const char *p)
{
	size_t domain = hex_digits(p);

	if (domain < 4 || domain > 8 || p[domain] != ':')
		return 0;
	p += domain + 1;
	if (hex_digits(p) != 2 || p[2] != ':' || hex_digits(p + 3) != 2 || p[5] != '.' ||
	    !isdigit((unsigned char)p[6]) || is_word(p[7]))
		return 0;
	return domain + 8;
}

static size_t ip_length(const char *p)
{
	const char *from = p;

	for (int i = 0; i < 4; i++) {
		size_t n = strspn(p, "0123456789");

		if (!n || n > 3 || (i < 3 && p[n] != '.'))
			return 0;
		p += n + (i < 3);
	}
	return is_word(*p) ? 0 : (size_t)(p - from);
}

static bool has_decimal(const char *p, size_t len)
{
	return strcspn(p, "0123456789") < len;
}

/* An address, with or without 0x, whose value is @value and @digits long. Returns the length. */
static size_t address_length(const char *p, const char **value, size_t *digits)
{
	size_t prefix = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 2 : 0;
	size_t n = hex_digits(p + prefix), zeros = strspn(p + prefix, "0");

	if (is_word(p[prefix + n]))
		return 0;
	*value = p + prefix + zeros;
	*digits = n - zeros;
	if (prefix)
		return *digits >= HEX_LEAST ? prefix + n : 0;
	return n >= BARE_LEAST && *digits >= HEX_LEAST && has_decimal(p, n) ? n : 0;
}

/* "serial: X", "Serial number = X": the length of all before X, or 0. */
static size_t serial_prefix(const char *p)
{
	size_t n = 6;

	if (strncasecmp(p, "serial", 6))
		return 0;
	n += strspn(p + n, " ");
	if (!strncasecmp(p + n, "number", 6))
		n += 6;
	else if (!strncasecmp(p + n, "no", 2))
		n += 2;
	n += strspn(p + n, " .");
	if (p[n] != ':' && p[n] != '=' && p[n] != '#')
		return 0;
	return n + strspn(p + n, ":=# ");
}

static size_t host_length(const struct scrub *s, const char *p)
{
	size_t n = strlen(s->host), first = strcspn(s->host, ".");

	if (n < HOST_LEAST || !strcmp(s->host, "(none)"))
		return 0;
	if (!strncmp(p, s->host, n) && !is_word(p[n]))
		return n;
	return first >= HOST_LEAST && !strncmp(p, s->host, first) && !is_word(p[first]) ? first : 0;
}

/* Replaces what is at @p, where a word begins. Returns its length, 0: nothing is to be replaced. */
static size_t replace_at(struct scrub *s, struct out *o, const char *p)
{
	const char *value;
	size_t n, digits;

	n = pci_length(p);
	if (n) {
		out_put(o, p, n);
		return n;
	}
	if ((n = serial_prefix(p))) {
		out_put(o, p, n);
		digits = strcspn(p + n, " ,;)");
		if (digits)
			out_replace(s, o, SCRUB_SERIAL, p + n, digits);
		return n + digits;
	}
	if ((n = hex_groups(p, "\10\4\4\4\14", '-'))) {
		out_replace(s, o, SCRUB_UUID, p, n);
	} else if ((n = hex_groups(p, "\2\2\2\2\2\2", ':')) ||
		   (n = hex_groups(p, "\2\2\2\2\2\2", '-'))) {
		out_replace(s, o, SCRUB_MAC, p, n);
	} else if ((n = ip_length(p))) {
		out_replace(s, o, SCRUB_IP, p, n);
	} else if ((n = address_length(p, &value, &digits))) {
		replace_address(s, o, value, digits);
	} else if ((n = host_length(s, p))) {
		out_replace(s, o, SCRUB_HOST, s->host, strlen(s->host));
	}
	return n;
}

/* The longest name of a task that was seen in the stream and stands at @p as a word. */
static size_t task_length(const struct scrub *s, const char *p)
{
	size_t n = strnlen(p, COMM_LEN - 1);

	for (; n >= 3; n--)
		if (!is_word(p[n]) && find(s, SCRUB_TASK, p, n))
			return n;
	return 0;
}

/* The number of a task that was seen, as the kernel writes it: "pid 12", "[12]", "(12)". */
static size_t pid_length(const struct scrub *s, const char *text, const char *p)
{
	size_t n = strspn(p, "0123456789");
	char before = p > text ? p[-1] : 0;
	bool named =
		p - text >= 4 && (!strncasecmp(p - 4, "pid ", 4) ||
				  !strncasecmp(p - 4, "pid=", 4) || !strncasecmp(p - 4, "pid:", 4));

	named |= p - text >= 5 && !strncasecmp(p - 5, "pid: ", 5);
	if (!n || (!named && !(before == '[' && p[n] == ']') && !(before == '(' && p[n] == ')')))
		return 0;
	return find(s, SCRUB_PID, p, n) ? n : 0;
}

void out_scrubbed(struct scrub *s, const char *text, struct out *o, bool with_tasks)
{
	const char *p = text;

	while (*p && o->p < o->end) {
		bool begins = p == text || !is_word(p[-1]);
		size_t n = begins ? replace_at(s, o, p) : 0;

		if (!n && begins && with_tasks) {
			enum scrub_kind kind = SCRUB_TASK;

			n = task_length(s, p);
			if (!n) {
				kind = SCRUB_PID;
				n = pid_length(s, text, p);
			}
			if (n)
				out_replace(s, o, kind, p, n);
		}
		if (!n) {
			out_put(o, p, 1);
			n = 1;
		}
		p += n;
	}
}

/* ---- kinds of text --------------------------------------------------------------------------- */

void scrub_task(struct scrub *s, const char *text, char *buf, size_t size)
{
	struct out o = out_begin(buf, size);

	if (*text)
		out_replace(s, &o, SCRUB_TASK, text, strlen(text));
	out_end(&o);
}

void scrub_text(struct scrub *s, const char *text, char *buf, size_t size)
{
	struct out o = out_begin(buf, size);

	out_scrubbed(s, text, &o, false);
	out_end(&o);
}

void scrub_log(struct scrub *s, const char *text, char *buf, size_t size)
{
	struct out o = out_begin(buf, size);
	size_t time = text[0] == '[' ? strcspn(text, "]") : 0;

	out_put(&o, text, time);
	text += time;
	out_scrubbed(s, text, &o, true);
	out_end(&o);
}

/* A program or library by its last name, whatever the path to it. */
static void scrub_object(struct scrub *s, struct out *o, const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	len -= slash ? (size_t)(slash + 1 - path) : 0;
	out_replace(s, o, SCRUB_OBJECT, slash ? slash + 1 : path, len);
}

/* What a frame begins with: "main+0x1c"; an address as the file has it, when @in_file; or one that
 * only this process had. */
static void scrub_function(struct scrub *s, struct out *o, const char *text, size_t len,
			   bool in_file)
{
	size_t name = strcspn(text, "+"), digits;
	const char *value;

	if (name > len)
		name = len;
	if (memchr(text, '/', len) || find(s, SCRUB_TASK, text, name)) {
		scrub_object(s, o, text, name);
		text += name;
		len -= name;
	} else if (!in_file && len && address_length(text, &value, &digits) == len) {
		replace_address(s, o, value, digits);
		return;
	}
	out_put(o, text, len);
}

/*
 * "main+0x1c (program)", "read+0x8 (libc.so.6) [build-id HEX+0x41c]", "0x41c (/usr/bin/program)
 * [build-id HEX]", "0x7f...". A build-id tells which program it was to those who have that, and
 * nothing else.
 */
void scrub_frame(struct scrub *s, const char *text, char *buf, size_t size)
{
	static const char id_begins[] = " [build-id ";
	struct out o = out_begin(buf, size);
	const char *place = strstr(text, " ("), *id = strstr(text, id_begins);
	size_t len = place ? (size_t)(place - text) : strcspn(text, " ");
	const char *rest = text + len;
	size_t digits = id ? hex_digits(id + strlen(id_begins)) : 0;

	scrub_function(s, &o, text, len, place);
	if (id && (id < rest || digits < ID_LEAST))
		id = NULL;
	len = id ? (size_t)(id - rest) : strlen(rest);
	if (place && len > 3 && rest[len - 1] == ')') {
		out_put(&o, " (", 2);
		scrub_object(s, &o, rest + 2, len - 3);
		out_put(&o, ")", 1);
	} else if (len) {
		out_put(&o, " ", 1);
		scrub_object(s, &o, rest, len);
	}
	if (id) {
		digits += strlen(id_begins);
		out_put(&o, id, digits);
		if (!strncmp(id + digits, "+0x", 3))
			out_put(&o, id + digits, 3 + hex_digits(id + digits + 3));
		out_put(&o, "]", 1);
	}
	out_end(&o);
}
