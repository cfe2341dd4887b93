// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_html_ops.c - the operations of the hot path: totals for each, and how many calls took how
 * long when.
 *
 * Two sources say so, and are kept apart: statistics, which count every call but tell of a second
 * at a time, and single events, which are exact in time but may be a sample. Time is in columns,
 * latency in rows of two buckets of the histogram; when the columns are used up, each two become
 * one.
 */
#include "view_html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define COLUMNS	     512
#define ROWS	     (IMS_HIST_BUCKETS / 2)
#define CELLS	     (COLUMNS * ROWS)
#define GRAIN_NS     1024
#define OBJECT_BYTES 64

static const uint32_t op_hook[] = {IMS_HOOK_MAP,	IMS_HOOK_UNMAP,	  IMS_HOOK_IOTLB_SYNC,
				   IMS_HOOK_QUEUE_SYNC, IMS_HOOK_DMA_MAP, IMS_HOOK_DMA_UNMAP};

#define OPS (sizeof(op_hook) / sizeof(op_hook[0]))

struct heat {
	uint32_t columns;
	uint64_t begin_ns[COLUMNS], end_ns[COLUMNS];
	uint64_t *cell[OPS]; /* NULL: none of that operation */
};

struct total_key {
	uint64_t domain;
	uint32_t hook;
	char object[OBJECT_BYTES];
	uint32_t zero;
};

struct total {
	struct total_key key;
	struct model_op op;
	UT_hash_handle hh;
};

struct html_ops {
	struct heat stats, events;
	uint64_t first_ns;    /* of the records; 0: there was none */
	uint64_t batch_ns;    /* time of the last statistics */
	uint64_t grain_ns;    /* of events */
	struct total *totals; /* as the statistics tell */
	uint32_t total_count;
	uint64_t over;
	struct model_op single[OPS]; /* as single events tell */
};

static int op_index(uint32_t hook)
{
	for (size_t i = 0; i < OPS; i++)
		if (op_hook[i] == hook)
			return i;
	return -1;
}

bool html_is_op(uint32_t hook)
{
	return op_index(hook) >= 0;
}

struct html_ops *html_ops_new(void)
{
	struct html_ops *o = calloc(1, sizeof(*o));

	if (o)
		o->grain_ns = GRAIN_NS;
	return o;
}

void html_ops_free(struct html_ops *o)
{
	struct total *total, *next;

	if (!o)
		return;
	HASH_ITER (hh, o->totals, total, next) {
		HASH_DEL(o->totals, total);
		free(total);
	}
	for (size_t i = 0; i < OPS; i++) {
		free(o->stats.cell[i]);
		free(o->events.cell[i]);
	}
	free(o);
}

/* ---- columns -------------------------------------------------------------------------------- */

static void fold_cells(uint64_t *cell, uint32_t columns, unsigned int shift)
{
	for (uint32_t from = 1; from < columns; from++)
		for (uint32_t row = 0; row < ROWS; row++) {
			uint64_t *a = cell + from * ROWS + row;
			uint64_t count = *a;

			*a = 0;
			cell[(from >> shift) * ROWS + row] += count;
		}
}

/* Makes one column of 2^@shift of them. */
static void fold(struct heat *h, unsigned int shift)
{
	uint32_t columns = h->columns;

	shift = shift < 31 ? shift : 31;
	for (uint32_t i = 0; i < columns; i++) {
		if (!(i & ((1u << shift) - 1)))
			h->begin_ns[i >> shift] = h->begin_ns[i];
		h->end_ns[i >> shift] = h->end_ns[i];
	}
	h->columns = columns ? ((columns - 1) >> shift) + 1 : 0;
	for (size_t i = 0; i < OPS; i++)
		if (h->cell[i])
			fold_cells(h->cell[i], columns, shift);
}

