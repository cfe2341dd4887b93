// SPDX-License-Identifier: GPL-2.0-only
/* attach.c - one attach of one device: which instances meet, and what follows from the result. */
#include "internal.h"

/* Identity and blocked domains are singletons that every instance shares: they never mismatch. */
bool attach_is_global(uint32_t type)
{
	return !(type & (IMS_DOMAIN_PAGING | IMS_DOMAIN_NESTED | IMS_DOMAIN_SVA));
}

/* The rule that holds where the domain and the device meet. */
enum model_rule attach_rule(const struct attach *a)
{
	const struct model_instance *dom = a->domain_instance, *dev = a->device_instance;

	/* No driver takes the domain of another driver. */
	if (*dom->driver && *dev->driver && dom->driver != dev->driver)
		return MODEL_RULE_BOUND;
	return dev->rule;
}

struct model_verdict attach_verdict(struct model *m, const struct attach *a,
				    enum model_verdict_kind kind)
{
	const struct ims_event *e = a->event;

	return (struct model_verdict){
		.kind = kind,
		.time_ns = a->time_ns,
		.count = 1,
		.domain = e->domain,
		.group = a->group ? a->group->pub.id : IMS_NO_GROUP,
		.hook = e->hook,
		.device = a->device ? a->device->pub.name : "",
		.device_instance = a->device_instance,
		.domain_instance = a->domain_instance,
		.evidence = a->evidence,
		.pid = e->pid,
		.tid = e->tid,
		.comm = intern(m, e->comm),
		.function = intern(m, e->function),
		.stack = intern_stack(m, &e->stack),
		.result = e->result,
		.reason = "",
	};
}

/* The moment from which the history of @a's domain has to be complete. */
static uint64_t domain_since(const struct model *m, const struct attach *a)
{
	if (a->domain && a->domain->pub.alloc_seen)
		return a->domain->pub.alloc_ns;
	return m->overview.first_ns ? m->overview.first_ns : 1;
}

static struct verdict_key once_key(const struct attach *a, enum model_verdict_kind kind)
{
	return (struct verdict_key){
		.kind = kind,
		.domain = a->event->domain,
		.number = IMS_NO_GROUP,
		.one = a->device_instance,
	};
}

/* Whether @a is the first attach of a domain to a device it was not made for: the one the driver
 * chose when it told, else the one it was asked for. */
static bool is_proxy(struct model *m, const struct attach *a, bool *differ)
{
	uint32_t from, to = a->group ? a->group->pub.id : IMS_NO_GROUP;
	const struct model_instance *instance;
	struct domain_node *d = a->domain;
	struct device_node *made_for;
	bool chosen;

	if (!d || !d->pub.alloc_seen || !*d->pub.alloc_device || d->first_attach_seen)
		return false;
	d->first_attach_seen = true;
	chosen = *d->pub.chosen_device;
	made_for = device_find(m, chosen ? d->pub.chosen_device : d->pub.alloc_device);
	if (a->device && a->device == made_for)
		return false;
	instance = chosen ? d->chosen_instance : model_find_instance(m, d->pub.alloc_instance);
	*differ = instance && a->device_instance && instance != a->device_instance;
	from = chosen ? d->chosen_group : d->alloc_group;
	if (from == IMS_NO_GROUP && made_for && made_for->pub.group)
		from = made_for->pub.group->id;
	/* Without both groups only the instances can tell that it is not the group's domain. */
	return from == IMS_NO_GROUP || to == IMS_NO_GROUP ? *differ : from != to;
}

static void judge_proxy(struct model *m, const struct attach *a)
{
	struct model_verdict v;
	bool differ;

	if (!is_proxy(m, a, &differ))
		return;
	v = attach_verdict(m, a, MODEL_PROXY_ALLOC);
	v.severity = differ ? MODEL_WARNING : MODEL_INFO;
	verdict_add(m, &v, a->domain->pub.alloc_ns);
}

static void judge_late(struct model *m, const struct attach *a)
{
	struct model_verdict v = attach_verdict(m, a, MODEL_LATE_FINALISE);
	struct verdict_key key = {
		.kind = v.kind,
		.number = IMS_NO_GROUP,
		.one = v.comm,
		.two = v.device_instance,
	};

	verdict_once(m, &v, key, domain_since(m, a));
}

static void judge_accepted(struct model *m, const struct attach *a)
{
	struct model_verdict v = attach_verdict(m, a, MODEL_ACCEPTED_MISMATCH);
	struct verdict_key key = once_key(a, v.kind);

	/* The alloc device alone does not prove that the driver bound the domain to it. */
	if (a->evidence == MODEL_EVIDENCE_ALLOC_DEVICE) {
		v.kind = key.kind = MODEL_UNKNOWN;
		v.reason = intern(m, "the attach returned 0, but whether the driver had bound the "
				     "domain at alloc could not be read");
	}
	verdict_once(m, &v, key, a->evidence == MODEL_EVIDENCE_DRIVER ? 0 : domain_since(m, a));
}

void attach_judge_success(struct model *m, const struct attach *a)
{
	struct model_verdict v;

	if (a->event->flags & IMS_EVENT_FINALISED)
		judge_late(m, a);
	if (!a->domain_instance || !a->device_instance || a->domain_instance == a->device_instance)
		return;
	switch (attach_rule(a)) {
	case MODEL_RULE_BOUND:
		judge_accepted(m, a);
		break;
	case MODEL_RULE_SHARING:
		v = attach_verdict(m, a, MODEL_SHARED);
		verdict_once(m, &v, once_key(a, v.kind), 0);
		break;
	default:
		v = attach_verdict(m, a, MODEL_UNKNOWN);
		v.reason =
			intern(m, "whether domains of this driver may span instances is not known");
		verdict_once(m, &v, once_key(a, v.kind), 0);
	}
}

