// SPDX-License-Identifier: GPL-2.0-only
/* export.c - iommutrace export: a recording for other programs. */
#include "tools/export.h"
#include "tools/symbols.h"

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
	void *state;	 /* of the export, or */
	struct model *m; /* of one that is of a whole recording */
	uint64_t lost;
	struct symbols *symbols;
};

static struct export export;

static const struct view_export *const formats[] = {&view_jsonl, &view_csv, &view_chrome, &view_perfetto,
						   &view_openmetrics_export, &view_html};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

enum { KEY_TO = 256 };

static const struct option_row options[] = {
	{KEY_TO, "to", "FORMAT", "one of those below",
	 "jsonl csv chrome perfetto openmetrics html"},
	{'o', "output", "FILE", "write to FILE, - for standard output (the default)"},
	SYMBOLS_OPTION,
	{0}};

static int find_format(struct export *e, const char *name)
{
	char names[128] = "";

	for (size_t i = 0; i < FORMATS; i++) {
		size_t n = strlen(names);

		if (!strcmp(formats[i]->name, name)) {
			e->to = formats[i];
			return 0;
		}
		snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", formats[i]->name);
	}
	complain("--to: no format is called \"%s\"; there are %s", name, names);
	return EXIT_USAGE;
}

static int set(void *arg, int key, const char *value)
{
	struct export *e = arg;

	if (key == 'o') {
		e->output = strcmp(value, "-") ? value : NULL;
		return 0;
	}
	if (key == KEY_DEBUG_PATH)
		return symbols_add_path(&e->symbols, value);
	return find_format(e, value);
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
	err = e->to->model ? 0 : e->to->begin(e->out, &e->state);
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
	err = e->to->record(e->out, e->state, symbols_record(&e->symbols, rec));
	return err ? failed(e, errno ? -errno : err) : 0;
}

static int put_model(void *arg, const struct ims_record *rec)
{
	struct export *e = arg;

	return model_apply(e->m, rec);
}

static int write_end(struct export *e, const struct ims_damage *damage)
{
	if (!e->to->model)
		return e->to->end(e->out, e->state, damage);
	model_damage(e->m, damage);
	model_finish(e->m);
	return e->to->model(e->out, e->m);
}

static int end(struct export *e, const struct ims_damage *damage)
{
	int err;

	if (!e->out && begin(e))
		return EXIT_RUNTIME;
	errno = 0;
	err = write_end(e, damage);
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
	if (e->to->model && !(e->m = model_new())) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	code = read_stream(argv[0], e->m ? put_model : put, e, &facts);
	if (!code) {
		tell_damage(argv[0], &facts.damage);
		code = end(e, &facts.damage);
	}
	if (e->output && e->out && fclose(e->out) && !code)
		code = failed(e, -errno) ? EXIT_RUNTIME : EXIT_FINE;
	if (e->state)
		e->to->free(e->state);
	model_free(e->m);
	symbols_free(e->symbols);
	return code;
}

const struct command command_export = {
	.name = "export",
	.synopsis = "--to FORMAT [-o OUT] FILE",
	.summary = "Writes a recording (- for standard input) for other programs.",
	.more =
		"jsonl        every record as a JSON object a line, as docs/jsonl.schema.json\n"
		"             says; the last tells what is missing from the input\n"
		"csv          the events, a header line first; text that a spreadsheet would take\n"
		"             for a formula begins with a '\n"
		"chrome       a timeline as JSON trace events: for speedscope, chrome://tracing,\n"
		"             Perfetto\n"
		"perfetto     the same as protobuf, for ui.perfetto.dev and its trace processor\n"
		"openmetrics  totals at the end, for Prometheus and what reads its text\n"
		"html         one page for a browser, without network: verdicts, map, timeline,\n"
		"             latency",
	.option = options,
	.set = set,
	.run = run,
	.arg = &export,
};
