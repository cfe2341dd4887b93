// SPDX-License-Identifier: GPL-2.0-only
#include "capture/account.h"

/* Lost after it was counted as emitted. The kernel's skips and lost entries are no such events. */
static uint64_t lost_emitted(const struct account *a, uint32_t hook)
{
	return a->lost[hook][IMS_LOSS_RING_FULL] + a->lost[hook][IMS_LOSS_NO_ENTRY] +
	       a->lost[hook][IMS_LOSS_STORM];
}

bool account_balanced(const struct account *a)
{
	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++)
		if (a->emitted[hook] != a->received[hook] + lost_emitted(a, hook))
			return false;
	return true;
}

static int tell_loss(struct account *a, uint32_t hook, uint32_t cause, struct ims_record *rec,
		     int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	uint64_t lost = a->lost[hook][cause], *told = &a->lost_told[hook][cause];

	if (lost <= *told)
		return 0;
	if (cause != IMS_LOSS_NO_ENTRY) /* see event.h: counted already, or not ours */
		a->lost_total += lost - *told;
	*told = lost;
	rec->type = IMS_REC_LOSS;
	rec->loss = (struct ims_loss){.hook = hook, .cause = cause, .lost = lost};
	return sink(arg, rec);
}

static int tell_count(struct account *a, uint32_t hook, struct ims_record *rec,
		      int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct ims_count *told = &a->count[hook];

	if (told->emitted == a->emitted[hook] && told->received == a->received[hook])
		return 0;
	*told = (struct ims_count){hook, a->emitted[hook], a->received[hook]};
	rec->type = IMS_REC_COUNT;
	rec->count = *told;
	return sink(arg, rec);
}

int account_tell(struct account *a, uint64_t time_ns,
		 int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct ims_record rec = {.time_ns = time_ns};
	int err = 0;

	for (uint32_t hook = 0; !err && hook < IMS_HOOK_MAX; hook++) {
		for (uint32_t cause = 0; !err && cause < IMS_LOSS_MAX; cause++)
			err = tell_loss(a, hook, cause, &rec, sink, arg);
		if (!err)
			err = tell_count(a, hook, &rec, sink, arg);
	}
	return err;
}
