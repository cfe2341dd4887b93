// SPDX-License-Identifier: GPL-2.0-only
/* story_fault.c - an I/O page fault: what the device wanted, why not, and who had mapped there. */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "story.h"

#define NOT_MAPPED    "nothing is mapped at this address"
#define NOT_MAPPED_SO "nothing is mapped at this address, or not for such an access"
#define NOT_ALLOWED   "the address is mapped, but not for such an access"
#define NO_DOMAIN     "the IOMMU is not set up for this device"

/* What the drivers' words mean, by how they begin. */
static const struct {
	const char *begins, *means;
} reasons[] = {
	{"F_TRANSLATION", NOT_MAPPED},
	{"F_ADDR_SIZE", "the address is larger than the tables of the domain reach"},
	{"F_ACCESS", "the entry in the page table lacks its access flag"},
	{"F_PERMISSION", NOT_ALLOWED},
	{"F_STREAM_DISABLED", NO_DOMAIN},
	{"C_BAD_STREAMID", NO_DOMAIN},
	{"C_BAD_STE", NO_DOMAIN},
	{"C_BAD_CD", NO_DOMAIN},
	{"Present bit in", NO_DOMAIN},
	{"Access beyond MGAW", "the address is larger than the tables of the domain reach"},
	{"PTE Write access", NOT_MAPPED_SO},
	{"PTE Read access", NOT_MAPPED_SO},
	{"SM: Present bit in first-level", NOT_MAPPED},
	{"SM: Present bit in", NO_DOMAIN},
	{"SM: Read/Write permission error", NOT_MAPPED_SO},
	{"SM: No write permission", NOT_ALLOWED},
	{"SM: No read permission", NOT_ALLOWED},
};

static const char *meaning(const char *reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (!strncmp(reason, reasons[i].begins, strlen(reasons[i].begins)))
			return reasons[i].means;
	if (strncmp(reason, "IO_PAGE_FAULT", 13))
		return NULL;
	return strstr(reason, "interrupt") ? "the event log calls it an interrupt request"
	       : strstr(reason, "present") ? NOT_ALLOWED
					   : NOT_MAPPED;
}

static void tell_reason(FILE *out, const char *reason)
{
	const char *means = meaning(reason);

	if (!*reason) {
		fputs(" (the driver tells no reason). ", out);
		return;
	}
	fputs(": ", out);
	view_escape(out, reason);
	if (means)
		fprintf(out, ", which means that %s", means);
	fputs(". ", out);
}

static void tell_access(FILE *out, const struct model_fault *f)
{
	const char *what = !f->access_known ? "access" : f->write ? "write" : "read";

	if (f->more)
		fputs(" tried to access more pages", out);
	else if (f->iova_known)
		fprintf(out, " tried to %s IOVA 0x%" PRIx64, what, f->iova);
	else
		fputs(" tried to do DMA", out);
}

static void tell_mapping(FILE *out, const struct model_verdict *v, const struct model_mapping *p,
			 const char *done)
{
	char ago[VIEW_TEXT], bytes[VIEW_TEXT];

	if (!p->time_ns)
		return;
	fprintf(out, "It was last %s", done);
	if (p->domain != v->domain)
		fprintf(out, " in domain %" PRIu64, p->domain);
	fprintf(out, " %s before, by ", view_ns(ago, v->time_ns - p->time_ns));
	story_who(out, p->comm, p->pid);
	fprintf(out, ", with 0x%" PRIx64 " and %s. ", p->iova, view_bytes(bytes, p->size));
}

static bool maps_were_lost(const struct model *m)
{
	const struct ims_loss *loss;

	for (size_t i = 0; (loss = model_loss(m, i)); i++)
		if (loss->lost && loss->cause != IMS_LOSS_SLOTS &&
		    loss->cause != IMS_LOSS_NO_ENTRY &&
		    (loss->hook == IMS_HOOK_MAP || loss->hook == IMS_HOOK_UNMAP))
			return true;
	return false;
}

static void tell_domain(FILE *out, const struct model *m, const struct model_verdict *v)
{
	char ago[VIEW_TEXT];

	if (v->domain) {
		fputs("The device was on ", out);
		story_domain(out, m, v->domain);
		fputs(". ", out);
	}
	if (!v->fault->left_domain)
		return;
	fputs("It had left ", out);
	story_domain(out, m, v->fault->left_domain);
	fprintf(out,
		" %s before: faults are queued, so the DMA may have been on that one. ",
		view_ns(ago, v->time_ns - v->fault->left_ns));
}

static void tell_history(FILE *out, const struct model *m, const struct model_verdict *v)
{
	const struct model_fault *f = v->fault;

	if (f->more || f->pasid || !f->iova_known || (!v->domain && !f->left_domain))
		return;
	tell_mapping(out, v, &f->unmapped, "unmapped");
	tell_mapping(out, v, &f->mapped, "mapped");
	if (!f->searched && !f->mapped.time_ns && !f->unmapped.time_ns)
		fputs("Who mapped there is not known: single maps were not recorded (record "
		      "--events all). ",
		      out);
	else if (!f->mapped.time_ns && !f->unmapped.time_ns)
		fprintf(out,
			"None of the last %" PRIu64 " maps and unmaps recorded before was of this "
			"address. ",
			f->searched);
	if (f->searched && maps_were_lost(m))
		fputs("Maps or unmaps were lost: later ones may be among them. ", out);
}

void story_fault(FILE *out, const struct model *m, const struct model_verdict *v)
{
	const struct model_fault *f = v->fault;
	char buf[VIEW_TEXT];

	story_device(out, v);
	fputs(v->device_instance ? "," : "", out);
	tell_access(out, f);
	fprintf(out, " at %s, and its IOMMU refused", view_time(buf, m, v->time_ns));
	tell_reason(out, f->reason);
	if (f->pasid)
		fputs("It was under a PASID, so of another domain than the device's own. ", out);
	else
		tell_domain(out, m, v);
	tell_history(out, m, v);
	if (f->more)
		fprintf(out, "These have no verdicts of their own; there were %" PRIu64 ". ",
			v->count);
	else if (v->count > 1)
		fprintf(out, "There were %" PRIu64 " on this page. ", v->count);
}
