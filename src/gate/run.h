/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run.h - what a workload cost, measured several times over: the RUN.json of iommugate.
 *
 * docs/run.schema.json specifies the file. Costs are in the run's unit: nanoseconds, or instructions
 * where the machine's clock counts these. All strings and arrays of a run are its own.
 */
#ifndef GATE_RUN_H
#define GATE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <iommuscope/model.h>

#define GATE_SCHEMA 1

enum gate_unit { GATE_NS, GATE_INSTRUCTIONS };

/* @count values of at least @low and below @high. */
struct gate_bucket {
	uint64_t low, high, count;
};

/* One operation on one instance, in one repeat. */
struct gate_op {
	char *name;	/* that of the hook: "map", "attach", ... */
	char *size;	/* class of the size mapped: "4K", ...; "": has none, or not told */
	char *instance; /* "": of no known instance */
	uint64_t count, errors;
	uint64_t untimed; /* of @count: in no bucket, and not in @sum */
	uint64_t sum, max;
	struct gate_bucket *bucket; /* ascending */
	size_t buckets;
};

struct gate_repeat {
	double work;   /* what one operation of the workload cost, untraced; 0: was not measured */
	double traced; /* and while it was traced */
	struct gate_op *op;
	size_t ops;
};

struct gate_fact {
	char *key, *value;
};

struct gate_run {
	enum gate_unit unit;
	char *recorded;	  /* when, UTC: "2026-01-01T00:00:00Z" */
	char *workload;	  /* its name and parameters, or the command */
	char *failure;	  /* "": it did what it should, each time */
	uint64_t operations; /* of the workload in a repeat; 0: not known */
	uint64_t warmup;
	struct gate_repeat *repeat;
	size_t repeats;
	struct gate_fact *host;
	size_t hosts;
	/* What an empty entry and exit probe adds to a call here; NAN: was not measured. */
	double empty_pair;
	char *mechanism; /* of those probes */
	bool aggregate;	 /* maps and unmaps are known by the kernel's histograms only */
	uint64_t lost;	 /* events and calls */
	char *loss;	 /* of which hooks, and why; "": nothing is missing */
	uint64_t verdict[MODEL_VERDICTS];
};

struct gate_error {
	char text[320]; /* what failed, why, and what to try: one line */
};

/* Returns 0, or -errno with *@err filled in; -EPROTONOSUPPORT: of another schema. */
int gate_run_read(const char *path, struct gate_run **out, struct gate_error *err);
int gate_run_write(const char *path, const struct gate_run *run, struct gate_error *err);
void gate_run_free(struct gate_run *run);

/* Whether an operation can be called so. */
bool gate_op_known(const char *name);

/* Appends a repeat of which only this is known. Returns 0 or -ENOMEM. */
int gate_run_add_untraced(struct gate_run *run, double work);

/* "" when the host does not tell it. */
const char *gate_run_fact(const struct gate_run *run, const char *key);

/* "ns" and "instructions". */
const char *gate_unit_name(enum gate_unit unit);

/* Formats an error; returns @err_no. */
int gate_fail(struct gate_error *err, int err_no, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