static int add_cell(struct heat *h, int op, uint32_t column, uint32_t bucket, uint64_t count)
{
	if (!h->cell[op])
		h->cell[op] = calloc(CELLS, sizeof(uint64_t));
	if (!h->cell[op])
		return -ENOMEM;
	h->cell[op][column * ROWS + bucket / 2] += count;
	return 0;
}

/* The column of an event: all are as wide as the grain. */
static uint32_t event_column(struct html_ops *o, uint64_t time_ns)
{
	uint64_t since = time_ns > o->first_ns ? time_ns - o->first_ns : 0;
	struct heat *h = &o->events;
	unsigned int shift = 0;

	while (since / o->grain_ns >> shift >= COLUMNS)
		shift++;
	if (shift) {
		fold(h, shift);
		o->grain_ns <<= shift;
		if (h->columns)
			h->end_ns[h->columns - 1] = o->first_ns + h->columns * o->grain_ns;
	}
	for (; h->columns <= since / o->grain_ns; h->columns++) {
		h->begin_ns[h->columns] = o->first_ns + h->columns * o->grain_ns;
		h->end_ns[h->columns] = h->begin_ns[h->columns] + o->grain_ns;
	}
	return since / o->grain_ns;
}

/* The column of a batch of statistics: from the batch before to this one. */
static uint32_t stats_column(struct html_ops *o, uint64_t time_ns)
{
	struct heat *h = &o->stats;

	if (h->columns && time_ns <= o->batch_ns)
		return h->columns - 1;
	if (h->columns == COLUMNS)
		fold(h, 1);
	h->begin_ns[h->columns] = h->columns ? o->batch_ns : o->first_ns;
	h->end_ns[h->columns] = time_ns;
	o->batch_ns = time_ns;
	return h->columns++;
}

/* ---- records -------------------------------------------------------------------------------- */

static int take_event(struct html_ops *o, const struct ims_event *e, int op, uint64_t time_ns)
{
	struct model_op *single = &o->single[op];
	uint32_t bucket = ims_hist_bucket(e->duration_ns);

	single->calls++;
	single->errors += e->result < 0;
	if (e->result >= 0)
		single->bytes += e->size;
	if (e->flags & IMS_EVENT_UNTIMED) {
		single->untimed++;
		return 0;
	}
	single->sum_ns += e->duration_ns;
	single->bucket[bucket]++;
	if (e->duration_ns > single->max_ns)
		single->max_ns = e->duration_ns;
	return add_cell(&o->events, op, event_column(o, time_ns), bucket, 1);
}

static struct total *find_total(struct html_ops *o, const struct ims_stats *s)
{
	struct total_key key = {.domain = s->domain, .hook = s->hook};
	struct total *total;

	snprintf(key.object, sizeof(key.object), "%s", s->object ? s->object : "");
	HASH_FIND(hh, o->totals, &key, sizeof(key), total);
	if (total)
		return total;
	total = o->total_count < HTML_ROWS ? calloc(1, sizeof(*total)) : NULL;
	if (!total) {
		o->over++;
		return NULL;
	}
	total->key = key;
	o->total_count++;
	HASH_ADD(hh, o->totals, key, sizeof(key), total);
	return total;
}

/* Totals only grow; ones that shrink are of another recording that follows in the same file. */
static int add_difference(struct html_ops *o, const struct total *total, const struct ims_stats *s,
			  int op, uint64_t time_ns)
{
	uint32_t column = stats_column(o, time_ns);
	int err = 0;

	for (uint32_t i = 0; i < IMS_HIST_BUCKETS && !err; i++) {
		uint64_t last = total->op.bucket[i], now = s->bucket[i];

		if (now != last)
			err = add_cell(&o->stats, op, column, i, now > last ? now - last : now);
	}
	return err;
}

static int take_stats(struct html_ops *o, const struct ims_stats *s, int op, uint64_t time_ns)
{
	struct total *total = find_total(o, s);
	int err = 0;

	if (!total)
		return 0;
	/* What a stream that begins in the middle of a recording begins with was counted before. */
	if (time_ns > o->first_ns)
		err = add_difference(o, total, s, op, time_ns);
	model_op_read(&total->op, s);
	return err;
}

