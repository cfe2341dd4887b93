// SPDX-License-Identifier: GPL-2.0-only
#include "gate/metric.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum gate_stat stat;
} stats[] = {
	{"mean", GATE_MEAN},	{"p50", GATE_P50},	{"p90", GATE_P90},
	{"p99.9", GATE_P999},	{"p99", GATE_P99},	{"max", GATE_MAX},
	{"count", GATE_COUNT},	{"errors", GATE_ERRORS}, {"failures", GATE_ERRORS},
};

#define STATS (sizeof(stats) / sizeof(stats[0]))

/* As they are called for short. */
static const char *const alias[][2] = {
	{"alloc", "domain-alloc"}, {"free", "domain-free"}, {"sync", "iotlb-sync"}};

bool gate_metric_is_cost(const struct gate_metric *m)
{
	return m->stat <= GATE_MAX || m->stat == GATE_WORK;
}

/* ---- names ------------------------------------------------------------------------------------ */

/* Cuts ".STAT" off @text. */
static bool take_stat(char *text, enum gate_stat *stat)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < STATS; i++) {
		size_t n = strlen(stats[i].name);

		if (len <= n + 1 || text[len - n - 1] != '.' || strcmp(text + len - n, stats[i].name))
			continue;
		text[len - n - 1] = 0;
		*stat = stats[i].stat;
		return true;
	}
	return false;
}

static int put_word(char *to, size_t room, const char *word)
{
	return snprintf(to, room, "%s", word) >= (int)room;
}

static bool known_size(const char *name)
{
	static const char *const classes[] = {"", "4K", "64K", "2M", "1G"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strcmp(name, classes[i]))
			return true;
	return false;
}

/* OP[.SIZE][@INSTANCE] */
static bool take_object(char *text, struct gate_metric *m)
{
	char *instance = strchr(text, '@'), *size;

	if (instance)
		*instance++ = 0;
	size = strchr(text, '.');
	if (size)
		*size++ = 0;
	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (!strcmp(text, alias[i][0]))
			text = (char *)alias[i][1];
	return gate_op_known(text) && known_size(size ? size : "") && !(size && !*size) &&
	       !put_word(m->op, sizeof(m->op), text) &&
	       !put_word(m->size, sizeof(m->size), size ? size : "") &&
	       !put_word(m->instance, sizeof(m->instance), instance ? instance : "");
}

int gate_metric_parse(const char *text, struct gate_metric *m, struct gate_error *err)
{
	char word[sizeof(m->name)];

	*m = (struct gate_metric){};
	if (put_word(m->name, sizeof(m->name), text))
		return gate_fail(err, -EINVAL, "the metric \"%.40s...\" is too long", text);
	memcpy(word, m->name, sizeof(word));
	if (!strcmp(text, "work.mean") || !strcmp(text, "lost")) {
		m->stat = *text == 'w' ? GATE_WORK : GATE_LOST;
		return 0;
	}
	if (!strncmp(text, "verdict.", 8)) {
		m->stat = GATE_VERDICT;
		m->verdict = model_verdict_kind(text + 8);
		return m->verdict < 0 ? gate_fail(err, -EINVAL, "no verdict is called \"%s\"; "
						  "docs/verdicts.md lists them", text + 8)
				      : 0;
	}
	if (!take_stat(word, &m->stat))
		return gate_fail(err, -EINVAL, "the metric \"%s\" ends with no .mean, .p50, .p90, .p99, "
				 ".p99.9, .max, .count or .failures", text);
	if (!take_object(word, m))
		return gate_fail(err, -EINVAL, "there is no metric \"%s\"; map.p99, map.4K.mean (64K, 2M, "
				 "1G) and attach@dmar0.failures are some", text);
	return 0;
}

/* ---- limits ----------------------------------------------------------------------------------- */

static int parse_limit(const char *text, struct gate_limit *l)
{
	char *end;

	if (!isdigit((unsigned char)text[*text == '+' || *text == '-']))
		return -EINVAL;
	l->value = strtod(text, &end);
	if (!isfinite(l->value))
		return -EINVAL;
	l->kind = *end == '%'	? GATE_RELATIVE
		  : *text == '+' ? GATE_MORE
				 : GATE_AT_MOST;
	if (*end == '%')
		end++;
	if (l->kind == GATE_RELATIVE) {
		if (*text != '+' && *text != '-')
			return -EINVAL;
		l->value /= 100;
	} else if (*text == '-') {
		return -EINVAL;
	}
	return *end || put_word(l->text, sizeof(l->text), text) ? -EINVAL : 0;
}

