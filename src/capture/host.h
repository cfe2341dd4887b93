/* SPDX-License-Identifier: GPL-2.0-only */
/* host.h - what a reader of a recording has to know about the machine: docs/format.md section 4. */
#ifndef IMS_CAPTURE_HOST_H
#define IMS_CAPTURE_HOST_H

#include <stdbool.h>

#include <iommuscope/stream.h>

/* Tells every fact. Returns 0, or what @sink returned. */
int host_tell(int (*sink)(void *arg, const struct ims_record *rec), void *arg);

/* ---- between the files that do so ------------------------------------------------------------- */

struct host_sink {
	int (*sink)(void *arg, const struct ims_record *rec);
	void *arg;
	int err; /* what it returned first: nothing is told after that */
};

/* Tells a fact; one with an empty value is none. Returns to->err. */
int host_fact(struct host_sink *to, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The first line of a file, without its end; "" and false when it cannot be read. */
bool host_read_line(const char *path, char *buf, size_t size);

void host_tell_iommus(struct host_sink *to); /* instances, groups and devices, from sysfs */
void host_tell_log(struct host_sink *to);    /* the kernel's words about them, since boot */

#endif
