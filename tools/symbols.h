/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - names for the frames of user space that the recorder could not name, or not well, by the
 * debug files of who reads.
 *
 * A recording is not trusted: of a frame only the build-id is looked for, never the path. Debug files are
 * found below folders that the user names and /usr/lib/debug, and, when DEBUGINFOD_URLS is set, by debuginfod;
 * with that, for SYMBOLS_SECONDS altogether.
 */
#ifndef TOOLS_SYMBOLS_H
#define TOOLS_SYMBOLS_H

#include "tools/common.h"

enum { KEY_DEBUG_PATH = 640 };

#define SYMBOLS_OPTION                                                                             \
	{KEY_DEBUG_PATH, "debug-path", "DIR",                                                      \
	 "look for debug files here, too; may be given again"}

#define SYMBOLS_SECONDS 30

struct symbols;

/* Looks in @dir first. Makes *@s when that is NULL. Returns 0, or EXIT_USAGE with a message. */
int symbols_add_path(struct symbols **s, const char *dir);

/*
 * @rec, or one like it whose frames have names, which is good until the next call. Makes *@s when it is
 * needed. "0x41c (/usr/lib/libx.so) [build-id HEX]" becomes "name+0x1c (libx.so) file.c:42", and so does
 * "export+0x9c (libx.so) [build-id HEX+0x41c]", whose name is the nearest one that is exported.
 */
const struct ims_record *symbols_record(struct symbols **s, const struct ims_record *rec);

void symbols_free(struct symbols *s);

#endif
