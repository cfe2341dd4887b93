// SPDX-License-Identifier: GPL-2.0-only
/* iommud - captures, and serves everyone who wants to see. */
#include <errno.h>
#include <string.h>

#include "daemon/daemon.h"
#include "tools/config.h"
#include "tools/plan.h"
#include "tools/privileges.h"

struct iommud {
	const char *path; /* of the settings */
	struct config_flags flags;
	struct config config;
	bool check, print, plan, drop_all;
};

enum { KEY_CONFIG = 256, KEY_CHECK, KEY_PRINT, KEY_PLAN, KEY_DROP_ALL };

static const struct option_row options[] = {
	{'c', "config", "FILE", "settings (default " CONFIG_FILE ")"},
	{KEY_CHECK, "check-config", NULL, "tell whether the settings are right, and end"},
	{KEY_PRINT, "print-config", NULL, "print a file with every setting, and end"},
	{KEY_PLAN, "plan", NULL, "show what would be hooked, and how, and end"},
	{KEY_DROP_ALL, "drop-all", NULL, "keep no capability: no hooks in modules loaded later"},
	{0}};

static int set(void *arg, int key, const char *value)
{
	struct iommud *d = arg;

	switch (key) {
	case 'c':
		d->path = value;
		return 0;
	case KEY_CHECK:
		d->check = true;
		return 0;
	case KEY_PRINT:
		d->print = true;
		return 0;
	case KEY_PLAN:
		d->plan = true;
		return 0;
	case KEY_DROP_ALL:
		d->drop_all = true;
		return 0;
	}
	config_flag(&d->flags, key, value);
	return 0;
}

static int serve(const struct iommud *d, struct daemon *daemon)
{
	int err = daemon_start(daemon);

	if (err)
		return err;
	err = privileges_drop(!d->drop_all, false);
	if (!err)
		return daemon_run(daemon);
	complain("cannot give up privileges: %s", strerror(-err));
	return err;
}

/* What is wrong changes nothing. */
static void reload(void *arg, struct daemon *daemon)
{
	struct iommud *d = arg;
	struct config now;
	const char *fixed;

	if (config_load(&now, d->path, &d->flags)) {
		complain("the settings stay as they were");
		config_free(&now);
		return;
	}
	fixed = config_fixed(&d->config.options, &now.options);
	if (fixed)
		complain("another \"%s\" needs a restart", fixed);
	if (!daemon_apply(daemon, &now.options))
		complain("took over the settings");
	config_free(&now);
}

static int live(struct iommud *d)
{
	struct daemon *daemon = NULL;
	int err;

	d->config.options.reload = reload;
	d->config.options.arg = d;
	err = daemon_open(&daemon, &d->config.options);
	if (!err)
		err = serve(d, daemon);
	daemon_close(daemon);
	return err ? EXIT_RUNTIME : EXIT_FINE;
}

static int run(void *arg, int argc, char **argv)
{
	struct iommud *d = arg;
	int code;

	if (argc) {
		complain("what is \"%s\"? iommud takes only options", argv[0]);
		return EXIT_USAGE;
	}
	if (d->print) {
		config_print(stdout);
		return end_output(EXIT_FINE);
	}
	code = config_load(&d->config, d->path, &d->flags);
	if (!code && d->plan)
		code = plan_show(d->config.options.capture, false);
	else if (!code && !d->check)
		code = live(d);
	config_free(&d->config);
	return code;
}

int main(int argc, char **argv)
{
	static struct iommud iommud;
	const struct command cmd = {
		.synopsis = "[OPTION...]",
		.summary = "Captures the life of every IOMMU domain of this machine, in the\n"
			   "foreground, and serves iommutop and iommutrace over a socket: what is so\n"
			   "now, then what happens.",
		.more = "Needs root, or CAP_BPF and CAP_PERFMON, and gives up what it needs no more.\n"
			"A flag is stronger than the file. SIGTERM ends it.",
		.option = config_options(options),
		.set = set,
		.run = run,
		.arg = &iommud,
	};

	return command_run("iommud", &cmd, argc, argv);
}
