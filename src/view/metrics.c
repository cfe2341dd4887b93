// SPDX-License-Identifier: GPL-2.0-only
/* metrics.c - the text of metrics, and those that are not by operation. */
#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ----------------------------------------------------------------------------------- */

void metrics_family(const struct metrics *s, const char *name, const char *type, const char *help)
{
	const char *total = !s->openmetrics && !strcmp(type, "counter") ? "_total" : "";

	fprintf(s->out, "# TYPE %s%s %s\n", name, total, type);
	if (s->openmetrics && strstr(name, "_seconds"))
		fprintf(s->out, "# UNIT %s seconds\n", name);
	if (s->openmetrics && strstr(name, "_bytes"))
		fprintf(s->out, "# UNIT %s bytes\n", name);
	fprintf(s->out, "# HELP %s%s %s\n", name, total, help);
}

/* A backslash of an escape becomes two, as the format wants it. */
int metrics_label(const struct metrics *s, const char *name, const char *value)
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

int metrics_instance(const struct metrics *s, const char *metric, const char *suffix,
			const struct model_instance *instance)
{
	int err;

	fprintf(s->out, "%s%s{", metric, suffix);
	err = metrics_label(s, "iommu", instance ? instance->name : "");
	fputc(',', s->out);
	return err ? err : metrics_label(s, "driver", instance ? instance->driver : "");
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
	int err = metrics_instance(s, "iommu_attach_failures", "_total", f->instance);

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

int metrics_failures(const struct metrics *s)
{
	const struct model_verdict *v = NULL;
	struct failure *all = NULL;
	size_t n = 0;
	int err = 0;

	metrics_family(s, "iommu_attach_failures", "counter",
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

void metrics_events(const struct metrics *s)
{
	const struct model_overview *o = model_overview(s->m);

	metrics_family(s, "iommu_events", "counter", "Events, by hook.");
	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (o->events[hook])
			fprintf(s->out, "iommu_events_total{hook=\"%s\"} %" PRIu64 "\n",
				ims_hook_name(hook), o->events[hook]);
	metrics_family(s, "iommu_events_failed", "counter", "Events with a result that is not 0, by hook.");
	for (uint32_t hook = 1; hook < IMS_HOOK_MAX; hook++)
		if (o->events[hook])
			fprintf(s->out, "iommu_events_failed_total{hook=\"%s\"} %" PRIu64 "\n",
				ims_hook_name(hook), o->failed[hook]);
	metrics_family(s, "iommu_faults", "counter", "I/O page faults.");
	fprintf(s->out, "iommu_faults_total %" PRIu64 "\n", o->events[IMS_HOOK_FAULT]);
	metrics_family(s, "iommu_verdicts", "gauge", "Verdicts, as docs/verdicts.md tells.");
	for (int kind = 0; kind < MODEL_VERDICTS; kind++)
		fprintf(s->out, "iommu_verdicts{verdict=\"%s\",severity=\"%s\"} %" PRIu64 "\n",
			model_verdict_info(kind)->name,
			model_severity_name(model_verdict_info(kind)->severity),
			model_verdict_count(s->m, kind));
}

/* ---- the stream ----------------------------------------------------------------------------- */

void metrics_stream(const struct metrics *s)
{
	const struct model_overview *o = model_overview(s->m);
	const struct ims_damage *d = &o->damage;
	const struct ims_loss *loss;

	metrics_family(s, "iommuscope_build_info", "gauge", "The version of what made this.");
	fputs("iommuscope_build_info{version=\"" IMS_VERSION "\"} 1\n", s->out);
	metrics_family(s, "iommuscope_hooks", "gauge", "Rows of the plan, by state.");
	fprintf(s->out, "iommuscope_hooks{state=\"attached\"} %" PRIu64 "\n", o->attached_rows);
	fprintf(s->out, "iommuscope_hooks{state=\"missing\"} %" PRIu64 "\n", o->missing_rows);
	fprintf(s->out, "iommuscope_hooks{state=\"other\"} %" PRIu64 "\n",
		o->plan_rows - o->attached_rows - o->missing_rows);
	metrics_family(s, "iommuscope_lossy", "gauge", "1: something is known to be missing.");
	fprintf(s->out, "iommuscope_lossy %d\n", model_lossy(s->m));
	metrics_family(s, "iommuscope_lost", "counter", "What happened and is not in here.");
	for (size_t i = 0; (loss = model_loss(s->m, i)); i++)
		if (strcmp(ims_hook_name(loss->hook), "?") &&
		    strcmp(ims_loss_cause_name(loss->cause), "?"))
			fprintf(s->out,
				"iommuscope_lost_total{hook=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
				ims_hook_name(loss->hook), ims_loss_cause_name(loss->cause),
				loss->lost);
	metrics_family(s, "iommuscope_chunks_damaged", "counter", "Chunks of the stream that were bad.");
	fprintf(s->out, "iommuscope_chunks_damaged_total %" PRIu64 "\n", d->bad_chunks);
	metrics_family(s, "iommuscope_chunks_missing", "counter",
	       "Chunks of the stream that were missing.");
	fprintf(s->out, "iommuscope_chunks_missing_total %" PRIu64 "\n", d->missing_chunks);
}

void metrics_self(const struct metrics *s, const struct view_self *self)
{
	FILE *out = s->out;

	metrics_family(s, "iommu_idle_domains", "gauge",
		       "Domains that their owner keeps without a device: leaks, if that lasts.");
	fprintf(out, "iommu_idle_domains %" PRIu64 "\n", self->idle_domains);
	metrics_family(s, "process_cpu_seconds", "counter", "CPU time that the observer took.");
	fprintf(out, "process_cpu_seconds_total %.10g\n", self->cpu_seconds);
	metrics_family(s, "process_resident_memory_bytes", "gauge", "Memory that it has.");
	fprintf(out, "process_resident_memory_bytes %" PRIu64 "\n", self->resident_bytes);
	metrics_family(s, "process_start_time_seconds", "gauge",
		       "When it began, in seconds since 1970.");
	fprintf(out, "process_start_time_seconds %.10g\n", self->start_seconds);
	metrics_family(s, "iommuscope_clients", "gauge", "Who reads from the socket now.");
	fprintf(out, "iommuscope_clients %" PRIu64 "\n", self->clients);
	metrics_family(s, "iommuscope_clients_refused", "counter",
		       "Connections that were not admitted.");
	fprintf(out, "iommuscope_clients_refused_total %" PRIu64 "\n", self->refused);
	metrics_family(s, "iommuscope_client_lost_chunks", "counter",
		       "Chunks that clients did not read in time.");
	fprintf(out, "iommuscope_client_lost_chunks_total %" PRIu64 "\n", self->lost_chunks);
	metrics_family(s, "iommuscope_flight_recorder_bytes", "gauge",
		       "What the flight recorder holds.");
	fprintf(out, "iommuscope_flight_recorder_bytes %" PRIu64 "\n", self->flight_bytes);
}
