// SPDX-License-Identifier: GPL-2.0-only
/*
 * attempt.c - what a thread does about an attach that failed.
 *
 * A mismatch is soft or hard by what follows on the same thread: an attach of the same group to
 * another domain, or the return of the operation with an error. Until then it is pending. The core
 * repeats and undoes attaches on its own, so an attempt is one (domain, group) of a thread until
 * its caller returns, however many calls it took.
 */
#include "internal.h"

#define ATTEMPTS_PER_TASK 16

static const char not_seen[] = "a mismatched attach failed; what the caller did next was not seen";

static const char *not_seen_because(struct model *m, const char *reason)
{
	return intern_format(m, "%s%s%s", not_seen, *reason ? ": " : "", reason);
}

static void attempt_cost(const struct attempt *at, struct model_verdict *v)
{
	bool group = at->group_calls;

	v->cost_hook = group ? IMS_HOOK_ATTACH_GROUP : IMS_HOOK_ATTACH;
	v->cost_ns = group ? at->group_ns : at->attach_ns;
	v->cost_calls = group ? at->group_calls : at->attach_calls;
	v->cost_untimed = group ? at->group_untimed : at->attach_untimed;
}

static void attempt_tell(struct model *m, struct attempt *at, enum model_verdict_kind kind,
			 const char *reason)
{
	/* Unknown claims nothing; a refusal between equal instances read from the driver stands. */
	bool stands = kind == MODEL_UNKNOWN ||
		      (kind == MODEL_ATTACH_FAILED && at->v.evidence == MODEL_EVIDENCE_DRIVER);

	at->v.kind = kind;
	at->v.reason = reason;
	attempt_cost(at, &at->v);
	at->told = verdict_add(m, &at->v, stands ? 0 : at->v.time_ns);
}

static void attempt_give_up(struct model *m, struct attempt *at, const char *reason)
{
	if (at->state != ATTEMPT_PENDING)
		return;
	attempt_tell(m, at, MODEL_UNKNOWN, reason);
	at->state = ATTEMPT_JUDGED;
}

static bool attempt_is_of(const struct attempt *at, uint32_t group, const char *device)
{
	if (at->v.group != IMS_NO_GROUP && group != IMS_NO_GROUP)
		return at->v.group == group;
	return *device && !strcmp(at->v.device, device);
}

static struct task_node *task_find(const struct model *m, uint32_t tid)
{
	struct task_node *task;

	HASH_FIND(hh, m->tasks, &tid, sizeof(tid), task);
	return task;
}

static void task_drop_attempt(struct task_node *task, struct attempt **link)
{
	struct attempt *at = *link;

	*link = at->next;
	task->attempt_count--;
	free(at);
}

static void task_delete(struct model *m, struct task_node *task)
{
	while (task->attempts)
		task_drop_attempt(task, &task->attempts);
	HASH_DEL(m->tasks, task);
	free(task);
}

static void task_evict(struct model *m)
{
	struct task_node *task = m->tasks; /* the oldest */
	const char *reason = intern(m, "too many attaches were open at once");

	for (struct attempt *at = task->attempts; at; at = at->next) {
		if (at->state == ATTEMPT_PENDING)
			m->overview.over.tasks++;
		attempt_give_up(m, at, reason);
	}
	task_delete(m, task);
}

static struct task_node *task_get(struct model *m, uint32_t tid)
{
	struct task_node *task = task_find(m, tid);

	if (task)
		return task;
	if (m->tasks && HASH_COUNT(m->tasks) >= m->limits.tasks)
		task_evict(m);
	task = calloc(1, sizeof(*task));
	if (!task)
		return NULL;
	task->tid = tid;
	HASH_ADD(hh, m->tasks, tid, sizeof(task->tid), task);
	if (!task->hh.tbl) {
		free(task);
		return NULL;
	}
	return task;
}

static struct attempt *attempt_new(struct model *m, struct task_node *task)
{
	struct attempt *at = calloc(1, sizeof(*at)), **link = &task->attempts;

	if (!at)
		return NULL;
	at->next = task->attempts;
	task->attempts = at;
	if (++task->attempt_count <= ATTEMPTS_PER_TASK)
		return at;
	while ((*link)->next)
		link = &(*link)->next;
	if ((*link)->state == ATTEMPT_PENDING)
		m->overview.over.tasks++;
	attempt_give_up(m, *link, intern(m, "too many attaches were open at once"));
	task_drop_attempt(task, link);
	return at;
}

