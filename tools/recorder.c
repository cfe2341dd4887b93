// SPDX-License-Identifier: GPL-2.0-only
#include "tools/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common.h"

/* Room for the largest record that a capture makes, and for the end. */
#define TAIL_BYTES (32u << 10)
/* So much has to come behind the head of a file before the next one begins. */
#define BODY_BYTES (64u << 10)

static char *file_name(const struct recorder *r, uint64_t number)
{
	char *name;
	int n = number ? asprintf(&name, "%s.%" PRIu64, r->path, number)
		       : asprintf(&name, "%s", r->path);

	return n < 0 ? NULL : name;
}

static int open_file(struct recorder *r)
{
	int err;

	free(r->name);
	r->name = file_name(r, r->files);
	if (!r->name)
		return -ENOMEM;
	err = output_open(&r->output, r->name);
	if (err)
		return err;
	r->files++;
	r->writer = ims_writer_new(r->output.fd, r->level);
	return r->writer ? 0 : -ENOMEM;
}

int recorder_open(struct recorder *r)
{
	int err = 0;

	r->output.fd = -1;
	if (r->flight_bytes) {
		/* Better to learn now that nothing can be written there. */
		err = output_open(&r->output, r->path);
		if (!err)
			err = output_close(&r->output);
		r->flight = err ? NULL : ims_flight_new(r->flight_bytes, r->level);
		return err ? err : r->flight ? 0 : -ENOMEM;
	}
	if (r->keep_files) {
		r->carry = ims_carry_new();
		err = r->carry ? 0 : -ENOMEM;
	}
	return err ? err : open_file(r);
}

int recorder_commit(struct recorder *r)
{
	return r->flight ? 0 : output_commit(&r->output);
}

int recorder_flush(struct recorder *r)
{
	return r->writer ? ims_writer_flush(r->writer) : 0;
}

static int close_file(struct recorder *r)
{
	if (r->writer)
		r->past_bytes += ims_writer_bytes(r->writer);
	ims_writer_free(r->writer);
	r->writer = NULL;
	return output_close(&r->output);
}

static int end_file(struct recorder *r, uint64_t now_ns)
{
	struct ims_record end = {
		.type = IMS_REC_END, .time_ns = now_ns, .end = {.goes_on = true}};
	int err = ims_writer_put(r->writer, &end);

	if (!err)
		err = ims_writer_flush(r->writer);
	return err ? err : close_file(r);
}

/* The newest files are kept. */
static void drop_oldest(struct recorder *r)
{
	char *name;

	if (!r->keep_files || r->files <= r->keep_files)
		return;
	name = file_name(r, r->files - r->keep_files - 1);
	if (name && unlink(name) && errno != ENOENT)
		complain("cannot remove %s: %s; it is kept", name, strerror(errno));
	free(name);
}

/* The head is in the file being written: it can have its name. */
static int begin_body(struct recorder *r)
{
	int err = ims_writer_flush(r->writer);

	if (!err)
		err = output_commit(&r->output);
	r->head_bytes = ims_writer_bytes(r->writer);
	if (!err)
		drop_oldest(r);
	return err;
}

static int to_writer(void *arg, const struct ims_record *rec)
{
	return ims_writer_put(arg, rec);
}

int recorder_next(struct recorder *r, uint64_t now_ns)
{
	int err = end_file(r, now_ns);

	if (err || r->flight || !r->keep_files) {
		r->done = err || !r->keep_files;
		return err;
	}
	err = open_file(r);
	if (!err)
		err = ims_carry_tell(r->carry, now_ns, to_writer, r->writer);
	return err ? err : begin_body(r);
}

/* Whether not even @room bytes are left; a file that is all head is never full. */
static bool is_full(const struct recorder *r, uint64_t room)
{
	uint64_t bytes = r->writer ? ims_writer_most(r->writer) : 0;

	return r->most_bytes && bytes + room > r->most_bytes && bytes > r->head_bytes + BODY_BYTES;
}

bool recorder_due(const struct recorder *r, uint64_t now_ns)
{
	return is_full(r, r->most_bytes / 8) || (r->flight && r->writer && now_ns >= r->until_ns);
}

int recorder_put(struct recorder *r, const struct ims_record *rec)
{
	int err = 0;

	if (r->done)
		return 0;
	if (rec->time_ns > r->now_ns)
		r->now_ns = rec->time_ns;
	if (r->flight && rec->type != IMS_REC_END)
		err = ims_flight_put(r->flight, rec);
	if (!err && rec->type != IMS_REC_END && is_full(r, TAIL_BYTES))
		err = recorder_next(r, r->now_ns);
	if (!err && r->writer)
		err = ims_writer_put(r->writer, rec);
	if (!err && r->carry)
		err = ims_carry_see(r->carry, rec);
	return err;
}

int recorder_trigger(struct recorder *r, uint64_t now_ns)
{
	int err;

	if (!r->flight || r->writer || r->done)
		return 0;
	err = open_file(r);
	if (!err)
		err = ims_flight_write(r->flight, r->writer);
	if (!err)
		err = begin_body(r);
	r->until_ns = now_ns + r->after_ns;
	return err ? err : 1;
}

uint64_t recorder_bytes(const struct recorder *r)
{
	return r->past_bytes + (r->writer ? ims_writer_bytes(r->writer) : 0);
}

uint64_t recorder_held(const struct recorder *r)
{
	return r->flight ? ims_flight_bytes(r->flight) : 0;
}

int recorder_close(struct recorder *r)
{
	int err = close_file(r);

	ims_carry_free(r->carry);
	ims_flight_free(r->flight);
	free(r->name);
	r->carry = NULL;
	r->flight = NULL;
	r->name = NULL;
	return err;
}
