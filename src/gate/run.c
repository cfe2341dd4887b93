// SPDX-License-Identifier: GPL-2.0-only
#include "gate/run.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sys/stat.h>

int gate_fail(struct gate_error *err, int err_no, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return err_no;
}

const char *gate_unit_name(enum gate_unit unit)
{
	return unit == GATE_INSTRUCTIONS ? "instructions" : "ns";
}

bool gate_op_known(const char *name)
{
	for (uint32_t hook = IMS_HOOK_NONE + 1; hook < IMS_HOOK_MAX; hook++)
		if (!strcmp(ims_hook_name(hook), name))
			return true;
	return false;
}

int gate_run_add_untraced(struct gate_run *run, double work)
{
	struct gate_repeat *more = realloc(run->repeat, (run->repeats + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	run->repeat = more;
	more[run->repeats++] = (struct gate_repeat){.work = work};
	return 0;
}

const char *gate_run_fact(const struct gate_run *run, const char *key)
{
	for (size_t i = 0; i < run->hosts; i++)
		if (!strcmp(run->host[i].key, key))
			return run->host[i].value;
	return "";
}

static void free_repeat(struct gate_repeat *r)
{
	for (size_t i = 0; i < r->ops; i++) {
		free(r->op[i].name);
		free(r->op[i].size);
		free(r->op[i].instance);
		free(r->op[i].bucket);
	}
	free(r->op);
}

void gate_run_free(struct gate_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < run->repeats; i++)
		free_repeat(&run->repeat[i]);
	for (size_t i = 0; i < run->hosts; i++) {
		free(run->host[i].key);
		free(run->host[i].value);
	}
	free(run->repeat);
	free(run->host);
	free(run->recorded);
	free(run->workload);
	free(run->failure);
	free(run->mechanism);
	free(run->loss);
	free(run);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static json_t *write_op(const struct gate_op *op)
{
	json_t *histogram = json_array();

	for (size_t i = 0; i < op->buckets; i++)
		json_array_append_new(histogram,
				      json_pack("[I,I,I]", (json_int_t)op->bucket[i].low,
						(json_int_t)op->bucket[i].high,
						(json_int_t)op->bucket[i].count));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "op", op->name, "size",
			 op->size, "instance", op->instance, "count", (json_int_t)op->count, "errors",
			 (json_int_t)op->errors, "untimed", (json_int_t)op->untimed, "sum",
			 (json_int_t)op->sum, "max", (json_int_t)op->max, "histogram", histogram);
}

static json_t *write_repeat(const struct gate_repeat *r)
{
	json_t *ops = json_array();

	for (size_t i = 0; i < r->ops; i++)
		json_array_append_new(ops, write_op(&r->op[i]));
	return json_pack("{s:f, s:f, s:o}", "work", r->work, "traced", r->traced, "ops", ops);
}

static json_t *write_verdicts(const struct gate_run *run)
{
	json_t *verdicts = json_object();

	for (int i = 0; i < MODEL_VERDICTS; i++)
		if (run->verdict[i])
			json_object_set_new(verdicts, model_verdict_info(i)->name,
					    json_integer((json_int_t)run->verdict[i]));
	return verdicts;
}

static json_t *write_run(const struct gate_run *run)
{
	json_t *host = json_object(), *repeats = json_array();

	for (size_t i = 0; i < run->hosts; i++)
		json_object_set_new(host, run->host[i].key, json_string(run->host[i].value));
	for (size_t i = 0; i < run->repeats; i++)
		json_array_append_new(repeats, write_repeat(&run->repeat[i]));
	return json_pack("{s:i, s:s, s:s, s:{s:s, s:s, s:I}, s:I, s:o, s:{s:o, s:s}, s:{s:I, s:s}, "
			 "s:o, s:b, s:o}",
			 "schema", GATE_SCHEMA, "unit", gate_unit_name(run->unit), "recorded",
			 run->recorded, "workload", "name", run->workload, "failure", run->failure,
			 "operations", (json_int_t)run->operations, "warmup", (json_int_t)run->warmup,
			 "host", host, "overhead", "empty_pair",
			 isnan(run->empty_pair) ? json_null() : json_real(run->empty_pair), "mechanism",
			 run->mechanism, "loss", "lost", (json_int_t)run->lost, "text", run->loss,
			 "verdicts", write_verdicts(run), "aggregate", run->aggregate,
			 "repeats", repeats);
}

int gate_run_write(const char *path, const struct gate_run *run, struct gate_error *err)
{
	json_t *root = write_run(run);
	int failed;

	if (!root)
		return gate_fail(err, -ENOMEM, "cannot write %s: no memory, or text that is not UTF-8",
				 path);
	if (!strcmp(path, "-"))
		failed = json_dumpf(root, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) ||
			 fputc('\n', stdout) == EOF || fflush(stdout);
	else
		failed = json_dump_file(root, path, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(root);
	return failed ? gate_fail(err, -EIO, "cannot write %s: %s", path, strerror(errno ?: EIO)) : 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */

#define MOST_COST 1e18 /* thirty years */

/* What is being read: the first thing that is wrong stays. */
struct source {
	const char *wrong; /* NULL: nothing is */
};

static const json_t *member(struct source *s, const json_t *object, const char *key, json_type type)
{
	const json_t *value = json_object_get(object, key);

	if (value && (json_typeof(value) == type || (type == JSON_REAL && json_is_number(value))))
		return value;
	if (!s->wrong)
		s->wrong = key;
	return NULL;
}

static char *text_of(struct source *s, const json_t *object, const char *key)
{
	const char *text = json_string_value(member(s, object, key, JSON_STRING));

	return strdup(text ? text : "");
}

static uint64_t count_of(struct source *s, const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(member(s, object, key, JSON_INTEGER));

	if (n < 0 && !s->wrong)
		s->wrong = key;
	return n < 0 ? 0 : (uint64_t)n;
}

static double cost_of(struct source *s, const json_t *object, const char *key)
{
	double cost = json_number_value(member(s, object, key, JSON_REAL));

	if ((cost < 0 || cost > MOST_COST) && !s->wrong)
		s->wrong = key;
	return cost;
}

/* The elements of an array, with room for them made; NULL: empty, or wrong. */
static void *elements(struct source *s, const json_t *object, const char *key, size_t each,
		      const json_t **array, size_t *count)
{
	void *room;

	*array = member(s, object, key, JSON_ARRAY);
	*count = *array ? json_array_size(*array) : 0;
	room = *count ? calloc(*count, each) : NULL;
	if (*count && !room) {
		*count = 0;
		s->wrong = "memory";
	}
	return room;
}

static void read_bucket(struct source *s, const json_t *from, struct gate_bucket *to, uint64_t least)
{
	json_int_t low = -1, high = 0, count = -1;

	json_unpack((json_t *)from, "[I,I,I]", &low, &high, &count);
	if (low < 0 || (uint64_t)low < least || high <= low || count < 0)
		s->wrong = s->wrong ? s->wrong : "histogram";
	*to = (struct gate_bucket){(uint64_t)low, (uint64_t)high, (uint64_t)count};
}

/* @most: what the highest bucket with something in it begins at. */
static bool adds_up(const struct gate_op *op, uint64_t timed, uint64_t most)
{
	return timed + op->untimed == op->count && op->max >= most && (op->sum || !most);
}

static void read_op(struct source *s, const json_t *from, struct gate_op *to)
{
	uint64_t least = 0, timed = 0, most = 0;
	const json_t *array;

	to->name = text_of(s, from, "op");
	to->size = text_of(s, from, "size");
	to->instance = text_of(s, from, "instance");
	to->count = count_of(s, from, "count");
	to->errors = count_of(s, from, "errors");
	to->untimed = count_of(s, from, "untimed");
	to->sum = count_of(s, from, "sum");
	to->max = count_of(s, from, "max");
	to->bucket = elements(s, from, "histogram", sizeof(*to->bucket), &array, &to->buckets);
	for (size_t i = 0; i < to->buckets; i++) {
		read_bucket(s, json_array_get(array, i), &to->bucket[i], least);
		least = to->bucket[i].high;
		timed += to->bucket[i].count;
		if (to->bucket[i].count)
			most = to->bucket[i].low;
	}
	if ((!gate_op_known(to->name) || !adds_up(to, timed, most)) && !s->wrong)
		s->wrong = "ops";
}

static void read_repeat(struct source *s, const json_t *from, struct gate_repeat *to)
{
	const json_t *array;

	to->work = cost_of(s, from, "work");
	to->traced = cost_of(s, from, "traced");
	to->op = elements(s, from, "ops", sizeof(*to->op), &array, &to->ops);
	for (size_t i = 0; i < to->ops; i++)
		read_op(s, json_array_get(array, i), &to->op[i]);
}

static void read_host(struct source *s, const json_t *from, struct gate_run *run)
{
	const char *key;
	json_t *value;

	run->host = calloc(json_object_size(from) ?: 1, sizeof(*run->host));
	if (!run->host) {
		s->wrong = "memory";
		return;
	}
	json_object_foreach((json_t *)from, key, value)
	{
		if (!json_is_string(value) && !s->wrong)
			s->wrong = "host";
		run->host[run->hosts++] = (struct gate_fact){
			strdup(key), strdup(json_is_string(value) ? json_string_value(value) : "")};
	}
}

static void read_verdicts(struct source *s, const json_t *from, struct gate_run *run)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)from, key, value)
	{
		int kind = model_verdict_kind(key);

		if (kind < 0 || !json_is_integer(value) || json_integer_value(value) < 0)
			s->wrong = s->wrong ? s->wrong : "verdicts";
		else
			run->verdict[kind] = (uint64_t)json_integer_value(value);
	}
}

