/* SPDX-License-Identifier: GPL-2.0-only */
/* internal.h - what the files of the model share. */
#ifndef MODEL_INTERNAL_H
#define MODEL_INTERNAL_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A table that cannot grow leaves hh.tbl NULL instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include <iommuscope/model.h>

struct string_node {
	UT_hash_handle hh;
	char text[];
};

struct stack_node {
	struct ims_stack pub;
	UT_hash_handle hh;
	const char *frame[]; /* interned: equal stacks have equal bytes here */
};

struct instance_node {
	struct model_instance pub;
	struct group_node *last_group;
	UT_hash_handle hh;
};

struct group_node {
	struct model_group pub;
	struct group_node *prev_of_instance;
	struct device_node *last_device;
	uint64_t core_domain; /* where the core put it when a caller gave it back */
	UT_hash_handle hh;
};

struct device_node {
	struct model_device pub;
	uint64_t left_domain, left_ns; /* the last that translated for it, and until when; 0: none */
	uint32_t fault_pages;	       /* verdicts on faults of its own */
	struct device_node *prev_of_group;
	UT_hash_handle hh;
};

struct domain_node {
	struct model_domain pub;
	uint32_t alloc_group;  /* group of alloc_device when the alloc was seen */
	uint32_t chosen_group; /* of chosen_device, and its instance, when the driver told */
	const struct model_instance *chosen_instance;
	uint64_t idle_ns; /* since when no device is attached */
	bool first_attach_seen;
	bool attached;	/* at least once */
	bool called;	/* a caller of the core attached it, not the core for itself */
	bool untracked; /* attached where its detach is not seen */
	uint32_t pasids; /* that it is attached to; what replaced it on one is not told apart */
	bool held;	/* leak.c: a group still needs it */
	bool leaked;	/* and that was told */
	bool pinned;	/* a verdict names it */
	struct domain_node *next_freed;
	UT_hash_handle hh;
};

/* Verdicts that are told once and counted afterwards are found by this. */
struct verdict_key {
	uint32_t kind;
	uint32_t number; /* group or hook */
	uint64_t domain;
	const void *one, *two;
};

struct verdict_node {
	struct model_verdict pub;
	struct verdict_node *next;
	struct verdict_key key;
	uint64_t since_ns; /* nothing may be missed from here on for it to hold; 0: never mind */
	UT_hash_handle hh;
};

enum attempt_state {
	ATTEMPT_PENDING,  /* a mismatch: what the caller does next decides */
	ATTEMPT_JUDGED,	  /* has its verdict, which counts repetitions */
	ATTEMPT_RESOLVED, /* ended on another domain; waits for its caller's return */
};

/* Failed attaches of one domain to one group by one thread, until its caller returns. */
struct attempt {
	struct attempt *next; /* older ones */
	enum attempt_state state;
	bool group_returned;
	uint32_t type;	 /* of the domain */
	uint64_t before; /* the domain the group was on */
	uint64_t attach_ns, group_ns;
	uint32_t attach_calls, attach_untimed, group_calls, group_untimed;
	struct model_verdict v;	    /* as it will be told */
	struct model_verdict *told; /* NULL: not yet, or over the cap */
};

struct task_node {
	uint32_t tid;
	uint32_t attempt_count;
	struct attempt *attempts; /* newest first */
	UT_hash_handle hh;
};

struct model {
	struct model_limits limits;
	struct model_overview overview;

	struct string_node *strings;
	uint64_t string_bytes;
	struct stack_node *stacks;

	struct instance_node *instances;
	struct group_node *groups;
	struct device_node *devices;
	struct domain_node *domains;
	struct domain_node *freed, *last_freed; /* the one freed first at the head */
	struct domain_node rest; /* domain 0: statistics of all that have no slot of their own */
	uint32_t op_count;

	struct verdict_node *verdicts, *last_verdict;
	struct verdict_node *first_sound; /* not yet looked at for the loss known so far */
	struct verdict_node *once;
	uint32_t verdict_count;
	uint64_t verdict_kinds[MODEL_VERDICTS];
	struct task_node *tasks;
	struct faults *faults; /* NULL: neither a fault nor a single map was seen */

	struct fact_node *facts; /* by key, the same as in host */
	struct fact_node **host;
	struct ims_plan *plan;
	struct ims_loss *loss;
	struct ims_count count[IMS_HOOK_MAX];
	uint64_t looked_ns; /* leak.c: when all domains were last looked at */
	bool goes_on; /* and not the recording, but the stream ended: counts need not agree */
	size_t host_count, plan_count, loss_count;

	/* Of lifecycle events, or of chunks of the stream: what was open then is not decided. */
	uint64_t loss_ns;
	const char *loss_reason; /* "": none */
};