static int judge_failed(struct model *m, const struct attach *a)
{
	if (attach_is_global(a->type))
		return attempt_failed(m, a, MODEL_VERDICTS, "");
	if (a->bound_to_none)
		return attempt_failed(m, a, MODEL_ATTACH_FAILED,
				      "the domain was not bound to any instance");
	if (!a->domain_instance)
		return attempt_failed(m, a, MODEL_UNKNOWN,
				      "the instance of the domain is not known");
	if (!a->device_instance)
		return attempt_failed(m, a, MODEL_UNKNOWN,
				      "the instance of the device is not known");
	if (a->domain_instance == a->device_instance)
		return attempt_failed(m, a, MODEL_ATTACH_FAILED, "");
	switch (attach_rule(a)) {
	case MODEL_RULE_BOUND:
		return attempt_failed(m, a, MODEL_SOFT_MISMATCH, "");
	case MODEL_RULE_SHARING:
		return attempt_failed(m, a, MODEL_ATTACH_FAILED,
				      "its driver lets domains span instances, so that they differ "
				      "explains nothing");
	default:
		return attempt_failed(
			m, a, MODEL_UNKNOWN,
			"whether domains of this driver may span instances is not known");
	}
}

/* Takes over what the driver's struct said, the strongest evidence. */
void domain_learn_driver(struct model *m, struct domain_node *d, const struct ims_event *e,
			 int *err)
{
	struct instance_node *instance;

	domain_learn_format(m, d, e);
	if (!(e->flags & IMS_EVENT_DRIVER_READ) || attach_is_global(d->pub.type))
		return;
	d->pub.bound_to_none = !*e->domain_instance;
	if (d->pub.bound_to_none) {
		d->pub.instance = NULL;
		d->pub.evidence = MODEL_EVIDENCE_NONE;
		return;
	}
	instance = instance_get(m, e->domain_instance, err);
	if (!instance)
		return;
	share_confirm(d, &instance->pub);
	/* A sharing driver tells one instance of several: the first that it told stays. */
	if (d->pub.evidence != MODEL_EVIDENCE_DRIVER || instance->pub.rule != MODEL_RULE_SHARING)
		domain_learn(d, &instance->pub, MODEL_EVIDENCE_DRIVER);
}

static void learn_from_success(struct model *m, const struct attach *a)
{
	struct domain_node *d = a->domain;

	if (a->device)
		device_set_domain(m, a->device, a->event->domain);
	if (a->group)
		group_set_domain(m, a->group, d ? d->pub.id : 0);
	if (d)
		d->attached = true;
	if (d && !a->device && !a->group)
		d->untracked = true;
	if (!d || attach_is_global(a->type) || (a->event->flags & IMS_EVENT_DRIVER_READ))
		return;
	/* Accepted behind another instance: the alloc device was not where the domain is bound. */
	if (d->pub.evidence == MODEL_EVIDENCE_ALLOC_DEVICE && a->device_instance &&
	    a->device_instance != d->pub.instance && attach_rule(a) != MODEL_RULE_SHARING)
		d->pub.evidence = MODEL_EVIDENCE_NONE;
	domain_learn(d, a->device_instance, MODEL_EVIDENCE_FIRST_ATTACH);
	if (d->pub.instance)
		d->pub.bound_to_none = false;
}

/* Fills in who meets whom; what is not in the event comes from what is known so far. */
void attach_gather(struct model *m, struct attach *a, const struct ims_event *e, uint64_t time_ns,
		   int *err)
{
	struct instance_node *instance;

	*a = (struct attach){.event = e, .time_ns = time_ns};
	a->domain = domain_get(m, e->domain, err);
	a->type = e->domain_type;
	if (a->domain) {
		if (!a->type && a->domain->pub.type_known)
			a->type = a->domain->pub.type;
		a->domain->pub.type = a->type;
		a->domain->pub.type_known = true;
	}
	a->device = event_device(m, e, err);
	a->group = e->group == IMS_NO_GROUP ? NULL : group_find(m, e->group);
	if (!a->group && a->device)
		a->group = (struct group_node *)a->device->pub.group;
	if (a->device)
		a->device_instance = a->device->pub.instance;
	else if (a->group)
		a->device_instance = a->group->pub.instance;

	instance = e->flags & IMS_EVENT_DRIVER_READ ? instance_get(m, e->domain_instance, err) : NULL;
	/* A sharing driver was asked for the device's instance only, which is never another. */
	if ((e->flags & IMS_EVENT_DRIVER_READ) &&
	    !(instance && instance->pub.rule == MODEL_RULE_SHARING && a->domain &&
	      a->domain->pub.instance)) {
		a->domain_instance = instance ? &instance->pub : NULL;
		a->evidence = instance ? MODEL_EVIDENCE_DRIVER : MODEL_EVIDENCE_NONE;
		a->bound_to_none = !*e->domain_instance;
	} else if (a->domain) {
		a->domain_instance = a->domain->pub.instance;
		a->evidence = a->domain->pub.evidence;
		a->bound_to_none = a->domain->pub.bound_to_none;
	}
}

int attach_apply(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct attach a;
	int err = 0, ret = 0;

	attach_gather(m, &a, e, time_ns, &err);
	if (!attach_is_global(a.type))
		judge_proxy(m, &a);
	if (e->result) {
		ret = judge_failed(m, &a);
	} else {
		if (!attach_is_global(a.type))
			attach_judge_success(m, &a);
		attempt_attached(m, &a);
		learn_from_success(m, &a);
	}
	if (a.domain)
		domain_learn_driver(m, a.domain, e, &err);
	return ret ? ret : err;
}