static void read_unit(struct source *s, const json_t *root, struct gate_run *run)
{
	char *unit = text_of(s, root, "unit");

	run->unit = unit && !strcmp(unit, "instructions") ? GATE_INSTRUCTIONS : GATE_NS;
	if (unit && strcmp(unit, gate_unit_name(run->unit)) && !s->wrong)
		s->wrong = "unit";
	free(unit);
}

static void read_overhead(struct source *s, const json_t *root, struct gate_run *run)
{
	const json_t *overhead = member(s, root, "overhead", JSON_OBJECT);

	run->mechanism = text_of(s, overhead, "mechanism");
	run->empty_pair = json_is_null(json_object_get(overhead, "empty_pair"))
				  ? NAN
				  : json_number_value(member(s, overhead, "empty_pair", JSON_REAL));
}

static void read_all(struct source *s, const json_t *root, struct gate_run *run)
{
	const json_t *workload = member(s, root, "workload", JSON_OBJECT);
	const json_t *loss = member(s, root, "loss", JSON_OBJECT), *array;

	read_unit(s, root, run);
	run->recorded = text_of(s, root, "recorded");
	run->workload = text_of(s, workload, "name");
	run->failure = text_of(s, workload, "failure");
	run->operations = count_of(s, workload, "operations");
	run->warmup = count_of(s, root, "warmup");
	read_overhead(s, root, run);
	run->lost = count_of(s, loss, "lost");
	run->loss = text_of(s, loss, "text");
	read_host(s, member(s, root, "host", JSON_OBJECT), run);
	read_verdicts(s, member(s, root, "verdicts", JSON_OBJECT), run);
	run->aggregate = json_is_true(json_object_get(root, "aggregate"));
	run->repeat = elements(s, root, "repeats", sizeof(*run->repeat), &array, &run->repeats);
	for (size_t i = 0; i < run->repeats; i++)
		read_repeat(s, json_array_get(array, i), &run->repeat[i]);
}

