/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream.h - the stream: what capture writes, and what the model, the tools and files read.
 *
 * A stream is a sequence of records. On disk and on a wire it is framed in chunks, each of which
 * can be read without the others (docs/format.md is the specification). Here a record is a plain
 * struct with strings; interning, deltas and compression are the encoder's business.
 */
#ifndef IOMMUSCOPE_STREAM_H
#define IOMMUSCOPE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <iommuscope/event.h>
#include <iommuscope/hist.h>

/* The numbers are part of the format: append only. */
enum ims_record_type {
	IMS_REC_HOST = 16,     /* one fact about the machine */
	IMS_REC_PLAN = 17,     /* one row of the plan */
	IMS_REC_INSTANCE = 18, /* an IOMMU instance exists */
	IMS_REC_EVENT = 19,    /* something happened, or was found at start */
	IMS_REC_STATS = 20,    /* state of one (domain, operation), cumulative */
	IMS_REC_LOSS = 21,     /* state of one (hook, cause), cumulative */
	IMS_REC_END = 22,      /* the recording was ended on purpose, nothing more was pending */
	IMS_REC_COUNT = 23,    /* state of one hook, cumulative: how many events there were */
	IMS_REC_MAX
};

#define IMS_STACK_MAX 64

/* A symbolised stack, innermost frame first ("iommu_attach_group+0x64 [vfio]"). */
struct ims_stack {
	uint32_t count;
	const char *const *frame;
};

struct ims_host {
	const char *key; /* "kernel.release", "clock.realtime_offset_ns", ... see docs/format.md */
	const char *value;
};

struct ims_plan {
	uint32_t hook;
	const char *function;  /* when none was found, the first that was looked for */
	const char *mechanism; /* "fentry", "kprobe", "tp_btf", "" */
	const char *module;    /* "vmlinux", "vfio_iommu_type1", ... */
	const char *state;     /* "attached", "missing", "failed", "silent" */
	const char *reason;    /* why not, or why the better candidates were passed over */
	uint64_t hits;	       /* so far; 0 for an attached row: it has not proved itself */
};

struct ims_instance {
	const char *name;
	const char *driver; /* "arm-smmu-v3", "virtio_iommu", "intel_iommu_ops", "" */
};

/* Bits of a domain's type: the kernel's __IOMMU_DOMAIN_* (include/linux/iommu.h). */
enum ims_domain_bits {
	IMS_DOMAIN_PAGING = 1u << 0,
	IMS_DOMAIN_DMA_API = 1u << 1,
	IMS_DOMAIN_PT = 1u << 2,
	IMS_DOMAIN_DMA_FQ = 1u << 3,
	IMS_DOMAIN_SVA = 1u << 4,
	IMS_DOMAIN_PLATFORM = 1u << 5,
	IMS_DOMAIN_NESTED = 1u << 6,
};

/* As struct ims_kevent, with strings. Strings are never NULL, only empty. */
struct ims_event {
	uint64_t duration_ns;
	uint64_t domain;
	uint32_t hook;
	int32_t result;
	uint32_t cpu;
	uint32_t pid;
	uint32_t tid;
	uint32_t flags;
	uint32_t group;
	uint32_t domain_type;
	const char *function; /* the kernel function that was hooked */
	const char *comm;
	const char *device;
	const char *instance;
	const char *domain_instance;
	struct ims_stack stack; /* count 0: none */
	struct ims_stack user_stack;
	uint64_t iova; /* map, unmap, fault: 0 else */
	uint64_t size; /* map, unmap: bytes asked for */
	const char *reason; /* fault: in the driver's words; "" else */
	const char *format; /* of the domain's page table, "" when not known: "SMMUv3 stage 1", ... */
};

/* Totals since the capture began: a later record replaces an earlier one of the same key. */
struct ims_stats {
	uint64_t domain; /* 0: all domains that had no slot of their own */
	uint32_t hook;   /* one of the hot path */
	uint64_t sum_ns;
	uint64_t max_ns;
	uint64_t bytes;
	uint64_t errors;
	uint64_t untimed;
	uint64_t bucket[IMS_HIST_BUCKETS];
	const char *object; /* queue-sync: the instance; dma-map, dma-unmap: the device; else "" */
	uint32_t size; /* enum ims_size, of a capture that tells them apart; not in a stream */
};

struct ims_loss {
	uint32_t hook;
	uint32_t cause; /* enum ims_loss_cause */
	uint64_t lost;
};

/* At the end, emitted = received + the hook's LOSS of causes ring-full and no-entry. */
struct ims_count {
	uint32_t hook;
	uint64_t emitted;  /* by the programs, or lost by them */
	uint64_t received; /* by the capture */
};

struct ims_end {
	bool goes_on; /* with another stream, or unseen: counts and losses may not agree yet */
};

