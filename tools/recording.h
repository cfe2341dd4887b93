/* SPDX-License-Identifier: GPL-2.0-only */
/* recording.h - the live source into a recorder, while a command, time or a signal allows. */
#ifndef TOOLS_RECORDING_H
#define TOOLS_RECORDING_H

#include "capture/capture.h"
#include "tools/child.h"
#include "tools/recorder.h"
#include "tools/trigger.h"

struct recording {
	struct ims_capture_options capture; /* without the sink */
	struct recorder recorder;
	struct trigger trigger;
	double seconds; /* 0: until the command ends, or a signal */
	bool quiet;
	bool drop_all; /* keep no capability */
	/* Between the capture and the recorder; NULL: nothing is. */
	int (*filter)(void *arg, const struct ims_record *rec);
	void *filter_arg;
	/* running */
	struct ims_capture *source;
	struct child child;
	bool write_failed; /* and not the capture */
	double begin;
	double told;	      /* when the last status line was shown, */
	uint64_t told_events; /* and with how many events */
	uint64_t triggered;
	const char *last_trigger;
};

/* Records; says on stderr what failed. @command may be empty. Returns an exit code. */
int recording_run(struct recording *r, char **command);

/* What the filter hands records on to; @arg: the struct recording. Returns 0 or -errno. */
int recording_put(void *arg, const struct ims_record *rec);

#endif
