// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - I/O page faults, and who mapped and unmapped there last.
 *
 * Single maps and unmaps are in the stream only when they were asked for. The last of them are kept
 * in a ring, in the order of the stream, which is not quite that of their times: so all of the ring
 * is searched for the newest before the fault, and what comes later but was earlier is looked at
 * again. A storm of faults is bounded by few verdicts for a device, and by what all searches may
 * take together.
 */
#include "internal.h"

#define PAGE_MASK	0xfffull
#define PAGES_OF_DEVICE 16
#define SEARCH_STEPS	(1ull << 28)

struct mapping {
	uint64_t time_ns;
	uint64_t iova, size;
	const char *comm;
	const struct ims_stack *stack;
	uint32_t pid;
	uint32_t domain : 31;
	uint32_t unmap : 1;
};

_Static_assert(sizeof(struct mapping) == 48, "as model_limits says");

struct faults {
	struct mapping *ring;
	uint32_t room, next;
	uint64_t kept; /* all that ever were */
	uint64_t steps;
	uint64_t last_ns;	/* of the newest fault */
	uint32_t unknown_pages; /* verdicts on faults of devices that are not known */
};

static struct faults *faults_get(struct model *m)
{
	if (!m->faults)
		m->faults = calloc(1, sizeof(*m->faults));
	return m->faults;
}

