/* SPDX-License-Identifier: GPL-2.0-only */
/* account.h - what was emitted, what arrived and what was lost, by hook. */
#ifndef IMS_CAPTURE_ACCOUNT_H
#define IMS_CAPTURE_ACCOUNT_H

#include <stdbool.h>

#include <iommuscope/stream.h>

struct account {
	uint64_t received[IMS_HOOK_MAX]; /* counted by the capture as it reads them */
	/* As the programs and the kernel count them, by account_tell()'s caller. */
	uint64_t emitted[IMS_HOOK_MAX];
	uint64_t lost[IMS_HOOK_MAX][IMS_LOSS_MAX];
	/* as told */
	struct ims_count count[IMS_HOOK_MAX];
	uint64_t lost_told[IMS_HOOK_MAX][IMS_LOSS_MAX];
	uint64_t lost_total;
};

/* Whether all that was emitted arrived or is known to be lost: else some of it is under way. */
bool account_balanced(const struct account *a);

/* Writes what changed since the last time. Returns 0 or what @sink did. */
int account_tell(struct account *a, uint64_t time_ns,
		 int (*sink)(void *arg, const struct ims_record *rec), void *arg);

#endif
