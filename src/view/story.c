// SPDX-License-Identifier: GPL-2.0-only
/* story.c - one verdict as a paragraph: who made the domain, who attached it, what came of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "story.h"

static const struct {
	int err;
	const char *text;
} errnos[] = {
	{EINVAL, "the driver says this domain cannot be used with this device"},
	{ENXIO, "the driver says this domain belongs to another instance"},
	{EXDEV, "the driver says this domain belongs to another instance"},
	{ENOMEM, "there was no memory for tables or contexts"},
	{ENOSPC, "the instance has no free context, ASID or domain number left"},
	{EBUSY, "the group or the device is in use by another owner"},
	{ENODEV, "the device has no IOMMU any more, or the driver does not know it"},
	{EOPNOTSUPP, "the driver does not support this kind of domain"},
	{EPERM, "the device needs direct mappings or is not trusted with this"},
	{EIO, "the hardware did not answer a command"},
	{ETIMEDOUT, "the hardware did not answer a command in time"},
	{EEXIST, "something is attached there already"},
};

static const char *errno_text(int32_t result)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++)
		if (errnos[i].err == -(int64_t)result)
			return errnos[i].text;
	return NULL;
}

static void tell_result(FILE *out, int32_t result, uint32_t hook)
{
	const char *text = errno_text(result);
	char buf[VIEW_TEXT];

	/* Of a PASID the core says it as well, for more reasons. */
	if (hook == IMS_HOOK_ATTACH_PASID && result == -EINVAL)
		text = "this domain cannot be used with a PASID of this device";
	fputs(view_errno(buf, result), out);
	if (text)
		fprintf(out, " (%s)", text);
}

void story_who(FILE *out, const char *comm, uint32_t pid)
{
	if (!*comm && !pid) {
		fputs("someone", out);
		return;
	}
	view_escape(out, *comm ? comm : "?");
	fprintf(out, " (pid %" PRIu32 ")", pid);
}

void story_domain(FILE *out, const struct model *m, uint64_t id)
{
	const struct model_domain *d = id ? model_find_domain(m, id) : NULL;

	if (!id)
		fputs("a domain without a number", out);
	else if (d && d->type_known)
		fprintf(out, "domain %" PRIu64 " (%s)", id, model_domain_type(d));
	else
		fprintf(out, "domain %" PRIu64, id);
}

void story_device(FILE *out, const struct model_verdict *v)
{
	if (*v->device) {
		fputs("device ", out);
		view_escape(out, v->device);
	}
	if (v->group != IMS_NO_GROUP)
		fprintf(out, *v->device ? " (group %" PRIu32 ")" : "group %" PRIu32, v->group);
	else if (!*v->device)
		fputs("a device", out);
	if (v->device_instance) {
		fputs(", behind ", out);
		view_escape(out, v->device_instance->name);
	}
}

/* Where the driver bound a domain to another device's instance than asked. */
static void tell_chosen(FILE *out, const struct model *m, const struct model_domain *d)
{
	const struct model_device *dev;

	if (!*d->chosen_device || !strcmp(d->chosen_device, d->alloc_device))
		return;
	dev = model_find_device(m, d->chosen_device);
	fputs("The driver finalised it for device ", out);
	view_escape(out, d->chosen_device);
	if (dev && dev->instance) {
		fputs(", behind ", out);
		view_escape(out, dev->instance->name);
		fputs(*d->alloc_device ? "," : "", out);
	}
	fputs(*d->alloc_device ? " instead. " : ". ", out);
}

static void tell_alloc(FILE *out, const struct model *m, const struct model_verdict *v)
{
	const struct model_domain *d = v->domain ? model_find_domain(m, v->domain) : NULL;
	char buf[VIEW_TEXT];

	if (!d)
		return;
	if (!d->alloc_seen) {
		fprintf(out, "Domain %" PRIu64 " %s. ", d->id,
			d->seen_at_start ? "was there at start" : "was made unseen");
		return;
	}
	story_who(out, d->comm, d->pid);
	fputs(" allocated ", out);
	story_domain(out, m, d->id);
	if (*d->alloc_device) {
		fputs(" for device ", out);
		view_escape(out, d->alloc_device);
		if (*d->alloc_instance) {
			fputs(", behind ", out);
			view_escape(out, d->alloc_instance);
		}
		fputc(',', out);
	} else if (d->alloc_blind) {
		fputs(" for no device", out);
	}
	fprintf(out, " at %s. ", view_time(buf, m, d->alloc_ns));
	tell_chosen(out, m, d);
}

