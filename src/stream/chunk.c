// SPDX-License-Identifier: GPL-2.0-only
/* chunk.c - what readers and those who keep chunks do with one. */
#include "format.h"

bool chunk_unpack(z_stream *z, const struct chunk *c, const uint8_t *payload, uint8_t *raw)
{
	if (c->flags & ~CHUNK_DEFLATE)
		return false;
	if (!c->flags) {
		if (c->payload_bytes != c->raw_bytes)
			return false;
		memcpy(raw, payload, c->raw_bytes);
		return true;
	}
	inflateReset(z);
	z->next_in = (uint8_t *)payload;
	z->avail_in = c->payload_bytes;
	z->next_out = raw;
	z->avail_out = c->raw_bytes;
	return inflate(z, Z_FINISH) == Z_STREAM_END && !z->avail_out && !z->avail_in;
}

void chunk_number(uint8_t *chunk, uint64_t seq)
{
	struct chunk c;

	memcpy(&c, chunk, sizeof(c));
	c.seq = htole64(seq);
	memcpy(chunk, &c, sizeof(c));
	c.crc = htole32(chunk_crc(chunk, le32toh(c.payload_bytes)));
	memcpy(chunk, &c, sizeof(c));
}
