// SPDX-License-Identifier: GPL-2.0-only
/* export.c - iommutrace export: a recording for other programs. */
#include "tools/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct export
{
	const struct view_export *to;
	const char *output;
	/* running */
	FILE *out; /* opened with the first record: nothing is made of an input that cannot be read
		    */
	uint64_t lost;
};

static struct export export;

static const struct view_export *const formats[] = {&view_jsonl, &view_csv};

enum { KEY_TO = 256 };

static const struct option_row options[] = {
	{KEY_TO, "to", "FORMAT", "jsonl: every record; csv: a table of the events"},
	{'o', "output", "FILE", "write to FILE, - for standard output (the default)"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct export *e = arg;

	if (key == 'o') {
		e->output = strcmp(value, "-") ? value : NULL;
		return 0;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i]->name, value)) {
			e->to = formats[i];
			return 0;
		}
	complain("--to: no format is called \"%s\"; there are jsonl and csv", value);
	return EXIT_USAGE;
}

static bool same_file(const char *input, const char *output)
{
	struct stat in, out;

	if (strcmp(input, "-") ? stat(input, &in) : fstat(STDIN_FILENO, &in))
		return false;
	return !stat(output, &out) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static int failed(const struct export *e, int err)
{
	complain("cannot write %s: %s", e->output ? e->output : "standard output", strerror(-err));
	return 1;
}

/* A recording names processes and devices: what is made of it is the user's alone, too. */
static int begin(struct export *e)
{
	int fd, err;

	if (!e->output) {
		e->out = stdout;
	} else {
		fd = open(e->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		e->out = fd < 0 ? NULL : fdopen(fd, "w");
	}
	if (!e->out)
		return failed(e, -errno);
	err = e->to->begin(e->out);
	return err ? failed(e, err) : 0;
}

static int put(void *arg, const struct ims_record *rec)
{
	struct export *e = arg;
	int err;

	if (!e->out && begin(e))
		return 1;
	if (rec->type == IMS_REC_LOSS && rec->loss.cause != IMS_LOSS_NO_ENTRY)
		e->lost |= rec->loss.lost;
	errno = 0;
	err = e->to->record(e->out, rec);
	return err ? failed(e, errno ? -errno : err) : 0;
}

static int end(struct export *e, const struct ims_damage *damage)
{
	int err;

	if (!e->out && begin(e))
		return EXIT_RUNTIME;
	errno = 0;
	err = e->to->end(e->out, damage);
	if (err)
		return failed(e, errno ? -errno : err) ? EXIT_RUNTIME : EXIT_FINE;
	if (e->lost && e->to == &view_csv)
		complain("events were lost while recording; iommutrace info tells how many");
	return EXIT_FINE;
}

static int run(void *arg, int argc, char **argv)
{
	struct export *e = arg;
	struct stream_facts facts = {};
	int code;

	if (argc != 1 || !e->to) {
		complain(argc > 1 ? "one FILE at a time"
			 : argc	  ? "export needs --to FORMAT"
				  : "export needs a FILE");
		return EXIT_USAGE;
	}
	if (e->output && same_file(argv[0], e->output)) {
		complain("%s is the recording itself: choose another place with -o", e->output);
		return EXIT_USAGE;
	}
	code = read_stream(argv[0], put, e, &facts);
	if (!code) {
		tell_damage(argv[0], &facts.damage);
		code = end(e, &facts.damage);
	}
	if (e->output && e->out && fclose(e->out) && !code)
		code = failed(e, -errno) ? EXIT_RUNTIME : EXIT_FINE;
	return code;
}

const struct command command_export = {
	.name = "export",
	.synopsis = "--to jsonl|csv [-o OUT] FILE",
	.summary = "Writes a recording (- for standard input) for other programs.",
	.more = "jsonl: a JSON object a line, as docs/jsonl.schema.json says; the last tells what "
		"is\n"
		"missing from the input. csv: the events, a header line first; text that a "
		"spreadsheet\n"
		"would take for a formula begins with a '.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &export,
};
