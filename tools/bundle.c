// SPDX-License-Identifier: GPL-2.0-only
/* bundle.c - iommutrace bundle: a recording, made or given, as a file to send. */
#include "tools/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/recording.h"

#define SUFFIX	       ".ims"
#define DEFAULT_OUTPUT "iommuscope.bundle" SUFFIX
#define COMPRESSION    9
#define SECONDS	       5.0

struct bundle {
	bool as_it_is, timed;
	char *path; /* made from the input's */
	/* running */
	struct recording recording; /* of which only the recorder is used for one that is given */
	struct ims_redact *redact;  /* NULL: nothing is replaced */
	struct ims_record end;	    /* of the input, kept until it is known that nothing follows */
	uint64_t last_ns;
	int write_error;
};

static struct bundle bundle = {
	.recording = {.recorder = {.level = COMPRESSION}, .seconds = SECONDS},
};

enum { KEY_NO_REDACT = 256 };

static const struct option_row options[] = {
	{'o', "output", "FILE",
	 "write to FILE, - for stdout (default NAME.bundle" SUFFIX ")"},
	{'d', "duration", "SECONDS", "how long to record, without RECORDING (default 5)"},
	{'q', "quiet", NULL, "no status line, and not what was redacted"},
	{KEY_NO_REDACT, "no-redact", NULL, "leave everything as it is"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct bundle *b = arg;

	switch (key) {
	case 'o':
		b->recording.recorder.path = value;
		return 0;
	case 'd':
		b->timed = true;
		return parse_number("--duration", value, 0.001, &b->recording.seconds);
	case 'q':
		b->recording.quiet = true;
		return 0;
	case KEY_NO_REDACT:
		b->as_it_is = true;
		return 0;
	}
	return EXIT_USAGE;
}

static int redact(void *arg, const struct ims_record *rec)
{
	struct bundle *b = arg;

	return ims_redact_put(b->redact, rec);
}

/* ---- of a recording that is given ------------------------------------------------------------ */

static int put(struct bundle *b, const struct ims_record *rec)
{
	return b->redact ? ims_redact_put(b->redact, rec)
			 : recorder_put(&b->recording.recorder, rec);
}

static int put_end(struct bundle *b)
{
	struct ims_record end = b->end;

	b->end.type = 0;
	return end.type ? put(b, &end) : 0;
}

static int copy(void *arg, const struct ims_record *rec)
{
	struct bundle *b = arg;
	int err = put_end(b);

	b->last_ns = rec->time_ns;
	if (!err && rec->type == IMS_REC_END)
		b->end = *rec;
	else if (!err)
		err = put(b, rec);
	b->write_error = err;
	return err ? 1 : 0;
}

/* What the recording lacks its bundle lacks too: it has to say so. */
static int finish(struct bundle *b, const struct ims_damage *d)
{
	struct recorder *to = &b->recording.recorder;
	uint64_t missing = d->missing_chunks ? d->missing_chunks : d->bad_chunks;
	int err = recorder_flush(to);

	if (!err && (missing || d->truncated)) {
		struct ims_record fact = {.type = IMS_REC_HOST, .time_ns = b->last_ns};

		ims_writer_skip(to->writer, missing ? missing : 1);
		fact.host = (struct ims_host){"bundle.damage",
					      "chunks of the recording were missing or bad"};
		err = put(b, &fact);
	}
	if (!err)
		err = put_end(b);
	if (!err && b->redact)
		err = ims_redact_end(b->redact, b->last_ns);
	if (!err)
		err = recorder_flush(to);
	return err ? err : recorder_commit(to);
}

static bool same_file(const char *input, const char *output)
{
	struct stat in, out;

	if (strcmp(input, "-") ? stat(input, &in) : fstat(STDIN_FILENO, &in))
		return false;
	return !stat(output, &out) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static int convert(struct bundle *b, const char *input)
{
	struct recorder *to = &b->recording.recorder;
	struct stream_facts facts = {};
	int code, err;

	stop_on_signals();
	if (recorder_open(to))
		return EXIT_RUNTIME;
	code = read_stream(input, copy, b, &facts);
	err = b->write_error;
	if (!code && stop_requested)
		code = EXIT_RUNTIME; /* half of it is no bundle */
	if (!code) {
		tell_damage(input, &facts.damage);
		err = finish(b, &facts.damage);
	}
	if (err) {
		complain("cannot write %s: %s", to->path, strerror(-err));
		code = EXIT_RUNTIME;
	}
	if (recorder_close(to) && !code)
		code = EXIT_RUNTIME;
	return code;
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool is_socket(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISSOCK(st.st_mode);
}

/* a.ims becomes a.bundle.ims, in the same folder. */
static int name_output(struct bundle *b, const char *input)
{
	size_t n;

	if (b->recording.recorder.path)
		return 0;
	if (!input || !strcmp(input, "-") || is_socket(input)) {
		b->recording.recorder.path = DEFAULT_OUTPUT;
		return 0;
	}
	n = strlen(input);
	if (n > strlen(SUFFIX) && !strcmp(input + n - strlen(SUFFIX), SUFFIX))
		n -= strlen(SUFFIX);
	if (asprintf(&b->path, "%.*s.bundle" SUFFIX, (int)n, input) < 0) {
		b->path = NULL;
		complain("no memory");
		return -ENOMEM;
	}
	b->recording.recorder.path = b->path;
	return 0;
}

static int make(struct bundle *b, const char *input)
{
	char *nothing[] = {NULL};

	if (!b->as_it_is) {
		b->redact = ims_redact_new(recording_put, &b->recording);
		if (!b->redact) {
			complain("no memory");
			return EXIT_RUNTIME;
		}
		b->recording.filter = redact;
		b->recording.filter_arg = b;
	}
	return input ? convert(b, input) : recording_run(&b->recording, nothing);
}

static void tell_redacted(struct bundle *b, bool to_stdout)
{
	if (b->recording.quiet)
		return;
	if (b->redact)
		complain("redacted: %s", ims_redact_summary(b->redact));
	else
		complain("nothing was redacted");
	if (!to_stdout)
		complain("look before you send it: iommutrace events --all %s",
			 b->recording.recorder.path);
}

/* Where a daemon runs, it has what happened before anyone asked. */
static const char *from_daemon(const struct bundle *b)
{
	if (b->timed || access(IMS_SOCKET, R_OK | W_OK))
		return NULL;
	if (!b->recording.quiet)
		complain("the last minutes, from iommud; -d SECONDS records what comes");
	return IMS_SOCKET;
}

static int run(void *arg, int argc, char **argv)
{
	struct bundle *b = arg;
	const char *input = argc ? argv[0] : from_daemon(b);
	bool to_stdout = b->recording.recorder.path && !strcmp(b->recording.recorder.path, "-");
	int code;

	if (argc > 1) {
		complain("one RECORDING at a time");
		return EXIT_USAGE;
	}
	if (to_stdout && isatty(STDOUT_FILENO)) {
		complain("a recording is binary: not written to a terminal; use -o FILE");
		return EXIT_USAGE;
	}
	if (name_output(b, input))
		return EXIT_RUNTIME;
	if (input && same_file(input, b->recording.recorder.path)) {
		complain("%s is the recording itself: choose another place with -o", input);
		return EXIT_USAGE;
	}
	code = make(b, input);
	if (!code)
		tell_redacted(b, to_stdout);
	ims_redact_free(b->redact);
	free(b->path);
	return code;
}

const struct command command_bundle = {
	.name = "bundle",
	.synopsis = "[-o OUT] [RECORDING]",
	.summary =
		"Makes the file to send with a bug report, of RECORDING (- for standard input),\n"
		"or of the last minutes, where iommud runs, or of the next seconds on this\n"
		"machine (then it needs what record needs).",
	.more =
		"Names of commands, process ids, physical addresses, the host's name, serial\n"
		"numbers, UUIDs, MAC and IP addresses, paths in user stacks and most values of\n"
		"the kernel command line are replaced, the same by the same: what is equal stays\n"
		"equal, so that verdicts, counts and topology do. I/O virtual addresses, PCI\n"
		"addresses and names of devices, kernel functions and modules stay. RECORDING\n"
		"itself is left alone.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &bundle,
};
