// SPDX-License-Identifier: GPL-2.0-only
/* screen_domains.c - one row for each domain. */
#include "screen.h"

static int collect(const struct top *t, const struct model *m, struct rows *rows)
{
	const struct model_domain *d = NULL;
	size_t at = 0;
	int err = 0;

	while (!err && (d = model_next_domain(m, d))) {
		const struct past_domain *past = past_walk(&t->past, m, &at, d);

		if ((!d->freed || t->freed) && view_shows_domain(t->filter, d))
			err = rows_add(rows, &(struct row){.kind = ROW_DOMAIN,
							   .id = d->id,
							   .object = d,
							   .past = past});
	}
	return err;
}

static const struct model_domain *domain(const struct row *row)
{
	return row->object;
}

static void get_id(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, row->id);
}

static void get_type(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, model_domain_type(domain(row)));
}

static void get_format(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, domain(row)->format);
}

static void get_instance(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_domain *d = domain(row);

	if (d->share_count > 1)
		value_format(v, "%s +%u", d->instance ? d->instance->name : "?", d->share_count - 1);
	else
		value_text(v, d->instance ? d->instance->name : d->bound_to_none ? "(none yet)" : "");
}

static void get_evidence(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, model_evidence_name(domain(row)->evidence));
}

static void get_devices(const struct top *t, const struct row *row, struct value *v)
{
	value_count(v, domain(row)->device_count);
}

static void get_state(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_domain *d = domain(row);

	value_text(v, d->freed ? "freed" : d->device_count ? "in use" : "idle");
}

static void get_age(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_domain *d = domain(row);
	uint64_t end = d->freed ? d->free_ns : t->past.now_ns;

	if (!d->alloc_seen)
		value_text(v, d->seen_at_start ? "at start" : "");
	else {
		v->kind = VALUE_AGE;
		v->count = end > d->alloc_ns ? end - d->alloc_ns : 0;
	}
}

static void get_owner(const struct top *t, const struct row *row, struct value *v)
{
	value_text(v, domain(row)->comm);
}

static void get_pid(const struct top *t, const struct row *row, struct value *v)
{
	if (domain(row)->alloc_seen)
		value_count(v, domain(row)->pid);
}

/* Only of a domain that was empty when we first saw it. */
static void get_mapped(const struct top *t, const struct row *row, struct value *v)
{
	const struct model_domain *d = domain(row);
	uint64_t mapped = d->op[MODEL_OP_MAP] ? d->op[MODEL_OP_MAP]->bytes : 0;
	uint64_t unmapped = d->op[MODEL_OP_UNMAP] ? d->op[MODEL_OP_UNMAP]->bytes : 0;

	if (!d->alloc_seen || unmapped > mapped || d->freed || *model_filter(t->model))
		return;
	v->kind = VALUE_BYTES;
	v->count = mapped - unmapped;
}

static const struct counter *delta(const struct row *row, int op)
{
	const struct past_domain *past = row->past;

	return past ? &past->delta[op] : NULL;
}

static void get_rate(const struct top *t, const struct row *row, struct value *v, int op)
{
	const struct counter *c = delta(row, op);

	if (c)
		value_rate(v, &t->past, VALUE_RATE, c->calls);
}

static void get_map(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_MAP);
}

static void get_unmap(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_UNMAP);
}

static void get_sync(const struct top *t, const struct row *row, struct value *v)
{
	get_rate(t, row, v, MODEL_OP_IOTLB_SYNC);
}

static void get_map_mean(const struct top *t, const struct row *row, struct value *v)
{
	if (delta(row, MODEL_OP_MAP))
		value_mean(v, delta(row, MODEL_OP_MAP));
}

static void get_sync_mean(const struct top *t, const struct row *row, struct value *v)
{
	if (delta(row, MODEL_OP_IOTLB_SYNC))
		value_mean(v, delta(row, MODEL_OP_IOTLB_SYNC));
}

static void get_bytes(const struct top *t, const struct row *row, struct value *v)
{
	const struct counter *c = delta(row, MODEL_OP_MAP);

	if (c)
		value_rate(v, &t->past, VALUE_BYTE_RATE, c->bytes);
}

static void get_errors(const struct top *t, const struct row *row, struct value *v)
{
	uint64_t n = 0;

	for (int op = 0; op < DOMAIN_OPS; op++)
		n += domain(row)->op[op] ? domain(row)->op[op]->errors : 0;
	value_count(v, n);
	v->style = n ? TOP_BAD : TOP_PLAIN;
}

static const struct column columns[] = {
	{"domain", "DOMAIN", 6, 1, 1, .name = true, .get = get_id},
	{"type", "TYPE", 9, 1, 0, .left = true, .name = true, get_type},
	{"format", "FORMAT", 8, 7, 5, .left = true, .name = true, get_format},
	{"instance", "INSTANCE", 14, 1, 10, .left = true, .ends = true, .name = true, get_instance},
	{"evidence", "EVIDENCE", 8, 5, 4, .left = true, .name = true, get_evidence,
	 "how the instance is known"},
	{"state", "STATE", 6, 0, 0, .left = true, .name = true, get_state},
	{"devices", "DEV", 3, 1, 1, .get = get_devices},
	{"age", "AGE", 8, 4, 0, .get = get_age},
	{"owner", "OWNER", 10, 3, 5, .left = true, .name = true, get_owner, "who allocated it"},
	{"pid", "PID", 7, 7, 0, .get = get_pid},
	{"mapped", "MAPPED", 9, 1, 1, .get = get_mapped, "bytes that are mapped now"},
	{"map", "MAP/S", 6, 1, 1, .get = get_map},
	{"unmap", "UNMAP/S", 7, 1, 0, .get = get_unmap},
	{"sync", "SYNC/S", 6, 2, 1, .get = get_sync, "invalidations"},
	{"bytes", "BYTES/S", 9, 8, 0, .get = get_bytes},
	{"map_mean", "MAP MEAN", 8, 8, 0, .get = get_map_mean, "in the interval"},
	{"sync_mean", "SYNCMEAN", 8, 8, 0, .get = get_sync_mean, "in the interval"},
	{"errors", "ERRORS", 6, 8, 0, .get = get_errors, "failed maps, short unmaps"},
	{0}};

static const struct table list = {.key = "domains",
				  .column = columns,
				  .sort = "-map",
				  .collect = collect,
				  .empty = "no domain is alive; a shows freed ones, too"};

const struct screen screen_domains = {.name = "domains", .label = "Domains", .list = &list};
