/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h - outputs. Each reads a model and writes to a FILE; none keeps anything of the model.
 *
 * Whatever comes from a stream is escaped: for terminals every byte that is not printable ASCII
 * is \xNN and a backslash is \\. The functions return 0, -EIO when writing failed,
 * or -ENOMEM.
 */
#ifndef IOMMUSCOPE_VIEW_H
#define IOMMUSCOPE_VIEW_H

#include <stdio.h>

#include <iommuscope/model.h>

struct view_ids {
	uint64_t *id; /* in ascending order */
	size_t count;
};

struct view_names {
	const char **name;
	size_t count;
};

/* What is shown; NULL, or nothing in it: all. Each member that is set narrows it. */
struct view_filter {
	const char *text; /* all of it in words */
	struct view_ids domains;
	struct view_ids domains_of_devices; /* that were seen with one of devices */
	struct view_names devices;	    /* as in sysfs, or without the segment 0000 */
	struct view_names devices_of_domains;
	uint32_t verdicts;	     /* bit N: of kind N */
	uint64_t since_ns, until_ns; /* times of the stream; until 0: its end */
};

bool view_same_device(const char *device, const char *wanted);
bool view_ids_have(const struct view_ids *ids, uint64_t id);
bool view_names_have(const struct view_names *names, const char *name);
bool view_shows_domain(const struct view_filter *f, const struct model_domain *d);
bool view_shows_device(const struct view_filter *f, const struct model_device *d);
bool view_shows_group(const struct view_filter *f, const struct model_group *g);
bool view_shows_instance(const struct view_filter *f, const struct model_instance *i);
bool view_shows_verdict(const struct view_filter *f, const struct model_verdict *v);
/* How many verdicts of @kind are shown. */
uint64_t view_verdicts_shown(const struct view_filter *f, const struct model *m,
			     enum model_verdict_kind kind);

struct view_options {
	unsigned int width; /* columns for text that wraps; 0: 80. Tables need 80 */
	bool color;	    /* ANSI colours */
	bool ascii;	    /* no UTF-8 */
	bool plan;	    /* the table of the plan, not its summary only */
	bool stacks;	    /* with the stacks of allocations and callers */
	const struct view_filter *filter; /* NULL: all is shown */
	size_t rows; /* at most so many rows of each table, 0: all. What is left out is said */
};

/* The report: verdicts, topology, domains, latency, plan, loss. */
int view_text(FILE *out, const struct model *m, const struct view_options *o);

/* The same as one JSON object, "schema": VIEW_JSON_SCHEMA. @o may be NULL; rows is not heeded. */
#define VIEW_JSON_SCHEMA 1
int view_json(FILE *out, const struct model *m, const struct view_options *o);

/*
 * One record as a line: seconds since @first_ns, thread, processor, hook (or kind of record), result,
 * duration, then key=value for all that is known. With o->stacks the stack is below, indented.
 */
int view_record(FILE *out, const struct ims_record *rec, uint64_t first_ns,
		const struct view_options *o);

/*
 * An export takes the stream record by record: the beginning, each record, the end. What it keeps
 * between them is in *@state, which begin sets (to NULL before it fails) and free gives back; it
 * does not grow with the stream's length. Or, when there is a model function, it is of the whole.
 */
struct view_export {
	const char *name;
	int (*begin)(FILE *out, void **state);
	int (*record)(FILE *out, void *state, const struct ims_record *rec);
	int (*end)(FILE *out, void *state, const struct ims_damage *damage);
	void (*free)(void *state); /* NULL: there is no state */
	int (*model)(FILE *out, const struct model *m);
};

/* JSON Lines: {"schema": VIEW_JSONL_SCHEMA}, an object per record, one of the damage. */
#define VIEW_JSONL_SCHEMA 1
extern const struct view_export view_jsonl;
/* A table of the events. */
extern const struct view_export view_csv;
/* Timelines: Chrome's JSON trace events, and Perfetto's protobuf. They keep what exists. */
extern const struct view_export view_chrome;
extern const struct view_export view_perfetto;
/* One page for a browser, written at the end. Keeps a model, and no more than so much besides. */
extern const struct view_export view_html;

/* The state at the end as OpenMetrics text: totals since the recording began, nothing by domain. */
int view_openmetrics(FILE *out, const struct model *m);

/* What a process that observes tells of itself. */
struct view_self {
	double cpu_seconds;
	double start_seconds; /* since 1970 */
	uint64_t resident_bytes;
	uint64_t idle_domains; /* model_idle() */
	uint64_t clients, refused, lost_chunks, flight_bytes;
};

/* The same, with @self unless it is NULL; or as Prometheus' older text format, which is also node_exporter's. */
int view_metrics(FILE *out, const struct model *m, bool openmetrics, const struct view_self *self);
extern const struct view_export view_openmetrics_export;

/* What the records of a stream are, counted without a model. */
struct view_counts {
	uint64_t records[IMS_REC_MAX]; /* by enum ims_record_type */
	uint64_t events[IMS_HOOK_MAX];	   /* 0: of hooks that are not known */
	uint64_t failed[IMS_HOOK_MAX];	   /* of those, with a result other than 0 */
	uint64_t first_ns, last_ns;	   /* of all records */
};

void view_count_record(struct view_counts *c, const struct ims_record *rec);

/* The head of a recording. @m needs to have only its host facts, plan, loss and end. */
int view_info(FILE *out, const struct model *m, const struct view_counts *c,
	      const struct ims_input *input, const struct view_options *o);
int view_info_json(FILE *out, const struct model *m, const struct view_counts *c,
		   const struct ims_input *input);

/* How many events failed, by hook (0: not known) and errno (0: none that is one). */
#define VIEW_ERRNOS 134

struct view_failures {
	uint64_t count[IMS_HOOK_MAX][VIEW_ERRNOS];
};

void view_count_failure(struct view_failures *f, const struct ims_record *rec);

/* Two recordings beside each other: verdicts, operations, failures, host, plan, domains. Things are the
 * same when their names are: numbers of domains mean nothing across recordings. */
struct view_side {
	const char *name;
	const struct model *m;
	const struct view_failures *failures;
};

int view_diff(FILE *out, const struct view_side side[2], const struct view_options *o);
int view_diff_json(FILE *out, const struct view_side side[2]);
/* 1 when the second has a verdict of at least @least that the first has not, 0, or -ENOMEM. */
int view_diff_new(const struct view_side side[2], enum model_severity least);

/* The plan alone, each row of it. */
int view_plan(FILE *out, const struct model *m, const struct view_options *o);
int view_plan_json(FILE *out, const struct model *m);

/* The paragraph that tells one verdict, escaped; the caller frees it. NULL: no memory. */
char *view_story(const struct model *m, const struct model_verdict *v);

/* Writes @s escaped for a terminal. */
void view_escape(FILE *out, const char *s);

#endif
