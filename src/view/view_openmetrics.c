// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_openmetrics.c - the state at the end as OpenMetrics text: base units, and no label whose
 * values have no end (no domain, no process). "instance" is Prometheus' own label: an IOMMU's is "iommu".
 *
 * What is of no known instance has an empty label: no instance is called so. Names are escaped as
 * for a terminal, so that all is printable.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

/* Types of domains: ims_domain_type_name()'s. */
static const char *const types[] = {"BLOCKED", "IDENTITY", "UNMANAGED", "DMA",	  "DMA-FQ",
				    "SVA",     "PLATFORM", "NESTED",	"unknown"};

#define TYPES METRICS_TYPES
#define DEVICES_MOST 1024

_Static_assert(sizeof(types) / sizeof(types[0]) == TYPES, "each has a sum");

/* ---- sums ----------------------------------------------------------------------------------- */

static int compare_address(const void *a, const void *b)
{
	const struct sums *x = *(struct sums *const *)a, *y = *(struct sums *const *)b;

	return x->instance < y->instance ? -1 : x->instance > y->instance;
}

static struct sums *sums_of(struct metrics *s, const struct model_instance *instance)
{
	struct sums wanted = {.instance = instance}, *key = &wanted;

	return *(struct sums **)bsearch(&key, s->by_address, s->count, sizeof(key),
					compare_address);
}

static void op_add(struct model_op *to, const struct model_op *op, int sign)
{
	uint64_t by = (uint64_t)(int64_t)sign;

	if (!op)
		return;
	to->calls += by * op->calls;
	to->untimed += by * op->untimed;
	to->errors += by * op->errors;
	to->sum_ns += by * op->sum_ns;
	to->bytes += by * op->bytes;
	for (int i = 0; i < IMS_HIST_BUCKETS; i++)
		to->bucket[i] += by * op->bucket[i];
}

static int64_t mapped_bytes(const struct model_domain *d)
{
	const struct model_op *map = d->op[MODEL_OP_MAP], *unmap = d->op[MODEL_OP_UNMAP];

	return (int64_t)((map ? map->bytes : 0) - (unmap ? unmap->bytes : 0));
}

static void sum_domain(struct metrics *s, const struct model_domain *d)
{
	struct sums *to = sums_of(s, d->instance);
	size_t type = 0;

	if (d->freed)
		return;
	while (type < TYPES - 1 && (!d->type_known || strcmp(types[type], model_domain_type(d))))
		type++;
	to->domains[type]++;
	if (d->alloc_seen)
		to->mapped += mapped_bytes(d);
}

/* Instances have sums of their own, but of what is kept by device; the rest is of none. */
static void sum_ops(struct metrics *s)
{
	const struct model_overview *o = model_overview(s->m);
	const struct model_device *d = NULL;

	while ((d = model_next_device(s->m, d)))
		for (int op = 0; op < MODEL_OPS; op++)
			op_add(&sums_of(s, d->instance)->op[op], d->op[op], 1);
	for (size_t i = 1; i < s->count; i++)
		for (int op = 0; op < MODEL_OPS; op++)
			op_add(&s->sums[i].op[op], s->sums[i].instance->op[op], 1);
	for (int op = 0; op < MODEL_OPS; op++) {
		s->sums[0].op[op] = o->op[op];
		for (size_t i = 1; i < s->count; i++)
			op_add(&s->sums[0].op[op], &s->sums[i].op[op], -1);
	}
}

static int sums_new(struct metrics *s)
{
	const struct model_instance *instance = NULL;
	size_t n = 1;

	while ((instance = model_next_instance(s->m, instance)))
		n++;
	s->sums = calloc(n, sizeof(*s->sums));
	s->by_address = calloc(n, sizeof(*s->by_address));
	if (!s->sums || !s->by_address)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		s->sums[i].instance = instance;
		s->by_address[i] = &s->sums[i];
		instance = model_next_instance(s->m, instance);
	}
	s->count = n;
	qsort(s->by_address, n, sizeof(*s->by_address), compare_address);
	return 0;
}

static int sum_up(struct metrics *s)
{
	const struct model_domain *domain = NULL;
	const struct model_device *device = NULL;
	int err = sums_new(s);

	if (err)
		return err;
	while ((domain = model_next_domain(s->m, domain)))
		sum_domain(s, domain);
	while ((device = model_next_device(s->m, device)))
		sums_of(s, device->instance)->devices += !device->removed;
	sum_ops(s);
	return 0;
}

/* Of a device the only ones: there are as many as the machine has, and no more than DEVICES_MOST are told. */
static int put_devices(const struct metrics *s)
{
	const struct model_device *d = NULL;
	const struct model_domain *on;
	size_t left = DEVICES_MOST, left_out = 0;
	int err = 0;

	metrics_family(s, "iommu_device_mapped_bytes", "gauge",
		       "Mapped in the domain that the device is on, if its allocation was seen.");
	while (!err && (d = model_next_device(s->m, d))) {
		on = d->removed || !d->domain ? NULL : model_find_domain(s->m, d->domain);
		if (!on || !on->alloc_seen)
			continue;
		if (!left) {
			left_out++;
			continue;
		}
		left--;
		err = metrics_instance(s, "iommu_device_mapped_bytes", "", d->instance);
		fputc(',', s->out);
		err = err ? err : metrics_label(s, "device", d->name);
		fprintf(s->out, "} %" PRId64 "\n", mapped_bytes(on));
	}
	metrics_family(s, "iommuscope_devices_left_out", "gauge",
		       "Devices that have no metric of their own, being too many.");
	fprintf(s->out, "iommuscope_devices_left_out %zu\n", left_out);
	return err;
}

