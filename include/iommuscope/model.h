/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model.h - what a stream says: the objects, their statistics, and the verdicts.
 *
 * The model does no I/O and has no clock: records go in with model_apply(), views read it through
 * the iterators. Everything returned is the model's own and lives until the next model_apply()
 * (strings and instances: until model_free()). A string is never NULL, only empty; it comes from
 * the stream, so it has to be escaped before a terminal sees it.
 */
#ifndef IOMMUSCOPE_MODEL_H
#define IOMMUSCOPE_MODEL_H

#include <iommuscope/stream.h>

struct model;

/*
 * The most of each that is kept, whatever a stream says. What is over is counted in struct
 * model_over. At the cap of domains the one freed first gives way, unless a verdict names it.
 */
struct model_limits {
	uint32_t instances, groups, devices, domains;
	uint32_t stats; /* (object, operation) pairs, 1.2 KiB each */
	uint32_t verdicts;
	uint32_t tasks; /* threads with an attach whose outcome is open */
	uint32_t rows;	/* of the plan, and of loss */
	uint32_t facts; /* about the host */
	uint32_t stacks;
	uint32_t mappings; /* single maps and unmaps, the last ones: 48 bytes each */
	uint64_t string_bytes;
};

extern const struct model_limits model_limits_default;

/* Returns NULL when there is no memory. */
struct model *model_new(void);
struct model *model_new_limited(const struct model_limits *limits);
void model_free(struct model *m);

/* Takes in one record; nothing of @rec is kept. Returns 0 or -ENOMEM (the record is lost then). */
int model_apply(struct model *m, const struct ims_record *rec);

/* Tells what a reader found missing so far: loss, as if the stream had said so. */
void model_damage(struct model *m, const struct ims_damage *damage);

/* A domain that its owner keeps without a device for so long is a leak. */
#define MODEL_LEAK_NS 1000000000ull

/* How many domains would be leaks if the stream ended at @now_ns: for who looks before the end. */
uint64_t model_idle(struct model *m, uint64_t now_ns);

/* And for so long while the stream goes on, though it may be used again: the verdict stays, and the story tells. */
#define MODEL_LEAK_LIVE_NS (60 * MODEL_LEAK_NS)

/* It is @now_ns: what was kept for too long becomes a verdict. Looks at all domains now and then, so costs little. */
void model_look(struct model *m, uint64_t now_ns);

/* The stream is over: what was open becomes a verdict, and what was left behind a leak. */
void model_finish(struct model *m);

/* ---- objects ------------------------------------------------------------------------------ */

enum model_rule {
	MODEL_RULE_UNKNOWN,
	MODEL_RULE_BOUND,   /* a domain works on one instance only */
	MODEL_RULE_SHARING, /* a domain may span instances */
};

/* How the instance of a domain is known; a later one is stronger. */
enum model_evidence {
	MODEL_EVIDENCE_NONE,
	MODEL_EVIDENCE_SNAPSHOT,     /* the group it was found attached to at start */
	MODEL_EVIDENCE_FIRST_ATTACH, /* the first attach that succeeded */
	MODEL_EVIDENCE_ALLOC_DEVICE, /* the device given at alloc */
	MODEL_EVIDENCE_DRIVER,	     /* the driver's own struct */
};

/* One operation on one object, or on all. calls = the sum of the buckets + untimed. */
struct model_op {
	uint64_t calls, untimed, errors;
	uint64_t sum_ns, max_ns;
	uint64_t bytes; /* of map and unmap only */
	uint64_t bucket[IMS_HIST_BUCKETS];
};

/*
 * Domains have the first three: page-table work, and the invalidation apart. Instances have queue-sync,
 * and of the first three the sums of the domains that belong to them. Devices have the last two. An
 * outer operation contains inner ones: never add those up.
 */
enum model_op_kind {
	MODEL_OP_MAP,
	MODEL_OP_UNMAP,
	MODEL_OP_IOTLB_SYNC, /* contains queue-syncs */
	MODEL_OP_QUEUE_SYNC,
	MODEL_OP_DMA_MAP, /* contains maps */
	MODEL_OP_DMA_UNMAP, /* contains unmaps, and when strict iotlb-syncs */
	MODEL_OPS
};

/* Its hook, for its name. */
uint32_t model_op_hook(enum model_op_kind op);

struct model_device;
struct model_group;

struct model_instance {
	const char *name;
	const char *driver;
	enum model_rule rule;
	const char *rule_source;	  /* "table: arm-smmu-v3" */
	const struct model_group *groups; /* next_of_instance */
	const struct model_op *op[MODEL_OPS]; /* NULL: no statistics */
};

struct model_group {
	uint32_t id;
	uint32_t device_count;
	uint64_t domain; /* the current one; 0: none or not known */
	uint64_t default_domain;
	bool mixed;			       /* its devices are behind different instances */
	const struct model_instance *instance; /* of the device seen first; NULL: not known */
	const struct model_device *devices;    /* next_of_group */
	const struct model_group *next_of_instance;
};

