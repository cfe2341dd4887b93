// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_reader - how fast a recording of maps and unmaps is read, and how large it is.
 *
 * usage: bench_reader [EVENTS [LEVEL]]
 *
 * Four threads on four processors map and unmap for eight domains; times and latencies vary as they
 * do, the rest of an event is what it was. The processor time of the best of five passes counts:
 * others share the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <iommuscope/stream.h>

#define GOAL   20000000.0
#define PASSES 5

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* Around 180 ns, as published for iommu_map() of a page; one in 64 waits for something. */
static uint64_t latency(uint64_t *seed)
{
	uint32_t r = next_random(seed);

	return (90 + r % 64 + (r >> 6) % 64 + (r >> 12) % 64) << (r >> 18 & 63 ? 0 : 4);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int write_events(int fd, int level, uint64_t count, uint64_t *bytes)
{
	struct ims_writer *w = ims_writer_new(fd, level);
	uint64_t i, seed = 1;
	int err = 0;
	struct ims_record rec = {
		.type = IMS_REC_EVENT,
		.time_ns = 1000000000,
		.event = {.pid = 4242,
			  .comm = "fio",
			  .device = "0000:09:00.0",
			  .instance = "smmu3.0x000000000c000000",
			  .domain_instance = "smmu3.0x000000000c000000"},
	};
	struct ims_event *ev = &rec.event;

	if (!w)
		return -1;
	for (i = 0; i < count && !err; i++) {
		uint32_t thread = next_random(&seed) % 4;

		rec.time_ns += next_random(&seed) % 800;
		ev->hook = i & 1 ? IMS_HOOK_UNMAP : IMS_HOOK_MAP;
		ev->function = i & 1 ? "__iommu_unmap" : "iommu_map_nosync";
		ev->duration_ns = latency(&seed);
		ev->domain = 1 + thread * 2 + (next_random(&seed) % 16 == 0);
		ev->cpu = thread;
		ev->tid = 4242 + thread;
		err = ims_writer_put(w, &rec);
	}
	if (!err)
		err = ims_writer_flush(w);
	*bytes = ims_writer_bytes(w);
	ims_writer_free(w);
	return err;
}

static double read_events(int fd, uint64_t count)
{
	struct ims_reader *r;
	struct ims_record rec;
	uint64_t n = 0, sum = 0;
	double start = now();

	if (lseek(fd, 0, SEEK_SET) || ims_reader_open(fd, &r))
		return 0;
	while (ims_reader_next(r, &rec) > 0) {
		sum += rec.event.duration_ns + rec.event.function[0];
		n++;
	}
	ims_reader_free(r);
	return n == count && sum ? n / (now() - start) : 0;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 10000000;
	int level = argc > 2 ? atoi(argv[2]) : 6;
	int fd = memfd_create("bench_reader", 0);
	double start = now(), speed, best = 0;
	uint64_t bytes;
	int i;

	if (!count || fd < 0 || write_events(fd, level, count, &bytes)) {
		fprintf(stderr, "bench_reader: cannot write the recording\n");
		return 1;
	}
	printf("level    events    bytes/event  written/s\n");
	printf("%5d  %8llu  %13.2f  %9.0f\n", level, (unsigned long long)count,
	       (double)bytes / count, count / (now() - start));
	for (i = 0; i < PASSES; i++) {
		speed = read_events(fd, count);
		best = speed > best ? speed : best;
	}
	if (!best) {
		fprintf(stderr, "bench_reader: not all was read back\n");
		return 1;
	}
	printf("figure reader.bytes_per_event %.2f bytes goal 6 %s\n", (double)bytes / count,
	       (double)bytes / count <= 6 ? "met" : "short");
	printf("figure reader.events_per_s %.0f /s goal %.0f %s\n", best, GOAL,
	       best >= GOAL ? "met" : "short");
	return 0;
}
