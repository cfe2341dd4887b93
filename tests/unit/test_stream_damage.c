// SPDX-License-Identifier: GPL-2.0-only
/* What is left of a damaged stream is read, and what is not is counted. */
#include "test_stream.h"

#define CHUNKS	  6
#define PER_CHUNK 5

/* A stream of CHUNKS chunks, where each begins, and what each reads as. */
struct sample {
	uint8_t *bytes;
	size_t count;
	size_t begin[CHUNKS + 1];
	char *text[CHUNKS];
};

static void sample_make(struct sample *s, int level)
{
	int fd = memory_fd("", 0);
	struct ims_writer *w = ims_writer_new(fd, level);
	uint32_t i, n;
	size_t size;

	for (i = 0; i < CHUNKS; i++) {
		FILE *f = open_memstream(&s->text[i], &size);

		s->begin[i] = ims_writer_bytes(w);
		for (n = 0; n < PER_CHUNK; n++) {
			struct ims_record rec = numbered_event(i * PER_CHUNK + n);

			text_record(f, &rec);
			assert_int_equal(ims_writer_put(w, &rec), 0);
		}
		fclose(f);
		assert_int_equal(ims_writer_flush(w), 0);
	}
	s->begin[CHUNKS] = ims_writer_bytes(w);
	ims_writer_free(w);
	s->bytes = content(fd, &s->count);
	close(fd);
}

static void sample_free(struct sample *s)
{
	uint32_t i;

	for (i = 0; i < CHUNKS; i++)
		free(s->text[i]);
	free(s->bytes);
}

/* The text of all chunks but those in @lost, a bit each. */
static char *text_without(const struct sample *s, uint32_t lost)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint32_t i;

	for (i = 0; i < CHUNKS; i++)
		if (!(lost & 1u << i))
			fputs(s->text[i], f);
	fclose(f);
	return text;
}

static void expect(const struct sample *s, const void *bytes, size_t count, uint32_t lost,
		   struct ims_damage *damage)
{
	char *want = text_without(s, lost);
	int err;
	char *got = text_of(bytes, count, damage, &err);

	assert_int_equal(err, 0);
	assert_string_equal(got, want);
	free(want);
	free(got);
}

static uint32_t chunk_at(const struct sample *s, size_t offset)
{
	uint32_t i = 0;

	while (offset >= s->begin[i + 1])
		i++;
	return i;
}

static void flip_every_byte(int level, uint8_t with)
{
	struct ims_damage damage;
	struct sample s;
	uint32_t hit;
	size_t i;

	sample_make(&s, level);
	for (i = 0; i < s.count; i++) {
		hit = chunk_at(&s, i);
		s.bytes[i] ^= with;
		expect(&s, s.bytes, s.count, 1u << hit, &damage);
		s.bytes[i] ^= with;
		assert_true(damage.bad_chunks || damage.truncated || damage.skipped_bytes);
		assert_int_equal(damage.missing_chunks, hit < CHUNKS - 1);
	}
	expect(&s, s.bytes, s.count, 0, &damage);
	assert_undamaged(&damage);
	sample_free(&s);
}

static void test_every_byte_flipped(void **state)
{
	flip_every_byte(0, 0x01);
	flip_every_byte(0, 0xff);
	flip_every_byte(6, 0x80);
	flip_every_byte(6, 0x04);
}

static void test_truncated_everywhere(void **state)
{
	struct ims_damage damage;
	struct sample s;
	size_t i;
	int err;

	sample_make(&s, 6);
	assert_null(text_of(s.bytes, 0, &damage, &err));
	assert_int_equal(err, -ENODATA);
	for (i = 1; i < s.count; i++) {
		uint32_t last = chunk_at(&s, i);

		expect(&s, s.bytes, i, ~0u << last, &damage);
		assert_int_equal(damage.truncated, i != s.begin[last]);
		damage.truncated = false;
		assert_undamaged(&damage);
	}
	sample_free(&s);
}

static void test_begins_anywhere(void **state)
{
	struct ims_damage damage;
	struct sample s;
	size_t i;

	sample_make(&s, 6);
	for (i = 1; i < s.begin[CHUNKS - 1]; i++) {
		uint32_t first = chunk_at(&s, i - 1) + 1;

		expect(&s, s.bytes + i, s.count - i, (1u << first) - 1, &damage);
		assert_int_equal(damage.missing_chunks, first);
		assert_int_equal(damage.skipped_bytes, s.begin[first] - i);
	}
	sample_free(&s);
}

