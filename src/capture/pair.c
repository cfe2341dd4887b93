// SPDX-License-Identifier: GPL-2.0-only
#include "capture/pair.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <bpf/bpf.h>

#include "pair.skel.h"

#define ROUNDS 9
#define CALLS 1000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * A test run of a program for this function calls it once, whether or not the program is attached (net/bpf/
 * test_run.c). Returns ns for each of CALLS, or a negative errno.
 */
static double time_calls(int trigger)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	uint64_t begin = now_ns();

	for (int i = 0; i < CALLS; i++)
		if (bpf_prog_test_run_opts(trigger, &run))
			return -errno;
	return (double)(now_ns() - begin) / CALLS;
}

static int attach(const struct bpf_program *entry, const struct bpf_program *leave,
		  struct bpf_link *link[2])
{
	link[0] = bpf_program__attach(entry);
	link[1] = link[0] ? bpf_program__attach(leave) : NULL;
	if (link[1])
		return 0;
	bpf_link__destroy(link[0]);
	return -errno;
}

/* The quickest round of each: what disturbs a round can only add. */
static int measure(struct pair_bpf *s, bool kprobes, double *ns)
{
	const struct bpf_program *entry = kprobes ? s->progs.pair_kprobe : s->progs.pair_fentry;
	const struct bpf_program *leave = kprobes ? s->progs.pair_kretprobe : s->progs.pair_fexit;
	int trigger = bpf_program__fd(s->progs.pair_fentry);
	double bare = 1e12, probed = 1e12, t;

	for (int i = 0; i < ROUNDS; i++) {
		struct bpf_link *link[2];
		int err;

		t = time_calls(trigger);
		bare = t < bare ? t : bare;
		err = attach(entry, leave, link);
		if (err)
			return err;
		t = time_calls(trigger);
		probed = t < probed ? t : probed;
		bpf_link__destroy(link[0]);
		bpf_link__destroy(link[1]);
		if (bare < 0 || probed < 0)
			return -EOPNOTSUPP;
	}
	*ns = probed > bare ? probed - bare : 0;
	return 0;
}

int ims_pair_measure(double *ns, const char **mechanism)
{
	struct pair_bpf *s;
	int err;

	libbpf_set_print(NULL); /* that it cannot be measured is the caller's to tell */
	s = pair_bpf__open_and_load();
	if (!s)
		return -errno;
	*mechanism = "fentry+fexit";
	err = measure(s, false, ns);
	if (err) {
		*mechanism = "kprobe+kretprobe";
		err = measure(s, true, ns);
	}
	pair_bpf__destroy(s);
	return err;
}
