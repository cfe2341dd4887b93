/* SPDX-License-Identifier: GPL-2.0-only */
/* top_run.h - iommutop's two ways to show a source. */
#ifndef TOOLS_TOP_RUN_H
#define TOOLS_TOP_RUN_H

#include "tools/top_session.h"

struct run {
	struct session session;
	struct source source;
	double delay;
	uint64_t count; /* refreshes; 0: until the end, or a signal */
	uint32_t screens; /* bit by enum top_screen_id */
	size_t rows;
	bool json;
	const char *object; /* NULL: the screens */
	bool ascii, color;
};

/* The source is open. Each returns an exit code; complains. */
int run_batch(struct run *r);
int run_once(struct run *r);
int run_terminal(struct run *r);

#endif
