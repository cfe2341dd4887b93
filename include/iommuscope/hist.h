/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hist.h - the log-linear latency histogram, the same on both sides of the ring.
 *
 * Four buckets an octave: bucket i >= 4 covers [lo, lo + lo/4 .. lo/7), so its midpoint is within
 * 12.5 % of every value in it. Values are nanoseconds; the last bucket takes all from 7 * 2^33 ns (60 s).
 */
#ifndef IOMMUSCOPE_HIST_H
#define IOMMUSCOPE_HIST_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define IMS_HIST_BUCKETS 140

/* Statistics of one (domain, operation) on one CPU. The number of calls is the sum of the buckets
 * and @untimed: it is not kept twice. The 32-bit counters may wrap; readers add differences. */
struct ims_slot {
	__u64 sum_ns;
	__u64 max_ns;
	__u64 bytes;   /* mapped or unmapped with success */
	__u32 errors;  /* map failed, or less was unmapped than asked */
	__u32 untimed; /* calls whose entry was not remembered */
	__u32 bucket[IMS_HIST_BUCKETS];
};

_Static_assert(sizeof(struct ims_slot) == 32 + 4 * IMS_HIST_BUCKETS, "ims_slot has no holes");

static inline __u32 ims_log2(__u64 v)
{
	__u32 r, shift;

	r = (v > 0xffffffffull) << 5;
	v >>= r;
	shift = (v > 0xffff) << 4;
	v >>= shift;
	r |= shift;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	return r | (__u32)(v >> 1);
}

#define IMS_HIST_OCTAVE(s)                                                                         \
	[4 << (s)... (5 << (s)) - 1] = 4 + 4 * (s), [5 << (s)... (6 << (s)) - 1] = 5 + 4 * (s),    \
	[6 << (s)... (7 << (s)) - 1] = 6 + 4 * (s), [7 << (s)... (8 << (s)) - 1] = 7 + 4 * (s)

/* The buckets of values below 256; those of greater ones are so many octaves further. */
static const __u8 ims_hist_small[256] = {
	[0] = 0, [1] = 1, [2] = 2, [3] = 3, IMS_HIST_OCTAVE(0), IMS_HIST_OCTAVE(1),
	IMS_HIST_OCTAVE(2), IMS_HIST_OCTAVE(3), IMS_HIST_OCTAVE(4), IMS_HIST_OCTAVE(5),
};

#define IMS_HIST_TABLE_NS (1 << 20)

/* The bucket that counts a latency of @ns: a table for what is usual, up to 1 ms. */
static inline __u32 ims_hist_bucket(__u64 ns)
{
	__u32 e, i;

	if (ns < 1 << 14)
		return ns < 1 << 8 ? ims_hist_small[ns] : ims_hist_small[ns >> 6] + 6 * 4u;
	if (ns < IMS_HIST_TABLE_NS)
		return ims_hist_small[ns >> 12] + 12 * 4u;
	e = ims_log2(ns);
	i = ((e - 1) << 2) | ((__u32)(ns >> (e - 2)) & 3);
	return i < IMS_HIST_BUCKETS ? i : IMS_HIST_BUCKETS - 1;
}

/* The smallest value that bucket @i counts. */
static inline __u64 ims_hist_low(__u32 i)
{
	if (i < 4)
		return i;
	return (__u64)(4 + (i & 3)) << ((i >> 2) - 1);
}

#endif
