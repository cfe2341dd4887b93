// SPDX-License-Identifier: GPL-2.0-only
#include "line.h"

#define ESCAPED 4 /* bytes of one that is escaped */

static const char hex[] = "0123456789abcdef";

/* Two digits at a time, which are half the divisions, and where they belong. */
char *line_digits(char *buf, uint64_t n, unsigned int digits)
{
	static const char pair[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536"
		"37383940414243444546474849505152535455565758596061626364656667686970717273"
		"7475767778798081828384858687888990919293949596979899";
	unsigned int used = 1;
	char *p;

	for (uint64_t limit = 10; n >= limit && used < LINE_DIGITS; limit *= 10)
		used++;
	for (; used < digits; digits--)
		*buf++ = '0';
	p = buf + used;
	for (; n >= 10; n /= 100)
		memcpy(p -= 2, pair + n % 100 * 2, 2);
	if (p > buf)
		*buf = (char)('0' + n);
	return buf + used;
}

void line_flush(struct line *l)
{
	fwrite_unlocked(l->text, 1, l->used, l->out);
	l->used = 0;
}

void line_long(struct line *l, const char *s, size_t bytes)
{
	line_flush(l);
	if (bytes > LINE_BYTES)
		fwrite_unlocked(s, 1, bytes, l->out);
	else
		line_bytes(l, s, bytes);
}

void line_number(struct line *l, uint64_t n)
{
	line_room(l, LINE_DIGITS);
	l->used = (uint32_t)(line_digits(l->text + l->used, n, 1) - l->text);
}

void line_hex(struct line *l, uint64_t n)
{
	int shift = 60;

	while (shift && !(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		line_char(l, hex[n >> shift & 15]);
}

/* One byte as it may reach a terminal; returns the columns it takes. */
static unsigned int escape(char buf[ESCAPED], unsigned char c)
{
	buf[0] = (char)c;
	if (c >= ' ' && c <= '~' && c != '\\')
		return 1;
	buf[0] = buf[1] = '\\';
	if (c == '\\')
		return 2;
	buf[1] = 'x';
	buf[2] = hex[c >> 4];
	buf[3] = hex[c & 15];
	return 4;
}

/* How many bytes @s begins with that stay as they are. */
static size_t plain_bytes(const char *s)
{
	size_t n = 0;

	while (s[n] >= ' ' && s[n] <= '~' && s[n] != '\\')
		n++;
	return n;
}

void line_escaped(struct line *l, const char *s)
{
	size_t n = plain_bytes(s);

	line_bytes(l, s, n);
	for (s += n; *s; s++) {
		line_room(l, ESCAPED);
		l->used += escape(l->text + l->used, (unsigned char)*s);
	}
}

unsigned int line_cut(struct line *l, const char *s, unsigned int width)
{
	unsigned int left = width, need = (unsigned int)plain_bytes(s);
	char text[ESCAPED];

	if (!s[need] && need <= width) {
		line_bytes(l, s, need);
		return need;
	}
	for (const char *p = s + need; *p && need <= width; p++)
		need += escape(text, (unsigned char)*p);
	for (; *s && left; s++) {
		unsigned int n = escape(text, (unsigned char)*s);

		if (need > width && n >= left)
			break;
		line_bytes(l, text, n);
		left -= n;
	}
	if (need > width && left) {
		line_char(l, '~');
		left--;
	}
	return width - left;
}
