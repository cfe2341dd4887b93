/* SPDX-License-Identifier: GPL-2.0-only */
/* trigger.h - what makes the flight recorder write. */
#ifndef TOOLS_TRIGGER_H
#define TOOLS_TRIGGER_H

#include <signal.h>

#include <iommuscope/model.h>

struct trigger {
	bool any; /* of the following was asked for */
	bool fault, signal;
	uint64_t slower_ns; /* 0: not asked for */
	uint64_t verdicts;  /* bits of enum model_verdict_kind */
	/* running */
	struct model *model; /* NULL: no verdict was asked for */
	struct ims_carry *carry;
	bool quiet;		       /* no event since it was looked at */
	uint64_t seen[MODEL_VERDICTS]; /* how often, when last looked */
	struct slow_calls *slow;
	const char *fired;
};

/* Adds "fault", "signal", "slower=USEC" or a verdict's name. Returns 0, or EXIT_USAGE with a
 * message. */
int trigger_parse(struct trigger *t, const char *value);

/* Returns 0 or -ENOMEM. */
int trigger_open(struct trigger *t);
void trigger_close(struct trigger *t);

/* Takes in one record. Returns 0 or -ENOMEM. */
int trigger_see(struct trigger *t, const struct ims_record *rec);

/* What happened since the last call: its name, or NULL. */
const char *trigger_fired(struct trigger *t);

/* Set by SIGUSR1. */
extern volatile sig_atomic_t trigger_signalled;

#endif