struct ims_record {
	enum ims_record_type type;
	uint64_t time_ns; /* CLOCK_MONOTONIC of the machine that was recorded */
	union {
		struct ims_host host;
		struct ims_plan plan;
		struct ims_instance instance;
		struct ims_event event;
		struct ims_stats stats;
		struct ims_loss loss;
		struct ims_count count;
		struct ims_end end;
	};
};

/* ---- writing ------------------------------------------------------------------------------ */

struct ims_writer;

/*
 * A writer on @fd, which stays the caller's. @level is zlib's, 0 to 9. Returns NULL on -ENOMEM only.
 */
struct ims_writer *ims_writer_new(int fd, int level);

/* Takes one whole chunk. Returns 0, or -errno: then it is asked again with the same chunk. */
typedef int ims_chunk_fn(void *arg, const void *chunk, size_t bytes);

/* A writer that hands its chunks to @put. */
struct ims_writer *ims_writer_new_to(ims_chunk_fn *put, void *arg, int level);

/*
 * Adds a record; nothing of @rec is kept. A string that is NULL is empty. Strings are cut at 4095 bytes, stacks at IMS_STACK_MAX.
 * Returns 0; -EINVAL: no such type; or -errno of a chunk that had to be written first: then @rec was
 * not added, what was added before is kept, and the same call can be made again.
 */
int ims_writer_put(struct ims_writer *w, const struct ims_record *rec);

/*
 * Writes the chunk begun. Call it at least once a second: what was flushed survives a kill -9.
 * Returns 0 or -errno; the next call goes on where write() stopped, also in the middle of a chunk.
 */
int ims_writer_flush(struct ims_writer *w);

/* Writes a whole chunk of another writer's, with the next sequence number of this one. */
int ims_writer_put_chunk(struct ims_writer *w, const void *chunk, size_t bytes);

/* Leaves out @chunks sequence numbers, so that readers see that so many are missing. */
void ims_writer_skip(struct ims_writer *w, uint64_t chunks);

/* Bytes written so far, and how many they can be at most with what is not written yet. */
uint64_t ims_writer_bytes(const struct ims_writer *w);
uint64_t ims_writer_most(const struct ims_writer *w);

/* Frees @w without writing. */
void ims_writer_free(struct ims_writer *w);

/* ---- beginning later ---------------------------------------------------------------------- */

/*
 * What a stream that begins in the middle of a recording has to begin with: the last of each record
 * that replaces an earlier one (host, plan, instance, statistics, loss, count), and the events that
 * made the state of things that still exist. It is bounded by what exists on the recorded machine.
 */
struct ims_carry;
struct ims_carry *ims_carry_new(void); /* NULL: no memory */
void ims_carry_free(struct ims_carry *c);

/* Takes in one record, in order. Returns 0 or -ENOMEM. */
int ims_carry_see(struct ims_carry *c, const struct ims_record *rec);

/*
 * Hands what is kept to @sink: events at their own time, marked IMS_EVENT_EARLIER, all else at
 * @time_ns. Returns 0 or what @sink returned.
 */
int ims_carry_tell(const struct ims_carry *c, uint64_t time_ns,
		   int (*sink)(void *arg, const struct ims_record *rec), void *arg);

/*
 * The end of a stream, kept in memory: at most @bytes of it, in chunks, and what has to be told
 * before them. Returns NULL when there is no memory.
 */
struct ims_flight;
struct ims_flight *ims_flight_new(uint64_t bytes, int level);
void ims_flight_free(struct ims_flight *f);
int ims_flight_put(struct ims_flight *f, const struct ims_record *rec); /* 0 or -ENOMEM */
int ims_flight_flush(struct ims_flight *f);
uint64_t ims_flight_bytes(const struct ims_flight *f);

/* Writes it all. It is kept as well. Returns 0 or -errno. */
int ims_flight_write(struct ims_flight *f, struct ims_writer *w);

/* Hands what has to be told before the chunks that are kept to @sink: as ims_carry_tell(). */
int ims_flight_tell(const struct ims_flight *f,
		    int (*sink)(void *arg, const struct ims_record *rec), void *arg);

/*
 * For who follows: chunks have numbers, from 0 in the order in which they were made; those from first
 * to before next are kept. ims_flight_get() is of one that is kept; it lives until the next put or flush.
 */
struct ims_kept {
	const void *chunk;
	size_t bytes;
	const uint64_t *events; /* of each hook, that came before this chunk */
};

uint64_t ims_flight_first(const struct ims_flight *f);
uint64_t ims_flight_next(const struct ims_flight *f);
struct ims_kept ims_flight_get(const struct ims_flight *f, uint64_t number);

/* Of each hook, in all chunks before next. */
const uint64_t *ims_flight_events(const struct ims_flight *f);

/* ---- redacting ---------------------------------------------------------------------------- */

