/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format.h - the layout that encoder and decoder share; docs/format.md is the specification.
 *
 * Numbers and limits in here are part of the format. Private to src/stream and its tests.
 */
#ifndef STREAM_FORMAT_H
#define STREAM_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <iommuscope/stream.h>

#define CHUNK_MAGIC	"\x89IMS\r\n\x1a\n"
#define CHUNK_MAGIC_LEN 8
#define CHUNK_MAJOR	1
#define CHUNK_MINOR	1

#define CHUNK_DEFLATE 1u /* flag: the payload is a raw deflate stream (RFC 1951) */

/* What a reader accepts. The writer closes a chunk at CHUNK_GOAL and stays far below the rest. */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define CHUNK_GOAL    (64u << 10)
#define CHUNK_MAX     (1u << 20) /* of the payload, and of the raw records in it */
#define CHUNK_STRINGS 65536
#define CHUNK_STACKS  16384
#define CHUNK_FRAMES  65536 /* of all stacks together */
#define STRING_MAX    4096  /* with the NUL */
#define EVENT_CPUS    64
#else /* so little that the few KiB of a fuzzer's input reach each limit, and cost little to be ready for */
#define CHUNK_GOAL    (4u << 10)
#define CHUNK_MAX     (64u << 10)
#define CHUNK_STRINGS 128
#define CHUNK_STACKS  64
#define CHUNK_FRAMES  256
#define STRING_MAX    256
#define EVENT_CPUS    4
#endif

/* Little-endian in the stream; chunk_swap() turns it to the host's order and back. */
struct chunk {
	char magic[CHUNK_MAGIC_LEN];
	uint16_t major;
	uint16_t minor;
	uint32_t flags;
	uint64_t seq;
	uint64_t base_ns;
	uint32_t payload_bytes;
	uint32_t raw_bytes;
	uint32_t crc; /* CRC-32 of all the above and the payload */
} __attribute__((packed));

_Static_assert(sizeof(struct chunk) == 44, "the frame of a chunk");

static inline void chunk_swap(struct chunk *c)
{
	c->major = le16toh(c->major);
	c->minor = le16toh(c->minor);
	c->flags = le32toh(c->flags);
	c->seq = le64toh(c->seq);
	c->base_ns = le64toh(c->base_ns);
	c->payload_bytes = le32toh(c->payload_bytes);
	c->raw_bytes = le32toh(c->raw_bytes);
	c->crc = le32toh(c->crc);
}

/* @frame and the payload behind it as they are in the stream. */
static inline uint32_t chunk_crc(const void *frame, uint32_t payload_bytes)
{
	uint32_t crc = crc32(0, frame, offsetof(struct chunk, crc));

	return crc32(crc, (const uint8_t *)frame + sizeof(struct chunk), payload_bytes);
}

/* Decompresses to c->raw_bytes in @raw, which has room for CHUNK_MAX. Whether it came out right. */
bool chunk_unpack(z_stream *z, const struct chunk *c, const uint8_t *payload, uint8_t *raw);

/* Gives a chunk, as it is in a stream, its sequence number and its checksum. */
void chunk_number(uint8_t *chunk, uint64_t seq);

/*
 * Record types below IMS_REC_HOST belong to the encoding. An event of hook h is of type
 * REC_EVENT + h and, alone among records, has no length: millions of them are read a second.
 */
enum {
	REC_STRING = 1,
	REC_STACK = 2,
	REC_EVENT = 64,
};

/*
 * An event is its processor, its time, a mask of the fields that differ from the event before it of
 * the same hook on the same processor, and those fields, one varint each, known or not. A mask of one
 * byte is precious: the low bits are for what changes with every call.
 */
enum event_field {
	EV_DURATION = 0,
	EV_IOVA = 1, /* a difference */
	EV_SIZE = 2,
	EV_DOMAIN = 3,
	EV_TID = 4,
	EV_STACK = 5,
	EV_RESULT = 6,
	EV_PID = 7,
	EV_FLAGS = 8,
	EV_GROUP = 9,
	EV_DOMAIN_TYPE = 10,
	EV_FUNCTION = 11,
	EV_COMM = 12,
	EV_DEVICE = 13,
	EV_INSTANCE = 14,
	EV_DOMAIN_INSTANCE = 15,
	EV_REASON = 16,
	EV_FORMAT = 17,
	EV_USER_STACK = 18,
	EV_FIELDS
};

#define EVENT_HOOKS  32
#define EVENT_STATES (EVENT_HOOKS * EVENT_CPUS)

/* Which event it is that an event is told apart from; those that share a state cost bytes only. */
static inline uint32_t event_state(uint32_t hook, uint32_t cpu)
{
	return hook % EVENT_HOOKS * EVENT_CPUS + cpu % EVENT_CPUS;
}

static inline uint64_t zigzag(uint64_t v)
{
	return (v << 1) ^ (0 - (v >> 63));
}

static inline uint64_t unzigzag(uint64_t v)
{
	return (v >> 1) ^ (0 - (v & 1));
}

#define VARINT_MAX 10

static inline uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)v | 0x80;
	*p++ = (uint8_t)v;
	return p;
}

#endif
