// SPDX-License-Identifier: GPL-2.0-only
/* plan.c - iommutrace plan: what a recording would hook on this machine, without recording. */
#include "tools/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct plan {
	bool json;
	const char *mechanism;
	const char *btf;
};

static struct plan plan;

enum { KEY_JSON = 256, KEY_MECHANISM, KEY_BTF };

static const struct option_row options[] = {
	{KEY_JSON, "json", NULL, "one JSON object instead of text"},
	{KEY_MECHANISM, "mechanism", "NAME", "use only fsession, fentry, kprobe-multi or kprobe",
	 "fsession fentry kprobe-multi kprobe"},
	{KEY_BTF, "btf", "FILE", "where the kernel's BTF is, if it has none of its own"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct plan *p = arg;

	if (key == KEY_JSON)
		p->json = true;
	else if (key == KEY_BTF)
		p->btf = value;
	else
		p->mechanism = value;
	return 0;
}

static int to_model(void *arg, const struct ims_record *rec)
{
	return model_apply(arg, rec);
}

static int show(const struct ims_capture_options *o, bool json, struct model *m)
{
	struct view_options view = view_defaults();
	struct ims_capture *c;
	struct ims_error error;
	int err;

	if (ims_capture_open(o, &c, &error)) {
		complain("%s", error.text);
		return EXIT_RUNTIME;
	}
	err = ims_capture_plan(c);
	ims_capture_close(c);
	if (!err)
		err = json ? view_plan_json(stdout, m) : view_plan(stdout, m, &view);
	if (err)
		complain("cannot print the plan: %s", strerror(-err));
	return err ? EXIT_RUNTIME : EXIT_FINE;
}

int plan_show(struct ims_capture_options o, bool json)
{
	struct model *m = model_new();
	int code;

	if (!m) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	o.sink = to_model;
	o.arg = m;
	code = show(&o, json, m);
	model_free(m);
	return code;
}

static int run(void *arg, int argc, char **argv)
{
	const struct plan *p = arg;

	if (argc) {
		complain("what is \"%s\"? plan is about this machine", argv[0]);
		return EXIT_USAGE;
	}
	return plan_show((struct ims_capture_options){.mechanism = p->mechanism, .btf = p->btf},
			 p->json);
}

const struct command command_plan = {
	.name = "plan",
	.synopsis = "[--json] [--mechanism NAME] [--btf FILE]",
	.summary =
		"Tells what a recording would hook on this machine, how, and why not otherwise.\n"
		"Loads the programs, and attaches none.",
	.more =
		"Needs what record needs: root, or CAP_BPF and CAP_PERFMON. A recording has its\n"
		"own plan: iommutrace report --plan FILE",
	.option = options,
	.set = set,
	.run = run,
	.arg = &plan,
};
