// SPDX-License-Identifier: GPL-2.0-only
#include "tools/workload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/common.h"

const struct workload *const workloads[] = {
	&workload_vfio_map,  &workload_vfio_frag,   &workload_vfio_attach, &workload_vfio_mixed,
	&workload_dma_block, &workload_dma_net,	    &workload_lab_map,	   &workload_lab_dma,
	&workload_lab_attach, &workload_lab_alloc, NULL};

const struct workload *workload_find(const char *name)
{
	size_t i = 0;

	while (workloads[i] && strcmp(workloads[i]->name, name))
		i++;
	return workloads[i];
}

uint64_t workload_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void workload_fail(struct workload_result *r, const char *fmt, ...)
{
	va_list args;

	if (r->failure[0])
		return;
	va_start(args, fmt);
	vsnprintf(r->failure, sizeof(r->failure), fmt, args);
	va_end(args);
}

/* An option that the workload has no use for would make a run that is not what it says. */
static int settle(const char *option, uint64_t *value, uint64_t usual)
{
	if (*value && !usual) {
		complain("this workload has no %s", option);
		return EXIT_USAGE;
	}
	*value = *value ? *value : usual;
	return 0;
}

int workload_check(const struct workload *w, struct workload_options *o)
{
	if (settle("--count", &o->count, w->usual.count) ||
	    settle("--size", &o->size, w->usual.size) ||
	    settle("--batch", &o->batch, w->usual.batch) ||
	    settle("--threads", &o->threads, w->usual.threads))
		return EXIT_USAGE;
	if (o->devices >= w->devices)
		return 0;
	complain("%s needs --device, %zu of them", w->name, w->devices);
	return EXIT_USAGE;
}

void workload_describe(const struct workload *w, const struct workload_options *o, char *to,
		       size_t room)
{
	FILE *out = fmemopen(to, room, "w");

	if (!out)
		return;
	fprintf(out, "%s count=%" PRIu64, w->name, o->count);
	if (o->size)
		fprintf(out, " size=%" PRIu64, o->size);
	if (o->batch)
		fprintf(out, " batch=%" PRIu64, o->batch);
	if (o->threads)
		fprintf(out, " threads=%" PRIu64, o->threads);
	for (size_t i = 0; i < o->devices; i++)
		fprintf(out, " %s", o->device[i]);
	fclose(out);
}
