// SPDX-License-Identifier: GPL-2.0-only
/*
 * loss.c - what is missing, and what it does to verdicts.
 *
 * A LOSS record says that something was lost before it, not when. So every verdict told since the
 * last such record is marked, and what is still open is not decided.
 */
#include "internal.h"

/* Whether an event that could decide a verdict is gone: not for statistics, not for faults, which
 * decide nothing but themselves, and not for calls that were under way when the capture began. */
static bool loss_is_lifecycle(const struct ims_loss *loss)
{
	if (loss->hook == IMS_HOOK_MAP || loss->hook == IMS_HOOK_UNMAP ||
	    loss->hook == IMS_HOOK_FAULT)
		return false;
	return loss->cause != IMS_LOSS_SLOTS && loss->cause != IMS_LOSS_NO_ENTRY;
}

void loss_happened(struct model *m, uint64_t time_ns, const char *reason)
{
	struct verdict_node *v;

	m->loss_reason = reason;
	/* 0 means never, and a record without a time may not hide in the past. */
	if (!time_ns)
		time_ns = m->overview.last_ns ? m->overview.last_ns : 1;
	if (time_ns > m->loss_ns)
		m->loss_ns = time_ns;
	for (v = m->first_sound; v; v = v->next)
		if (v->since_ns && !*v->pub.degraded)
			v->pub.degraded = reason;
	m->first_sound = NULL;
	attempts_give_up(m, reason);
}

int loss_apply(struct model *m, const struct ims_loss *loss, uint64_t time_ns)
{
	uint64_t before = 0;
	size_t i;
	int err;

	for (i = 0; i < m->loss_count; i++)
		if (m->loss[i].hook == loss->hook && m->loss[i].cause == loss->cause)
			break;
	if (i < m->loss_count) {
		before = m->loss[i].lost;
	} else {
		if (!loss->lost)
			return 0;
		err = row_add(m, (void **)&m->loss, &m->loss_count, sizeof(*loss), &i);
		if (err && err != -ENOSPC)
			return err;
		if (err) {
			loss_happened(m, time_ns,
				      intern(m, "lost events: more kinds than are kept"));
			return 0;
		}
	}
	m->loss[i] = *loss;
	/* What a call without its entry lost is counted as "inflight"; the others began before us. */
	if (loss->cause != IMS_LOSS_NO_ENTRY)
		m->overview.lost += loss->lost - before;
	if (loss->lost > before && loss_is_lifecycle(loss))
		loss_happened(m, time_ns,
			      intern_format(m, "%s events were lost (%s)",
					    ims_hook_name(loss->hook),
					    ims_loss_cause_name(loss->cause)));
	return 0;
}

int loss_count(struct model *m, const struct ims_count *count)
{
	if (count->hook < IMS_HOOK_MAX)
		m->count[count->hook] = *count;
	return 0;
}

/* What LOSS records say of events that were counted as emitted. */
static uint64_t lost_emitted(const struct model *m, uint32_t hook)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < m->loss_count; i++)
		if (m->loss[i].hook == hook && (m->loss[i].cause == IMS_LOSS_RING_FULL ||
						m->loss[i].cause == IMS_LOSS_NO_ENTRY ||
						m->loss[i].cause == IMS_LOSS_STORM))
			lost += m->loss[i].lost;
	return lost;
}

void loss_balance(struct model *m)
{
	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++) {
		const struct ims_count *c = &m->count[hook];
		uint64_t known = c->received + lost_emitted(m, hook);
		struct ims_loss loss = {.hook = hook, .cause = IMS_LOSS_UNACCOUNTED};

		/* More than was emitted is as wrong. Without any count the stream does not tell. */
		loss.lost = c->emitted > known ? c->emitted - known : known - c->emitted;
		if ((c->emitted || c->received) && loss.lost)
			loss_apply(m, &loss, m->overview.last_ns);
	}
}

void model_damage(struct model *m, const struct ims_damage *now)
{
	struct ims_damage *old = &m->overview.damage;
	bool worse = now->skipped_bytes > old->skipped_bytes || now->bad_chunks > old->bad_chunks ||
		     now->missing_chunks > old->missing_chunks ||
		     (now->truncated && !old->truncated);

	*old = *now;
	m->overview.ended |= now->ended;
	if (worse)
		loss_happened(m, m->overview.last_ns, intern(m, "the stream is damaged"));
}

bool model_lossy(const struct model *m)
{
	const struct model_overview *o = &m->overview;
	const struct ims_damage *d = &o->damage;
	const struct model_over *over = &o->over;

	return o->lost || m->loss_ns || o->unknown_records || d->skipped_bytes || d->bad_chunks ||
	       d->missing_chunks || d->unknown_records || d->truncated || over->instances ||
	       over->groups || over->devices || over->domains || over->stats || over->verdicts ||
	       over->tasks || over->rows || over->stacks || over->strings ||
	       (o->finished && !o->ended);
}