static struct attempt **attempt_find(struct task_node *task, uint64_t domain, uint32_t group,
				     const char *device)
{
	struct attempt **link;

	for (link = &task->attempts; *link; link = &(*link)->next)
		if ((*link)->v.domain == domain && attempt_is_of(*link, group, device))
			return link;
	return NULL;
}

static void attempt_count_call(struct attempt *at, const struct ims_event *e)
{
	bool untimed = e->flags & IMS_EVENT_UNTIMED;

	if (e->hook == IMS_HOOK_ATTACH_GROUP) {
		at->group_calls++;
		at->group_untimed += untimed;
		at->group_ns += untimed ? 0 : e->duration_ns;
		at->group_returned = true;
	} else {
		at->attach_calls++;
		at->attach_untimed += untimed;
		at->attach_ns += untimed ? 0 : e->duration_ns;
	}
	if (at->told)
		attempt_cost(at, at->told);
}

static void attempt_judge(struct model *m, struct attempt *at, enum model_verdict_kind kind,
			  const char *reason)
{
	if (kind == MODEL_SOFT_MISMATCH && at->v.time_ns > m->loss_ns) {
		at->state = ATTEMPT_PENDING;
		return;
	}
	at->state = ATTEMPT_JUDGED;
	if (kind == MODEL_SOFT_MISMATCH)
		attempt_tell(m, at, MODEL_UNKNOWN, not_seen_because(m, m->loss_reason));
	else if (kind != MODEL_VERDICTS)
		attempt_tell(m, at, kind, intern(m, reason));
}

int attempt_failed(struct model *m, const struct attach *a, enum model_verdict_kind kind,
		   const char *reason)
{
	uint32_t group = a->group ? a->group->pub.id : IMS_NO_GROUP;
	const char *device = a->device ? a->device->pub.name : "";
	struct task_node *task = task_get(m, a->event->tid);
	struct attempt **link, *at;

	if (!task)
		return -ENOMEM;
	link = attempt_find(task, a->event->domain, group, device);
	if (link && (*link)->state == ATTEMPT_RESOLVED) {
		task_drop_attempt(task, link);
		link = NULL;
	}
	if (link) {
		at = *link;
		attempt_count_call(at, a->event);
		if (a->event->hook == IMS_HOOK_ATTACH_GROUP)
			return 0;
		at->v.count++;
		if (at->told) {
			at->told->count++;
			at->told->last_ns = a->time_ns;
		}
		return 0;
	}
	at = attempt_new(m, task);
	if (!at)
		return -ENOMEM;
	at->v = attach_verdict(m, a, kind);
	at->type = a->type;
	at->before = a->group ? a->group->pub.domain : a->device ? a->device->pub.domain : 0;
	attempt_count_call(at, a->event);
	attempt_judge(m, at, kind, reason);
	return 0;
}

/* The core restores what was there before it reports a failed group attach. */
static bool attach_is_unwinding(const struct attempt *at, const struct attach *a)
{
	uint64_t domain = a->event->domain;

	if (a->group && a->group->pub.default_domain && domain == a->group->pub.default_domain)
		return true;
	/* For want of a blocking domain older kernels take an empty unmanaged one. */
	if (a->group && domain && domain == a->group->core_domain)
		return true;
	/* Only the core itself attaches domains of the DMA API. */
	if ((a->type & IMS_DOMAIN_DMA_API) && !(at->type & IMS_DOMAIN_DMA_API))
		return true;
	return domain && domain == at->before && !at->group_returned;
}

static void attempt_retried(struct model *m, struct attempt *at, const struct attach *a)
{
	at->v.retry_domain = a->event->domain;
	at->v.retry_ns = a->time_ns;
	if (at->state == ATTEMPT_PENDING)
		attempt_tell(m, at, MODEL_SOFT_MISMATCH, "");
	else if (at->told)
		verdict_set_retry(m, at->told, a->event->domain, a->time_ns);
	at->state = ATTEMPT_RESOLVED;
}

