/* SPDX-License-Identifier: GPL-2.0-only */
/* config.h - the settings of iommud: each is a key of its file and a flag; one table has both. */
#ifndef TOOLS_CONFIG_H
#define TOOLS_CONFIG_H

#include "daemon/daemon.h"
#include "tools/common.h"

#define CONFIG_FILE "/etc/iommuscope/iommud.conf"
#define CONFIG_MOST 24 /* settings */
#define CONFIG_KEY  512 /* of the option of the first one */

/* The options of the settings, then @own, which ends with a row of zeroes. */
const struct option_row *config_options(const struct option_row *own);

/* What a command line says: by setting, NULL: nothing. */
struct config_flags {
	const char *value[CONFIG_MOST];
};

void config_flag(struct config_flags *flags, int key, const char *value);

struct config {
	struct daemon_options options;
	char *text; /* of the file; the options point into it */
};

/*
 * The defaults, then what the file at @path says, then the flags. With a @path of NULL that is CONFIG_FILE,
 * which need not be there. Complains. Returns 0, or an exit code; then *@config has to be freed as well.
 */
int config_load(struct config *config, const char *path, const struct config_flags *flags);
void config_free(struct config *config);

/* A file with every setting, its default and what it means. */
void config_print(FILE *out);

/* The first setting that differs and that a running daemon cannot change; NULL: none. */
const char *config_fixed(const struct daemon_options *a, const struct daemon_options *b);

#endif
