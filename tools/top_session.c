// SPDX-License-Identifier: GPL-2.0-only
#include "tools/top_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMPRESSION 6

double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int session_open(struct session *s)
{
	s->fd = -1;
	s->m = model_new();
	s->carry = ims_carry_new();
	if (!s->top)
		s->top = top_new();
	return s->m && s->top && s->carry ? 0 : -ENOMEM;
}

/* ---- a recording made from inside ----------------------------------------------------------- */

static int to_writer(void *arg, const struct ims_record *rec)
{
	return ims_writer_put(arg, rec);
}

static int begin_recording(struct session *s, char name[64])
{
	time_t now = time(NULL);
	struct tm tm;
	int err;

	strftime(name, 64, "iommutop-%Y%m%d-%H%M%S.ims", localtime_r(&now, &tm));
	s->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return -errno;
	s->writer = ims_writer_new(s->fd, COMPRESSION);
	err = s->writer ? ims_carry_tell(s->carry, s->newest_ns, to_writer, s->writer) : -ENOMEM;
	return err ? err : ims_writer_flush(s->writer);
}

static void drop_recording(struct session *s)
{
	ims_writer_free(s->writer);
	s->writer = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* It goes on without us: totals and events need not agree. */
static int end_recording(struct session *s)
{
	struct ims_record end = {
		.type = IMS_REC_END, .time_ns = s->newest_ns, .end = {.goes_on = true}};
	int err = ims_writer_put(s->writer, &end);

	if (!err)
		err = ims_writer_flush(s->writer);
	if (!err && fsync(s->fd))
		err = -errno;
	drop_recording(s);
	return err;
}

void session_toggle_recording(struct session *s)
{
	static char name[64];
	bool ends = s->writer;
	int err = ends ? end_recording(s) : begin_recording(s, name);

	if (err) {
		drop_recording(s);
		snprintf(s->message, sizeof(s->message), "cannot record to %s: %s", name, strerror(-err));
		return;
	}
	snprintf(s->message, sizeof(s->message), ends ? "recorded to %s" : "recording to %s; r ends it",
		 name);
}

/* ---- records -------------------------------------------------------------------------------- */

/* A daemon tells its state again, as records were lost on the way: what was known is void. */
static bool begins_again(const struct session *s, const struct ims_record *rec)
{
	return rec->type == IMS_REC_HOST && !strcmp(rec->host.key, "live.begin") &&
	       model_overview(s->m)->records;
}

/* What is told of the time before the first event is what later is compared with. */
static int take_first(struct session *s, const struct ims_record *rec)
{
	uint64_t first = model_overview(s->m)->first_ns;

	if (s->refreshed_ns || !first || rec->time_ns <= first)
		return 0;
	return session_refresh(s, first);
}

int session_put(void *arg, const struct ims_record *rec)
{
	struct session *s = arg;
	int err = begins_again(s, rec) ? session_restart(s) : take_first(s, rec);

	if (err)
		return err;
	if (filter_any(&s->filter) && filter_learn(&s->filter, rec))
		return -EINVAL;
	if (rec->type == IMS_REC_STATS)
		s->stats_ns = rec->time_ns;
	if (rec->time_ns > s->newest_ns)
		s->newest_ns = rec->time_ns;
	err = model_apply(s->m, rec);
	if (err)
		return err;
	top_see(s->top, s->m, rec);
	err = ims_carry_see(s->carry, rec);
	if (!err && s->writer && rec->type != IMS_REC_END && ims_writer_put(s->writer, rec)) {
		drop_recording(s);
		snprintf(s->message, sizeof(s->message), "the recording ended: it cannot be written");
	}
	return err;
}

int session_restart(struct session *s)
{
	struct model *m = model_new();
	struct ims_carry *carry = ims_carry_new();

	if (!m || !carry) {
		model_free(m);
		ims_carry_free(carry);
		return -ENOMEM;
	}
	top_restart(s->top);
	model_free(s->m);
	ims_carry_free(s->carry);
	s->m = m;
	s->carry = carry;
	s->stats_ns = s->newest_ns = s->refreshed_ns = 0;
	if (s->writer)
		session_toggle_recording(s);
	return 0;
}

int session_refresh(struct session *s, uint64_t now_ns)
{
	if (s->writer && ims_writer_flush(s->writer)) {
		drop_recording(s);
		snprintf(s->message, sizeof(s->message), "the recording ended: it cannot be written");
	}
	if (!now_ns || now_ns == s->refreshed_ns)
		return 0;
	s->refreshed_ns = now_ns;
	model_look(s->m, now_ns);
	return top_refresh(s->top, s->m, now_ns);
}

void session_close(struct session *s)
{
	if (s->writer)
		end_recording(s);
	top_free(s->top);
	model_free(s->m);
	ims_carry_free(s->carry);
	filter_free(&s->filter);
}
