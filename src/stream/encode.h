/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * encode.h - records to the raw bytes of one chunk.
 */
#ifndef STREAM_ENCODE_H
#define STREAM_ENCODE_H

#include "format.h"

/* A record takes no more than its own strings and those of its stack. */
#define RECORD_STRINGS (2 * IMS_STACK_MAX + 10)
#define RECORD_MAX     (RECORD_STRINGS * (STRING_MAX + 8) + 4096)
#define RAW_MAX	       (CHUNK_GOAL + RECORD_MAX)

_Static_assert(RAW_MAX <= CHUNK_MAX, "a reader takes what the writer makes");

/* An entry costs at least four bytes of the chunk: that bounds their number. */
#define DICT_ENTRIES (CHUNK_GOAL / 4 + RECORD_STRINGS)
#define DICT_SLOTS   32768

_Static_assert(DICT_SLOTS >= DICT_ENTRIES + DICT_ENTRIES / 2, "room to probe");

struct dict {
	uint32_t count; /* entries are numbered from 1 */
	struct {
		uint32_t offset; /* of the key in the raw bytes */
		uint32_t bytes;
	} entry[DICT_ENTRIES + 1];
	uint16_t slot[DICT_SLOTS]; /* number, 0: free */
};

struct encoder {
	uint32_t bytes; /* in @raw */
	uint64_t base_ns;
	uint64_t last_ns;
	uint32_t chunk; /* its number, which tells the states that belong to it */
	uint32_t state_chunk[EVENT_STATES];
	uint64_t state[EVENT_STATES][EV_FIELDS]; /* the event encoded last */
	struct dict strings;
	struct dict stacks;
	uint8_t raw[RAW_MAX];
};

/* Begins a chunk: nothing of the one before is remembered. */
void encoder_reset(struct encoder *e);

/* Appends @rec while there are less than CHUNK_GOAL bytes. Returns 0; -EINVAL: unknown type. */
int encoder_put(struct encoder *e, const struct ims_record *rec);

#endif
