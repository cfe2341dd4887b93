// SPDX-License-Identifier: GPL-2.0-only
/* gate_compare.c - iommugate compare: is the second run within the limits, next to the first? */
#include "tools/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate/output.h"

#define OUTPUTS 8
#define DEFAULT_NS 0.05
#define DEFAULT_INSTRUCTIONS 0.01

struct compare {
	struct gate_policy policy;
	double confidence; /* percent */
	const char *file[OUTPUTS]; /* by gate_outputs; NULL: not asked for */
};

static struct compare compare = {.confidence = 100 * GATE_CONFIDENCE};

/* The keys of outputs follow KEY_OUTPUT in the order of gate_outputs. */
enum { KEY_MAX = 256, KEY_POLICY, KEY_CONFIDENCE, KEY_OUTPUT };

static const struct option_row options[] = {
	{KEY_MAX, "max", "METRIC=LIMIT", "map.p99=+5%, attach.failures=0; may be given again"},
	{KEY_POLICY, "policy", "FILE", "METRIC=LIMIT line by line"},
	{KEY_CONFIDENCE, "confidence", "PERCENT", "of a decision in time, each side (default 99.9)"},
	{KEY_OUTPUT, "text", "FILE", "the table to FILE, - for stdout (default)"},
	{KEY_OUTPUT + 1, "json", "FILE", "the same for programs"},
	{KEY_OUTPUT + 2, "junit", "FILE", "as JUnit XML, a test case per metric"},
	{KEY_OUTPUT + 3, "markdown", "FILE", "for GitHub, with sparklines"},
	{KEY_OUTPUT + 4, "html", "FILE", "a page with the histograms laid over each other"},
	{0}};

static int told(const struct gate_error *err)
{
	complain("%s", err->text);
	return EXIT_USAGE;
}

static int set(void *arg, int key, const char *value)
{
	struct compare *c = arg;
	struct gate_error err;

	switch (key) {
	case KEY_MAX:
		return gate_policy_add(&c->policy, value, &err) ? told(&err) : 0;
	case KEY_POLICY:
		return gate_policy_read(&c->policy, value, &err) ? told(&err) : 0;
	case KEY_CONFIDENCE:
		if (parse_number("--confidence", value, 50, &c->confidence))
			return EXIT_USAGE;
		if (c->confidence <= 99.99)
			return 0;
		complain("--confidence %s: nothing is that certain; 99.99 at most", value);
		return EXIT_USAGE;
	}
	c->file[key - KEY_OUTPUT] = value;
	return 0;
}

static int write_one(const struct gate_output *output, const char *path, struct gate_report *r)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *out = to_stdout ? stdout : fopen(path, "we");
	int err;

	if (!out) {
		complain("cannot write %s: %s", path, strerror(errno));
		return EXIT_RUNTIME;
	}
	r->color = to_stdout && view_defaults().color;
	err = output->write(out, r);
	if (!to_stdout && fclose(out) && !err)
		err = -EIO;
	if (err)
		complain("cannot write %s: %s", to_stdout ? "standard output" : path, strerror(-err));
	return err ? EXIT_RUNTIME : 0;
}

/* Two outputs would mix there. */
static bool one_stdout(const struct compare *c)
{
	const char *first = NULL;

	for (int i = 0; gate_outputs[i].name; i++) {
		if (!c->file[i] || strcmp(c->file[i], "-"))
			continue;
		if (first) {
			complain("--%s - and --%s -: only one output can go to stdout", first,
				 gate_outputs[i].name);
			return false;
		}
		first = gate_outputs[i].name;
	}
	return true;
}

/* The text goes to stdout, unless something else does. */
static int write_outputs(const struct compare *c, struct gate_report *r)
{
	bool stdout_taken = c->file[0] != NULL;
	int code = 0;

	for (int i = 0; gate_outputs[i].name; i++)
		stdout_taken |= c->file[i] && !strcmp(c->file[i], "-");
	for (int i = 0; !code && gate_outputs[i].name; i++)
		if (c->file[i])
			code = write_one(&gate_outputs[i], c->file[i], r);
	return code || stdout_taken ? code : write_one(&gate_outputs[0], "-", r);
}

static int decide(struct compare *c, struct gate_report *r)
{
	static const int code_of[] = {[GATE_PASS] = EXIT_FINE,
				      [GATE_INCONCLUSIVE] = EXIT_INCONCLUSIVE,
				      [GATE_REGRESSION] = EXIT_FINDING};
	struct gate_result result;
	double share = r->base->unit == GATE_NS ? DEFAULT_NS : DEFAULT_INSTRUCTIONS;
	int code;

	if ((!c->policy.limits && gate_policy_default(&c->policy, r->base, r->new, share)) ||
	    gate_compare(r->base, r->new, &c->policy, c->confidence / 100, &result)) {
		complain("cannot compare: no memory");
		return EXIT_RUNTIME;
	}
	r->result = &result;
	r->confidence = c->confidence / 100;
	if (*result.why)
		complain("inconclusive: %s", result.why);
	code = write_outputs(c, r);
	if (!code)
		code = code_of[result.verdict];
	gate_result_free(&result);
	return code;
}

/* What is no run is misuse, but for one that was made by another version: that decides nothing. */
static int read_run(const char *path, struct gate_run **out)
{
	struct gate_error err;
	int e = gate_run_read(path, out, &err);

	if (e)
		complain("%s", err.text);
	return e == -EPROTONOSUPPORT ? EXIT_INCONCLUSIVE : e == -ENOMEM ? EXIT_RUNTIME
	       : e		     ? EXIT_USAGE
				     : 0;
}

static int run(void *arg, int argc, char **argv)
{
	struct gate_run *base = NULL, *new = NULL;
	struct gate_report r = {};
	int code;

	if (argc != 2) {
		complain("wants two runs, BASE.json and NEW.json, not %d", argc);
		return EXIT_USAGE;
	}
	if (!one_stdout(arg))
		return EXIT_USAGE;
	code = read_run(argv[0], &base);
	if (!code)
		code = read_run(argv[1], &new);
	if (!code) {
		r = (struct gate_report){.base = base, .new = new, .base_name = argv[0],
					 .new_name = argv[1]};
		code = decide(arg, &r);
	}
	gate_run_free(base);
	gate_run_free(new);
	gate_policy_free(&((struct compare *)arg)->policy);
	return code;
}

const struct command command_gate_compare = {
	.name = "compare",
	.synopsis = "BASE.json NEW.json [--max METRIC=LIMIT]... [--policy FILE]",
	.summary = "Decides whether NEW is within the limits, next to BASE: exit status 0 pass,\n"
		   "3 regression, 4 inconclusive.",
	.more = "Metrics: OP[.SIZE][@INSTANCE].STAT, as map.p99, map.4K.mean, unmap@dmar0.max or\n"
		"attach.failures (.count .mean .p50 .p90 .p99 .p99.9 .max); work.mean, an operation of\n"
		"the workload untraced; verdict.NAME; lost. Limits: +5% of BASE, +100 more than it, or\n"
		"1500 at most. Without any: mean +5% and no more failures; in instructions +1%.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &compare,
};