struct model_device {
	const char *name;
	const struct model_group *group;       /* NULL: none, or not known */
	const struct model_instance *instance; /* NULL: not known */
	uint64_t domain;		       /* the current one; 0: none or not known */
	bool seen_at_start;
	bool removed;
	const struct model_device *next_of_group;
	const struct model_op *op[MODEL_OPS]; /* NULL: no statistics */
};

/* An instance that a domain of a sharing driver is used on now. */
struct model_share {
	const struct model_instance *instance;
	uint32_t device_count; /* attached to the domain, behind it */
	bool by_driver;	       /* the driver's own list has it; else the attached devices tell */
};

struct model_domain {
	uint64_t id;
	uint32_t type; /* the kernel's IOMMU_DOMAIN_* bits; see type_known */
	bool type_known;
	bool seen_at_start;
	bool alloc_seen;  /* the alloc_ fields, pid, tid, comm and stack say something */
	bool alloc_blind; /* no device was given; else an empty alloc_device is not known */
	bool freed;
	bool bound_to_none; /* the driver's struct said: no instance yet */
	enum model_evidence evidence;
	const struct model_instance *instance; /* NULL exactly when evidence is none */
	uint64_t alloc_ns, free_ns;
	const char *alloc_device;
	const char *alloc_instance;
	const char *chosen_device; /* for which the driver finalised it at alloc; "": not told */
	uint32_t pid, tid;
	const char *comm;
	const struct ims_stack *stack;
	uint32_t device_count;		      /* attached now */
	const char *format; /* of its page table: "stage 1", "first level", ...; "": not known */
	const struct model_share *share; /* of a sharing driver: all its instances */
	uint32_t share_count;
	const struct model_op *op[MODEL_OPS]; /* NULL: no statistics */
};

/* Each returns the object after @prev in the order they were first seen, NULL after the last;
 * the first for a @prev of NULL. */
const struct model_instance *model_next_instance(const struct model *m,
						 const struct model_instance *prev);
const struct model_group *model_next_group(const struct model *m, const struct model_group *prev);
const struct model_device *model_next_device(const struct model *m,
					     const struct model_device *prev);
const struct model_domain *model_next_domain(const struct model *m,
					     const struct model_domain *prev);

/* NULL when there is no such object (any more). Domain 0 has the statistics of all objects without
 * a slot of their own. */
const struct model_instance *model_find_instance(const struct model *m, const char *name);
const struct model_group *model_find_group(const struct model *m, uint32_t id);
const struct model_device *model_find_device(const struct model *m, const char *name);
const struct model_domain *model_find_domain(const struct model *m, uint64_t id);

/* "UNMANAGED", "DMA-FQ", ..., "?" for bits that are none of them. */
const char *model_domain_type(const struct model_domain *d);
const char *model_rule_name(enum model_rule rule);
const char *model_evidence_name(enum model_evidence evidence);

/*
 * The latency below which @permille of the timed calls were: the midpoint of its bucket (within
 * 12.5 %), never above max_ns. 0 when no call was timed.
 */
uint64_t model_op_percentile(const struct model_op *op, unsigned int permille);
/* As one record of statistics tells it. */
void model_op_read(struct model_op *op, const struct ims_stats *s);
/* Of the timed calls; 0 when there are none. */
uint64_t model_op_mean(const struct model_op *op);

/* ---- verdicts ----------------------------------------------------------------------------- */

enum model_severity {
	MODEL_INFO,
	MODEL_NOTICE,
	MODEL_UNDECIDED, /* of the verdict "unknown" */
	MODEL_WARNING,
	MODEL_ERROR,
	MODEL_CRITICAL,
};

enum model_verdict_kind {
	MODEL_ACCEPTED_MISMATCH,
	MODEL_HARD_MISMATCH,
	MODEL_SOFT_MISMATCH,
	MODEL_ATTACH_FAILED,
	MODEL_PROBE_LOST,
	MODEL_FAULT,
	MODEL_PASID_FORMAT,
	MODEL_LEAK,
	MODEL_UNMAP_SHORT,
	MODEL_BLIND_ALLOC,
	MODEL_PROXY_ALLOC,
	MODEL_MIXED_GROUP,
	MODEL_LATE_FINALISE,
	MODEL_SHARED,
	MODEL_UNKNOWN,
	MODEL_VERDICTS
};

struct model_verdict_info {
	const char *name; /* "soft-mismatch" */
	enum model_severity severity;
	const char *text; /* one line, what it means */
};

#define MODEL_QUEUED_NS 1000000000ull

/* A single map or unmap that a fault's IOVA was in. */
struct model_mapping {
	uint64_t time_ns; /* 0: none was found */
	uint64_t domain;
	uint64_t iova, size;
	const char *comm;
	uint32_t pid;
	const struct ims_stack *stack;
};