void attempt_attached(struct model *m, const struct attach *a)
{
	uint32_t group = a->group ? a->group->pub.id : IMS_NO_GROUP;
	const char *device = a->device ? a->device->pub.name : "";
	struct task_node *task = task_find(m, a->event->tid);

	if (!task || !(a->type & IMS_DOMAIN_PAGING))
		return;
	for (struct attempt *at = task->attempts; at; at = at->next) {
		if (at->state == ATTEMPT_RESOLVED || !attempt_is_of(at, group, device))
			continue;
		if (at->v.domain != a->event->domain || !at->v.domain) {
			if (!attach_is_unwinding(at, a))
				attempt_retried(m, at, a);
		} else if (!strcmp(at->v.device, device)) {
			attempt_give_up(m, at,
					intern(m, "a mismatched attach failed, and the same "
						  "attach then succeeded"));
			at->state = ATTEMPT_RESOLVED;
		}
	}
}

int attempt_group_returned(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct task_node *task = task_find(m, e->tid);
	struct attempt **link = NULL;
	struct attach a;
	int err = 0, ret;

	attach_gather(m, &a, e, time_ns, &err);
	if (!e->result) {
		attempt_attached(m, &a);
		if (a.domain)
			a.domain->called = true;
		if (a.group && a.domain)
			group_set_domain(m, a.group, e->domain);
		return err;
	}
	if (task)
		link = attempt_find(task, e->domain, e->group, e->device);
	if (link && ((*link)->state != ATTEMPT_RESOLVED || !(*link)->group_returned)) {
		attempt_count_call(*link, e);
		return err;
	}
	if (attach_is_global(a.type))
		return err;
	/* The driver's refusal would have been seen, had it been asked. */
	if (m->overview.events[IMS_HOOK_ATTACH] && e->domain && time_ns > m->loss_ns)
		ret = attempt_failed(m, &a, MODEL_ATTACH_FAILED,
				     "the core refused, the driver was not asked");
	else
		ret = attempt_failed(m, &a, MODEL_UNKNOWN,
				     "a group attach failed, the driver's part was not seen");
	return ret ? ret : err;
}

int attempt_caller_returned(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct task_node *task = task_find(m, e->tid);
	const char *function = intern(m, e->function);

	if (!task)
		return 0;
	for (struct attempt *at = task->attempts; at; at = at->next) {
		if (at->state == ATTEMPT_PENDING) {
			at->v.function = function;
			attempt_tell(m, at, e->result ? MODEL_HARD_MISMATCH : MODEL_UNKNOWN,
				     e->result ? "" : intern(m, not_seen));
		} else if (at->told) {
			at->told->function = function;
		}
	}
	task_delete(m, task);
	return 0;
}

static void probe_lost(struct model *m, const struct attempt *at, const struct ims_event *e,
		       uint64_t time_ns)
{
	struct model_verdict v = at->v;

	v.kind = MODEL_PROBE_LOST;
	v.severity = MODEL_INFO;
	v.count = 1;
	v.hook = e->hook;
	v.time_ns = time_ns;
	v.result = e->result;
	v.function = intern(m, e->function);
	v.reason = "";
	if (*e->device)
		v.device = intern(m, e->device);
	verdict_add(m, &v, at->v.time_ns);
}

int attempt_probe_returned(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct task_node *task = task_find(m, e->tid);
	struct attempt **link;
	bool lost = false;

	if (!task)
		return 0;
	for (link = &task->attempts; *link;) {
		struct attempt *at = *link;

		if (strcmp(at->v.device, e->device) && !attempt_is_of(at, e->group, e->device)) {
			link = &at->next;
			continue;
		}
		if (at->state == ATTEMPT_PENDING) {
			at->v.function = intern(m, e->function);
			attempt_tell(m, at, e->result ? MODEL_HARD_MISMATCH : MODEL_UNKNOWN,
				     e->result ? "" : intern(m, not_seen));
		}
		if (e->result && !lost && at->state != ATTEMPT_RESOLVED) {
			probe_lost(m, at, e, time_ns);
			lost = true;
		}
		task_drop_attempt(task, link);
	}
	if (!task->attempts)
		task_delete(m, task);
	return 0;
}

void attempts_give_up(struct model *m, const char *reason)
{
	reason = not_seen_because(m, reason);
	for (struct task_node *task = m->tasks; task; task = task->hh.next)
		for (struct attempt *at = task->attempts; at; at = at->next)
			attempt_give_up(m, at, reason);
}

void attempts_free(struct model *m)
{
	struct task_node *task, *next;

	HASH_ITER (hh, m->tasks, task, next)
		task_delete(m, task);
}
