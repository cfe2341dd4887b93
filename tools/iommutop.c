// SPDX-License-Identifier: GPL-2.0-only
/* iommutop - what IOMMU domains do now. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "tools/common.h"
#include "tools/privileges.h"

struct top {
	bool batch;
	double count; /* refreshes; 0: until a signal */
	double delay;
	const char *input;
	const char *btf;
	struct model *model;
};

static struct top top = {.delay = 1};

enum { KEY_BTF = 256 };

static const struct option_row options[] = {
	{'b', "batch", NULL, "plain text, one refresh below the other"},
	{'n', "iterations", "N", "end after N refreshes"},
	{'d', "delay", "SECONDS", "time between refreshes (default 1)"},
	{'i', "input", "FILE", "show the end of a recording instead (- for stdin)"},
	{KEY_BTF, "btf", "FILE", "where the kernel's BTF is, if it has none of its own"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct top *t = arg;

	switch (key) {
	case 'b':
		t->batch = true;
		return 0;
	case 'n':
		return parse_number("--iterations", value, 1, &t->count);
	case 'd':
		return parse_number("--delay", value, 0.1, &t->delay);
	case 'i':
		t->input = value;
		return 0;
	case KEY_BTF:
		t->btf = value;
		return 0;
	}
	return EXIT_USAGE;
}

static int to_model(void *arg, const struct ims_record *rec)
{
	struct top *t = arg;

	return model_apply(t->model, rec);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int show(const struct top *t, struct view_top *screen, double seconds)
{
	struct view_options o = view_defaults();

	if (!t->batch)
		fputs("\033[H\033[J", stdout);
	errno = 0;
	if (view_top(stdout, t->model, screen, (uint64_t)(seconds * 1e9), &o) || fflush(stdout))
		return errno ? -errno : -EIO;
	return 0;
}

static int from_file(struct top *t, struct view_top *screen)
{
	struct ims_damage damage = {};
	int err, code = read_model(t->input, &t->model, &damage);

	if (code)
		return code;
	tell_damage(t->input, &damage);
	t->batch = true;
	err = show(t, screen, 0);
	if (err)
		complain("cannot write to standard output: %s", strerror(-err));
	return err ? EXIT_RUNTIME : EXIT_FINE;
}

/* The statistics are read once a second, however seldom they are shown: dead domains give their
 * place back only then. */
static int collect(struct ims_capture *c, double end)
{
	double next = now() + 1;
	int err = 0;

	while (!err && !stop_requested && now() < end) {
		err = ims_capture_poll(c, 50);
		if (err || now() < next)
			continue;
		err = ims_capture_refresh(c);
		next = now() + 1;
	}
	return err ? err : ims_capture_refresh(c);
}

static int refresh_loop(struct top *t, struct ims_capture *c, struct view_top *screen)
{
	double last = now();
	int err = 0;

	for (double n = 0; !err && !stop_requested && (!t->count || n < t->count); n++) {
		double begin = last;

		err = collect(c, begin + t->delay);
		last = now();
		if (!err)
			err = show(t, screen, last - begin);
	}
	return err;
}

static int from_kernel(struct top *t, struct view_top *screen)
{
	struct ims_capture_options o = {.btf = t->btf, .sink = to_model, .arg = t};
	struct ims_capture *c;
	struct ims_error error;
	int err;

	err = ims_capture_open(&o, &c, &error);
	if (err) {
		complain("%s", error.text);
		return EXIT_RUNTIME;
	}
	stop_on_signals();
	t->model = model_new();
	if (!t->model)
		snprintf(error.text, sizeof(error.text), "no memory");
	err = t->model ? ims_capture_start(c, &error) : -ENOMEM;
	if (err)
		complain("%s", error.text);
	else if ((err = privileges_drop(true, false)))
		complain("cannot give up privileges: %s", strerror(-err));
	else if ((err = refresh_loop(t, c, screen)))
		complain("stopped: %s", strerror(-err));
	ims_capture_close(c);
	return err ? EXIT_RUNTIME : EXIT_FINE;
}

static int run(void *arg, int argc, char **argv)
{
	struct top *t = arg;
	struct view_top *screen = view_top_new();
	int code;

	if (argc || !screen) {
		complain(argc ? "what is \"%s\"? iommutop takes only options" : "no memory",
			 argc ? argv[0] : "");
		return argc ? EXIT_USAGE : EXIT_RUNTIME;
	}
	if (!isatty(STDOUT_FILENO))
		t->batch = true;
	code = t->input ? from_file(t, screen) : from_kernel(t, screen);
	model_free(t->model);
	view_top_free(screen);
	return code;
}

int main(int argc, char **argv)
{
	const struct command cmd = {
		.synopsis = "[-b] [-n N] [-d SECONDS] [-i FILE] [--btf FILE]",
		.summary = "Shows what the IOMMU domains of this machine do: instances, groups, devices,\n"
			   "map and unmap rates and latency, verdicts, loss.",
		.more = "Needs root, or CAP_BPF and CAP_PERFMON; not with -i.\n"
			"One look, for a script or a mail: iommutop -b -n 1",
		.option = options,
		.set = set,
		.run = run,
		.arg = &top,
	};

	return command_run("iommutop", &cmd, argc, argv);
}