static int append(struct gate_policy *p, const struct gate_limit *l)
{
	struct gate_limit *more = realloc(p->limit, (p->limits + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->limit = more;
	p->limit[p->limits++] = *l;
	return 0;
}

int gate_policy_add(struct gate_policy *p, const char *text, struct gate_error *err)
{
	const char *equals = strchr(text, '=');
	struct gate_limit l = {};
	char name[sizeof(l.metric.name) + 1];
	int e;

	if (!equals || snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text) >=
			       (int)sizeof(name))
		return gate_fail(err, -EINVAL, "\"%.60s\" is no METRIC=LIMIT, as map.p99=+5%% is", text);
	e = gate_metric_parse(name, &l.metric, err);
	if (e)
		return e;
	if (parse_limit(equals + 1, &l))
		return gate_fail(err, -EINVAL, "\"%.60s\": the limit of %s is none of +5%%, +100 and 1500",
				 equals + 1, name);
	if (append(p, &l))
		return gate_fail(err, -ENOMEM, "no memory");
	return 0;
}

/* A line without its comment and the blanks around. */
static char *trim(char *line)
{
	size_t len;

	line[strcspn(line, "#\n")] = 0;
	while (isspace((unsigned char)*line))
		line++;
	len = strlen(line);
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = 0;
	return line;
}

int gate_policy_read(struct gate_policy *p, const char *path, struct gate_error *err)
{
	struct gate_error why;
	FILE *in = fopen(path, "re");
	size_t before = p->limits, room = 0;
	unsigned int number = 0;
	char *line = NULL;
	int e = 0;

	if (!in)
		return gate_fail(err, -errno, "cannot open %s: %s", path, strerror(errno));
	while (!e && getline(&line, &room, in) >= 0) {
		char *text = trim(line);

		number++;
		if (*text)
			e = gate_policy_add(p, text, &why);
		if (e)
			gate_fail(err, e, "%s:%u: %.240s", path, number, why.text);
	}
	if (!e && ferror(in))
		e = gate_fail(err, -EIO, "cannot read %s to its end", path);
	free(line);
	fclose(in);
	if (!e && p->limits == before)
		e = gate_fail(err, -EINVAL, "%s has no limit: nothing would be compared", path);
	return e;
}

static int add_default(struct gate_policy *p, const char *op, const char *stat, double relative)
{
	struct gate_error unused;
	char text[96];

	if (relative < 0)
		snprintf(text, sizeof(text), "%s.%s=+0", op, stat);
	else
		snprintf(text, sizeof(text), "%s.%s=+%g%%", op, stat, relative * 100);
	return gate_policy_add(p, text, &unused);
}

/* Of fewer calls a mean is chance. */
#define DEFAULT_CALLS 100

/* The least and the most calls of @op in a repeat. */
static void count_calls(const struct gate_run *run, const char *op, uint64_t *least, uint64_t *most)
{
	*least = run->repeats ? UINT64_MAX : 0;
	*most = 0;
	for (size_t i = 0; i < run->repeats; i++) {
		const struct gate_repeat *r = &run->repeat[i];
		uint64_t calls = 0;

		for (size_t j = 0; j < r->ops; j++)
			if (!strcmp(r->op[j].name, op))
				calls += r->op[j].count;
		*least = calls < *least ? calls : *least;
		*most = calls > *most ? calls : *most;
	}
}

int gate_policy_default(struct gate_policy *p, const struct gate_run *base,
			const struct gate_run *new, double relative)
{
	int err = base->repeats && base->repeat->work > 0 ? add_default(p, "work", "mean", relative) : 0;

	for (uint32_t hook = IMS_HOOK_NONE + 1; !err && hook < IMS_HOOK_MAX; hook++) {
		const char *op = ims_hook_name(hook);
		uint64_t least, most, unused, of_new;

		count_calls(base, op, &least, &most);
		count_calls(new, op, &unused, &of_new);
		if (least >= DEFAULT_CALLS)
			err = add_default(p, op, "mean", relative);
		if (!err && (most || of_new))
			err = add_default(p, op, "failures", -1);
	}
	return err;
}

void gate_policy_free(struct gate_policy *p)
{
	free(p->limit);
	*p = (struct gate_policy){};
}

/* ---- values ----------------------------------------------------------------------------------- */

static bool selects(const struct gate_metric *m, const struct gate_op *op)
{
	return !strcmp(m->op, op->name) && (!m->size[0] || !strcmp(m->size, op->size)) &&
	       (!m->instance[0] || !strcmp(m->instance, op->instance));
}

static int compare_low(const void *a, const void *b)
{
	const struct gate_bucket *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* Adds the buckets of what @m selects in @r to @to, which has room. */
static size_t collect(const struct gate_metric *m, const struct gate_repeat *r, struct gate_bucket *to)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ops; i++) {
		if (!selects(m, &r->op[i]))
			continue;
		if (to && r->op[i].buckets)
			memcpy(to + n, r->op[i].bucket, r->op[i].buckets * sizeof(*to));
		n += r->op[i].buckets;
	}
	return n;
}

