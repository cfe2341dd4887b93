// SPDX-License-Identifier: GPL-2.0-only
/* format.c - escaping, units, cells, colours. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "line.h"

void view_init(struct view *v, FILE *out, const struct model *m, const struct view_options *o)
{
	*v = (struct view){.out = out, .m = m};
	if (o)
		v->o = *o;
	if (!v->o.width)
		v->o.width = 80;
}

int view_done(FILE *out)
{
	return fflush(out) || ferror(out) ? -EIO : 0;
}

void view_escape(FILE *out, const char *s)
{
	struct line l = {.out = out};

	line_escaped(&l, s);
	line_flush(&l);
}

/* Three digits, or all in front of the point. */
const char *view_ns(char *buf, uint64_t ns)
{
	static const struct form {
		uint64_t unit, step;
		unsigned int decimals;
		const char *name;
	} forms[] = {
		{1000000000, 1000000000, 0, "s"}, {1000000000, 100000000, 1, "s"}, {1000000000, 10000000, 2, "s"},
		{1000000, 1000000, 0, "ms"},	  {1000000, 100000, 1, "ms"},	   {1000000, 10000, 2, "ms"},
		{1000, 1000, 0, "us"},		  {1000, 100, 1, "us"},		   {1000, 10, 2, "us"},
		{1, 1, 0, "ns"},
	};
	const struct form *f = forms;
	uint64_t n, scale;
	char *p = buf;

	while (f->unit > 1 && ns < 100 * f->step)
		f++;
	n = ns / f->step + (ns % f->step >= f->step / 2 && f->step > 1);
	scale = f->unit / f->step;
	p = line_digits(p, n / scale, 1);
	if (f->decimals) {
		*p++ = '.';
		p = line_digits(p, n % scale, f->decimals);
	}
	strcpy(p, f->name);
	return buf;
}

const char *view_bytes(char *buf, uint64_t bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = bytes;
	int i = 0;

	for (; value >= 1024 && i < 6; i++)
		value /= 1024;
	snprintf(buf, VIEW_TEXT, "%.*f %s", i && value < 100 ? 1 : 0, value, unit[i]);
	return buf;
}

const char *view_time(char *buf, const struct model *m, uint64_t time_ns)
{
	uint64_t first = model_overview(m)->first_ns;
	uint64_t ns = time_ns > first ? time_ns - first : 0;

	snprintf(buf, VIEW_TEXT, "+%" PRIu64 ".%06" PRIu64 " s", ns / 1000000000,
		 ns % 1000000000 / 1000);
	return buf;
}

const char *view_errno_name(int32_t result)
{
	const char *name = result < 0 && result > INT32_MIN ? strerrorname_np(-result) : NULL;

	return name ? name : "";
}

const char *view_errno(char *buf, int32_t result)
{
	const char *name = view_errno_name(result);

	if (*name)
		snprintf(buf, VIEW_TEXT, "-%s", name);
	else
		snprintf(buf, VIEW_TEXT, "%" PRId32, result);
	return buf;
}

const char *view_event_type(const struct ims_event *e)
{
	/* Type 0 is the blocked domain's; these hooks leave the field out. */
	bool not_told = e->hook == IMS_HOOK_DOMAIN_FREE || e->hook == IMS_HOOK_MAP ||
			e->hook == IMS_HOOK_UNMAP || e->hook == IMS_HOOK_IOTLB_SYNC ||
			e->hook == IMS_HOOK_DMA_MAP || e->hook == IMS_HOOK_DMA_UNMAP;

	if (!e->domain || (!e->domain_type && not_told))
		return "";
	return ims_domain_type_name(e->domain_type);
}

bool view_event_timed(const struct ims_event *e)
{
	return e->hook != IMS_HOOK_SNAPSHOT && e->hook != IMS_HOOK_FAULT &&
	       !(e->flags & IMS_EVENT_UNTIMED);
}

/* Maps of version 1.0 have neither address nor size. */
bool view_event_placed(const struct ims_event *e)
{
	return e->size || e->hook == IMS_HOOK_FAULT;
}

const char *view_group(char *buf, uint32_t group)
{
	if (group == IMS_NO_GROUP)
		return "-";
	snprintf(buf, VIEW_TEXT, "%" PRIu32, group);
	return buf;
}

const char *view_count(char *buf, uint64_t n, unsigned int width)
{
	static const char unit[] = "KMGTPE";
	double value = n;
	int i = -1;

	if (snprintf(buf, VIEW_TEXT, "%" PRIu64, n) <= (int)width)
		return buf;
	for (; value >= 1000 && i < 5; i++)
		value /= 1000;
	snprintf(buf, VIEW_TEXT, "%.1f%c", value, unit[i]);
	return buf;
}

unsigned int view_cut(const struct view *v, const char *s, unsigned int width)
{
	struct line l = {.out = v->out};
	unsigned int n = line_cut(&l, s, width);

	line_flush(&l);
	return n;
}

void view_cell(const struct view *v, const char *s, unsigned int width)
{
	fprintf(v->out, "%*s", (int)(width - view_cut(v, s, width)), "");
}

void view_on(const struct view *v, enum view_color color)
{
	static const char *const code[] = {
		[VIEW_PLAIN] = "",	   [VIEW_BOLD] = "\033[1m",    [VIEW_DIM] = "\033[2m",
		[VIEW_RED] = "\033[1;31m", [VIEW_YELLOW] = "\033[33m", [VIEW_CYAN] = "\033[36m",
	};

	if (v->o.color)
		fputs(code[color], v->out);
}

void view_off(const struct view *v)
{
	if (v->o.color)
		fputs("\033[0m", v->out);
}

enum view_color view_severity_color(enum model_severity severity)
{
	switch (severity) {
	case MODEL_CRITICAL:
	case MODEL_ERROR:
		return VIEW_RED;
	case MODEL_WARNING:
	case MODEL_UNDECIDED:
		return VIEW_YELLOW;
	case MODEL_NOTICE:
		return VIEW_CYAN;
	default:
		return VIEW_PLAIN;
	}
}

void view_heading(const struct view *v, const char *title)
{
	view_on(v, VIEW_BOLD);
	fputs(title, v->out);
	view_off(v);
	fputc('\n', v->out);
}

void view_wrap(const struct view *v, const char *text, unsigned int indent)
{
	unsigned int column = 0;

	while (*text) {
		unsigned int len = strcspn(text, " ");

		if (column && column + 1 + len > v->o.width) {
			fputc('\n', v->out);
			column = 0;
		}
		if (!column)
			column = fprintf(v->out, "%*s", (int)indent, "");
		else
			column += fprintf(v->out, " ");
		column += fprintf(v->out, "%.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	if (column)
		fputc('\n', v->out);
}

int view_quote(const struct view *v, const char *s, unsigned int indent)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	view_escape(out, s);
	if (!fclose(out))
		view_wrap(v, text, indent);
	free(text);
	return 0;
}

bool view_row_fits(const struct view *v, uint64_t row)
{
	return !v->o.rows || row < v->o.rows;
}

void view_left_out(const struct view *v, uint64_t rows)
{
	if (v->o.rows && rows > v->o.rows)
		fprintf(v->out, "  ... and %" PRIu64 " more\n", rows - v->o.rows);
}