static void tell_bound(FILE *out, const struct model_verdict *v)
{
	if (!v->domain_instance)
		return;
	fputs("The domain belongs to ", out);
	view_escape(out, v->domain_instance->name);
	fprintf(out, " (evidence: %s", model_evidence_name(v->evidence));
	if (v->device_instance) {
		fprintf(out, "; rule: %s, ", model_rule_name(v->device_instance->rule));
		view_escape(out, v->device_instance->rule_source);
	}
	fputs("). ", out);
}

static void tell_attach(FILE *out, const struct model *m, const struct model_verdict *v)
{
	char buf[VIEW_TEXT];

	story_who(out, v->comm, v->pid);
	fputs(v->result ? " tried to attach " : " attached ", out);
	story_domain(out, m, v->domain);
	fputs(v->hook == IMS_HOOK_ATTACH_PASID ? " to a PASID of " : " to ", out);
	story_device(out, v);
	fprintf(out, "%s at %s: ", v->device_instance ? "," : "", view_time(buf, m, v->time_ns));
	if (v->result)
		tell_result(out, v->result, v->hook);
	else
		fputs("the attach returned 0", out);
	fputs(". ", out);
}

static void tell_cost(FILE *out, const struct model_verdict *v)
{
	uint32_t timed = v->cost_calls - v->cost_untimed;
	char buf[VIEW_TEXT];

	if (!v->cost_calls)
		return;
	if (!timed) {
		fputs("What it cost is not known (not timed). ", out);
		return;
	}
	fprintf(out, "It cost %s in %" PRIu32 " failed %s%s", view_ns(buf, v->cost_ns), timed,
		v->cost_hook == IMS_HOOK_ATTACH_GROUP ? "group attach" : "attach",
		timed == 1 ? "" : "es");
	if (v->cost_untimed)
		fprintf(out, " and %" PRIu32 " that %s not timed", v->cost_untimed,
			v->cost_untimed == 1 ? "was" : "were");
	fputs(". ", out);
}

static void tell_retry(FILE *out, const struct model *m, const struct model_verdict *v)
{
	char buf[VIEW_TEXT];

	if (!v->retry_ns)
		return;
	fputs("The same thread then attached ", out);
	story_domain(out, m, v->retry_domain);
	fprintf(out, ", %s later. ",
		view_ns(buf, v->retry_ns > v->time_ns ? v->retry_ns - v->time_ns : 0));
}

/* What is said besides the facts, by kind. */
static void tell_meaning(FILE *out, const struct model_verdict *v)
{
	switch (v->kind) {
	case MODEL_ACCEPTED_MISMATCH:
		fputs("DMA of the device goes through an instance that the domain is not bound "
		      "to. ",
		      out);
		break;
	case MODEL_SOFT_MISMATCH:
		fputs("User space is not told. When both domains are of one VFIO container, every "
		      "range is mapped and unmapped once per domain from now on. ",
		      out);
		break;
	case MODEL_HARD_MISMATCH:
		fputs("The caller's operation failed with it", out);
		if (*v->function) {
			fputs(": ", out);
			view_escape(out, v->function);
		}
		fputs(". ", out);
		break;
	default:
		break;
	}
}

static void tell_blind(FILE *out, const struct model *m, const struct model_verdict *v)
{
	tell_alloc(out, m, v);
	fputs("No device was given: which instance the domain will fit is left to the core or to "
	      "the first attach. ",
	      out);
	if (v->count > 1)
		fprintf(out, "The same caller did so %" PRIu64 " times. ", v->count);
}

