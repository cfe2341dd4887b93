// SPDX-License-Identifier: GPL-2.0-only
/* info.c - iommutrace info: what a recording is, and whether it is whole. */
#include "tools/info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct info {
	bool json;
	/* running */
	struct view_counts counts;
	struct model *model; /* takes the few records that replace each other: host, plan, loss */
};

static struct info info;

enum { KEY_JSON = 256 };

static const struct option_row options[] = {
	{KEY_JSON, "json", NULL, "one JSON object instead of text"}, {0}};

static int set(void *arg, int key, const char *value)
{
	struct info *i = arg;

	if (key != KEY_JSON)
		return EXIT_USAGE;
	i->json = true;
	return 0;
}

static int count(void *arg, const struct ims_record *rec)
{
	struct info *i = arg;

	view_count_record(&i->counts, rec);
	switch (rec->type) {
	case IMS_REC_HOST:
	case IMS_REC_PLAN:
	case IMS_REC_LOSS:
	case IMS_REC_COUNT:
	case IMS_REC_END:
		return model_apply(i->model, rec);
	default:
		return 0;
	}
}

static int show(const struct info *i, const struct ims_input *input)
{
	struct view_options view = view_defaults();

	if ((i->json ? view_info_json(stdout, i->model, &i->counts, input)
		     : view_info(stdout, i->model, &i->counts, input, &view))) {
		complain("cannot write to standard output: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	return EXIT_FINE;
}

static int run(void *arg, int argc, char **argv)
{
	struct info *i = arg;
	struct stream_facts facts = {};
	int code;

	if (argc != 1) {
		complain(argc ? "one FILE at a time" : "info needs a FILE");
		return EXIT_USAGE;
	}
	i->model = model_new();
	if (!i->model) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	code = read_stream(argv[0], count, i, &facts);
	if (!code) {
		model_damage(i->model, &facts.damage);
		model_finish(i->model);
		tell_damage(argv[0], &facts.damage);
		code = show(i, &facts.input);
	}
	model_free(i->model);
	return code;
}

const struct command command_info = {
	.name = "info",
	.synopsis = "[--json] FILE",
	.summary =
		"Tells what a recording (- for standard input) is: format, size, time, host, how\n"
		"many records and events of which kind, the plan in short, and whether anything\n"
		"is missing.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &info,
};