static void test_chunk_cut_out(void **state)
{
	struct ims_damage damage;
	struct sample s;

	sample_make(&s, 6);
	memmove(s.bytes + s.begin[2], s.bytes + s.begin[4], s.count - s.begin[4]);
	expect(&s, s.bytes, s.count - (s.begin[4] - s.begin[2]), 1u << 2 | 1u << 3, &damage);
	assert_int_equal(damage.missing_chunks, 2);
	damage.missing_chunks = 0;
	assert_undamaged(&damage);
	sample_free(&s);
}

/* As a writer leaves it that met a full disk, and another that appends when there is room. */
static void test_appended_to_half_a_chunk(void **state)
{
	struct ims_damage damage;
	uint8_t joined[16384];
	struct sample s;
	char *text, *whole;
	size_t half;
	int err;

	sample_make(&s, 6);
	assert_true(2 * s.count <= sizeof(joined));
	whole = text_without(&s, 0);
	for (half = s.begin[1] + 1; half < s.begin[2]; half++) {
		memcpy(joined, s.bytes, half);
		memcpy(joined + half, s.bytes, s.count);
		text = text_of(joined, half + s.count, &damage, &err);
		assert_int_equal(err, 0);
		assert_memory_equal(text, s.text[0], strlen(s.text[0]));
		assert_string_equal(text + strlen(s.text[0]), whole);
		free(text);
		assert_int_equal(damage.skipped_bytes, half - s.begin[1]);
		assert_int_equal(damage.missing_chunks, 0);
		assert_false(damage.truncated);
	}
	free(whole);
	sample_free(&s);
}

static void test_two_streams_in_a_row(void **state)
{
	struct ims_damage damage;
	struct sample s;
	uint8_t *twice;
	char *text;
	int err;

	sample_make(&s, 6);
	twice = malloc(2 * s.count);
	memcpy(twice, s.bytes, s.count);
	memcpy(twice + s.count, s.bytes, s.count);
	text = text_of(twice, 2 * s.count, &damage, &err);
	assert_int_equal(err, 0);
	assert_undamaged(&damage);
	assert_memory_equal(strstr(text + 1, s.text[0]), s.text[0], strlen(s.text[0]));
	free(text);
	free(twice);
	sample_free(&s);
}

static void test_not_ours(void **state)
{
	const size_t large = 6 << 20;
	uint8_t *bytes = calloc(1, large);
	struct ims_damage damage;
	int err;

	assert_null(text_of("#!/bin/sh\n", 10, &damage, &err));
	assert_int_equal(err, -EPROTO);
	assert_null(text_of("x\x89IMS", 5, &damage, &err));
	assert_int_equal(err, -EPROTO);
	assert_null(text_of(bytes, large, &damage, &err));
	assert_int_equal(err, -EPROTO);
	memset(bytes, 0x89, large);
	assert_null(text_of(bytes, large, &damage, &err));
	assert_int_equal(err, -EPROTO);
	free(bytes);
}

/* Garbage before the first chunk is damage, until there is too much of it. */
static void test_garbage_first(void **state)
{
	const size_t most = 6 << 20;
	struct ims_damage damage;
	struct sample s;
	uint8_t *bytes;
	int err;

	sample_make(&s, 6);
	bytes = calloc(1, most + s.count);
	memcpy(bytes + most, s.bytes, s.count);
	expect(&s, bytes + (3 << 20), (3 << 20) + s.count, 0, &damage);
	assert_int_equal(damage.skipped_bytes, 3 << 20);
	assert_null(text_of(bytes, most + s.count, &damage, &err));
	assert_int_equal(err, -EPROTO);
	free(bytes);
	sample_free(&s);
}

/* A chunk of @count raw bytes as they are; returns its size. */
static size_t make_chunk(uint8_t *out, struct chunk c, const void *raw, size_t count)
{
	memcpy(c.magic, CHUNK_MAGIC, CHUNK_MAGIC_LEN);
	c.payload_bytes = count;
	if (!c.raw_bytes)
		c.raw_bytes = count;
	chunk_swap(&c);
	memcpy(out, &c, sizeof(c));
	memcpy(out + sizeof(c), raw, count);
	c.crc = htole32(chunk_crc(out, count));
	memcpy(out, &c, sizeof(c));
	return sizeof(c) + count;
}

