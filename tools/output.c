// SPDX-License-Identifier: GPL-2.0-only
#include "tools/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common.h"

/* Pipes and devices have no older contents: they are written as they are. */
static int open_any(struct output *o)
{
	struct stat st;

	if (!stat(o->path, &st) && !S_ISREG(st.st_mode))
		return open(o->path, O_WRONLY | O_CLOEXEC);
	if (asprintf(&o->temporary, "%s.XXXXXX", o->path) < 0) {
		o->temporary = NULL;
		return -1;
	}
	o->on_disk = true;
	return mkostemp(o->temporary, O_CLOEXEC);
}

int output_open(struct output *o, const char *path)
{
	int err;

	*o = (struct output){.path = path, .fd = STDOUT_FILENO};
	if (!strcmp(path, "-"))
		return 0;
	o->fd = open_any(o);
	if (o->fd >= 0)
		return 0;
	err = -errno;
	complain("cannot write %s: %s; choose another place with -o", path, strerror(-err));
	free(o->temporary);
	o->temporary = NULL;
	return err;
}

/* An older recording is kept under the name FILE.old. */
static int keep_old(const char *path)
{
	struct stat st;
	char *old;
	int err = 0;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return 0;
	if (asprintf(&old, "%s.old", path) < 0)
		return -ENOMEM;
	if (rename(path, old)) {
		err = -errno;
		complain("cannot keep %s as %s: %s", path, old, strerror(-err));
	} else {
		complain("%s was there already: kept as %s", path, old);
	}
	free(old);
	return err;
}

int output_commit(struct output *o)
{
	int err;

	if (!o->temporary)
		return 0;
	err = keep_old(o->path);
	if (err)
		return err;
	if (rename(o->temporary, o->path)) {
		err = -errno;
		complain("cannot write %s: %s", o->path, strerror(-err));
		return err;
	}
	free(o->temporary);
	o->temporary = NULL;
	return 0;
}

int output_close(struct output *o)
{
	int err = 0;

	if (o->temporary)
		unlink(o->temporary);
	/* A disk tells only now what it could not write. */
	else if (o->fd > STDOUT_FILENO && o->on_disk && fsync(o->fd))
		err = -errno;
	if (o->fd > STDOUT_FILENO && close(o->fd) && !o->temporary && !err)
		err = -errno;
	if (err)
		complain("cannot write %s: %s; not all of it may be on disk", o->path,
			 strerror(-err));
	free(o->temporary);
	*o = (struct output){.fd = -1};
	return err;
}
