/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * collect.h - the records of a capture, counted by operation, size and instance, repeat by repeat.
 *
 * Lifecycle calls, and maps and unmaps told one by one, are counted by their events; all else by the
 * totals that the kernel keeps: what these grew by in a repeat is of that repeat.
 */
#ifndef GATE_COLLECT_H
#define GATE_COLLECT_H

#include "gate/run.h"

struct gate_collect;

/* @single: maps and unmaps are told one by one. NULL: no memory. */
struct gate_collect *gate_collect_new(bool single);
void gate_collect_free(struct gate_collect *c);

/* Takes in one record. Returns 0 or -ENOMEM. */
int gate_collect_put(struct gate_collect *c, const struct ims_record *rec);

/* What comes from here on is of a new repeat; what came since the last end was of none. */
void gate_collect_begin(struct gate_collect *c);

/* Appends what came since the begin to @run as a repeat. Returns 0 or -ENOMEM. */
int gate_collect_end(struct gate_collect *c, struct gate_run *run, double work, double traced);

/* The stream is over: facts about the host, verdicts and losses go to @run. Returns 0 or -ENOMEM. */
int gate_collect_finish(struct gate_collect *c, struct gate_run *run);

/* Adds or replaces a fact. Returns 0 or -ENOMEM. */
int gate_run_set_fact(struct gate_run *run, const char *key, const char *value);

#endif