/* One chunk of this version with @raw in it: what it reads as, and the damage. */
static char *text_of_raw(const void *raw, size_t count, struct ims_damage *damage)
{
	uint8_t *bytes = malloc(sizeof(struct chunk) + count);
	size_t size = make_chunk(bytes, (struct chunk){.major = 1, .base_ns = 100}, raw, count);
	int err;
	char *text = text_of(bytes, size, damage, &err);

	assert_int_equal(err, 0);
	assert_int_equal(damage->missing_chunks, 0);
	assert_false(damage->truncated);
	free(bytes);
	return text;
}

#define END_RECORD "\x16\x01\x02" /* one nanosecond later */

static void test_newer_version(void **state)
{
	uint8_t bytes[256];
	struct ims_damage damage;
	size_t first, count;
	char *text;
	int err;

	first = make_chunk(bytes, (struct chunk){.major = 2}, END_RECORD, 3);
	count = first +
		make_chunk(bytes + first, (struct chunk){.major = 1, .seq = 1}, END_RECORD, 3);
	assert_null(text_of(bytes, count, &damage, &err));
	assert_int_equal(err, -EPROTONOSUPPORT);

	/* The same number by accident is damage. */
	bytes[20] ^= 1;
	text = text_of(bytes, count, &damage, &err);
	assert_int_equal(err, 0);
	assert_string_equal(text, "1 end\n");
	assert_int_equal(damage.bad_chunks, 1);
	assert_int_equal(damage.missing_chunks, 1);
	free(text);

	first = make_chunk(bytes, (struct chunk){.major = 1, .minor = 99}, END_RECORD, 3);
	count = first +
		make_chunk(bytes + first, (struct chunk){.major = 2, .seq = 1}, END_RECORD, 3);
	text = text_of(bytes, count, &damage, &err);
	assert_int_equal(err, 0);
	assert_string_equal(text, "1 end\n");
	assert_true(damage.ended);
	assert_int_equal(damage.bad_chunks, 1);
	free(text);
}

static void test_frames_that_lie(void **state)
{
	const struct chunk lie[] = {
		{.major = 0},
		{.major = 1, .flags = 2},
		{.major = 1, .flags = CHUNK_DEFLATE},
		{.major = 1, .flags = CHUNK_DEFLATE, .raw_bytes = CHUNK_MAX},
		{.major = 1, .raw_bytes = 2},
		{.major = 1, .raw_bytes = 4},
		{.major = 1, .raw_bytes = CHUNK_MAX + 1},
		{.major = 1, .flags = CHUNK_DEFLATE, .raw_bytes = UINT32_MAX},
	};
	uint8_t bytes[256];
	struct ims_damage damage;
	size_t count;
	uint32_t i;
	char *text;
	int err;

	for (i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		count = make_chunk(bytes, lie[i], END_RECORD, 3);
		count += make_chunk(bytes + count, (struct chunk){.major = 1, .seq = 1}, END_RECORD,
				    3);
		text = text_of(bytes, count, &damage, &err);
		assert_int_equal(err, 0);
		assert_string_equal(text, "1 end\n");
		assert_int_equal(damage.bad_chunks, 1);
		free(text);
	}
}

/* What a length that is too large would have a reader wait for is read all the same. */
static void test_length_beyond_the_limit(void **state)
{
	const uint32_t chunks = 60000;
	uint8_t *bytes = malloc(chunks * (sizeof(struct chunk) + 3)), *p = bytes;
	struct chunk lie = {.magic = CHUNK_MAGIC, .major = 1, .payload_bytes = CHUNK_MAX + 1};
	struct ims_damage damage;
	uint32_t i;
	char *text;
	int err;

	chunk_swap(&lie);
	for (i = 0; i < chunks; i++)
		p += make_chunk(p, (struct chunk){.major = 1, .seq = i}, END_RECORD, 3);
	memcpy(bytes, &lie, sizeof(lie));
	text = text_of(bytes, p - bytes, &damage, &err);
	assert_int_equal(err, 0);
	assert_int_equal(strlen(text), (chunks - 1) * strlen("1 end\n"));
	assert_int_equal(damage.bad_chunks, 1);
	assert_int_equal(damage.missing_chunks, 1);
	assert_false(damage.truncated);
	free(text);
	free(bytes);
}

