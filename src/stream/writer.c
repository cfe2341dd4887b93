// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "encode.h"

struct ims_writer {
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

struct ims_writer *ims_writer_new(int fd, int level)
{
	struct ims_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = fd;
	w->level = level < 0 ? 0 : level > 9 ? 9 : level;
	if (w->level &&
	    deflateInit2(&w->z, w->level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(w);
		return NULL;
	}
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
		.seq = w->seq++,
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
	c.crc = htole32(chunk_crc(w->out, bytes));
	memcpy(w->out, &c, sizeof(c));
	w->out_pos = 0;
	w->out_bytes = sizeof(c) + bytes;
	encoder_reset(&w->enc);
}

static int write_out(struct ims_writer *w)
{
	ssize_t n;

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
