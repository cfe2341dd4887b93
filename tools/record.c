// SPDX-License-Identifier: GPL-2.0-only
/* record.c - iommutrace record: the live source into a file, while a command or time runs. */
#include "tools/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "tools/child.h"
#include "tools/choice.h"
#include "tools/output.h"

#define DEFAULT_OUTPUT "iommuscope.ims"
#define COMPRESSION 6

struct record {
	const char *path;
	const char *mechanism;
	struct ims_choice choice;
	double seconds; /* 0: until the command ends, or a signal */
	bool quiet;
	/* running */
	struct output output;
	bool write_failed; /* and not the capture */
	struct ims_writer *writer;
	struct ims_capture *capture;
	struct child child;
	double begin;
};

static struct record record = {.output.fd = -1};

enum { KEY_MECHANISM = 256 };

static const struct option_row options[] = {
	{'o', "output", "FILE", "write to FILE (default " DEFAULT_OUTPUT "), - for standard output"},
	{'d', "duration", "SECONDS", "stop after this time"},
	{'q', "quiet", NULL, "no status line"},
	{KEY_MECHANISM, "mechanism", "NAME", "use only this one: fentry or kprobe"},
	CHOICE_OPTIONS,
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct record *r = arg;

	switch (key) {
	case 'o':
		r->path = value;
		return 0;
	case 'd':
		return parse_number("--duration", value, 0.001, &r->seconds);
	case 'q':
		r->quiet = true;
		return 0;
	case KEY_MECHANISM:
		r->mechanism = value;
		return 0;
	}
	return choice_set(&r->choice, key, value);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- output ----------------------------------------------------------------------------------- */

static int to_writer(void *arg, const struct ims_record *rec)
{
	struct record *r = arg;

	int err = ims_writer_put(r->writer, rec);

	r->write_failed |= err != 0;
	return err;
}

static int flush(struct record *r)
{
	int err = ims_writer_flush(r->writer);

	r->write_failed |= err != 0;
	return err;
}

/* ---- recording ---------------------------------------------------------------------------------- */

static void status(const struct record *r, bool last)
{
	uint64_t lost = ims_capture_lost(r->capture);
	double bytes = (double)ims_writer_bytes(r->writer);
	bool terminal = isatty(STDERR_FILENO);

	if (r->quiet || (!terminal && !last))
		return;
	fprintf(stderr, "%s%s: %.1f s, %" PRIu64 " events, %.1f KiB, ", terminal ? "\r\033[K" : "",
		last ? "recorded" : "recording", now() - r->begin,
		ims_capture_events(r->capture), bytes / 1024);
	if (lost)
		fprintf(stderr, "%" PRIu64 " LOST", lost);
	else
		fprintf(stderr, "no loss");
	if (last && r->output.fd != STDOUT_FILENO)
		fprintf(stderr, ", in %s", r->path);
	fputs(last ? "\n" : "", stderr);
}

static void on_child(int sig)
{
}

/* Whether to go on: until the command ends; when the time is over or a signal came it is asked to,
 * and what it does until then is recorded too. */
static bool goes_on(struct record *r, bool command, double t)
{
	if (stop_requested || (r->seconds && t >= r->begin + r->seconds))
		return child_stop(&r->child, t) && !child_ended(&r->child);
	return !command || !child_ended(&r->child);
}

static int loop(struct record *r, bool command)
{
	double t = now(), next = t + 1;
	int err = 0;

	while (!err && goes_on(r, command, t)) {
		err = ims_capture_poll(r->capture, 100);
		t = now();
		if (err || t < next)
			continue;
		err = ims_capture_refresh(r->capture);
		if (!err)
			err = flush(r);
		status(r, false);
		next = t + 1;
	}
	return err;
}

/* For a command that outlives its recording. */
static void stop_command(struct record *r)
{
	const struct timespec tick = {.tv_nsec = 50000000};

	while (child_stop(&r->child, now()) && !child_ended(&r->child))
		nanosleep(&tick, NULL);
}

static int failed(const struct record *r, int err)
{
	complain("cannot %s %s: %s; the recording ends here, %" PRIu64
		 " bytes of it are good and readable",
		 r->write_failed ? "write" : "go on with",
		 r->output.fd == STDOUT_FILENO ? "standard output" : r->path, strerror(-err),
		 ims_writer_bytes(r->writer));
	return EXIT_RUNTIME;
}

/* The recording has a beginning that can be read, the command runs, and the file has its name. */
static int begin(struct record *r, char **command)
{
	struct ims_error error;
	int err = ims_capture_start(r->capture, &error);

	if (err && !r->write_failed) {
		complain("%s", error.text);
		return err;
	}
	if (!err)
		err = flush(r);
	if (err) {
		complain("cannot write %s: %s; nothing was recorded",
			 r->output.fd == STDOUT_FILENO ? "standard output" : r->path,
			 strerror(-err));
		return err;
	}
	if (command[0]) {
		err = child_start(&r->child, command, r->output.fd == STDOUT_FILENO);
		if (err) {
			complain("cannot run %s: %s; nothing was recorded", command[0],
				 strerror(-err));
			return err;
		}
	}
	return output_commit(&r->output);
}

static int record_all(struct record *r, char **command)
{
	int err;

	if (begin(r, command))
		return EXIT_RUNTIME;
	r->begin = now(); /* to attach takes its time, which is not of the recording */
	err = loop(r, command[0] != NULL);
	if (!err)
		err = ims_capture_stop(r->capture);
	if (!err)
		err = flush(r);
	if (err)
		return failed(r, err);
	status(r, true);
	return EXIT_FINE;
}

static int run(void *arg, int argc, char **argv)
{
	struct record *r = arg;
	struct ims_capture_options o = {.mechanism = r->mechanism, .choice = r->choice,
					 .sink = to_writer, .arg = r};
	struct sigaction sa = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
	struct ims_error error;
	int code;

	if (!r->path)
		r->path = DEFAULT_OUTPUT;
	if (!strcmp(r->path, "-") && isatty(STDOUT_FILENO)) {
		complain("a recording is binary: not written to a terminal; use -o FILE");
		return EXIT_USAGE;
	}
	if (ims_capture_open(&o, &r->capture, &error)) {
		complain("%s", error.text);
		return EXIT_RUNTIME;
	}
	stop_on_signals();
	sigaction(SIGCHLD, &sa, NULL);
	code = output_open(&r->output, r->path) ? EXIT_RUNTIME : EXIT_FINE;
	if (!code) {
		r->writer = ims_writer_new(r->output.fd, COMPRESSION);
		code = r->writer ? record_all(r, argv) : EXIT_RUNTIME;
		stop_command(r);
		ims_writer_free(r->writer);
	}
	if (output_close(&r->output) && !code)
		code = EXIT_RUNTIME;
	ims_capture_close(r->capture);
	return code;
}

const struct command command_record = {
	.name = "record",
	.synopsis = "[-o FILE] [-d SECONDS] [--] [CMD [ARG...]]",
	.summary = "Records the life of every IOMMU domain of this machine while CMD runs, or until\n"
		   "Ctrl-C: allocations, attaches and detaches one by one, map and unmap as latency\n"
		   "histograms for each domain.",
	.more = "Needs root, or CAP_BPF and CAP_PERFMON, and CAP_SYSLOG for names in stacks. A file of\n"
		"the same name is kept as FILE.old. Read the recording with: iommutrace report FILE",
	.option = options,
	.runs_command = true,
	.set = set,
	.run = run,
	.arg = &record,
};
