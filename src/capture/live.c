// SPDX-License-Identifier: GPL-2.0-only
/* live.c - loads, attaches and drains the BPF programs. */
#include "capture/live.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "capture/check.h"
#include "capture/choice.h"
#include "capture/error.h"
#include "capture/host.h"
#include "capture/instances.h"
#include "capture/stack.h"
#include "capture/stats.h"
#include "capture/trace.h"

uint64_t live_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int live_put(struct ims_capture *c, const struct ims_record *rec)
{
	return c->options.sink(c->options.arg, rec);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level != LIBBPF_DEBUG && getenv("IOMMUSCOPE_DEBUG"))
		return vfprintf(stderr, fmt, args);
	return 0;
}

static int load_once(struct ims_capture *c)
{
	struct ims_bpf *s;
	int err;

	ims_bpf__destroy(c->skel);
	c->skel = s = object_open(c->options.btf);
	if (!s)
		return -errno;
	s->rodata->fault_amd_arg = c->plan.row[IMS_POINT_FAULT_AMD].arg;
	s->rodata->alloc_device_arg = c->plan.row[IMS_POINT_DOMAIN_ALLOC].arg;
	s->rodata->dma_map_size_arg = c->plan.row[IMS_POINT_DMA_MAP].arg;
	c->plan.variant = choice_variant(&c->options.choice);
	err = plan_prepare(&c->plan, s->obj);
	if (!err)
		err = stats_prepare(&(struct stats_maps){.slots = s->maps.stats,
						       .owners = s->maps.owners,
						       .free_slots = s->maps.free_slots});
	if (!err)
		err = choice_prepare(&c->options.choice, s);
	return err ? err : ims_bpf__load(s);
}

/* libbpf loads all programs or none: a row whose program is refused goes down the ladder, alone. */
static int load(struct ims_capture *c, struct ims_error *err)
{
	int e = load_once(c);

	while (e && plan_load_failed(&c->plan))
		e = load_once(c);
	if (e)
		return ims_fail(err, e,
				"the kernel refused the BPF programs: %s; IOMMUSCOPE_DEBUG=1 shows "
				"the verifier's words",
				strerror(-e));
	return 0;
}

static int set_up(struct ims_capture *c, struct ims_error *err)
{
	struct ims_bpf *s = c->skel;

	c->stats = stats_new(&(struct stats_maps){
		.slots = s->maps.stats,
		.owners = s->maps.owners,
		.free_slots = s->maps.free_slots,
		.objects = s->maps.objects,
		.cache = (uint64_t *)s->bss->slot_cache[IMS_OP_QUEUE_SYNC],
		.cache_size = sizeof(s->bss->slot_cache[IMS_OP_QUEUE_SYNC]),
		.choice = &c->options.choice,
	});
	c->instances = instances_new(bpf_map__fd(s->maps.layouts), c->btf);
	c->ring = ring_buffer__new(bpf_map__fd(s->maps.ring), tell_sample, c, NULL);
	c->trace = trace_new(s->maps.traces, tell_trace, c);
	if (!c->stats || !c->instances || !c->ring || !c->trace)
		return ims_fail(err, -errno, "cannot set up the capture's maps: %s", strerror(errno));
	return 0;
}

static int open_steps(struct ims_capture *c, struct ims_error *err)
{
	/* Kernels before 5.11 charge maps to this limit; raising it may fail, and need not work. */
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	const char *file = c->options.btf;
	int e = ims_capture_check(file, err);

	if (e)
		return e;
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	libbpf_set_print(quiet);
	c->btf = file ? btf__parse(file, NULL) : btf__load_vmlinux_btf();
	if (!c->btf)
		return ims_fail(err, -errno, "cannot read BTF from %s: %s; give the kernel's vmlinux, "
				"or what bpftool wrote of it",
				file ? file : "the kernel", strerror(errno));
	c->stacks = stacks_new();
	if (!c->stacks)
		return ims_fail(err, -ENOMEM, "no memory");
	e = plan_make(&c->plan, c->btf, !file, stacks_symbols(c->stacks), c->options.mechanism,
		      c->options.choice.without, err);
	if (e)
		return e;
	e = load(c, err);
	return e ? e : set_up(c, err);
}

int ims_capture_open(const struct ims_capture_options *options, struct ims_capture **out,
		     struct ims_error *err)
{
	struct ims_capture *c = calloc(1, sizeof(*c));
	int e;

	if (!c)
		return ims_fail(err, -ENOMEM, "no memory");
	c->options = *options;
	e = open_steps(c, err);
	if (e) {
		ims_capture_close(c);
		return e;
	}
	*out = c;
	return 0;
}

/* First the clock: what follows is mostly later than a suspend that ended. */
int live_drain(struct ims_capture *c)
{
	struct host_sink to = {c->options.sink, c->options.arg, 0};
	uint64_t now = live_now_ns();
	int n = clock_follow(&c->clock, &to);

	if (!n)
		n = ring_buffer__consume(c->ring);
	if (c->sink_error || n < 0)
		return c->sink_error ? c->sink_error : n;
	return trace_drain(c->trace, now);
}