static int read_root(const char *path, const json_t *root, struct gate_run **out,
		     struct gate_error *err)
{
	const json_t *schema = json_object_get(root, "schema");
	struct source s = {};
	struct gate_run *run;

	if (!json_is_integer(schema))
		return gate_fail(err, -EPROTO, "%s is no run of iommugate: it names no schema", path);
	if (json_integer_value(schema) != GATE_SCHEMA)
		return gate_fail(err, -EPROTONOSUPPORT,
				 "%s has schema %" JSON_INTEGER_FORMAT ", this iommugate reads %d; "
				 "make the run again",
				 path, json_integer_value(schema), GATE_SCHEMA);
	run = calloc(1, sizeof(*run));
	if (!run)
		return gate_fail(err, -ENOMEM, "cannot read %s: no memory", path);
	read_all(&s, root, run);
	if (s.wrong) {
		gate_run_free(run);
		return gate_fail(err, -EPROTO, "%s is no run of iommugate: its \"%s\" is missing or "
				 "wrong", path, s.wrong);
	}
	*out = run;
	return 0;
}

int gate_run_read(const char *path, struct gate_run **out, struct gate_error *err)
{
	json_error_t why;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	struct stat st;
	int e;

	if (!root && !stat(path, &st) && S_ISDIR(st.st_mode))
		return gate_fail(err, -EPROTO, "cannot read %s: it is a folder", path);
	if (!root && why.source[0] && !stat(path, &st) && S_ISREG(st.st_mode) && !st.st_size)
		return gate_fail(err, -EPROTO, "cannot read %s: it is empty", path);
	if (!root)
		return gate_fail(err, -EPROTO, "cannot read %s: %s", path, why.text);
	e = read_root(path, root, out, err);
	json_decref(root);
	return e;
}