/*
 * Records to records, without what identifies a machine or a person: names of commands, numbers of
 * processes, physical addresses, host name, serial numbers and the like become "task-1", "addr-3"
 * and so on. What was equal stays equal; verdicts, counts and topology stay what they are. I/O
 * virtual addresses, PCI addresses and names of functions stay. Host facts "dmesg." come at the end, as only
 * then all names are known. Host fact "redacted" says what was replaced.
 */
struct ims_redact;

/* Returns NULL when there is no memory. */
struct ims_redact *ims_redact_new(int (*sink)(void *arg, const struct ims_record *rec), void *arg);
void ims_redact_free(struct ims_redact *r);

/* Hands @rec, redacted, to the sink. Returns what that returned, or -ENOMEM. */
int ims_redact_put(struct ims_redact *r, const struct ims_record *rec);

/* Hands out what was held back, when the stream has no end record to do so. */
int ims_redact_end(struct ims_redact *r, uint64_t time_ns);

/* "command names (3), process ids (5)": what was replaced so far. */
const char *ims_redact_summary(struct ims_redact *r);

/* ---- reading ------------------------------------------------------------------------------ */

struct ims_reader;

/* What is known to be missing or odd in a stream. All counts are zero for a whole file. */
struct ims_damage {
	uint64_t skipped_bytes;   /* bytes between chunks that are no chunk */
	uint64_t bad_chunks;      /* checksum, length or contents wrong */
	uint64_t missing_chunks;  /* gaps in the chunks' sequence numbers, bad ones among them */
	uint64_t unknown_records; /* of a type this reader does not know: skipped */
	bool truncated;           /* the input ends inside a chunk */
	bool ended;               /* an IMS_REC_END was read */
};

/*
 * A reader on @fd (a file, pipe or socket; never seeks), which stays the caller's. Returns 0 and a
 * reader in *@out; -EPROTO: no iommuscope stream; -EPROTONOSUPPORT: of a newer major version;
 * -ENODATA: empty; or the -errno of read(). Waits for the first chunk; with a non-blocking @fd that
 * has none yet it returns 0 all the same, and ims_reader_next() what it would have returned.
 * A reader takes 4 MiB, whatever the input says.
 */
int ims_reader_open(int fd, struct ims_reader **out);

/*
 * The next record. Strings and stacks in it belong to the reader and live until the next call.
 * Returns 1 with a record in *@rec; 0 at the end of the stream; -errno when reading failed. Damage
 * is not an error: it is passed over and counted. @fd may be non-blocking: -EAGAIN, call again.
 */
int ims_reader_next(struct ims_reader *r, struct ims_record *rec);

const struct ims_damage *ims_reader_damage(const struct ims_reader *r);

/* What was read so far. */
struct ims_input {
	uint64_t bytes;	    /* of the input */
	uint64_t chunks;    /* that were whole and could be read */
	uint64_t raw_bytes; /* of the records in them, before compression */
	uint16_t major, minor; /* version of the newest chunk */
};

const struct ims_input *ims_reader_input(const struct ims_reader *r);
void ims_reader_free(struct ims_reader *r);

/* ---- the daemon --------------------------------------------------------------------------- */

#define IMS_SOCKET "/run/iommuscope/iommud.sock"

enum ims_want {
	IMS_WANT_LIVE,	 /* what is so now, then what happens, until one of both closes */
	IMS_WANT_RECENT, /* what the daemon's flight recorder holds, then an end record */
};

/*
 * Connects to the daemon at @path and asks for a stream: docs/format.md section 6. Returns a descriptor
 * for ims_reader_open(), to be closed by the caller, or -errno: -EACCES when the socket is not for this
 * user, -ENOENT and -ECONNREFUSED when no daemon is there.
 *
 * A live stream tells its state between the host facts "live.begin" and "live.since": with the second it
 * is whole. It comes again, with a higher number in "live.begin", to a reader for which chunks were lost:
 * what such a reader knew before has to be forgotten. How much was lost follows as LOSS records of cause
 * slow-reader.
 */
int ims_connect(const char *path, enum ims_want want);

/* Opens @path for reading: a file, or a daemon's socket, which is asked for @want. A descriptor or -errno. */
int ims_open(const char *path, enum ims_want want);

/* ---- names -------------------------------------------------------------------------------- */

const char *ims_hook_name(uint32_t hook);         /* "domain-alloc", ...; "hook-N" never: "?" */
const char *ims_loss_cause_name(uint32_t cause);  /* "ring-full", ... */
/* Of bit @i of enum ims_event_flags: "at-start", ...; NULL for one that is not known. */
const char *ims_event_flag_name(unsigned int i);
/* Of enum ims_domain_bits: "UNMANAGED", "DMA-FQ", ...; "?" for any other combination. */
const char *ims_domain_type_name(uint32_t type);

#endif
