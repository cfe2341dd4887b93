/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decode.h - the raw bytes of one chunk to records.
 */
#ifndef STREAM_DECODE_H
#define STREAM_DECODE_H

#include "format.h"

struct decoder {
	const uint8_t *pos;
	const uint8_t *end;
	uint64_t time_ns;
	uint64_t unknown_records; /* since the decoder was made */
	uint32_t strings;
	uint32_t stacks;
	uint32_t frames;
	uint32_t chunk; /* its number, which tells the states that belong to it */
	uint32_t state_chunk[EVENT_STATES];
	struct ims_event state[EVENT_STATES]; /* the event decoded last */
	const char *string[CHUNK_STRINGS];
	struct ims_stack stack[CHUNK_STACKS];
	const char *frame[CHUNK_FRAMES];
	uint8_t raw[CHUNK_MAX];
};

/* Begins a chunk whose @bytes are in @raw. */
void decoder_reset(struct decoder *d, uint32_t bytes, uint64_t base_ns);

/*
 * Returns 1 with a record, whose strings live until the next reset; 0 at the end of the chunk;
 * -EBADMSG when the bytes make no sense, which nothing after them can then.
 */
int decoder_next(struct decoder *d, struct ims_record *rec);

#endif