int html_ops_record(struct html_ops *o, const struct ims_record *rec)
{
	int op = -1;

	if (rec->type == IMS_REC_EVENT)
		op = op_index(rec->event.hook);
	else if (rec->type == IMS_REC_STATS)
		op = op_index(rec->stats.hook);
	else
		return 0;
	if (rec->type == IMS_REC_EVENT && rec->event.flags & IMS_EVENT_EARLIER)
		return 0;
	if (!o->first_ns)
		o->first_ns = rec->time_ns;
	if (op < 0)
		return 0;
	return rec->type == IMS_REC_EVENT ? take_event(o, &rec->event, op, rec->time_ns)
					  : take_stats(o, &rec->stats, op, rec->time_ns);
}

/* ---- writing -------------------------------------------------------------------------------- */

static json_t *buckets_json(const struct model_op *op)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < IMS_HIST_BUCKETS; i++)
		if (op->bucket[i]) {
			json_array_append_new(array, json_integer(i));
			json_array_append_new(array, json_number(op->bucket[i]));
		}
	return array;
}

/* @buckets: index and count, in turn. */
static json_t *total_json(const struct total_key *key, const struct model_op *op, bool single)
{
	json_t *o = json_op(op);

	o = json_with(o, "op", json_text(ims_hook_name(key->hook)));
	o = json_with(o, "domain", json_number(key->domain));
	o = json_with(o, "object", json_text_or_null(key->object));
	o = json_with(o, "single", json_boolean(single));
	return json_with(o, "buckets", buckets_json(op));
}

static int write_totals(struct html_ops *o, FILE *out)
{
	struct html_list list = html_list(out, "operations");
	struct total *total;
	int err = 0;

	for (size_t i = 0; i < OPS && !err; i++) {
		struct total_key key = {.hook = op_hook[i]};

		if (o->single[i].calls)
			err = html_add(&list, total_json(&key, &o->single[i], true));
	}
	for (total = o->totals; total && !err; total = total->hh.next)
		if (!html_full(&list))
			err = html_add(&list, total_json(&total->key, &total->op, false));
	list.left_out += o->over;
	html_end(&list);
	return err;
}

/* Column, row and count of each cell that counted any, in turn. */
static void write_cells(const struct heat *h, int op, FILE *out)
{
	const char *comma = "";

	fprintf(out, "\"%s\":[", ims_hook_name(op_hook[op]));
	for (uint32_t i = 0; i < h->columns * ROWS; i++)
		if (h->cell[op][i]) {
			fprintf(out, "%s%u,%u,%" PRIu64, comma, i / ROWS, i % ROWS,
				html_number(h->cell[op][i]));
			comma = ",";
		}
	fputs("]", out);
}

static void write_heat(const struct heat *h, const char *name, uint64_t first_ns, FILE *out)
{
	const char *comma = "";

	fprintf(out, ",\n\"%s\":{\"columns\":[", name);
	for (uint32_t i = 0; i < h->columns; i++)
		fprintf(out, "%s%" PRIu64 ",%" PRIu64, i ? "," : "",
			html_since(h->begin_ns[i], first_ns), html_since(h->end_ns[i], first_ns));
	fputs("],\n\"ops\":{", out);
	for (size_t i = 0; i < OPS; i++)
		if (h->cell[i]) {
			fputs(comma, out);
			write_cells(h, i, out);
			comma = ",\n";
		}
	fputs("}}", out);
}

int html_ops_write(struct html_ops *o, uint64_t first_ns, FILE *out)
{
	int err = write_totals(o, out);

	write_heat(&o->stats, "heat_stats", first_ns, out);
	write_heat(&o->events, "heat_events", first_ns, out);
	return err;
}
