// SPDX-License-Identifier: GPL-2.0-only
/* top_value.c - what a cell of a table says: as text, as JSON, and to sort by. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "json.h"
#include "screen.h"

void value_text(struct value *v, const char *s)
{
	v->kind = s && *s ? VALUE_TEXT : VALUE_NONE;
	v->text = s;
}

void value_format(struct value *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(v->buf, sizeof(v->buf), format, args);
	va_end(args);
	v->kind = VALUE_TEXT;
	v->text = v->buf;
}

void value_count(struct value *v, uint64_t n)
{
	v->kind = VALUE_COUNT;
	v->count = n;
}

void value_number(struct value *v, enum value_kind kind, double n)
{
	v->kind = kind;
	v->real = n;
}

void value_ns(struct value *v, uint64_t ns)
{
	v->kind = VALUE_NS;
	v->count = ns;
}

void value_graph(struct value *v, const float *bar, unsigned int bars)
{
	v->kind = bars ? VALUE_GRAPH : VALUE_NONE;
	v->bar = bar;
	v->bars = bars;
}

/* "0", "0.4", "12", "1234", "12.3k", "1.2M": at most six columns. */
static const char *show_rate(char *buf, double rate)
{
	static const char unit[] = "kMGTPE";
	int i = -1;

	if (rate < 9.95)
		snprintf(buf, VIEW_TEXT, "%.*f", rate > 0, rate);
	else if (rate < 9999.5)
		snprintf(buf, VIEW_TEXT, "%.0f", rate);
	else {
		for (; rate >= 999.5 && i < 5; i++)
			rate /= 1000;
		snprintf(buf, VIEW_TEXT, "%.*f%c", rate < 99.95, rate, unit[i]);
	}
	return buf;
}

/* "12ms", "3.4s", "5m03s", "2h05m", "3d04h" */
static const char *show_age(char *buf, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (s < 60)
		return view_ns(buf, ns);
	if (s < 3600)
		snprintf(buf, VIEW_TEXT, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, VIEW_TEXT, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(buf, VIEW_TEXT, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
	return buf;
}

/* Bars of @width columns, the newest at the right; at least one step where there is anything. */
static const char *show_graph(char *buf, const struct value *v, unsigned int width, bool ascii)
{
	static const char *const fine[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const rough[] = {" ", ".", ".", ":", ":", "-", "=", "#", "#"};
	unsigned int n = v->bars < width ? v->bars : width;
	const float *bar = v->bar + (v->bars - n);
	char *at = buf;
	float most = 0;

	if (n > 60)
		n = 60;
	for (unsigned int i = 0; i < n; i++)
		most = bar[i] > most ? bar[i] : most;
	for (unsigned int i = 0; i < n; i++) {
		int step = most > 0 ? (int)ceilf(bar[i] / most * 8) : 0;

		at = stpcpy(at, (ascii ? rough : fine)[step < 0 ? 0 : step > 8 ? 8 : step]);
	}
	*at = '\0';
	return buf;
}

static const char *show_time(char *buf, uint64_t ns)
{
	snprintf(buf, VIEW_TEXT, "+%.3fs", (double)ns / 1e9);
	return buf;
}

const char *value_show(const struct top *t, char *buf, const struct value *v, unsigned int width)
{
	switch (v->kind) {
	case VALUE_NONE:
		return "-";
	case VALUE_TEXT:
		return v->text;
	case VALUE_COUNT:
		return view_count(buf, v->count, width < 6 ? 6 : width);
	case VALUE_RATE:
		return show_rate(buf, v->real);
	case VALUE_BYTES:
		return view_bytes(buf, v->count);
	case VALUE_BYTE_RATE:
		return view_bytes(buf, v->real < 1e19 ? (uint64_t)v->real : UINT64_MAX);
	case VALUE_NS:
		return view_ns(buf, v->count);
	case VALUE_AGE:
		return show_age(buf, v->count);
	case VALUE_TIME:
		return show_time(buf, v->count);
	case VALUE_SHARE:
		snprintf(buf, VIEW_TEXT, "%.*f", v->real < 0.0995 && v->real > 0, v->real * 100);
		return buf;
	case VALUE_GRAPH:
		return show_graph(buf, v, width, t->ascii);
	}
	return "?";
}

double value_key(const struct value *v)
{
	switch (v->kind) {
	case VALUE_RATE:
	case VALUE_BYTE_RATE:
	case VALUE_SHARE:
		return v->real;
	case VALUE_GRAPH:
		return v->bar[v->bars - 1];
	case VALUE_NONE:
	case VALUE_TEXT:
		return -1;
	default:
		return (double)v->count;
	}
}

static json_t *graph_json(const struct value *v)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < v->bars; i++)
		json_array_append_new(list, json_real(v->bar[i]));
	return list;
}

struct json_t *value_json(const struct top *t, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NONE:
		return json_null();
	case VALUE_TEXT:
		return json_text(v->text);
	case VALUE_RATE:
	case VALUE_BYTE_RATE:
	case VALUE_SHARE:
		return json_real(v->real);
	case VALUE_GRAPH:
		return graph_json(v);
	case VALUE_TIME:
		return json_real((double)v->count / 1e9);
	default:
		return json_number(v->count);
	}
}
