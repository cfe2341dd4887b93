/* SPDX-License-Identifier: GPL-2.0-only */
/* common.h - what the tools share: exit codes, option tables, messages, signals, reading a stream. */
#ifndef IMS_TOOLS_COMMON_H
#define IMS_TOOLS_COMMON_H

#include <signal.h>
#include <stdbool.h>

#include <iommuscope/model.h>
#include <iommuscope/view.h>

enum exit_code {
	EXIT_FINE = 0,
	EXIT_RUNTIME = 1,
	EXIT_USAGE = 2,
	EXIT_FINDING = 3,
	EXIT_INCONCLUSIVE = 4,
};

struct option_row {
	int key;          /* the short option, or a number from 256 on */
	const char *name; /* the long one */
	const char *arg;  /* what it takes; NULL: nothing */
	const char *help;
	const char *values; /* what it may be, for completion, by spaces; NULL: anything */
};

/* Words of values that stand for all names of their kind. */
#define VALUES_VERDICT "@VERDICT"
#define VALUES_LIVE    "@LIVE" /* verdicts that are known before the end */
#define VALUES_HOOK    "@HOOK"

/* One command of a tool. The table of them drives dispatch and help. */
struct command {
	const char *name;     /* NULL: the tool has no commands */
	const char *synopsis; /* what follows the name */
	const char *summary;
	const char *more;                /* shown after the options; may be NULL */
	const struct option_row *option; /* ends with a row of zeroes */
	bool runs_command; /* the first word that is no option begins another command line */
	int (*set)(void *arg, int key, const char *value); /* 0, or EXIT_USAGE with a message */
	int (*run)(void *arg, int argc, char **argv);
	void *arg;
};

/* Runs @cmd with argv, which begins with its name. Returns the exit code. */
int command_run(const char *tool, const struct command *cmd, int argc, char **argv);

/* "tool: ..." and one line on stderr, escaped: what files and arguments say is part of it. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Flushes stdout; complains when not all of it could be written. Returns @code or EXIT_RUNTIME. */
int end_output(int code);

/* Parses a number of at least @min; complains. Returns 0 or EXIT_USAGE. */
int parse_number(const char *option, const char *value, double min, double *out);

/* The same for a whole number. */
int parse_count(const char *option, const char *value, uint64_t *out);

/* The same for a number of bytes: 1000, 64K, 16M, 1G, in steps of 1024. Complains below @min. */
int parse_size(const char *option, const char *value, uint64_t min, uint64_t *out);

/* Set by SIGINT and SIGTERM once stop_on_signals() was called. */
extern volatile sig_atomic_t stop_requested;
void stop_on_signals(void);

typedef int record_fn(void *arg, const struct ims_record *rec);

/* Why ims_reader_open() returned @err. */
const char *unreadable(int err);

struct stream_facts {
	struct ims_damage damage;
	struct ims_input input;
};

/*
 * Reads a stream from @path ("-": stdin) to its end, record by record; complains. @each returns 0 to
 * go on, -errno when it cannot, or 1 to stop when it has complained itself. Returns an exit code.
 */
int read_stream(const char *path, record_fn *each, void *arg, struct stream_facts *facts);

/*
 * Reads a stream from @path ("-": stdin) to its end into a new model; complains. Returns an exit
 * code; the damage found is in *@damage.
 */
int read_model(const char *path, struct model **out, struct ims_damage *damage);

/* Complains about what is missing from a stream. Returns whether anything is. */
bool tell_damage(const char *path, const struct ims_damage *d);

/* Options for the views as they fit stdout and the environment (NO_COLOR, the locale). */
struct view_options view_defaults(void);

#endif
