// SPDX-License-Identifier: GPL-2.0-only
#include "diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables --------------------------------------------------------------------------------- */

static int add(struct diff_table *t, int side, struct diff_row row, uint64_t count, const void *of)
{
	struct diff_row *grown;

	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		grown = realloc(t->row, t->room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->row = grown;
	}
	for (size_t i = 0; i < 3; i++)
		row.text[i] = row.text[i] ? row.text[i] : "";
	row.count[side] = count;
	row.of[side] = of;
	t->row[t->count++] = row;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;
	int order = 0;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	for (size_t i = 0; i < 3 && !order; i++)
		order = strcmp(x->text[i], y->text[i]);
	if (order || x->result == y->result)
		return order;
	return x->result < y->result ? -1 : 1;
}

/* Rows of one thing become one. */
static int merge(struct diff_table *t, int err)
{
	size_t n = 0;

	if (err || !t->count)
		return err;
	qsort(t->row, t->count, sizeof(*t->row), compare);
	for (size_t i = 1; i < t->count; i++) {
		struct diff_row *to = &t->row[n], *from = &t->row[i];

		if (compare(to, from)) {
			t->row[++n] = *from;
			continue;
		}
		for (int side = 0; side < 2; side++) {
			to->count[side] += from->count[side];
			to->of[side] = to->of[side] ? to->of[side] : from->of[side];
		}
	}
	t->count = n + 1;
	return 0;
}

void diff_free(struct diff_table *t)
{
	free(t->row);
}

const char *diff_word(const struct diff_row *row)
{
	if (row->count[0] == row->count[1])
		return "";
	if (!row->count[0] || !row->count[1])
		return row->count[1] ? "new" : "gone";
	return row->count[1] > row->count[0] ? "more" : "fewer";
}

/* ---- what is compared ----------------------------------------------------------------------- */

int diff_host(struct diff_table *t, const struct view_side side[2])
{
	const struct ims_host *h;
	int err = 0;

	*t = (struct diff_table){};
	for (int s = 0; s < 2; s++)
		for (size_t i = 0; !err && (h = model_host(side[s].m, i)); i++)
			err = add(t, s, (struct diff_row){.text = {h->key}}, 1, h);
	return merge(t, err);
}

bool diff_same_host(const struct diff_row *row)
{
	const struct ims_host *a = row->of[0], *b = row->of[1];

	return a && b && !strcmp(a->value, b->value);
}

int diff_plan(struct diff_table *t, const struct view_side side[2])
{
	const struct ims_plan *p;
	int err = 0;

	*t = (struct diff_table){};
	for (int s = 0; s < 2; s++)
		for (size_t i = 0; !err && (p = model_plan(side[s].m, i)); i++)
			err = add(t, s, (struct diff_row){p->hook, .text = {p->function}}, 1, p);
	return merge(t, err);
}

bool diff_same_plan(const struct diff_row *row)
{
	const struct ims_plan *a = row->of[0], *b = row->of[1];

	return a && b && !strcmp(a->state, b->state) && !strcmp(a->mechanism, b->mechanism);
}

static const char *name_of(const struct model_instance *instance)
{
	return instance ? instance->name : "";
}

int diff_verdicts(struct diff_table *t, const struct view_side side[2])
{
	const struct model_verdict *v = NULL;
	int err = 0;

	*t = (struct diff_table){};
	for (int s = 0; s < 2; s++)
		while (!err && (v = model_next_verdict(side[s].m, v))) {
			struct diff_row row = {v->kind,
					       v->result,
					       {v->device, name_of(v->device_instance),
						name_of(v->domain_instance)}};

			err = add(t, s, row, v->count, v);
		}
	return merge(t, err);
}

enum model_severity diff_severity(const struct diff_row *row)
{
	const struct model_verdict *a = row->of[0], *b = row->of[1];

	if (!a || !b)
		return a ? a->severity : b->severity;
	return a->severity > b->severity ? a->severity : b->severity;
}

static int add_ops(struct diff_table *t, int side, const char *kind, const char *name,
		   const struct model_op *const op[MODEL_OPS])
{
	int err = 0;

	for (uint32_t i = 0; i < MODEL_OPS && !err; i++)
		if (op[i] && op[i]->calls)
			err = add(t, side, (struct diff_row){i, .text = {kind, name}}, op[i]->calls,
				  op[i]);
	return err;
}

static int add_side_ops(struct diff_table *t, int side, const struct model *m)
{
	const struct model_op *all[MODEL_OPS];
	const struct model_instance *instance = NULL;
	const struct model_device *device = NULL;
	int err;

	for (size_t i = 0; i < MODEL_OPS; i++)
		all[i] = &model_overview(m)->op[i];
	err = add_ops(t, side, "", "", all);
	while (!err && (instance = model_next_instance(m, instance)))
		err = add_ops(t, side, "instance", instance->name, instance->op);
	while (!err && (device = model_next_device(m, device)))
		err = add_ops(t, side, "device", device->name, device->op);
	return err;
}

int diff_ops(struct diff_table *t, const struct view_side side[2])
{
	int err;

	*t = (struct diff_table){};
	err = add_side_ops(t, 0, side[0].m);
	if (!err)
		err = add_side_ops(t, 1, side[1].m);
	return merge(t, err);
}

int diff_domains(struct diff_table *t, const struct view_side side[2])
{
	const struct model_domain *d = NULL;
	int err = 0;

	*t = (struct diff_table){};
	for (int s = 0; s < 2; s++)
		while (!err && (d = model_next_domain(side[s].m, d)))
			if (!d->freed)
				err = add(t, s,
					  (struct diff_row){.text = {model_domain_type(d),
								     name_of(d->instance)}},
					  1, d);
	return merge(t, err);
}

int diff_failures(struct diff_table *t, const struct view_side side[2])
{
	int err = 0;

	*t = (struct diff_table){};
	for (int s = 0; s < 2; s++)
		for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++)
			for (int32_t e = 0; e < VIEW_ERRNOS && !err; e++) {
				uint64_t n = side[s].failures->count[hook][e];

				if (n)
					err = add(t, s, (struct diff_row){hook, -e}, n, NULL);
			}
	return merge(t, err);
}
