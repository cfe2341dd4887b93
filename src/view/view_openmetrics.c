// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_openmetrics.c - the state at the end as OpenMetrics text: base units, and no label whose
 * values have no end (no domain, no process, no device).
 *
 * What is of no known instance has an empty label: no instance is called so. Names are escaped as
 * for a terminal, so that all is printable.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

/* Types of domains: ims_domain_type_name()'s. */
static const char *const types[] = {"BLOCKED", "IDENTITY", "UNMANAGED", "DMA",	  "DMA-FQ",
				    "SVA",     "PLATFORM", "NESTED",	"unknown"};

#define TYPES (sizeof(types) / sizeof(types[0]))

/* What is summed up over the objects of an instance. */
struct sums {
	const struct model_instance *instance; /* NULL: what is of none */
	uint64_t domains[TYPES];
	uint64_t devices;
	int64_t mapped; /* of the domains whose alloc was seen */
	struct model_op op[MODEL_OPS];
};

struct metrics {
	FILE *out;
	const struct model *m;
	struct sums *sums; /* in the model's order; the first is of none */
	struct sums **by_address;
	size_t count;
};

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

static void sum_domain(struct metrics *s, const struct model_domain *d)
{
	struct sums *to = sums_of(s, d->instance);
	const struct model_op *map = d->op[MODEL_OP_MAP], *unmap = d->op[MODEL_OP_UNMAP];
	size_t type = 0;

	if (d->freed)
		return;
	while (type < TYPES - 1 && (!d->type_known || strcmp(types[type], model_domain_type(d))))
		type++;
	to->domains[type]++;
	if (d->alloc_seen)
		to->mapped += (int64_t)((map ? map->bytes : 0) - (unmap ? unmap->bytes : 0));
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

/* ---- text ----------------------------------------------------------------------------------- */

static void family(const struct metrics *s, const char *name, const char *type, const char *help)
{
	fprintf(s->out, "# TYPE %s %s\n", name, type);
	if (!strcmp(type, "histogram"))
		fprintf(s->out, "# UNIT %s seconds\n", name);
	if (strstr(name, "_bytes"))
		fprintf(s->out, "# UNIT %s bytes\n", name);
	fprintf(s->out, "# HELP %s %s\n", name, help);
}

/* A backslash of an escape becomes two, as the format wants it. */
static int put_label(const struct metrics *s, const char *name, const char *value)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	view_escape(out, value);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	fprintf(s->out, "%s=\"", name);
	for (const char *p = text; *p; p++) {
		if (*p == '\\' || *p == '"')
			fputc('\\', s->out);
		fputc(*p, s->out);
	}
	fputc('"', s->out);
	free(text);
	return 0;
}

/* Without the closing brace. */
static int put_instance(const struct metrics *s, const char *metric, const char *suffix,
			const struct model_instance *instance)
{
	int err;

	fprintf(s->out, "%s%s{", metric, suffix);
	err = put_label(s, "instance", instance ? instance->name : "");
	fputc(',', s->out);
	return err ? err : put_label(s, "driver", instance ? instance->driver : "");
}

