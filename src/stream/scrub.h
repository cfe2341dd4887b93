/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scrub.h - text without what identifies a machine or a person. What is replaced gets a name by the
 * order in which it is first seen ("addr-3"), the same each time: equality stays, identity goes.
 */
#ifndef STREAM_SCRUB_H
#define STREAM_SCRUB_H

#include <stdint.h>

enum scrub_kind {
	SCRUB_TASK,
	SCRUB_PID,
	SCRUB_ADDRESS,
	SCRUB_HOST,
	SCRUB_SERIAL,
	SCRUB_OBJECT, /* a program or library in user space */
	SCRUB_UUID,
	SCRUB_MAC,
	SCRUB_IP,
	SCRUB_VALUE, /* of the kernel's command line */
	SCRUB_KINDS
};

struct scrub;

struct scrub *scrub_new(void); /* NULL: no memory */
void scrub_free(struct scrub *s);

/* The number of @original, from 1; 0 without memory, or when there are too many to tell apart. */
uint32_t scrub_number(struct scrub *s, enum scrub_kind kind, const char *original);
uint32_t scrub_pid(struct scrub *s, uint32_t pid);

/* How many were replaced, and what they are called in a sentence. */
uint32_t scrub_count(const struct scrub *s, enum scrub_kind kind);
const char *scrub_what(enum scrub_kind kind);

/*
 * Each writes @text to @buf, cut when it does not fit. scrub_name() is for the name of a task,
 * scrub_text() for anything the kernel says, scrub_log() for that with tasks in it,
 * scrub_cmdline() for the kernel's command line, scrub_frame() for a frame in user space.
 */
void scrub_task(struct scrub *s, const char *text, char *buf, size_t size);
void scrub_text(struct scrub *s, const char *text, char *buf, size_t size);
void scrub_log(struct scrub *s, const char *text, char *buf, size_t size);
void scrub_cmdline(struct scrub *s, const char *text, char *buf, size_t size);
void scrub_frame(struct scrub *s, const char *text, char *buf, size_t size);

/* The host is called @name: from now on that is replaced in all text. */
void scrub_learn_host(struct scrub *s, const char *name);

#endif
