// SPDX-License-Identifier: GPL-2.0-only
#include "tools/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_MAX_LEN 400

struct line {
	char text[LINE_MAX_LEN];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, args);
	va_end(args);
	l->len += strlen(l->text + l->len);
}

const char *status_size(char buf[16], uint64_t bytes)
{
	static const char *const unit[] = {"KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes / 1024;
	size_t i = 0;

	while (size >= 1024 && i + 1 < sizeof(unit) / sizeof(unit[0])) {
		size /= 1024;
		i++;
	}
	snprintf(buf, 16, "%.1f %s", size, unit[i]);
	return buf;
}

static void add_rate(struct line *l, const struct recording *r, double now, bool last)
{
	uint64_t events = ims_capture_events(r->source);
	double from = last ? r->begin : r->told;
	uint64_t more = last ? events : events - r->told_events;

	add(l, "%" PRIu64 " events", events);
	if (now > from)
		add(l, " (%.0f/s)", (double)more / (now - from));
}

/* Where it is: FILE, or the newest of a series. */
static void add_place(struct line *l, const struct recording *r)
{
	const struct recorder *to = &r->recorder;

	if (to->flight_bytes && !to->files)
		add(l, "; nothing triggered, no file was written");
	else if (to->keep_files && to->files > 1)
		add(l, ", in %" PRIu64 " files, the last is %s",
		    to->files < to->keep_files ? to->files : to->keep_files, to->name);
	else if (to->output.fd != STDOUT_FILENO)
		add(l, ", in %s", to->name);
}

static void add_flight(struct line *l, const struct recording *r)
{
	char size[16];

	add(l, ", holds %s", status_size(size, recorder_held(&r->recorder)));
	if (r->triggered)
		add(l, ", triggered %" PRIu64 " (%s)", r->triggered, r->last_trigger);
}

static size_t columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 20 ? 80 : w.ws_col;
}

void status_show(struct recording *r, double now, bool last)
{
	uint64_t lost = ims_capture_lost(r->source);
	bool terminal = isatty(STDERR_FILENO);
	struct line l = {};
	char size[16];

	if (r->quiet || (!terminal && !last))
		return;
	add(&l, "%s: %.1f s, ", last ? "recorded" : "recording", now - r->begin);
	add_rate(&l, r, now, last);
	add(&l, ", %s, ", status_size(size, recorder_bytes(&r->recorder)));
	if (lost)
		add(&l, "%" PRIu64 " LOST", lost);
	else
		add(&l, "no loss");
	if (r->recorder.flight_bytes)
		add_flight(&l, r);
	if (last)
		add_place(&l, r);
	/* A line that wraps cannot be overwritten. */
	if (!last && l.len >= columns())
		l.text[columns() - 1] = 0;
	fprintf(stderr, "%s%s%s", terminal ? "\r\033[K" : "", l.text, last ? "\n" : "");
	r->told = now;
	r->told_events = ims_capture_events(r->source);
}

void status_break(const struct recording *r)
{
	if (!r->quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