static void tell_unmap_short(FILE *out, const struct model *m, const struct model_verdict *v)
{
	bool map = v->hook == IMS_HOOK_MAP;

	if (v->domain)
		tell_alloc(out, m, v);
	fprintf(out, "%" PRIu64 " %s of ", v->count,
		map		? v->count == 1 ? "map" : "maps"
		: v->count == 1 ? "unmap"
				: "unmaps");
	if (v->domain)
		story_domain(out, m, v->domain);
	else
		fputs("domains without statistics of their own", out);
	fputs(map ? " failed. " : " took away less than was asked. ", out);
}

/* What became of a domain that was kept without a device. */
static void tell_kept(FILE *out, const struct model *m, const struct model_verdict *v)
{
	const struct model_domain *d = model_find_domain(m, v->domain);
	uint64_t last_ns = d && d->freed ? d->free_ns : model_overview(m)->last_ns;
	char buf[VIEW_TEXT];

	view_ns(buf, last_ns > v->time_ns ? last_ns - v->time_ns : 0);
	if (d && d->freed)
		fprintf(out, ", and it was freed %s after that. ", buf);
	else if (d && d->device_count)
		fprintf(out, ", for %s or longer, before it was used again. ", view_ns(buf, MODEL_LEAK_LIVE_NS));
	else
		fprintf(out, ", and in the %s from then to %s it was not freed. ", buf,
			model_overview(m)->finished ? "the end of the recording" : "now");
}

static void tell_leak(FILE *out, const struct model *m, const struct model_verdict *v)
{
	const struct model_domain *d = model_find_domain(m, v->domain);
	char buf[VIEW_TEXT];

	tell_alloc(out, m, v);
	tell_bound(out, v);
	if (d && v->time_ns > d->alloc_ns)
		fprintf(out, "The last device left it at %s", view_time(buf, m, v->time_ns));
	else
		fputs("No device was ever attached to it", out);
	tell_kept(out, m, v);
}

static void tell_mixed(FILE *out, const struct model_verdict *v)
{
	story_device(out, v);
	if (v->domain_instance) {
		fputs("; others of the group are behind ", out);
		view_escape(out, v->domain_instance->name);
	}
	fputs(". One domain cannot serve them all where domains are bound. ", out);
}

static void tell_probe(FILE *out, const struct model *m, const struct model_verdict *v)
{
	char buf[VIEW_TEXT];

	fputs("The probe of ", out);
	story_device(out, v);
	fprintf(out, "%s failed at %s with ", v->device_instance ? "," : "",
		view_time(buf, m, v->time_ns));
	tell_result(out, v->result, v->hook);
	fputs(", after ", out);
	story_domain(out, m, v->domain);
	fputs(" could not be attached: the device has no IOMMU and its driver may not bind. ", out);
}

static void tell(FILE *out, const struct model *m, const struct model_verdict *v)
{
	switch (v->kind) {
	case MODEL_BLIND_ALLOC:
		tell_blind(out, m, v);
		break;
	case MODEL_UNMAP_SHORT:
		tell_unmap_short(out, m, v);
		break;
	case MODEL_MIXED_GROUP:
		tell_mixed(out, v);
		break;
	case MODEL_LEAK:
		tell_leak(out, m, v);
		break;
	case MODEL_PROBE_LOST:
		tell_probe(out, m, v);
		break;
	case MODEL_FAULT:
		story_fault(out, m, v);
		break;
	default:
		tell_alloc(out, m, v);
		tell_bound(out, v);
		tell_attach(out, m, v);
		tell_cost(out, v);
		tell_retry(out, m, v);
		tell_meaning(out, v);
		if (v->count > 1)
			fprintf(out, "Seen %" PRIu64 " times. ", v->count);
	}
	if (*v->reason) {
		fputs("Note: ", out);
		view_escape(out, v->reason);
		fputs(". ", out);
	}
	if (*v->degraded) {
		fputs("This may be incomplete: ", out);
		view_escape(out, v->degraded);
		fputs(". ", out);
	}
}

char *view_story(const struct model *m, const struct model_verdict *v)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	tell(out, m, v);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
	return text;
}
