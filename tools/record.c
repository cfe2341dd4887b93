// SPDX-License-Identifier: GPL-2.0-only
/* record.c - iommutrace record: the live source into a file, while a command or time runs. */
#include "tools/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

#define DEFAULT_OUTPUT "iommuscope.ims"
#define COMPRESSION 6

struct record {
	const char *output;
	const char *mechanism;
	double seconds; /* 0: until the command ends, or a signal */
	bool quiet;
	/* running */
	int fd;
	bool created;	   /* the output is a file that this run made */
	bool write_failed; /* and not the capture */
	struct ims_writer *writer;
	struct ims_capture *capture;
	pid_t child;
	int child_status;
	double begin;
};

static struct record record = {.fd = -1};

enum { KEY_MECHANISM = 256 };

static const struct option_row options[] = {
	{'o', "output", "FILE", "write to FILE (default " DEFAULT_OUTPUT "), - for standard output"},
	{'d', "duration", "SECONDS", "stop after this time"},
	{'q', "quiet", NULL, "no status line"},
	{KEY_MECHANISM, "mechanism", "NAME", "use only this one: fentry or kprobe"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct record *r = arg;

	switch (key) {
	case 'o':
		r->output = value;
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
	return EXIT_USAGE;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- output ----------------------------------------------------------------------------------- */

/* An older recording is kept under the name FILE.old. */
static void keep_old(const char *path)
{
	struct stat st;
	char *old;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	if (asprintf(&old, "%s.old", path) < 0)
		return;
	if (!rename(path, old))
		complain("%s was there already: kept as %s", path, old);
	free(old);
}

static int open_output(struct record *r)
{
	struct stat st;

	if (!strcmp(r->output, "-")) {
		r->fd = STDOUT_FILENO;
		return EXIT_FINE;
	}
	keep_old(r->output);
	r->fd = open(r->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r->fd < 0) {
		complain("cannot write %s: %s; choose another place with -o", r->output,
			 strerror(errno));
		return EXIT_RUNTIME;
	}
	r->created = !fstat(r->fd, &st) && S_ISREG(st.st_mode);
	return EXIT_FINE;
}

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

/* ---- the command -------------------------------------------------------------------------------- */

static void on_child(int sig)
{
}

/* Starts the command; its exec failure comes back through a pipe that closes on success. */
static int start_child(struct record *r, char **argv)
{
	int pipe_fd[2], err = 0;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	r->child = fork();
	if (r->child == 0) {
		if (r->fd == STDOUT_FILENO)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		err = -errno;
		_exit(write(pipe_fd[1], &err, sizeof(err)) == sizeof(err) ? 127 : 126);
	}
	if (r->child < 0)
		err = -errno;
	close(pipe_fd[1]);
	if (r->child > 0 && read(pipe_fd[0], &err, sizeof(err)) == (ssize_t)sizeof(err)) {
		waitpid(r->child, NULL, 0);
		r->child = 0;
	}
	close(pipe_fd[0]);
	return err;
}

static bool child_ended(struct record *r)
{
	if (!r->child || waitpid(r->child, &r->child_status, WNOHANG) != r->child)
		return false;
	r->child = 0;
	if (WIFSIGNALED(r->child_status))
		complain("the command was ended by signal %d", WTERMSIG(r->child_status));
	else if (WEXITSTATUS(r->child_status))
		complain("the command exited with %d", WEXITSTATUS(r->child_status));
	return true;
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
	if (last && r->fd != STDOUT_FILENO)
		fprintf(stderr, ", in %s", r->output);
	fputs(last ? "\n" : "", stderr);
}

/* Until the command ends, the time is over, a signal comes, or the output fails. */
static int loop(struct record *r, bool command)
{
	double next = now() + 1;
	int err = 0;

	while (!err && !stop_requested) {
		double t = now();

		err = ims_capture_poll(r->capture, 100);
		if (!err && t >= next) {
			err = ims_capture_refresh(r->capture);
			if (!err)
				err = flush(r);
			status(r, false);
			next = t + 1;
		}
		if ((command && child_ended(r)) || (r->seconds && t >= r->begin + r->seconds))
			break;
	}
	if (r->child) {
		kill(r->child, SIGTERM);
		waitpid(r->child, &r->child_status, 0);
		r->child = 0;
	}
	return err;
}

static int failed(const struct record *r, int err)
{
	complain("cannot %s %s: %s; the recording ends here, %" PRIu64
		 " bytes of it are good and readable",
		 r->write_failed ? "write" : "go on with",
		 r->fd == STDOUT_FILENO ? "standard output" : r->output, strerror(-err),
		 ims_writer_bytes(r->writer));
	return EXIT_RUNTIME;
}

/* Nothing came of it: a file that was made for it goes. */
static int nothing_recorded(const struct record *r)
{
	if (r->created)
		unlink(r->output);
	return EXIT_RUNTIME;
}

static int record_all(struct record *r, char **command)
{
	struct ims_error error;
	int err;

	r->begin = now();
	err = ims_capture_start(r->capture, &error);
	if (err && !r->write_failed) {
		complain("%s", error.text);
		return nothing_recorded(r);
	}
	if (!err)
		err = flush(r);
	if (err)
		return failed(r, err);
	if (command[0] && (err = start_child(r, command))) {
		complain("cannot run %s: %s; nothing was recorded", command[0], strerror(-err));
		return nothing_recorded(r);
	}
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
	struct ims_capture_options o = {.mechanism = r->mechanism, .sink = to_writer, .arg = r};
	struct sigaction sa = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
	struct ims_error error;
	int code;

	if (!r->output)
		r->output = DEFAULT_OUTPUT;
	if (!strcmp(r->output, "-") && isatty(STDOUT_FILENO)) {
		complain("a recording is binary: not written to a terminal; use -o FILE");
		return EXIT_USAGE;
	}
	if (ims_capture_open(&o, &r->capture, &error)) {
		complain("%s", error.text);
		return EXIT_RUNTIME;
	}
	stop_on_signals();
	sigaction(SIGCHLD, &sa, NULL);
	code = open_output(r);
	if (!code) {
		r->writer = ims_writer_new(r->fd, COMPRESSION);
		code = r->writer ? record_all(r, argv) : EXIT_RUNTIME;
		ims_writer_free(r->writer);
	}
	if (r->fd > STDOUT_FILENO && close(r->fd) && !code) {
		complain("cannot write %s: %s", r->output, strerror(errno));
		code = EXIT_RUNTIME;
	}
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
