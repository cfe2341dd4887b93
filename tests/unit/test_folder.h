/* SPDX-License-Identifier: GPL-2.0-only */
/* test_folder.h - a folder of its own for a test of files: enter() and leave() as the group's set-up. */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/iommuscope-test.XXXXXX";

static inline int enter(void **state)
{
	return !mkdtemp(folder) || chdir(folder);
}

/* Fails when a test left something. */
static inline int leave(void **state)
{
	return chdir("/") || rmdir(folder);
}

static inline int files(void)
{
	DIR *d = opendir(".");
	int n = 0;

	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

#endif