/* Doubles up to the limit, so that few operations take little memory. */
static int ring_grow(struct model *m, struct faults *f)
{
	uint32_t room = f->room ? 2 * f->room : 1024;
	struct mapping *ring;

	if (f->next < f->room || f->room >= m->limits.mappings)
		return 0;
	if (room > m->limits.mappings)
		room = m->limits.mappings;
	ring = realloc(f->ring, room * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	f->ring = ring;
	f->room = room;
	return 0;
}

static bool covers(const struct mapping *op, const struct model_fault *fault, uint64_t domain)
{
	return (op->domain == domain || op->domain == fault->left_domain) &&
	       fault->iova >= op->iova && fault->iova - op->iova < op->size;
}

static void consider(struct model_mapping *best, const struct mapping *op)
{
	if (op->time_ns < best->time_ns)
		return;
	*best = (struct model_mapping){
		.time_ns = op->time_ns,
		.domain = op->domain,
		.iova = op->iova,
		.size = op->size,
		.comm = op->comm,
		.pid = op->pid,
		.stack = op->stack,
	};
}

static void consider_for(struct model_fault *fault, const struct mapping *op)
{
	consider(op->unmap ? &fault->unmapped : &fault->mapped, op);
}

/* An operation that began before a fault we know already: the stream has it late. */
static void reconsider(struct model *m, const struct mapping *op)
{
	for (const struct verdict_node *v = m->verdicts; v; v = v->next)
		if (v->pub.fault && !v->pub.fault->more && !v->pub.fault->pasid &&
		    op->time_ns <= v->pub.time_ns && covers(op, v->pub.fault, v->pub.domain))
			consider_for((struct model_fault *)v->pub.fault, op);
}

int fault_mapping(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct faults *f = faults_get(m);
	struct mapping *op;

	/* A map that failed made none, and what has no number belongs to no domain we know. */
	if (!f || ring_grow(m, f))
		return -ENOMEM;
	if (!f->room || !e->domain || e->domain >= 1u << 31 ||
	    (e->result && e->hook == IMS_HOOK_MAP))
		return 0;
	if (f->next == f->room)
		f->next = 0;
	op = &f->ring[f->next++];
	*op = (struct mapping){
		.time_ns = time_ns,
		.iova = e->iova,
		.size = e->size,
		.comm = intern(m, e->comm),
		.stack = intern_stack(m, e->stack.count ? &e->stack : &e->user_stack),
		.pid = e->pid,
		.domain = e->domain,
		.unmap = e->hook == IMS_HOOK_UNMAP,
	};
	f->kept++;
	if (time_ns <= f->last_ns && f->steps < SEARCH_STEPS) {
		f->steps += m->verdict_count;
		reconsider(m, op);
	}
	return 0;
}

static void search(struct model *m, struct model_fault *fault, uint64_t domain, uint64_t time_ns)
{
	struct faults *f = m->faults;
	uint32_t kept = f->kept < f->room ? f->kept : f->room;

	if ((!domain && !fault->left_domain) || fault->pasid || !fault->iova_known ||
	    f->steps > SEARCH_STEPS)
		return;
	f->steps += kept;
	fault->searched = kept;
	for (uint32_t i = 0; i < kept; i++)
		if (f->ring[i].time_ns <= time_ns && covers(&f->ring[i], fault, domain))
			consider_for(fault, &f->ring[i]);
}

static struct verdict_key page_key(const struct model_verdict *v, const struct model_fault *fault)
{
	return (struct verdict_key){
		.kind = MODEL_FAULT,
		.number = fault->more ? 1 : 0,
		.domain = fault->more ? 0 : fault->iova & ~PAGE_MASK,
		.one = v->device,
		.two = v->device_instance,
	};
}

/* Either counts one of the verdicts given, or gives a new one. */
static int tell(struct model *m, struct model_verdict *v, struct model_fault *fault,
		struct device_node *dev)
{
	uint32_t *pages = dev ? &dev->fault_pages : &m->faults->unknown_pages;
	struct model_verdict *told;
	struct model_fault *own;

	told = verdict_known(m, page_key(v, fault));
	if (!told && *pages >= PAGES_OF_DEVICE) {
		fault->more = true;
		told = verdict_known(m, page_key(v, fault));
	}
	if (told) {
		told->count += v->count;
		told->last_ns = v->time_ns;
		return 0;
	}
	if (!fault->more)
		search(m, fault, v->domain, v->time_ns);
	own = malloc(sizeof(*own));
	if (!own)
		return -ENOMEM;
	*own = *fault;
	v->fault = own;
	if (!verdict_once(m, v, page_key(v, fault), 0)) {
		free(own);
		return 0;
	}
	(*pages)++;
	return 0;
}

static struct model_fault fault_of(struct model *m, const struct ims_event *e)
{
	return (struct model_fault){
		.iova = e->iova,
		.write = e->flags & IMS_EVENT_WRITE,
		.access_known = !(e->flags & IMS_EVENT_NO_ACCESS),
		.iova_known = !(e->flags & IMS_EVENT_NO_ACCESS) || e->iova,
		.pasid = e->flags & IMS_EVENT_PASID,
		.reason = intern(m, e->reason),
		.mapped = {.comm = ""},
		.unmapped = {.comm = ""},
	};
}

/* Of the event's domain, else of that the device is on. */
static struct domain_node *fault_domain(struct model *m, const struct ims_event *e,
					const struct device_node *dev, int *err)
{
	struct domain_node *d = domain_get(m, e->domain, err);

	if (!d && dev && !(e->flags & IMS_EVENT_PASID))
		d = domain_find(m, dev->pub.domain);
	if (d)
		domain_learn_format(m, d, e);
	return d;
}

/* What the device was on when it did the DMA, if that is not where it is by now. */
static void fault_left(struct model_fault *fault, const struct device_node *dev, uint64_t domain,
		       uint64_t time_ns)
{
	if (!dev || fault->pasid || !dev->left_domain || dev->left_domain == domain ||
	    dev->left_ns > time_ns || time_ns - dev->left_ns > MODEL_QUEUED_NS)
		return;
	fault->left_domain = dev->left_domain;
	fault->left_ns = dev->left_ns;
}

int fault_apply(struct model *m, const struct ims_event *e, uint64_t time_ns)
{
	struct model_fault fault = fault_of(m, e);
	struct faults *f = faults_get(m);
	struct instance_node *instance;
	struct model_verdict v;
	struct device_node *dev;
	struct domain_node *d;
	int err = 0, ret;

	if (!f)
		return -ENOMEM;
	dev = event_device(m, e, &err);
	d = fault_domain(m, e, dev, &err);
	instance = instance_get(m, e->instance, &err);
	v = (struct model_verdict){
		.kind = MODEL_FAULT,
		.time_ns = time_ns,
		.count = 1,
		.domain = d ? d->pub.id : 0,
		.group = dev && dev->pub.group ? dev->pub.group->id : IMS_NO_GROUP,
		.hook = e->hook,
		.device = dev ? dev->pub.name : "",
		.device_instance = instance ? &instance->pub
				   : dev    ? dev->pub.instance
					    : NULL,
		.domain_instance = d ? d->pub.instance : NULL,
		.evidence = d ? d->pub.evidence : MODEL_EVIDENCE_NONE,
		.comm = "",
		.function = intern(m, e->function),
		.reason = "",
	};
	fault_left(&fault, dev, v.domain, time_ns);
	if (time_ns > f->last_ns)
		f->last_ns = time_ns;
	ret = tell(m, &v, &fault, dev);
	return ret ? ret : err;
}

static bool in_place(const struct model *m, const char *function)
{
	for (size_t i = 0; i < m->plan_count; i++)
		if (m->plan[i].hook == IMS_HOOK_FAULT && !strcmp(m->plan[i].function, function) &&
		    (!strcmp(m->plan[i].state, "attached") || !strcmp(m->plan[i].state, "silent")))
			return true;
	return false;
}

/* One of these tells the faults of a driver; both empty: nothing does. */
static const char *const *functions_of(const char *driver)
{
	static const struct {
		const char *prefix, *function[2];
	} table[] = {
		{"arm-smmu-v3", {"arm_smmu_evtq_thread", ""}},
		{"iommuscope-smmuv3", {"evtq_fault", ""}},
		{"intel_iommu", {"dmar_fault", ""}},
		{"amd_iommu", {"iommu_poll_events", "amd_iommu_int_thread"}},
		{"virtio_iommu", {"", ""}},
		{"", {"report_iommu_fault", ""}},
	};
	size_t i = 0;

	while (strncmp(driver, table[i].prefix, strlen(table[i].prefix)))
		i++;
	return table[i].function;
}

bool faults_hooked(const struct model *m)
{
	for (const struct instance_node *i = m->instances; m->plan_count && i; i = i->hh.next) {
		const char *const *function = functions_of(i->pub.driver);

		if (!in_place(m, function[0]) && !in_place(m, function[1]))
			return false;
	}
	return true;
}

void faults_free(struct model *m)
{
	if (m->faults)
		free(m->faults->ring);
	free(m->faults);
}
