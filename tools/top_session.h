/* SPDX-License-Identifier: GPL-2.0-only */
/* top_session.h - what iommutop has of a stream: a model, its screens, a recording of it; and sources. */
#ifndef TOOLS_TOP_SESSION_H
#define TOOLS_TOP_SESSION_H

#include <iommuscope/top.h>

#include "tools/filter.h"

struct session {
	struct model *m;
	struct top *top;
	struct filter filter; /* by options */
	uint64_t stats_ns;    /* of the newest statistics, */
	uint64_t newest_ns;   /* and of any record */
	uint64_t refreshed_ns;
	/* what a recording begins with, and the one being made */
	struct ims_carry *carry;
	struct ims_writer *writer; /* NULL: none */
	int fd;
	char message[160]; /* about the last key */
};

/* Each returns 0 or -errno. */
int session_open(struct session *s);
void session_close(struct session *s);
/* Takes in a record, a sink of @arg. */
int session_put(void *arg, const struct ims_record *rec);
/* Begins anew: the stream is read from its beginning. */
int session_restart(struct session *s);
int session_refresh(struct session *s, uint64_t now_ns);
/* Begins or ends a recording; s->message says what came of it. */
void session_toggle_recording(struct session *s);

/* Monotonic. */
double now_seconds(void);

/* ---- sources -------------------------------------------------------------------------------- */

struct source;
struct ims_choice;

struct source_ops {
	bool plays; /* a recording: pauses, steps, other speeds, seeks */
	/* Hands on what is due, without waiting. Returns 0, 1 when the stream is over, or -errno. */
	int (*pump)(struct source *s);
	/* Before a refresh: whatever has to be asked for. */
	int (*collect)(struct source *s);
	/* Of the stream's clock, for a refresh; 0: nothing new. */
	uint64_t (*now)(struct source *s);
	/* What a key asks of a recording; NULL: it cannot. */
	int (*act)(struct source *s, enum top_action action, double delay);
	const char *(*state)(const struct source *s);
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	struct session *session;
	const char *name;
	int fd; /* readable when there is more; -1: go by time */
	bool paused;
	bool over; /* nothing more comes */
	bool lives; /* a machine's: there is no end to wait for */
	void *own;
};

/* Each returns an exit code; complains. */
int source_live(struct source *s, struct session *session, const struct ims_choice *choice,
		const char *btf);
/* Complains about what is missing from a stream. */
void source_tell_damage(const struct source *s);
int source_file(struct source *s, struct session *session, const char *path, double speed,
		bool screen);

#endif