static int put_objects(const struct metrics *s)
{
	int err = 0;

	family(s, "iommu_devices", "gauge", "Devices behind an instance.");
	for (size_t i = 0; i < s->count && !err; i++) {
		err = put_instance(s, "iommu_devices", "", s->sums[i].instance);
		fprintf(s->out, "} %" PRIu64 "\n", s->sums[i].devices);
	}
	family(s, "iommu_domains", "gauge", "Domains that are alive.");
	for (size_t i = 0; i < s->count; i++)
		for (size_t type = 0; type < TYPES && !err; type++) {
			if (!s->sums[i].domains[type])
				continue;
			err = put_instance(s, "iommu_domains", "", s->sums[i].instance);
			fprintf(s->out, ",type=\"%s\"} %" PRIu64 "\n", types[type],
				s->sums[i].domains[type]);
		}
	family(s, "iommu_mapped_bytes", "gauge",
	       "Mapped in the domains that are alive and whose allocation was seen.");
	for (size_t i = 0; i < s->count && !err; i++) {
		err = put_instance(s, "iommu_mapped_bytes", "", s->sums[i].instance);
		fprintf(s->out, "} %" PRId64 "\n", s->sums[i].mapped);
	}
	return err;
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
			err = put_instance(s, metric, "_bucket", sums->instance);
			fprintf(s->out, ",le=\"%.10g\"} %" PRIu64 "\n", (double)(low - 1) / 1e9,
				seen);
		}
		/* A hostile stream may count more than there are numbers for. */
		if (__builtin_add_overflow(seen, op->bucket[i], &seen))
			seen = UINT64_MAX;
	}
	if (!err)
		err = put_instance(s, metric, "_bucket", sums->instance);
	fprintf(s->out, ",le=\"+Inf\"} %" PRIu64 "\n", seen);
	if (!err)
		err = put_instance(s, metric, "_count", sums->instance);
	fprintf(s->out, "} %" PRIu64 "\n", seen);
	if (!err)
		err = put_instance(s, metric, "_sum", sums->instance);
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
		family(s, metric, "histogram", "How long it took, of the calls that were timed.");
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

	family(s, name, "counter", help);
	for (int op = 0; op < MODEL_OPS; op++)
		for (size_t i = 0; i < s->count && !err; i++) {
			const struct model_op *o = &s->sums[i].op[op];

			if (!o->calls)
				continue;
			err = put_instance(s, name, "_total", s->sums[i].instance);
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

/* ---- failures ------------------------------------------------------------------------------- */

/* Failures that make one series: the errnos that exist, and the verdicts. */
struct failure {
	const struct model_instance *instance;
	const char *errno_name;
	int kind;
	uint64_t count;
};

static int by_series(const void *a, const void *b)
{
	const struct failure *x = a, *y = b;
	int order = strcmp(x->errno_name, y->errno_name);

	if (x->instance != y->instance)
		return x->instance < y->instance ? -1 : 1;
	return order ? order : x->kind - y->kind;
}

static int put_failure(const struct metrics *s, const struct failure *f)
{
	int err = put_instance(s, "iommu_attach_failures", "_total", f->instance);

	fprintf(s->out, ",errno=\"%s\",verdict=\"%s\"} %" PRIu64 "\n",
		*f->errno_name ? f->errno_name : "other", model_verdict_info(f->kind)->name,
		f->count);
	return err;
}

static bool is_attach(const struct model_verdict *v)
{
	return v->result && (v->hook == IMS_HOOK_ATTACH || v->hook == IMS_HOOK_ATTACH_GROUP ||
			     v->hook == IMS_HOOK_ATTACH_PASID);
}

static int put_failures(const struct metrics *s)
{
	const struct model_verdict *v = NULL;
	struct failure *all = NULL;
	size_t n = 0;
	int err = 0;

	family(s, "iommu_attach_failures", "counter",
	       "Attaches that failed and got a verdict, by the device's instance.");
	while ((v = model_next_verdict(s->m, v)))
		n += is_attach(v);
	if (!n)
		return 0;
	all = calloc(n, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (n = 0; (v = model_next_verdict(s->m, v));)
		if (is_attach(v))
			all[n++] = (struct failure){v->device_instance, view_errno_name(v->result),
						    v->kind, v->count};
	qsort(all, n, sizeof(*all), by_series);
	for (size_t i = 0, sum = 0; i < n && !err; i++) {
		sum += all[i].count;
		if (i + 1 < n && !by_series(&all[i], &all[i + 1]))
			continue;
		all[i].count = sum;
		sum = 0;
		err = put_failure(s, &all[i]);
	}
	free(all);
	return err;
}

static void put_events(const struct metrics *s)
{
	const struct model_overview *o = model_overview(s->m);

	family(s, "iommu_events", "counter", "Events, by hook.");
	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (o->events[hook])
			fprintf(s->out, "iommu_events_total{hook=\"%s\"} %" PRIu64 "\n",
				ims_hook_name(hook), o->events[hook]);
	family(s, "iommu_events_failed", "counter", "Events with a result that is not 0, by hook.");
	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (o->events[hook])
			fprintf(s->out, "iommu_events_failed_total{hook=\"%s\"} %" PRIu64 "\n",
				ims_hook_name(hook), o->failed[hook]);
	family(s, "iommu_faults", "counter", "I/O page faults.");
	fprintf(s->out, "iommu_faults_total %" PRIu64 "\n", o->events[IMS_HOOK_FAULT]);
	family(s, "iommu_verdicts", "gauge", "Verdicts, as docs/verdicts.md tells.");
	for (int kind = 0; kind < MODEL_VERDICTS; kind++)
		fprintf(s->out, "iommu_verdicts{verdict=\"%s\",severity=\"%s\"} %" PRIu64 "\n",
			model_verdict_info(kind)->name,
			model_severity_name(model_verdict_info(kind)->severity),
			model_verdict_count(s->m, kind));
}

/* ---- the stream ----------------------------------------------------------------------------- */

static void put_stream(const struct metrics *s)
{
	const struct ims_damage *d = &model_overview(s->m)->damage;
	const struct ims_loss *loss;

	family(s, "iommuscope_build_info", "gauge", "The version of what made this.");
	fputs("iommuscope_build_info{version=\"" IMS_VERSION "\"} 1\n", s->out);
	family(s, "iommuscope_lossy", "gauge", "1: something is known to be missing.");
	fprintf(s->out, "iommuscope_lossy %d\n", model_lossy(s->m));
	family(s, "iommuscope_lost", "counter", "What happened and is not in here.");
	for (size_t i = 0; (loss = model_loss(s->m, i)); i++)
		if (strcmp(ims_hook_name(loss->hook), "?") &&
		    strcmp(ims_loss_cause_name(loss->cause), "?"))
			fprintf(s->out,
				"iommuscope_lost_total{hook=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
				ims_hook_name(loss->hook), ims_loss_cause_name(loss->cause),
				loss->lost);
	family(s, "iommuscope_chunks_damaged", "counter", "Chunks of the stream that were bad.");
	fprintf(s->out, "iommuscope_chunks_damaged_total %" PRIu64 "\n", d->bad_chunks);
	family(s, "iommuscope_chunks_missing", "counter",
	       "Chunks of the stream that were missing.");
	fprintf(s->out, "iommuscope_chunks_missing_total %" PRIu64 "\n", d->missing_chunks);
}

int view_openmetrics(FILE *out, const struct model *m)
{
	struct metrics s = {.out = out, .m = m};
	int err = sum_up(&s);

	if (!err)
		err = put_objects(&s);
	if (!err)
		err = put_operations(&s);
	if (!err)
		err = put_failures(&s);
	free(s.sums);
	free(s.by_address);
	if (err)
		return err;
	put_events(&s);
	put_stream(&s);
	fputs("# EOF\n", out);
	return view_done(out);
}

const struct view_export view_openmetrics_export = {
	.name = "openmetrics",
	.model = view_openmetrics,
};