/* intern.c. Both return something usable whatever happens: "" and NULL. */
const char *intern(struct model *m, const char *s);
const char *intern_format(struct model *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const struct ims_stack *intern_stack(struct model *m, const struct ims_stack *stack);
void intern_free(struct model *m);

/* rule.c */
void rule_find(struct model *m, struct model_instance *instance);

/* object.c. The getters make what is missing; NULL: nothing named, over the cap, or no memory
 * (then *err). */
struct instance_node *instance_get(struct model *m, const char *name, int *err);
struct group_node *group_get(struct model *m, uint32_t id, int *err);
struct device_node *device_get(struct model *m, const char *name, int *err);
struct domain_node *domain_get(struct model *m, uint64_t id, int *err);
struct group_node *group_find(const struct model *m, uint32_t id);
struct device_node *device_find(const struct model *m, const char *name);
struct domain_node *domain_find(const struct model *m, uint64_t id);
void device_join(struct model *m, struct device_node *dev, struct group_node *group);
void device_place(struct model *m, struct device_node *dev, const struct model_instance *instance);
void device_leave(struct model *m, struct device_node *dev);
void device_set_domain(struct model *m, struct device_node *dev, uint64_t domain);
void group_set_domain(struct model *m, struct group_node *group, uint64_t domain);
void domain_learn(struct domain_node *d, const struct model_instance *instance,
		  enum model_evidence evidence);
void domain_learn_format(struct model *m, struct domain_node *d, const struct ims_event *e);
void domain_free_event(struct model *m, struct domain_node *d, uint64_t time_ns);
/* Forgets the domain that was freed first, none that a verdict names, nor @keep. */
bool domain_evict(struct model *m, const struct domain_node *keep);
void objects_free(struct model *m);

/* event.c */
struct device_node *event_device(struct model *m, const struct ims_event *e, int *err);
int event_apply(struct model *m, const struct ims_event *e, uint64_t time_ns);

/* attach.c: what one attach says; attempt.c: what its thread does about a failed one */
struct attach {
	const struct ims_event *event;
	uint64_t time_ns;
	struct domain_node *domain; /* NULL: without a number, or over the cap */
	struct device_node *device;
	struct group_node *group;
	const struct model_instance *device_instance;
	const struct model_instance *domain_instance;
	enum model_evidence evidence;
	bool bound_to_none; /* the driver's struct says so */
	uint32_t type;
};

int attach_apply(struct model *m, const struct ims_event *e, uint64_t time_ns);
void attach_judge_success(struct model *m, const struct attach *a);
bool attach_is_global(uint32_t type);
enum model_rule attach_rule(const struct attach *a);
void attach_gather(struct model *m, struct attach *a, const struct ims_event *e, uint64_t time_ns,
		   int *err);
struct model_verdict attach_verdict(struct model *m, const struct attach *a,
				    enum model_verdict_kind kind);
void domain_learn_driver(struct model *m, struct domain_node *d, const struct ims_event *e,
			 int *err);

/* attempt.c */
/* @kind MODEL_SOFT_MISMATCH: to be decided by what follows; MODEL_VERDICTS: no verdict. */
int attempt_failed(struct model *m, const struct attach *a, enum model_verdict_kind kind,
		   const char *reason);
void attempt_attached(struct model *m, const struct attach *a);
int attempt_group_returned(struct model *m, const struct ims_event *e, uint64_t time_ns);
int attempt_caller_returned(struct model *m, const struct ims_event *e, uint64_t time_ns);
int attempt_probe_returned(struct model *m, const struct ims_event *e, uint64_t time_ns);
void attempts_give_up(struct model *m, const char *reason);
void attempts_free(struct model *m);

/* verdict.c */
struct model_verdict *verdict_add(struct model *m, const struct model_verdict *v,
				  uint64_t since_ns);
/* The same once per @key; afterwards it counts v->count and takes the time. */
struct model_verdict *verdict_once(struct model *m, const struct model_verdict *v,
				   struct verdict_key key, uint64_t since_ns);
/* The one told with @key, or NULL. */
struct model_verdict *verdict_known(struct model *m, struct verdict_key key);
void verdict_set_retry(struct model *m, struct model_verdict *v, uint64_t domain, uint64_t time_ns);
void verdicts_free(struct model *m);

/* loss.c */
int loss_apply(struct model *m, const struct ims_loss *loss, uint64_t time_ns);
void loss_happened(struct model *m, uint64_t time_ns, const char *reason);
int loss_count(struct model *m, const struct ims_count *count);
/* Whatever is unaccounted at the end. */
void loss_balance(struct model *m);

/* leak.c, pasid.c */
void leaks_find(struct model *m);
int pasid_apply(struct model *m, const struct ims_event *e, uint64_t time_ns);
int pasid_detached(struct model *m, const struct ims_event *e, uint64_t time_ns);

/* share.c. A device behind @instance is attached to @d, and leaves it; the driver's own list has
 * the instance, too. */
void share_join(struct domain_node *d, const struct model_instance *instance);
void share_leave(struct domain_node *d, const struct model_instance *instance);
void share_confirm(struct domain_node *d, const struct model_instance *instance);

/* fault.c */
int fault_apply(struct model *m, const struct ims_event *e, uint64_t time_ns);
/* A single map or unmap. */
int fault_mapping(struct model *m, const struct ims_event *e, uint64_t time_ns);
/* Whether the faults of every instance there is would be seen. */
bool faults_hooked(const struct model *m);
void faults_free(struct model *m);

/* stats.c */
int stats_apply(struct model *m, const struct ims_stats *s, uint64_t time_ns);
/* @d was learnt to belong to another instance than @from: what it counted goes with it. */
void stats_move(const struct model_domain *d, const struct model_instance *from);
uint32_t ops_free(const struct model_op *op[MODEL_OPS]); /* how many there were */

struct fact_node {
	struct ims_host pub; /* both interned */
	UT_hash_handle hh;
};

void facts_free(struct model *m);

/* rows.c. row_add() returns -ENOSPC at the cap, else 0 and the *index of a new row. */
int row_add(struct model *m, void **rows, size_t *count, size_t size, size_t *index);
int host_apply(struct model *m, const struct ims_host *host);
int plan_apply(struct model *m, const struct ims_plan *plan);

#endif
