// SPDX-License-Identifier: GPL-2.0-only
/* rows.c - host facts and the plan: few rows, the newest of each key. */
#include "internal.h"

/* Room for row @count of @size bytes: doubles at each power of two. */
static int rows_grow(void **rows, size_t count, size_t size)
{
	void *more;

	if (count & (count - 1))
		return 0;
	more = realloc(*rows, (count ? 2 * count : 1) * size);
	if (!more)
		return -ENOMEM;
	*rows = more;
	return 0;
}

int row_add(struct model *m, void **rows, size_t *count, size_t size, size_t *index)
{
	int err;

	if (*count >= m->limits.rows) {
		m->overview.over.rows++;
		return -ENOSPC;
	}
	err = rows_grow(rows, *count, size);
	if (err)
		return err;
	*index = (*count)++;
	return 0;
}

/* In the order of their first appearance; NULL: no room, or no memory then *@err. */
static struct fact_node *fact_new(struct model *m, const char *key, int *err)
{
	struct fact_node *node = NULL;

	if (m->host_count >= m->limits.facts) {
		m->overview.over.rows++;
		return NULL;
	}
	*err = rows_grow((void **)&m->host, m->host_count, sizeof(*m->host));
	node = *err ? NULL : calloc(1, sizeof(*node));
	if (!node) {
		*err = -ENOMEM;
		return NULL;
	}
	node->pub.key = key;
	HASH_ADD_PTR(m->facts, pub.key, node);
	if (!node->hh.tbl) {
		free(node);
		*err = -ENOMEM;
		return NULL;
	}
	m->host[m->host_count++] = node;
	return node;
}

int host_apply(struct model *m, const struct ims_host *host)
{
	const char *key = intern(m, host->key);
	struct fact_node *node;
	int err = 0;

	HASH_FIND_PTR(m->facts, &key, node);
	if (!node)
		node = fact_new(m, key, &err);
	if (node)
		node->pub.value = intern(m, host->value);
	return err;
}

void facts_free(struct model *m)
{
	HASH_CLEAR(hh, m->facts);
	for (size_t i = 0; i < m->host_count; i++)
		free(m->host[i]);
	free(m->host);
}

static bool in_place(const char *state)
{
	return !strcmp(state, "attached") || !strcmp(state, "silent");
}

bool model_hooked(const struct model *m, uint32_t hook)
{
	bool hooked = !m->plan_count;

	for (size_t i = 0; i < m->plan_count; i++) {
		if (m->plan[i].hook != hook)
			continue;
		if (!strcmp(m->plan[i].state, "failed"))
			return false;
		hooked |= in_place(m->plan[i].state);
	}
	return hooked;
}

static void plan_count(struct model *m, const char *state, int by)
{
	if (in_place(state))
		m->overview.attached_rows += by;
	else
		m->overview.missing_rows += by;
}

int plan_apply(struct model *m, const struct ims_plan *plan)
{
	struct ims_plan row = {
		.hook = plan->hook,
		.function = intern(m, plan->function),
		.mechanism = intern(m, plan->mechanism),
		.module = intern(m, plan->module),
		.state = intern(m, plan->state),
		.reason = intern(m, plan->reason),
		.hits = plan->hits,
	};
	size_t i;
	int err;

	for (i = 0; i < m->plan_count; i++)
		if (m->plan[i].hook == row.hook && m->plan[i].function == row.function &&
		    m->plan[i].module == row.module)
			break;
	if (i == m->plan_count) {
		err = row_add(m, (void **)&m->plan, &m->plan_count, sizeof(row), &i);
		if (err)
			return err == -ENOSPC ? 0 : err;
		m->overview.plan_rows++;
	} else {
		plan_count(m, m->plan[i].state, -1);
	}
	m->plan[i] = row;
	plan_count(m, row.state, 1);
	return 0;
}
