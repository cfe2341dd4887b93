// SPDX-License-Identifier: GPL-2.0-only
/*
 * flight.c - the last chunks of a stream, in memory. A chunk that has to go is read once more, for
 * what those after it need: ims_carry is always the state at the first chunk that is left.
 */
#include <errno.h>
#include <stdlib.h>

#include "decode.h"

struct kept {
	uint64_t events[IMS_HOOK_MAX]; /* that came before it */
	size_t bytes;
	uint8_t chunk[];
};

struct ims_flight {
	uint64_t most_bytes;
	uint64_t bytes; /* of the chunks, with what is kept beside them */
	struct kept **kept; /* chunk n is at n modulo @room, a power of two */
	uint64_t room;
	uint64_t first, next;
	uint64_t events[IMS_HOOK_MAX]; /* put so far */
	uint64_t closed[IMS_HOOK_MAX]; /* of those, in chunks that were made */
	struct ims_carry *carry;
	struct ims_writer *writer;
	z_stream z;
	struct decoder dec;
};

static struct kept **place(const struct ims_flight *f, uint64_t number)
{
	return &f->kept[number & (f->room - 1)];
}

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

static uint64_t size_of(const struct kept *k)
{
	return sizeof(*k) + k->bytes;
}

static int drop_first(struct ims_flight *f)
{
	struct kept *k = *place(f, f->first);
	int err = carry_over(f, k);

	if (err)
		return err;
	f->first++;
	f->bytes -= size_of(k);
	free(k);
	return 0;
}

static int grow(struct ims_flight *f)
{
	struct ims_flight bigger = {.room = f->room ? 2 * f->room : 64};

	bigger.kept = calloc(bigger.room, sizeof(*bigger.kept));
	if (!bigger.kept)
		return -ENOMEM;
	for (uint64_t n = f->first; n < f->next; n++)
		*place(&bigger, n) = *place(f, n);
	free(f->kept);
	f->kept = bigger.kept;
	f->room = bigger.room;
	return 0;
}

static int keep(void *arg, const void *chunk, size_t bytes)
{
	struct ims_flight *f = arg;
	int err = f->next - f->first == f->room ? grow(f) : 0;
	struct kept *k = err ? NULL : malloc(sizeof(*k) + bytes);

	if (!k)
		return -ENOMEM;
	k->bytes = bytes;
	memcpy(k->chunk, chunk, bytes);
	memcpy(k->events, f->closed, sizeof(k->events));
	memcpy(f->closed, f->events, sizeof(f->closed));
	*place(f, f->next++) = k;
	f->bytes += size_of(k);
	while (!err && f->bytes > f->most_bytes && f->next - f->first > 1)
		err = drop_first(f);
	return err;
}

struct ims_flight *ims_flight_new(uint64_t bytes, int level)
{
	struct ims_flight *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->most_bytes = bytes;
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
	for (uint64_t n = f->first; n < f->next; n++)
		free(*place(f, n));
	free(f->kept);
	inflateEnd(&f->z);
	ims_carry_free(f->carry);
	ims_writer_free(f->writer);
	free(f);
}

int ims_flight_put(struct ims_flight *f, const struct ims_record *rec)
{
	int err = ims_writer_put(f->writer, rec);

	if (!err && rec->type == IMS_REC_EVENT && rec->event.hook < IMS_HOOK_MAX)
		f->events[rec->event.hook]++;
	return err;
}

int ims_flight_flush(struct ims_flight *f)
{
	return ims_writer_flush(f->writer);
}

uint64_t ims_flight_bytes(const struct ims_flight *f)
{
	return f->bytes;
}

uint64_t ims_flight_first(const struct ims_flight *f)
{
	return f->first;
}

uint64_t ims_flight_next(const struct ims_flight *f)
{
	return f->next;
}

struct ims_kept ims_flight_get(const struct ims_flight *f, uint64_t number)
{
	const struct kept *k = *place(f, number);

	return (struct ims_kept){k->chunk, k->bytes, k->events};
}

const uint64_t *ims_flight_events(const struct ims_flight *f)
{
	return f->closed;
}

int ims_flight_tell(const struct ims_flight *f,
		    int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	if (f->first == f->next)
		return 0;
	return ims_carry_tell(f->carry, base_ns(*place(f, f->first)), sink, arg);
}

static int to_writer(void *arg, const struct ims_record *rec)
{
	return ims_writer_put(arg, rec);
}

int ims_flight_write(struct ims_flight *f, struct ims_writer *w)
{
	int err = ims_flight_flush(f);

	if (!err)
		err = ims_flight_tell(f, to_writer, w);
	for (uint64_t n = f->first; !err && n < f->next; n++)
		err = ims_writer_put_chunk(w, (*place(f, n))->chunk, (*place(f, n))->bytes);
	return err;
}
