// SPDX-License-Identifier: GPL-2.0-only
/* record.c - iommutrace record: its options. */
#include "tools/record.h"

#include <string.h>
#include <unistd.h>

#include "tools/choice.h"
#include "tools/recording.h"

#define DEFAULT_OUTPUT "iommuscope.ims"
#define COMPRESSION 6
#define AFTER 5.0

static struct recording record = {.recorder = {.level = COMPRESSION}};
static double after = AFTER;

enum {
	KEY_MECHANISM = 256,
	KEY_MAX_SIZE,
	KEY_ROTATE,
	KEY_COMPRESS,
	KEY_FLIGHT,
	KEY_TRIGGER,
	KEY_AFTER,
	KEY_BTF,
	KEY_DROP_ALL,
};

static const struct option_row options[] = {
	{'o', "output", "FILE", "write to FILE (default " DEFAULT_OUTPUT "), - for stdout"},
	{'d', "duration", "SECONDS", "stop after this time"},
	{'q', "quiet", NULL, "no status line"},
	{KEY_MECHANISM, "mechanism", "NAME", "use only fsession, fentry, kprobe-multi or kprobe",
	 "fsession fentry kprobe-multi kprobe"},
	CHOICE_OPTIONS,
	{KEY_MAX_SIZE, "max-size", "SIZE", "stop before FILE gets larger: 64M, 1G"},
	{KEY_ROTATE, "rotate", "N", "go on in FILE.1, ..., and keep the newest N files"},
	{KEY_COMPRESS, "compress", "LEVEL", "0 (not at all) to 9; default 6"},
	{KEY_FLIGHT, "flight", "SIZE", "keep the last SIZE in memory, and write at a trigger"},
	{KEY_TRIGGER, "trigger", "WHAT", "a verdict, fault, slower=USEC or signal (SIGUSR1)",
	 "signal slower= " VALUES_LIVE},
	{KEY_AFTER, "after", "SECONDS", "how long to write on after a trigger (default 5)"},
	{KEY_BTF, "btf", "FILE", "where the kernel's BTF is, if it has none of its own"},
	{KEY_DROP_ALL, "drop-all", NULL, "keep no capability: no hooks in modules loaded later"},
	{0}};

static int set_level(struct recorder *to, const char *value)
{
	uint64_t level;

	if (parse_count("--compress", value, &level))
		return EXIT_USAGE;
	if (level > 9) {
		complain("--compress \"%s\" is no level from 0 to 9", value);
		return EXIT_USAGE;
	}
	to->level = (int)level;
	return 0;
}

static int set_rotate(struct recorder *to, const char *value)
{
	if (parse_count("--rotate", value, &to->keep_files))
		return EXIT_USAGE;
	if (to->keep_files)
		return 0;
	complain("--rotate 0 would keep no file");
	return EXIT_USAGE;
}

static int set(void *arg, int key, const char *value)
{
	struct recording *r = arg;

	switch (key) {
	case 'o':
		r->recorder.path = value;
		return 0;
	case 'd':
		return parse_number("--duration", value, 0.001, &r->seconds);
	case 'q':
		r->quiet = true;
		return 0;
	case KEY_MECHANISM:
		r->capture.mechanism = value;
		return 0;
	case KEY_MAX_SIZE:
		return parse_size("--max-size", value, RECORDER_LEAST_BYTES,
				  &r->recorder.most_bytes);
	case KEY_ROTATE:
		return set_rotate(&r->recorder, value);
	case KEY_COMPRESS:
		return set_level(&r->recorder, value);
	case KEY_FLIGHT:
		return parse_size("--flight", value, RECORDER_LEAST_BYTES,
				  &r->recorder.flight_bytes);
	case KEY_TRIGGER:
		return trigger_parse(&r->trigger, value);
	case KEY_BTF:
		r->capture.btf = value;
		return 0;
	case KEY_DROP_ALL:
		r->drop_all = true;
		return 0;
	case KEY_AFTER:
		return parse_number("--after", value, 0, &after);
	}
	return choice_set(&r->capture.choice, key, value);
}

/* What does not go together; "" when all does. */
static const char *contradiction(const struct recording *r)
{
	const struct recorder *to = &r->recorder;

	if (to->flight_bytes && !r->trigger.any)
		return "--flight needs a --trigger";
	if (!to->flight_bytes && r->trigger.any)
		return "--trigger needs --flight";
	if (to->keep_files && !to->most_bytes && !to->flight_bytes)
		return "--rotate needs --max-size, or --flight";
	if ((to->keep_files || to->flight_bytes) && !strcmp(to->path, "-"))
		return "--rotate and --flight need a FILE, not standard output";
	if (!strcmp(to->path, "-") && isatty(STDOUT_FILENO))
		return "a recording is binary: not written to a terminal; use -o FILE";
	return "";
}

static int run(void *arg, int argc, char **argv)
{
	struct recording *r = arg;
	const char *wrong;

	if (choice_check(&r->capture.choice))
		return EXIT_USAGE;
	if (!r->recorder.path)
		r->recorder.path = DEFAULT_OUTPUT;
	wrong = contradiction(r);
	if (*wrong) {
		complain("%s", wrong);
		return EXIT_USAGE;
	}
	r->recorder.after_ns = (uint64_t)(after * 1e9);
	return recording_run(r, argv);
}

const struct command command_record = {
	.name = "record",
	.synopsis = "[-o FILE] [-d SECONDS] [--] [CMD [ARG...]]",
	.summary = "Records the life of every IOMMU domain of this machine while CMD runs, or until\n"
		   "Ctrl-C: allocations, attaches and detaches one by one, map and unmap as latency\n"
		   "histograms for each domain.",
	.more =
		"Needs root, or CAP_BPF and CAP_PERFMON, and CAP_SYSLOG for names in stacks. A\n"
		"file of the same name is kept as FILE.old. To read it: iommutrace report FILE\n"
		"\n"
		"With --flight nothing is written until a trigger (give as many as you like);\n"
		"then FILE has the time before and SECONDS after it. That is the end, or, with\n"
		"--rotate, the next trigger makes FILE.1. Each file of a series can be read by\n"
		"itself.",
	.option = options,
	.runs_command = true,
	.set = set,
	.run = run,
	.arg = &record,
};
