// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "encode.h"

struct ims_writer {
	ims_chunk_fn *put; /* NULL: write to @fd */
	void *arg;
	int fd;
	int level;
	uint64_t seq;
	uint64_t written_bytes;
	/* A closed chunk is kept until it is written whole: a retry goes on where write() stopped.
	 */
	uint32_t out_pos;
	uint32_t out_bytes;
	z_stream z;
	struct encoder enc;
	uint8_t out[sizeof(struct chunk) + RAW_MAX];
};

struct ims_writer *ims_writer_new_to(ims_chunk_fn *put, void *arg, int level)
{
	struct ims_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->put = put;
	w->arg = arg;
	w->fd = -1;
	w->level = level < 0 ? 0 : level > 9 ? 9 : level;
	if (w->level &&
	    deflateInit2(&w->z, w->level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(w);
		return NULL;
	}
	return w;
}

struct ims_writer *ims_writer_new(int fd, int level)
{
	struct ims_writer *w = ims_writer_new_to(NULL, NULL, level);

	if (w)
		w->fd = fd;
	return w;
}

void ims_writer_free(struct ims_writer *w)
{
	if (!w)
		return;
	if (w->level)
		deflateEnd(&w->z);
	free(w);
}

uint64_t ims_writer_bytes(const struct ims_writer *w)
{
	return w->written_bytes;
}

uint64_t ims_writer_most(const struct ims_writer *w)
{
	uint64_t begun = w->enc.bytes ? sizeof(struct chunk) + w->enc.bytes : 0;

	return w->written_bytes + (w->out_bytes - w->out_pos) + begun;
}

void ims_writer_skip(struct ims_writer *w, uint64_t chunks)
{
	w->seq += chunks;
}

/* Returns the size of the compressed payload; 0 when compression does not help. */
static uint32_t compress_payload(struct ims_writer *w, uint8_t *payload)
{
	if (!w->level)
		return 0;
	deflateReset(&w->z);
	w->z.next_in = w->enc.raw;
	w->z.avail_in = w->enc.bytes;
	w->z.next_out = payload;
	w->z.avail_out = w->enc.bytes - 1;
	return deflate(&w->z, Z_FINISH) == Z_STREAM_END ? w->z.total_out : 0;
}

static void close_chunk(struct ims_writer *w)
{
	uint8_t *payload = w->out + sizeof(struct chunk);
	uint32_t bytes = compress_payload(w, payload);
	struct chunk c = {
		.magic = CHUNK_MAGIC,
		.major = CHUNK_MAJOR,
		.minor = CHUNK_MINOR,
		.flags = bytes ? CHUNK_DEFLATE : 0,
		.base_ns = w->enc.base_ns,
		.payload_bytes = bytes ? bytes : w->enc.bytes,
		.raw_bytes = w->enc.bytes,
	};

	if (!bytes) {
		bytes = w->enc.bytes;
		memcpy(payload, w->enc.raw, bytes);
	}
	chunk_swap(&c);
	memcpy(w->out, &c, sizeof(c));
	chunk_number(w->out, w->seq++);
	w->out_pos = 0;
	w->out_bytes = sizeof(c) + bytes;
	encoder_reset(&w->enc);
}

static int hand_out(struct ims_writer *w)
{
	int err = w->out_pos < w->out_bytes ? w->put(w->arg, w->out, w->out_bytes) : 0;

	if (err || w->out_pos == w->out_bytes)
		return err;
	w->written_bytes += w->out_bytes;
	w->out_pos = w->out_bytes;
	return 0;
}

static int write_out(struct ims_writer *w)
{
	ssize_t n;

	if (w->put)
		return hand_out(w);
	while (w->out_pos < w->out_bytes) {
		n = write(w->fd, w->out + w->out_pos, w->out_bytes - w->out_pos);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		w->out_pos += n;
		w->written_bytes += n;
	}
	return 0;
}

int ims_writer_flush(struct ims_writer *w)
{
	int err = write_out(w);

	if (err || !w->enc.bytes)
		return err;
	close_chunk(w);
	return write_out(w);
}

int ims_writer_put(struct ims_writer *w, const struct ims_record *rec)
{
	int err;

	if (w->enc.bytes >= CHUNK_GOAL) {
		err = ims_writer_flush(w);
		if (err)
			return err;
	}
	return encoder_put(&w->enc, rec);
}

int ims_writer_put_chunk(struct ims_writer *w, const void *chunk, size_t bytes)
{
	int err = ims_writer_flush(w);

	if (err)
		return err;
	if (bytes > sizeof(w->out))
		return -EINVAL;
	memcpy(w->out, chunk, bytes);
	chunk_number(w->out, w->seq++);
	w->out_pos = 0;
	w->out_bytes = bytes;
	return write_out(w);
}