/* Of an I/O page fault; the verdict counts those of the same device on the same page. */
struct model_fault {
	uint64_t iova;
	bool write, access_known, pasid, iova_known;
	const char *reason;		    /* in the driver's words; may be "" */
	/* An IOMMU queues its faults: when the device left a domain less than MODEL_QUEUED_NS
	 * before the fault was read, the DMA may have been on that one. 0: it did not. */
	uint64_t left_domain, left_ns;
	/* The last of the first fault's IOVA before it, of the verdict's domain or of that left. */
	struct model_mapping mapped, unmapped;
	uint64_t searched; /* single maps and unmaps that were kept at that time */
	bool more;	   /* stands for all pages of the device that have no verdict of their own */
};

struct model_verdict {
	enum model_verdict_kind kind;
	enum model_severity severity; /* proxy-alloc: warning when the instances differ */
	uint64_t time_ns, last_ns;    /* of the first and the last occurrence */
	uint64_t count;	 /* occurrences; attempts for a mismatch; calls for unmap-short */
	uint64_t domain; /* 0: none, or without a number */
	uint32_t group;	 /* IMS_NO_GROUP */
	uint32_t hook;	 /* where it was seen */
	const char *device;
	const struct model_instance *device_instance; /* NULL: not known */
	const struct model_instance *domain_instance; /* NULL: not known, or bound to none */
	enum model_evidence evidence;		      /* of domain_instance */
	uint32_t pid, tid;
	const char *comm;
	const char *function; /* of the event, or of the caller once it returned; may be "" */
	const struct ims_stack *stack;
	int32_t result; /* 0 or -errno */

	/* What a failed attempt cost: the sum of cost_calls calls of cost_hook,
	 * IMS_HOOK_ATTACH_GROUP when these were seen (they contain the driver's), else
	 * IMS_HOOK_ATTACH. Calls that were not timed are in cost_untimed only. */
	uint64_t cost_ns;
	uint32_t cost_hook, cost_calls, cost_untimed;

	uint64_t retry_domain; /* the domain the caller ended on; 0: none */
	uint64_t retry_ns;     /* time of that attach */

	const struct model_fault *fault; /* of MODEL_FAULT only */

	const char *reason;   /* unknown: why; else "" or a detail for the story */
	const char *degraded; /* "": sound; else why something may have been missed */
};

const struct model_verdict_info *model_verdict_info(enum model_verdict_kind kind);
/* The kind called @name, or -ENOENT. */
int model_verdict_kind(const char *name);
const char *model_severity_name(enum model_severity severity);
const struct model_verdict *model_next_verdict(const struct model *m,
					       const struct model_verdict *prev);
/* Verdicts of @kind: the sum of their counts is not in here. */
uint64_t model_verdict_count(const struct model *m, enum model_verdict_kind kind);

/* ---- the stream itself -------------------------------------------------------------------- */

/* What the caps kept out: objects, and for strings the uses of one that could not be stored. */
struct model_over {
	uint64_t instances, groups, devices, domains, stats, verdicts, tasks, rows, stacks, strings;
	uint64_t forgotten; /* freed domains that gave way to new ones */
};

struct model_overview {
	uint64_t first_ns, last_ns; /* of events and statistics; 0: there were none */
	uint64_t records, unknown_records;
	uint64_t events[IMS_HOOK_MAX]; /* without the snapshot's, which are under its hook */
	uint64_t failed[IMS_HOOK_MAX]; /* of those, with a result other than 0 */
	uint64_t instances, groups, devices, domains; /* devices: not removed; domains: not freed */
	uint64_t lost;				      /* sum over hooks and causes */
	uint64_t attached_rows, missing_rows, plan_rows; /* rows of the plan, by state */
	bool finished;
	bool ended; /* the stream said so; when it finished without, its recording was cut off */
	struct ims_damage damage;
	struct model_over over;
	struct model_op op[MODEL_OPS]; /* over all objects */
};

const struct model_overview *model_overview(const struct model *m);
/* Row @i from 0, NULL after the last. */
const struct ims_host *model_host(const struct model *m, size_t i);
const struct ims_plan *model_plan(const struct model *m, size_t i);
const struct ims_loss *model_loss(const struct model *m, size_t i);
/* Of @hook, all 0 when the stream does not tell. Once it has ended, what was emitted, not received and
 * not told as lost is a row of model_loss(), "unaccounted". */
const struct ims_count *model_count(const struct model *m, uint32_t hook);

/* Whether the plan has a point of @hook in place, and none that failed: a function that the kernel
 * has was not hooked then. A stream without a plan may have all its events. */
bool model_hooked(const struct model *m, uint32_t hook);
/* A hook that verdicts of @kind need and that is not in place, IMS_HOOK_SNAPSHOT when that found
 * nothing; IMS_HOOK_NONE: all are. Without it, that there is no such verdict says nothing. */
uint32_t model_missing_hook(const struct model *m, enum model_verdict_kind kind);

/* What the recording was filtered by: then statistics do not say all. "": by nothing. */
const char *model_filter(const struct model *m);

/* Whether anything is known to be missing: loss, damage, the end, or objects over a cap. */
bool model_lossy(const struct model *m);

#endif
