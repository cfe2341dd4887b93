/* SPDX-License-Identifier: GPL-2.0-only */
/* test_gate.h - runs made by hand. */
#ifndef TEST_GATE_H
#define TEST_GATE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/compare.h"

static inline struct gate_op op_make(const char *name, const char *size, const char *instance,
				     uint64_t count, uint64_t each)
{
	struct gate_op op = {.name = strdup(name), .size = strdup(size), .instance = strdup(instance),
			     .count = count, .sum = count * each, .max = each, .buckets = 1};

	op.bucket = calloc(1, sizeof(*op.bucket));
	op.bucket[0] = (struct gate_bucket){each, each + 1, count};
	return op;
}

/* One repeat for each of @cost: 1000 maps of 4K of that cost, no failure, and no attach. */
static inline struct gate_run *run_make(enum gate_unit unit, const double *cost, size_t repeats)
{
	struct gate_run *run = calloc(1, sizeof(*run));

	run->unit = unit;
	run->recorded = strdup("2026-01-01T00:00:00Z");
	run->workload = strdup("lab-map 4K");
	run->failure = strdup("");
	run->mechanism = strdup("fentry");
	run->loss = strdup("");
	run->operations = 1000;
	run->empty_pair = 100;
	run->host = calloc(2, sizeof(*run->host));
	run->host[0] = (struct gate_fact){strdup("kernel.arch"), strdup("x86_64")};
	run->host[1] = (struct gate_fact){strdup("kernel.release"), strdup("7.3")};
	run->hosts = 2;
	run->repeat = calloc(repeats, sizeof(*run->repeat));
	run->repeats = repeats;
	for (size_t i = 0; i < repeats; i++) {
		run->repeat[i].work = cost[i];
		run->repeat[i].traced = cost[i] + 300;
		run->repeat[i].op = calloc(2, sizeof(*run->repeat[i].op));
		run->repeat[i].ops = 2;
		run->repeat[i].op[0] = op_make("map", "4K", "dmar0", 1000, (uint64_t)cost[i]);
		run->repeat[i].op[1] = op_make("attach", "", "", 0, 0);
	}
	return run;
}

/* A number of the normal distribution, the same each time. */
static inline double draw_normal(uint64_t *state)
{
	double sum = 0;

	for (int i = 0; i < 12; i++) {
		*state = *state * 6364136223846793005ull + 1442695040888963407ull;
		sum += (double)(*state >> 11) / 9007199254740992.0;
	}
	return sum - 6;
}

#endif