double gate_percentile(const struct gate_bucket *bucket, size_t buckets, double share, double max,
		       double *grain)
{
	double wanted = 0, below = 0, value = 0;

	*grain = 0;
	for (size_t i = 0; i < buckets; i++)
		wanted += (double)bucket[i].count;
	wanted *= share;
	for (size_t i = 0; i < buckets; i++) {
		double count = (double)bucket[i].count, low = (double)bucket[i].low, width;

		if (count <= 0)
			continue;
		width = (double)(bucket[i].high - bucket[i].low);
		value = low + (width > 1 ? width * (wanted - below) / count : 0);
		*grain = width > 1 ? fmin(low + width - 1, max) / low - 1 : 0;
		if (below + count >= wanted)
			break;
		below += count;
	}
	return value < max ? value : max;
}

static double percentile_of(const struct gate_metric *m, const struct gate_repeat *r, double max,
			    double *grain)
{
	static const double share[] = {
		[GATE_P50] = .5, [GATE_P90] = .9, [GATE_P99] = .99, [GATE_P999] = .999};
	size_t n = collect(m, r, NULL);
	struct gate_bucket *all = calloc(n ?: 1, sizeof(*all));
	double value = 0;

	if (!all)
		return 0;
	collect(m, r, all);
	qsort(all, n, sizeof(*all), compare_low);
	value = gate_percentile(all, n, share[m->stat], max, grain);
	free(all);
	return value;
}

/* Returns false when nothing of the operation was seen, or timed where its time is asked for. */
static bool value_of(const struct gate_metric *m, const struct gate_repeat *r, double *value,
		     double *grain)
{
	double sum = 0, timed = 0, max = 0, count = 0, errors = 0;
	bool seen = false;

	*grain = 0;
	for (size_t i = 0; i < r->ops; i++) {
		const struct gate_op *op = &r->op[i];

		if (!selects(m, op))
			continue;
		seen = true;
		sum += (double)op->sum;
		timed += (double)(op->count - op->untimed);
		count += (double)op->count;
		errors += (double)op->errors;
		max = (double)op->max > max ? (double)op->max : max;
	}
	*value = m->stat == GATE_COUNT	  ? count
		 : m->stat == GATE_ERRORS ? errors
		 : m->stat == GATE_MAX	  ? max
		 : m->stat == GATE_MEAN	  ? (timed > 0 ? sum / timed : 0)
					  : percentile_of(m, r, max, grain);
	return seen && (m->stat >= GATE_COUNT || timed > 0);
}

bool gate_run_traced(const struct gate_run *run)
{
	for (size_t i = 0; i < run->repeats; i++)
		if (run->repeat[i].ops)
			return true;
	return false;
}

/* No verdict is without the attaches. */
static bool has_verdicts(const struct gate_run *run)
{
	for (size_t i = 0; i < run->repeats; i++)
		for (size_t j = 0; j < run->repeat[i].ops; j++)
			if (!strcmp(run->repeat[i].op[j].name, ims_hook_name(IMS_HOOK_ATTACH)))
				return true;
	return false;
}

size_t gate_metric_values(const struct gate_metric *m, const struct gate_run *run, double *value)
{
	double unused;

	if (m->stat == GATE_LOST) {
		*value = (double)run->lost;
		return gate_run_traced(run);
	}
	if (m->stat == GATE_VERDICT) {
		*value = (double)run->verdict[m->verdict];
		return has_verdicts(run);
	}
	for (size_t i = 0; i < run->repeats; i++) {
		if (m->stat == GATE_WORK)
			value[i] = run->repeat[i].work;
		else if (!value_of(m, &run->repeat[i], &value[i], &unused))
			return 0;
		if (m->stat == GATE_WORK && value[i] <= 0)
			return 0;
	}
	return run->repeats;
}

double gate_metric_grain(const struct gate_metric *m, const struct gate_run *run)
{
	double most = 0, grain, unused;

	for (size_t i = 0; m->stat <= GATE_MAX && i < run->repeats; i++) {
		value_of(m, &run->repeat[i], &unused, &grain);
		most = fmax(most, grain);
	}
	return most;
}

struct gate_bucket *gate_metric_histogram(const struct gate_metric *m, const struct gate_run *run,
					  size_t *count)
{
	struct gate_bucket *all;
	size_t n = 0;

	*count = 0;
	if (m->stat > GATE_MAX)
		return NULL;
	for (size_t i = 0; i < run->repeats; i++)
		n += collect(m, &run->repeat[i], NULL);
	all = n ? calloc(n, sizeof(*all)) : NULL;
	if (!all)
		return NULL;
	for (size_t i = 0; i < run->repeats; i++)
		*count += collect(m, &run->repeat[i], all + *count);
	qsort(all, n, sizeof(*all), compare_low);
	return all;
}
