// SPDX-License-Identifier: GPL-2.0-only
/* gate_history.c - iommugate history: one metric over many runs. */
#include "tools/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gate/history.h"

struct history {
	struct gate_metric metric;
	const char *svg;
};

static struct history history = {.metric = {.name = "work.mean", .stat = GATE_WORK}};

static const struct option_row options[] = {
	{'m', "metric", "METRIC", "map.mean, ...; as of compare (default work.mean)"},
	{'o', "output", "FILE", "draw it to FILE as SVG; - for stdout"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct history *h = arg;
	struct gate_error err;

	if (key == 'o') {
		h->svg = value;
		return 0;
	}
	if (!gate_metric_parse(value, &h->metric, &err))
		return 0;
	complain("%s", err.text);
	return EXIT_USAGE;
}

static int draw(const char *path, const struct gate_history *h)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *out = to_stdout ? stdout : fopen(path, "we");
	int err = out ? gate_history_svg(out, h) : -errno;

	if (out && !to_stdout && fclose(out) && !err)
		err = -EIO;
	if (err)
		complain("cannot write %s: %s", path, strerror(-err));
	return err ? EXIT_RUNTIME : EXIT_FINE;
}

static void tell_unread(const struct gate_error *why)
{
	complain("passed over: %s", why->text);
}

static int run(void *arg, int argc, char **argv)
{
	const struct history *h = arg;
	struct gate_history found;
	struct gate_error err;
	int code = EXIT_FINE, e;

	if (argc != 1) {
		complain("wants one folder of runs, not %d", argc);
		return EXIT_USAGE;
	}
	e = gate_history_read(argv[0], &h->metric, tell_unread, &found, &err);
	if (e) {
		complain("%s", err.text);
		gate_history_free(&found);
		return e == -ENODATA || e == -EXDEV ? EXIT_INCONCLUSIVE
		       : e == -ENOMEM		    ? EXIT_RUNTIME
						    : EXIT_USAGE;
	}
	if (h->svg)
		code = draw(h->svg, &found);
	if (!code && (!h->svg || strcmp(h->svg, "-")))
		code = end_output(gate_history_text(stdout, &found) ? EXIT_RUNTIME : EXIT_FINE);
	gate_history_free(&found);
	return code;
}

const struct command command_gate_history = {
	.name = "history",
	.synopsis = "DIR [-m METRIC] [-o FILE.svg]",
	.summary = "Tells one metric over all runs in DIR, by their time, and where it changed its\n"
		   "level.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &history,
};