/* @count bytes of unknown records, deflated, and @extra bytes in a chunk that says @claimed. */
static void expect_deflated(size_t count, uint32_t claimed, size_t extra, uint64_t bad)
{
	struct chunk c = {.major = 1, .flags = CHUNK_DEFLATE, .raw_bytes = claimed};
	uint8_t packed[16384] = {}, bytes[sizeof(c) + sizeof(packed)];
	uint8_t *raw = malloc(count);
	z_stream z = {.next_in = raw, .avail_in = count};
	struct ims_damage damage;
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		raw[i] = i & 1 ? 0 : 3;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	count = make_chunk(bytes, c, packed, z.total_out + extra);
	deflateEnd(&z);
	free(text_of(bytes, count, &damage, &err));
	assert_int_equal(err, 0);
	assert_int_equal(damage.bad_chunks, bad);
	assert_int_equal(damage.unknown_records, bad ? 0 : claimed / 2);
	free(raw);
}

static void test_deflated_lengths(void **state)
{
	expect_deflated(1000, 1000, 0, 0);
	expect_deflated(1000, 1000, 1, 1);
	expect_deflated(1000, 998, 0, 1);
	expect_deflated(1000, 1002, 0, 1);
	expect_deflated(CHUNK_MAX, CHUNK_MAX, 0, 0);
	expect_deflated(CHUNK_MAX + 2, CHUNK_MAX, 0, 1);
	expect_deflated(CHUNK_MAX + 2, CHUNK_MAX + 2, 0, 1);
	expect_deflated(8 * CHUNK_MAX, 8 * CHUNK_MAX, 0, 1);
}

static void expect_raw(const void *raw, size_t count, const char *want, uint64_t bad,
		       uint64_t unknown)
{
	struct ims_damage damage;
	char *text = text_of_raw(raw, count, &damage);

	assert_string_equal(text, want);
	assert_int_equal(damage.bad_chunks, bad);
	assert_int_equal(damage.unknown_records, unknown);
	free(text);
}

#define EXPECT_RAW(raw, want, bad, unknown) expect_raw(raw, sizeof(raw) - 1, want, bad, unknown)

static void test_room_to_grow(void **state)
{
	EXPECT_RAW("", "", 0, 0);
	/* An unknown record, whose time counts, and one of the encoding, which has none. */
	EXPECT_RAW("\x30\x03\x08\xff\xff"
		   "\x07\x01\x08" END_RECORD,
		   "105 end\n", 0, 2);
	/* More in a record than is known, and less. */
	EXPECT_RAW("\x15\x06\x02\x0a\x01\x05\x77\x88",
		   "101 loss hook=10 cause=inflight(1) lost=5\n", 0, 0);
	EXPECT_RAW("\x15\x02\x02\x0a", "101 loss hook=10 cause=ring-full(0) lost=0\n", 0, 0);
	EXPECT_RAW("\x10\x00", "100 host =\n", 0, 0);
	EXPECT_RAW("\x11\x00", "100 plan none(0) function= mechanism= module= state= reason=\n", 0,
		   0);
	EXPECT_RAW("\x14\x00", "100 stats domain=0 hook=0 sum=0 max=0 bytes=0 errors=0 untimed=0\n",
		   0, 0);
	/* Fields of an event that are not known: bits 37, 38 and 39. */
	EXPECT_RAW("\x4a\x03\x02\x89\x80\x80\x80\x80\x1c\x11\x09\xff\x01\x22\x33" END_RECORD,
		   "101 event map(10) function= result=0 duration=17 domain=9 cpu=3 pid=0 tid=0 "
		   "comm= flags=0 group=0 type=0 device= instance= domain_instance=\n102 end\n",
		   0, 0);
}