const char *ims_capture_notice(const struct ims_capture *c, unsigned int i)
{
	const char *notice[3] = {};
	unsigned int n = 0;

	if (!stacks_symbols(c->stacks))
		notice[n++] = "the kernel shows no addresses (no CAP_SYSLOG, or kernel.kptr_restrict is 2): "
			      "no stacks, and no driver for VT-d and AMD-Vi; run it as root";
	if (c->plan.unusable[PLAN_KPROBE][0])
		notice[n++] = "kprobes are refused (no CAP_SYS_ADMIN, and kernel.perf_event_paranoid is "
			      "above 2): no hooks in modules; run it as root, or set that to 2";
	return i < n ? notice[i] : NULL;
}

/*
 * By tracepoints, and not by looking at /proc/modules now and then: a module that went and came back in
 * between would look as if it had stayed, with kprobes that the kernel took away.
 */
static void watch_modules(struct ims_capture *c)
{
	int load = bpf_raw_tracepoint_open("module_load", bpf_program__fd(c->skel->progs.module_load));
	int leave = bpf_raw_tracepoint_open("module_free", bpf_program__fd(c->skel->progs.module_free));

	c->plan.running = c->skel->obj;
	c->module_link[0] = load > 0 ? load : 0;
	c->module_link[1] = leave > 0 ? leave : 0;
}

static void ignore_modules(struct ims_capture *c)
{
	for (int i = 0; i < 2; i++) {
		if (c->module_link[i])
			close(c->module_link[i]);
		c->module_link[i] = 0;
	}
}

int ims_capture_start(struct ims_capture *c, struct ims_error *err)
{
	struct host_sink to = {c->options.sink, c->options.arg, 0};
	int e;

	tell_offsets(c);
	if (!plan_attach(&c->plan))
		return ims_fail(err, -EOPNOTSUPP,
				"no hook could be attached on this kernel; attach, for one: %s",
				c->plan.row[IMS_POINT_ATTACH].reason);
	watch_modules(c);
	e = host_tell(c->options.sink, c->options.arg);
	if (!e)
		e = clock_tell(&c->clock, &to);
	if (!e)
		e = choice_tell(&c->options.choice, live_now_ns(), c->options.sink, c->options.arg);
	if (!e)
		e = tell_plan(c);
	if (!e)
		e = snapshot_take(c);
	if (e == -EBADMSG)
		return ims_fail(err, e,
				"%s is not the BTF of this kernel: read by it, the IOMMUs have other "
				"names than in sysfs; take it from this kernel's vmlinux",
				c->options.btf);
	if (e)
		return ims_fail(err, e, "cannot take the snapshot: %s", strerror(-e));
	c->update = false; /* the plan was made with all that is here */
	return 0;
}

int ims_capture_poll(struct ims_capture *c, int timeout_ms)
{
	struct epoll_event ready;
	int err;

	if (trace_urgent(c->trace))
		timeout_ms = 0;
	if (epoll_wait(ring_buffer__epoll_fd(c->ring), &ready, 1, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	err = live_drain(c);
	if (err || !c->update)
		return err;
	c->update = false;
	return plan_update(&c->plan, stacks_symbols(c->stacks)) ? tell_change(c) : 0;
}

int ims_capture_refresh(struct ims_capture *c)
{
	int err;

	/* What objects did that are gone is read before they are told for the last time. */
	stats_look(c->stats);
	err = live_drain(c);
	if (!err)
		err = stats_tell(c->stats, live_now_ns(), c->options.sink, c->options.arg);
	if (err)
		return err;
	tell_read_account(c);
	err = account_tell(&c->account, live_now_ns(), c->options.sink, c->options.arg);
	return err ? err : tell_hits(c);
}

/* A program may still be running on another CPU when it was detached here. */
static int drain_last(struct ims_capture *c)
{
	const struct timespec tick = {.tv_nsec = 5000000};
	int err = live_drain(c);

	tell_read_account(c);
	for (int tries = 0; !err && tries < 20 && !account_balanced(&c->account); tries++) {
		nanosleep(&tick, NULL);
		err = live_drain(c);
		tell_read_account(c);
	}
	return err;
}

int ims_capture_stop(struct ims_capture *c)
{
	struct ims_record end = {.type = IMS_REC_END};
	int err;

	ignore_modules(c);
	plan_detach(&c->plan);
	err = drain_last(c);
	if (!err)
		err = ims_capture_refresh(c);
	end.time_ns = live_now_ns();
	return err ? err : live_put(c, &end);
}

void ims_capture_close(struct ims_capture *c)
{
	if (!c)
		return;
	ignore_modules(c);
	plan_free(&c->plan);
	ring_buffer__free(c->ring);
	trace_free(c->trace);
	stats_free(c->stats);
	instances_free(c->instances);
	ims_bpf__destroy(c->skel);
	btf__free(c->btf);
	stacks_free(c->stacks);
	free(c);
}

int ims_capture_fd(const struct ims_capture *c)
{
	return ring_buffer__epoll_fd(c->ring);
}

int ims_capture_plan(struct ims_capture *c)
{
	return tell_plan(c);
}

uint64_t ims_capture_events(const struct ims_capture *c)
{
	return c->events;
}

uint64_t ims_capture_lost(const struct ims_capture *c)
{
	return c->account.lost_total;
}
