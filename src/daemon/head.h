/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * head.h - what a client is told first, in chunks that those who came at the same time share: so that
 * clients that do not read cost little, and many that come at once cost little time.
 */
#ifndef DAEMON_HEAD_H
#define DAEMON_HEAD_H

#include <iommuscope/stream.h>

struct head {
	unsigned int users;
	enum ims_want want;
	uint64_t next; /* chunk of the flight recorder that follows */
	uint64_t events[IMS_HOOK_MAX]; /* in the chunks before that */
	size_t count;
	struct head_chunk {
		size_t bytes;
		uint8_t *data;
	} *chunk;
};

struct heads {
	struct ims_flight *flight;
	struct ims_carry *carry; /* of all that was put into @flight */
	struct head *newest[2];	 /* by enum ims_want; NULL: none is kept */
	uint64_t alive, made;
};

/*
 * The head for a client that comes now: *@out gets one of its users. Returns 0, -ENOMEM, or -EBUSY when
 * too many are still being read.
 */
int head_get(struct heads *h, enum ims_want want, uint64_t now_ns, struct head **out);
void head_put(struct heads *h, struct head *head);

/* Gives back what is kept for those to come, when it is of no use any more. */
void heads_tidy(struct heads *h);

#endif
