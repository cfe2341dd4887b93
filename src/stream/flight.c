// SPDX-License-Identifier: GPL-2.0-only
/*
 * flight.c - the last chunks of a stream, in memory. A chunk that has to go is read once more, for
 * what those after it need: ims_carry is always the state at the first chunk that is left.
 */
#include <errno.h>
#include <stdlib.h>

#include "decode.h"

struct kept {
	struct kept *next;
	size_t bytes;
	uint8_t chunk[];
};

struct ims_flight {
	uint64_t most_bytes;
	uint64_t bytes;
	struct kept *first;
	struct kept **end;
	struct ims_carry *carry;
	struct ims_writer *writer;
	z_stream z;
	struct decoder dec;
};

static uint64_t base_ns(const struct kept *k)
{
	struct chunk c;

	memcpy(&c, k->chunk, sizeof(c));
	return le64toh(c.base_ns);
}

static int carry_over(struct ims_flight *f, const struct kept *k)
{
	struct ims_record rec;
	struct chunk c;
	int err = 0;

	memcpy(&c, k->chunk, sizeof(c));
	chunk_swap(&c);
	if (!chunk_unpack(&f->z, &c, k->chunk + sizeof(c), f->dec.raw))
		return -EBADMSG;
	decoder_reset(&f->dec, c.raw_bytes, c.base_ns);
	while (!err && (err = decoder_next(&f->dec, &rec)) > 0)
		err = ims_carry_see(f->carry, &rec);
	return err;
}

static int drop_first(struct ims_flight *f)
{
	struct kept *k = f->first;
	int err = carry_over(f, k);

	if (err)
		return err;
	f->first = k->next;
	if (!f->first)
		f->end = &f->first;
	f->bytes -= k->bytes;
	free(k);
	return 0;
}

static int keep(void *arg, const void *chunk, size_t bytes)
{
	struct ims_flight *f = arg;
	struct kept *k = malloc(sizeof(*k) + bytes);
	int err = 0;

	if (!k)
		return -ENOMEM;
	k->next = NULL;
	k->bytes = bytes;
	memcpy(k->chunk, chunk, bytes);
	*f->end = k;
	f->end = &k->next;
	f->bytes += bytes;
	while (!err && f->bytes > f->most_bytes && f->first->next)
		err = drop_first(f);
	return err;
}

struct ims_flight *ims_flight_new(uint64_t bytes, int level)
{
	struct ims_flight *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->most_bytes = bytes;
	f->end = &f->first;
	f->carry = ims_carry_new();
	f->writer = ims_writer_new_to(keep, f, level);
	if (f->carry && f->writer && inflateInit2(&f->z, -MAX_WBITS) == Z_OK)
		return f;
	ims_carry_free(f->carry);
	ims_writer_free(f->writer);
	free(f);
	return NULL;
}

void ims_flight_free(struct ims_flight *f)
{
	if (!f)
		return;
	for (struct kept *k = f->first, *next; k; k = next) {
		next = k->next;
		free(k);
	}
	inflateEnd(&f->z);
	ims_carry_free(f->carry);
	ims_writer_free(f->writer);
	free(f);
}

int ims_flight_put(struct ims_flight *f, const struct ims_record *rec)
{
	return ims_writer_put(f->writer, rec);
}

int ims_flight_flush(struct ims_flight *f)
{
	return ims_writer_flush(f->writer);
}

uint64_t ims_flight_bytes(const struct ims_flight *f)
{
	return f->bytes;
}

static int to_writer(void *arg, const struct ims_record *rec)
{
	return ims_writer_put(arg, rec);
}

int ims_flight_write(struct ims_flight *f, struct ims_writer *w)
{
	int err = ims_flight_flush(f);

	if (!err && f->first)
		err = ims_carry_tell(f->carry, base_ns(f->first), to_writer, w);
	for (const struct kept *k = f->first; !err && k; k = k->next)
		err = ims_writer_put_chunk(w, k->chunk, k->bytes);
	return err;
}
