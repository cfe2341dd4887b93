/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recorder.h - where the records of a recording go: a file or a pipe; a series of files of bounded
 * size; or memory, of which a file is made when something happens.
 *
 * The files of a series are called FILE, FILE.1, FILE.2, ...; each can be read by itself.
 */
#ifndef TOOLS_RECORDER_H
#define TOOLS_RECORDER_H

#include <iommuscope/stream.h>

#include "tools/output.h"

/* Below this a file would be little more than its head. */
#define RECORDER_LEAST_BYTES (256u << 10)

struct recorder {
	/* as asked for */
	const char *path;
	int level;	       /* of compression, 0 to 9 */
	uint64_t most_bytes;   /* of a file; 0: any */
	uint64_t keep_files;   /* of a series; 0: one file, and no other after it */
	uint64_t flight_bytes; /* kept in memory; 0: written as it comes */
	uint64_t after_ns;     /* how long a file of the flight recorder goes on */
	/* running */
	struct output output;
	struct ims_writer *writer; /* NULL: no file is being written */
	struct ims_carry *carry;
	struct ims_flight *flight;
	char *name;	     /* of the file being written, or written last; NULL: none yet */
	uint64_t files;	     /* begun so far */
	uint64_t head_bytes; /* of the file */
	uint64_t past_bytes; /* of the files before it */
	uint64_t now_ns;     /* of the newest record */
	uint64_t until_ns;   /* when the file of the flight recorder ends */
	bool done;	     /* what comes is not recorded any more */
};

/* Each returns 0 or -errno. recorder_open() says on stderr what failed. */
int recorder_open(struct recorder *r);
int recorder_put(struct recorder *r, const struct ims_record *rec);
int recorder_flush(struct recorder *r);

/* The recording has begun: its file takes its name. Says what failed. */
int recorder_commit(struct recorder *r);

/* Flight recorder: makes a file of what is in memory, unless one is being written. Returns 1 when
 * it began one, 0 or -errno. */
int recorder_trigger(struct recorder *r, uint64_t now_ns);

/*
 * Whether the file should end soon: it is nearly full, or the time after the trigger is over. When
 * nobody looks, a full file ends all the same, with totals that are older than its events.
 */
bool recorder_due(const struct recorder *r, uint64_t now_ns);

/* Ends the file, and begins the next one of a series. */
int recorder_next(struct recorder *r, uint64_t now_ns);

/* Bytes of all files, and in memory. */
uint64_t recorder_bytes(const struct recorder *r);
uint64_t recorder_held(const struct recorder *r);

/* Ends it, without writing. Says what failed. */
int recorder_close(struct recorder *r);

#endif