static void test_contents_that_lie(void **state)
{
	/* The length of a record, of a string, of a number. */
	EXPECT_RAW(END_RECORD "\x16\x02\x02", "101 end\n", 1, 0);
	EXPECT_RAW(END_RECORD "\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02", "101 end\n", 1,
		   0);
	EXPECT_RAW(END_RECORD "\x16\x02\x80\x80" END_RECORD, "101 end\n", 1, 0);
	EXPECT_RAW("\x80", "", 1, 0);
	EXPECT_RAW("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x00", "", 1, 0);
	EXPECT_RAW("\x01\x02"
		   "ab" END_RECORD,
		   "", 1, 0);
	EXPECT_RAW("\x01\x00" END_RECORD, "", 1, 0);
	/* Numbers of strings and stacks that are not there, or not yet. */
	EXPECT_RAW("\x12\x02\x00\x01"
		   "\x01\x02"
		   "a\x00",
		   "", 1, 0);
	EXPECT_RAW("\x01\x02"
		   "a\x00"
		   "\x12\x02\x00\x01"
		   "\x12\x02\x00\x02",
		   "100 instance a driver=\n", 1, 0);
	EXPECT_RAW("\x4a\x00\x00\x20\x01", "", 1, 0);
	EXPECT_RAW("\x02\x02\x01\x01", "", 1, 0);
	EXPECT_RAW("\x02\x03\xff\xff\x03", "", 1, 0);
	EXPECT_RAW("\x02\x01\x41", "", 1, 0);
	/* A bucket that is not there. */
	EXPECT_RAW("\x14\x0b\x00\x0a\x01\x00\x00\x00\x00\x00\x01\x8c\x01", "", 1, 0);
}

static void test_long_string(void **state)
{
	static char raw[STRING_MAX + 8] = "\x01\x81\x20";
	struct ims_damage damage;
	char *text;

	memset(raw + 3, 'a', STRING_MAX);
	text = text_of_raw(raw, 3 + STRING_MAX + 1, &damage);
	assert_int_equal(damage.bad_chunks, 1);
	free(text);
	raw[1] = '\x80';
	raw[3 + STRING_MAX - 1] = '\0';
	text = text_of_raw(raw, 3 + STRING_MAX, &damage);
	assert_int_equal(damage.bad_chunks, 0);
	free(text);
}

/* The most that fits of each: the tables end before the chunk does. */
static void test_full_tables(void **state)
{
	uint8_t *raw = malloc(CHUNK_MAX);
	struct ims_damage damage;
	size_t i;

	for (i = 0; i + 3 <= CHUNK_MAX; i += 3)
		memcpy(raw + i, "\x01\x01", 3);
	free(text_of_raw(raw, i, &damage));
	assert_int_equal(damage.bad_chunks, 1);
	free(text_of_raw(raw, 3 * (CHUNK_STRINGS - 1), &damage));
	assert_int_equal(damage.bad_chunks, 0);
	for (i = 0; i + 3 <= CHUNK_MAX; i += 3)
		memcpy(raw + i, "\x02\x01\x00", 3);
	free(text_of_raw(raw, i, &damage));
	assert_int_equal(damage.bad_chunks, 1);
	for (i = 0; i + 3 <= CHUNK_MAX; i += 3)
		memcpy(raw + i, "\x02\x01\x40", 3);
	free(text_of_raw(raw, i, &damage));
	assert_int_equal(damage.bad_chunks, 1);
	for (i = 0; i + 2 <= CHUNK_MAX; i += 2)
		memcpy(raw + i, "\x03\x00", 2);
	free(text_of_raw(raw, i, &damage));
	assert_int_equal(damage.unknown_records, CHUNK_MAX / 2);
	free(raw);
}

/* Chunk within chunk, none of them right: what it costs to find that out is bounded. */
static void test_nothing_but_frames(void **state)
{
	const uint32_t frames = 200000;
	struct chunk c = {.magic = CHUNK_MAGIC, .major = 1, .payload_bytes = CHUNK_MAX};
	struct chunk *all = malloc(frames * sizeof(c));
	struct ims_damage damage;
	char *text;
	uint32_t i;
	int err;

	chunk_swap(&c);
	for (i = 0; i < frames; i++)
		all[i] = c;
	text = text_of(all, frames * sizeof(c), &damage, &err);
	assert_int_equal(err, 0);
	assert_string_equal(text, "");
	assert_true(damage.bad_chunks > 16 && damage.truncated);
	free(text);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_flipped),
		cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_begins_anywhere),
		cmocka_unit_test(test_chunk_cut_out),
		cmocka_unit_test(test_appended_to_half_a_chunk),
		cmocka_unit_test(test_two_streams_in_a_row),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_garbage_first),
		cmocka_unit_test(test_newer_version),
		cmocka_unit_test(test_frames_that_lie),
		cmocka_unit_test(test_length_beyond_the_limit),
		cmocka_unit_test(test_deflated_lengths),
		cmocka_unit_test(test_room_to_grow),
		cmocka_unit_test(test_contents_that_lie),
		cmocka_unit_test(test_long_string),
		cmocka_unit_test(test_full_tables),
		cmocka_unit_test(test_nothing_but_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
