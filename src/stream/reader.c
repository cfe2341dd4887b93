// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "decode.h"

#define INPUT_MAX (sizeof(struct chunk) + CHUNK_MAX)
/* How far from its start an input may have no chunk and still be ours: more than a chunk. */
#define PROBE_MAX (4u << 20)
/* What may be spent on checksums that prove wrong; see reject(). */
#define RECHECK_MAX    (16u << 20)
#define RECHECK_FACTOR 64

struct ims_reader {
	int fd;
	bool eof;
	bool ours;  /* a magic was seen */
	bool begun; /* a chunk was read */
	uint32_t pos;
	uint32_t len;
	uint64_t next_seq;
	uint64_t rechecked_bytes;
	struct ims_damage damage;
	struct ims_input input;
	z_stream z;
	struct decoder dec;
	uint8_t in[INPUT_MAX];
};

/* stream.h promises; the rest is zlib's. */
_Static_assert(sizeof(struct ims_reader) <= (4 << 20) - (64 << 10), "what a reader takes");

/* Reads more behind pos, with room for @need bytes from there. Returns as read(). */
static ssize_t fill(struct ims_reader *r, uint32_t need)
{
	ssize_t n;

	if (r->eof)
		return 0;
	if (r->pos == r->len || r->pos + need > sizeof(r->in)) {
		memmove(r->in, r->in + r->pos, r->len - r->pos);
		r->len -= r->pos;
		r->pos = 0;
	}
	do {
		n = read(r->fd, r->in + r->len, sizeof(r->in) - r->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r->len += n;
	r->input.bytes += n;
	r->eof = !n;
	return n;
}

/* Returns 1 when @bytes are there from pos on; 0 when the input ends before; -errno. */
static int ensure(struct ims_reader *r, uint32_t bytes)
{
	ssize_t n;

	while (r->len - r->pos < bytes) {
		n = fill(r, bytes);
		if (n <= 0)
			return n;
	}
	return 1;
}

static void skip(struct ims_reader *r, uint32_t bytes)
{
	r->pos += bytes;
	r->damage.skipped_bytes += bytes;
}

/*
 * What looked like a chunk of @bytes is none. The next one may begin inside it, behind a chunk
 * that was written in part, so the search goes on there: but not without a limit, or an input made
 * of magics would have its every byte summed up thousands of times.
 */
static void reject(struct ims_reader *r, uint32_t bytes)
{
	r->damage.bad_chunks++;
	r->rechecked_bytes += bytes;
	if (r->rechecked_bytes < RECHECK_MAX + RECHECK_FACTOR * r->damage.skipped_bytes)
		bytes = CHUNK_MAGIC_LEN;
	skip(r, bytes);
}

static const uint8_t *find_magic(const uint8_t *p, size_t bytes)
{
	return memmem(p, bytes, CHUNK_MAGIC, CHUNK_MAGIC_LEN);
}

/* How many bytes at the end may be the beginning of a magic. */
static uint32_t magic_begun(const uint8_t *p, uint32_t bytes)
{
	uint32_t n = bytes < CHUNK_MAGIC_LEN ? bytes : CHUNK_MAGIC_LEN - 1;

	while (n && memcmp(p + bytes - n, CHUNK_MAGIC, n))
		n--;
	return n;
}

static int end_without_magic(struct ims_reader *r)
{
	bool rest = r->pos < r->len;

	if (!r->ours && (r->damage.skipped_bytes || !rest))
		return r->damage.skipped_bytes ? -EPROTO : -ENODATA;
	r->ours = true;
	r->damage.truncated |= rest;
	r->pos = r->len;
	return 0;
}

/* Moves pos to a magic. Returns 1; 0 at the end of the input; -errno. */
static int find_chunk(struct ims_reader *r)
{
	const uint8_t *from, *magic;
	ssize_t n;

	for (;;) {
		from = r->in + r->pos;
		magic = find_magic(from, r->len - r->pos);
		if (magic) {
			skip(r, magic - from);
			r->ours = true;
			return 1;
		}
		skip(r, r->len - r->pos - magic_begun(from, r->len - r->pos));
		if (!r->ours && r->damage.skipped_bytes > PROBE_MAX)
			return -EPROTO;
		n = fill(r, CHUNK_MAGIC_LEN);
		if (n < 0)
			return n;
		if (!n)
			return end_without_magic(r);
	}
}

/* The input ends inside the chunk at pos: or its length is wrong, when others follow. */
static void end_inside_chunk(struct ims_reader *r)
{
	uint32_t from = r->pos + CHUNK_MAGIC_LEN;

	if (find_magic(r->in + from, r->len - from)) {
		reject(r, CHUNK_MAGIC_LEN);
		return;
	}
	r->damage.truncated = true;
	r->pos = r->len;
}

static void count_missing(struct ims_reader *r, uint64_t seq)
{
	/* A lower number than expected begins another stream, of which all before it is missing. */
	r->damage.missing_chunks += seq >= r->next_seq ? seq - r->next_seq : seq;
	r->next_seq = seq + 1;
}

/* The chunk at pos, whole and with the right checksum. Returns 1 when it can be decoded. */
static int accept(struct ims_reader *r, const struct chunk *c)
{
	const uint8_t *payload = r->in + r->pos + sizeof(*c);

	if (c->major > CHUNK_MAJOR && !r->begun)
		return -EPROTONOSUPPORT;
	r->pos += sizeof(*c) + c->payload_bytes;
	r->begun = true;
	count_missing(r, c->seq);
	if (c->major != CHUNK_MAJOR || !chunk_unpack(&r->z, c, payload, r->dec.raw)) {
		r->damage.bad_chunks++;
		return 0;
	}
	r->input.chunks++;
	r->input.raw_bytes += c->raw_bytes;
	r->input.major = c->major;
	if (c->minor > r->input.minor)
		r->input.minor = c->minor;
	decoder_reset(&r->dec, c->raw_bytes, c->base_ns);
	return 1;
}

/* Makes the next good chunk the decoder's. Returns 1; 0 at the end of the input; -errno. */
static int next_chunk(struct ims_reader *r)
{
	struct chunk c;
	int ret;

	while ((ret = find_chunk(r)) > 0) {
		ret = ensure(r, sizeof(c));
		if (ret > 0) {
			memcpy(&c, r->in + r->pos, sizeof(c));
			chunk_swap(&c);
			if (c.payload_bytes > CHUNK_MAX || c.raw_bytes > CHUNK_MAX) {
				reject(r, CHUNK_MAGIC_LEN);
				continue;
			}
			ret = ensure(r, sizeof(c) + c.payload_bytes);
		}
		if (ret < 0)
			return ret;
		if (!ret) {
			end_inside_chunk(r);
		} else if (chunk_crc(r->in + r->pos, c.payload_bytes) != c.crc) {
			reject(r, sizeof(c) + c.payload_bytes);
		} else {
			ret = accept(r, &c);
			if (ret)
				return ret;
		}
	}
	return ret;
}

int ims_reader_open(int fd, struct ims_reader **out)
{
	struct ims_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->fd = fd;
	if (inflateInit2(&r->z, -MAX_WBITS) != Z_OK) {
		free(r);
		return -ENOMEM;
	}
	err = next_chunk(r);
	if (err < 0 && err != -EAGAIN) {
		ims_reader_free(r);
		return err;
	}
	*out = r;
	return 0;
}

int ims_reader_next(struct ims_reader *r, struct ims_record *rec)
{
	int ret;

	for (;;) {
		ret = decoder_next(&r->dec, rec);
		r->damage.unknown_records = r->dec.unknown_records;
		if (ret > 0) {
			r->damage.ended |= rec->type == IMS_REC_END;
			return ret;
		}
		if (ret < 0) {
			r->damage.bad_chunks++;
			r->dec.pos = r->dec.end;
		}
		ret = next_chunk(r);
		if (ret <= 0)
			return ret;
	}
}

const struct ims_damage *ims_reader_damage(const struct ims_reader *r)
{
	return &r->damage;
}

const struct ims_input *ims_reader_input(const struct ims_reader *r)
{
	return &r->input;
}

void ims_reader_free(struct ims_reader *r)
{
	if (!r)
		return;
	inflateEnd(&r->z);
	free(r);
}
