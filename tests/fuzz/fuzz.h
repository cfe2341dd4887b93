/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - an input of the fuzzer as a stream.
 *
 * An input whose first byte is even is a stream as it is. Few of those survive the checksum, so an
 * odd one is the raw records of a chunk, which gets the frame that makes it valid.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stream/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/*
 * A reader takes 4 MiB for each input: to map the shadow of that anew each time costs ten times as much as
 * all the rest. Memory that is freed is soon used again, within a few inputs.
 */
const char *__asan_default_options(void)
{
	return "clear_shadow_mmap_threshold=33554432:malloc_context_size=4:quarantine_size_mb=16:"
	       "thread_local_quarantine_size_kb=64";
}

static inline void fuzz_write_framed(int fd, const uint8_t *data, size_t size)
{
	struct chunk c = {
		.magic = CHUNK_MAGIC,
		.major = CHUNK_MAJOR,
		.payload_bytes = size,
		.raw_bytes = size,
	};
	uint8_t *all = malloc(sizeof(c) + size);

	chunk_swap(&c);
	memcpy(all, &c, sizeof(c));
	if (size)
		memcpy(all + sizeof(c), data, size);
	c.crc = htole32(chunk_crc(all, size));
	memcpy(all, &c, sizeof(c));
	if (pwrite(fd, all, sizeof(c) + size, 0) < 0)
		abort();
	free(all);
}

/* The same file each time, at its beginning; -1 for an input that is none. */
static inline int fuzz_stream(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (!size)
		return -1;
	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	if (ftruncate(fd, 0))
		abort();
	if (data[0] & 1)
		fuzz_write_framed(fd, data + 1, size - 1);
	else if (pwrite(fd, data + 1, size - 1, 0) < 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

#endif