static int put_objects(const struct metrics *s)
{
	int err = 0;

	metrics_family(s, "iommu_devices", "gauge", "Devices behind an instance.");
	for (size_t i = 0; i < s->count && !err; i++) {
		err = metrics_instance(s, "iommu_devices", "", s->sums[i].instance);
		fprintf(s->out, "} %" PRIu64 "\n", s->sums[i].devices);
	}
	metrics_family(s, "iommu_domains", "gauge", "Domains that are alive.");
	for (size_t i = 0; i < s->count; i++)
		for (size_t type = 0; type < TYPES && !err; type++) {
			if (!s->sums[i].domains[type])
				continue;
			err = metrics_instance(s, "iommu_domains", "", s->sums[i].instance);
			fprintf(s->out, ",type=\"%s\"} %" PRIu64 "\n", types[type],
				s->sums[i].domains[type]);
		}
	metrics_family(s, "iommu_mapped_bytes", "gauge",
	       "Mapped in the domains that are alive and whose allocation was seen.");
	for (size_t i = 0; i < s->count && !err; i++) {
		err = metrics_instance(s, "iommu_mapped_bytes", "", s->sums[i].instance);
		fprintf(s->out, "} %" PRId64 "\n", s->sums[i].mapped);
	}
	return err ? err : put_devices(s);
}

static const char *op_name(int op)
{
	return ims_hook_name(model_op_hook(op));
}

/*
 * Of the 140 buckets one bound an octave, from 128 ns to 8.6 s. A bound is part of its bucket here:
 * the latency before the next one begins.
 */
static int put_histogram(const struct metrics *s, const char *metric, const struct sums *sums,
			 const struct model_op *op)
{
	uint64_t seen = 0;
	int err = 0;

	for (uint32_t i = 0; i < IMS_HIST_BUCKETS && !err; i++) {
		uint64_t low = ims_hist_low(i);

		if (i % 4 == 0 && low >= 128 && low <= 1ull << 33) {
			err = metrics_instance(s, metric, "_bucket", sums->instance);
			fprintf(s->out, ",le=\"%.10g\"} %" PRIu64 "\n", (double)(low - 1) / 1e9,
				seen);
		}
		/* A hostile stream may count more than there are numbers for. */
		if (__builtin_add_overflow(seen, op->bucket[i], &seen))
			seen = UINT64_MAX;
	}
	if (!err)
		err = metrics_instance(s, metric, "_bucket", sums->instance);
	fprintf(s->out, ",le=\"+Inf\"} %" PRIu64 "\n", seen);
	if (!err)
		err = metrics_instance(s, metric, "_count", sums->instance);
	fprintf(s->out, "} %" PRIu64 "\n", seen);
	if (!err)
		err = metrics_instance(s, metric, "_sum", sums->instance);
	fprintf(s->out, "} %.10g\n", (double)op->sum_ns / 1e9);
	return err;
}

static int put_durations(const struct metrics *s)
{
	char metric[2 * VIEW_TEXT];
	int err = 0;

	for (int op = 0; op < MODEL_OPS && !err; op++) {
		snprintf(metric, sizeof(metric), "iommu_%s_duration_seconds", op_name(op));
		for (char *p = metric; *p; p++)
			*p = *p == '-' ? '_' : *p;
		metrics_family(s, metric, "histogram", "How long it took, of the calls that were timed.");
		for (size_t i = 0; i < s->count && !err; i++)
			if (s->sums[i].op[op].calls)
				err = put_histogram(s, metric, &s->sums[i], &s->sums[i].op[op]);
	}
	return err;
}

/* One counter of operations; @field is where it is in struct model_op. */
static int put_counter(const struct metrics *s, const char *name, size_t field, const char *help)
{
	int err = 0;

	metrics_family(s, name, "counter", help);
	for (int op = 0; op < MODEL_OPS; op++)
		for (size_t i = 0; i < s->count && !err; i++) {
			const struct model_op *o = &s->sums[i].op[op];

			if (!o->calls)
				continue;
			err = metrics_instance(s, name, "_total", s->sums[i].instance);
			fprintf(s->out, ",operation=\"%s\"} %" PRIu64 "\n", op_name(op),
				*(const uint64_t *)((const char *)o + field));
		}
	return err;
}

static int put_operations(const struct metrics *s)
{
	int err = put_durations(s);

	if (!err)
		err = put_counter(s, "iommu_operations", offsetof(struct model_op, calls),
				  "Calls, timed or not. An outer operation contains inner ones.");
	if (!err)
		err = put_counter(s, "iommu_operations_untimed", offsetof(struct model_op, untimed),
				  "Calls that are in no histogram.");
	if (!err)
		err = put_counter(s, "iommu_operation_errors", offsetof(struct model_op, errors),
				  "Maps that failed, unmaps that took away less than asked.");
	return err ? err
		   : put_counter(s, "iommu_operation_bytes", offsetof(struct model_op, bytes),
				 "Bytes that were mapped or unmapped.");
}

int view_metrics(FILE *out, const struct model *m, bool openmetrics, const struct view_self *self)
{
	struct metrics s = {.out = out, .m = m, .openmetrics = openmetrics};
	int err = sum_up(&s);

	if (!err)
		err = put_objects(&s);
	if (!err)
		err = put_operations(&s);
	if (!err)
		err = metrics_failures(&s);
	free(s.sums);
	free(s.by_address);
	if (err)
		return err;
	metrics_events(&s);
	metrics_stream(&s);
	if (self)
		metrics_self(&s, self);
	if (openmetrics)
		fputs("# EOF\n", out);
	return view_done(out);
}

int view_openmetrics(FILE *out, const struct model *m)
{
	return view_metrics(out, m, true, NULL);
}

const struct view_export view_openmetrics_export = {
	.name = "openmetrics",
	.model = view_openmetrics,
};
