/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_stream.h - what the tests of the stream share: records as text, and streams in memory.
 */
#ifndef TEST_STREAM_H
#define TEST_STREAM_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/format.h"

static inline void text_event(FILE *f, const struct ims_event *ev)
{
	uint32_t i;

	fprintf(f, "event %s(%u) function=%s result=%d duration=%" PRIu64 " domain=%" PRIu64,
		ims_hook_name(ev->hook), ev->hook, ev->function, ev->result, ev->duration_ns,
		ev->domain);
	fprintf(f, " cpu=%u pid=%u tid=%u comm=%s flags=%x group=%u type=%x", ev->cpu, ev->pid,
		ev->tid, ev->comm, ev->flags, ev->group, ev->domain_type);
	fprintf(f, " device=%s instance=%s domain_instance=%s", ev->device, ev->instance,
		ev->domain_instance);
	for (i = 0; i < ev->stack.count; i++)
		fprintf(f, " <%s", ev->stack.frame[i]);
	/* Of version 1.1, and not in a text of 1.0. */
	if (ev->iova || ev->size)
		fprintf(f, " iova=%" PRIx64 " size=%" PRIx64, ev->iova, ev->size);
	if (ev->reason && *ev->reason)
		fprintf(f, " reason=%s", ev->reason);
	if (ev->format && *ev->format)
		fprintf(f, " format=%s", ev->format);
	for (i = 0; i < ev->user_stack.count; i++)
		fprintf(f, " <<%s", ev->user_stack.frame[i]);
}

static inline void text_stats(FILE *f, const struct ims_stats *st)
{
	uint32_t i;

	fprintf(f, "stats domain=%" PRIu64 " hook=%u sum=%" PRIu64 " max=%" PRIu64, st->domain,
		st->hook, st->sum_ns, st->max_ns);
	fprintf(f, " bytes=%" PRIu64 " errors=%" PRIu64 " untimed=%" PRIu64, st->bytes, st->errors,
		st->untimed);
	for (i = 0; i < IMS_HIST_BUCKETS; i++)
		if (st->bucket[i])
			fprintf(f, " %u:%" PRIu64, i, st->bucket[i]);
	if (st->object && *st->object)
		fprintf(f, " object=%s", st->object);
}

/* One line with every field of @rec: two records are the same if their lines are. */
static inline void text_record(FILE *f, const struct ims_record *rec)
{
	fprintf(f, "%" PRIu64 " ", rec->time_ns);
	switch (rec->type) {
	case IMS_REC_HOST:
		fprintf(f, "host %s=%s", rec->host.key, rec->host.value);
		break;
	case IMS_REC_PLAN:
		fprintf(f, "plan %s(%u) function=%s mechanism=%s module=%s state=%s reason=%s",
			ims_hook_name(rec->plan.hook), rec->plan.hook, rec->plan.function,
			rec->plan.mechanism, rec->plan.module, rec->plan.state, rec->plan.reason);
		break;
	case IMS_REC_INSTANCE:
		fprintf(f, "instance %s driver=%s", rec->instance.name, rec->instance.driver);
		break;
	case IMS_REC_EVENT:
		text_event(f, &rec->event);
		break;
	case IMS_REC_STATS:
		text_stats(f, &rec->stats);
		break;
	case IMS_REC_LOSS:
		fprintf(f, "loss hook=%u cause=%s(%u) lost=%" PRIu64, rec->loss.hook,
			ims_loss_cause_name(rec->loss.cause), rec->loss.cause, rec->loss.lost);
		break;
	case IMS_REC_COUNT:
		fprintf(f, "count hook=%u emitted=%" PRIu64 " received=%" PRIu64, rec->count.hook,
			rec->count.emitted, rec->count.received);
		break;
	case IMS_REC_MAX:
	case IMS_REC_END:
		fprintf(f, rec->end.goes_on ? "end, goes on" : "end");
		break;
	}
	fputc('\n', f);
}

static inline struct ims_event plain_event(uint32_t hook)
{
	return (struct ims_event){
		.hook = hook,
		.function = "",
		.comm = "",
		.device = "",
		.instance = "",
		.domain_instance = "",
		.reason = "",
		.format = "",
	};
}

/* A small event, like its neighbours and yet told apart from them by @n. */
static inline struct ims_record numbered_event(uint64_t n)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 1000 + 10 * n};

	rec.event = plain_event(n & 1 ? IMS_HOOK_UNMAP : IMS_HOOK_MAP);
	rec.event.domain = n;
	rec.event.cpu = n % 3;
	rec.event.comm = n % 5 ? "fio" : "kworker/u8:3";
	rec.event.device = "0000:09:00.0";
	return rec;
}

static inline int memory_fd(const void *bytes, size_t count)
{
	int fd = memfd_create("stream", 0);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, count, 0), count);
	return fd;
}

/* The whole of @fd, from its start; the caller frees it. */
static inline uint8_t *content(int fd, size_t *count)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *p = malloc(size + 1);

	assert_non_null(p);
	assert_int_equal(pread(fd, p, size, 0), size);
	lseek(fd, 0, SEEK_SET);
	*count = size;
	return p;
}

/* Reads on until the end, or -EAGAIN, and adds to @f. Returns what ims_reader_next() did last. */
static inline int text_rest(struct ims_reader *r, FILE *f)
{
	struct ims_record rec;
	int ret;

	while ((ret = ims_reader_next(r, &rec)) > 0)
		text_record(f, &rec);
	return ret;
}

/* The records in @bytes as text, which the caller frees; NULL with *@err when it does not open. */
static inline char *text_of(const void *bytes, size_t count, struct ims_damage *damage, int *err)
{
	int fd = memory_fd(bytes, count);
	struct ims_reader *r;
	size_t size;
	char *text = NULL;
	FILE *f;

	memset(damage, 0, sizeof(*damage));
	*err = ims_reader_open(fd, &r);
	if (!*err) {
		f = open_memstream(&text, &size);
		*err = text_rest(r, f);
		fclose(f);
		*damage = *ims_reader_damage(r);
		ims_reader_free(r);
	}
	close(fd);
	return text;
}

static inline void assert_undamaged(const struct ims_damage *d)
{
	assert_int_equal(d->skipped_bytes, 0);
	assert_int_equal(d->bad_chunks, 0);
	assert_int_equal(d->missing_chunks, 0);
	assert_int_equal(d->unknown_records, 0);
	assert_false(d->truncated);
}

#endif
