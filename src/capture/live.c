// SPDX-License-Identifier: GPL-2.0-only
/* live.c - loads, attaches and drains the BPF programs, and turns what they report into records. */
#include "capture/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#include "capture/account.h"
#include "capture/check.h"
#include "capture/choice.h"
#include "capture/error.h"
#include "capture/fault.h"
#include "capture/host.h"
#include "capture/instances.h"
#include "capture/layout.h"
#include "capture/object.h"
#include "capture/plan.h"
#include "capture/stack.h"
#include "capture/stats.h"
#include "capture/trace.h"

struct ims_capture {
	struct ims_capture_options options;
	struct btf *btf; /* of vmlinux: it is large, and parsed once */
	struct plan plan;
	struct ims_bpf *skel;
	struct ring_buffer *ring;
	struct stacks *stacks;
	struct instances *instances;
	struct stats *stats;
	struct trace *trace; /* of single maps and unmaps */
	struct account account;
	int module_link[2]; /* of module_load and module_free; 0: none */
	bool update;	    /* an instance is new: its driver's ops may lead to more functions */
	uint64_t events;
	int sink_error;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int put(struct ims_capture *c, const struct ims_record *rec)
{
	return c->options.sink(c->options.arg, rec);
}

/* ---- events --------------------------------------------------------------------------------- */

static int tell_instance(struct ims_capture *c, const struct ims_kevent *k)
{
	struct ims_record rec = {.type = IMS_REC_INSTANCE, .time_ns = k->time_ns};
	const char *driver = k->driver;
	int fresh;

	if (!driver[0] && k->instance_ops)
		driver = stacks_name_at(c->stacks, k->instance_ops);
	if (!driver)
		driver = "";
	fresh = instances_see(c->instances, k->instance, driver, k->domain_ops,
			      k->instance_ops);
	if (fresh <= 0)
		return fresh;
	c->update = true;
	rec.instance.name = k->instance;
	rec.instance.driver = driver;
	return put(c, &rec);
}

static const char *event_format(struct ims_capture *c, const struct ims_kevent *k)
{
	const char *format = k->layout ? instances_format(c->instances, k->layout, k->format) : "";

	if (format[0] || !k->layout)
		return format;
	return ims_layout_format_of_ops(stacks_name_at(c->stacks, k->ops));
}

static int tell_event(struct ims_capture *c, const struct ims_kevent *k,
		      const struct ims_kevent_user *user)
{
	char reason[96], requester[IMS_NAME_LEN];
	struct frames frames, user_frames;
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = k->time_ns};
	struct ims_event *e = &rec.event;
	bool call = k->hook != IMS_HOOK_SNAPSHOT && k->row < c->plan.count;

	e->duration_ns = k->duration_ns;
	e->domain = k->domain;
	e->hook = k->hook;
	e->result = k->result;
	e->cpu = k->cpu;
	e->pid = k->pid;
	e->tid = k->tid;
	e->flags = k->flags;
	e->group = k->group;
	e->domain_type = k->domain_type;
	e->function = call ? c->plan.row[k->row].function : "";
	e->comm = k->comm;
	e->iova = k->iova;
	e->size = k->size;
	e->device = k->device;
	e->instance = k->instance;
	e->domain_instance = k->domain_instance;
	e->reason = ims_fault_reason(k, reason, sizeof(reason));
	e->format = event_format(c, k);
	if (k->fault == IMS_FAULT_VTD || k->fault == IMS_FAULT_AMD)
		e->device = ims_fault_requester(k, requester, sizeof(requester));
	e->stack = stacks_kernel(c->stacks, k->stack, k->stack_depth, e->function, &frames);
	if (user)
		e->user_stack = stacks_user(c->stacks, k->pid, user->stack, user->depth,
					    &user_frames);
	return put(c, &rec);
}

static int tell_change(struct ims_capture *c);

/* Modules are told in the order in which they came and went: one may be gone and back by now. */
static int on_module(struct ims_capture *c, const struct ims_kevent *k)
{
	bool changed = plan_unload(&c->plan, k->device);

	stacks_expire(c->stacks);
	if (k->flags & IMS_EVENT_MODULE_COMES)
		changed |= plan_update(&c->plan, stacks_symbols(c->stacks));
	return changed ? tell_change(c) : 0;
}

static int on_sample(void *arg, void *data, size_t size)
{
	struct ims_capture *c = arg;
	const struct ims_kevent *k = data;
	const struct ims_kevent_user *user = data;
	int err = 0;

	if (size < sizeof(*k))
		return 0;
	c->account.received[k->hook < IMS_HOOK_MAX ? k->hook : 0]++;
	err = trace_drain(c->trace, k->time_ns);
	if (!err && k->hook == IMS_HOOK_NONE) {
		c->sink_error = on_module(c, k);
		return c->sink_error;
	}
	if (!err && k->instance[0])
		err = tell_instance(c, k);
	/* An instance found at start has no device: it is told by its record alone. */
	if (!err && (k->hook != IMS_HOOK_SNAPSHOT || k->device[0])) {
		c->events++;
		err = tell_event(c, k, size < sizeof(*user) ? NULL : user);
	}
	if (err)
		c->sink_error = err;
	return err;
}

/* One map or unmap. */
static int on_trace(void *arg, const struct ims_trace *r, uint32_t cpu, uint32_t pid,
		    const char *comm)
{
	struct ims_capture *c = arg;
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = r->time_ns};
	const struct plan_row *row = &c->plan.row[r->point - 1];
	struct ims_event *e = &rec.event;

	e->hook = points[row->point].hook;
	e->function = row->function;
	e->duration_ns = r->duration_ns;
	e->domain = r->domain;
	e->iova = r->iova;
	e->size = r->size;
	e->result = r->result;
	e->cpu = cpu;
	e->pid = pid;
	e->tid = r->tid;
	e->comm = comm;
	e->group = IMS_NO_GROUP;
	c->account.received[e->hook]++;
	c->events++;
	c->sink_error = put(c, &rec);
	if (!c->sink_error && !r->counted)
		c->sink_error = stats_add(c->stats, e->domain, e->hook, e->duration_ns, e->size);
	return c->sink_error;
}

/* ---- loss and plan ---------------------------------------------------------------------------- */

static void read_account(struct ims_capture *c)
{
	struct account *a = &c->account;
	uint64_t sum[IMS_HOOK_MAX] = {};

	for (unsigned int i = 0; i < c->plan.count; i++)
		sum[points[c->plan.row[i].point].hook] += plan_missed(&c->plan.row[i]);
	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++) {
		a->emitted[hook] = c->skel->bss->emitted[hook];
		for (uint32_t cause = 0; cause < IMS_LOSS_MAX; cause++)
			a->lost[hook][cause] = c->skel->bss->lost[hook * IMS_LOSS_MAX + cause];
		a->lost[hook][IMS_LOSS_MISSED] = sum[hook];
	}
	for (uint32_t hook = IMS_HOOK_MAP; hook <= IMS_HOOK_UNMAP; hook++)
		a->emitted[hook] += trace_emitted(c->trace, hook);
}

/*
 * Programs of the hot path only note that they ran. How often, their statistics know, where the hook has
 * no other row.
 */
static uint64_t hits_of(const struct ims_capture *c, unsigned int i)
{
	enum ims_hook hook = points[c->plan.row[i].point].hook;
	uint64_t hits = c->skel->bss->hits[i], calls = stats_calls(c->stats, hook);
	unsigned int rows = 0;

	for (unsigned int j = 0; j < c->plan.count; j++)
		rows += points[c->plan.row[j].point].hook == hook &&
			c->plan.row[j].mechanism != PLAN_NONE;
	return hits && calls && rows == 1 ? calls : hits;
}

static int tell_plan(struct ims_capture *c)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < c->plan.count; i++) {
		const struct plan_row *row = &c->plan.row[i];
		struct ims_record rec = {.type = IMS_REC_PLAN, .time_ns = now_ns()};

		rec.plan.hook = points[row->point].hook;
		rec.plan.function = row->function;
		rec.plan.mechanism = plan_mechanism_name(row->mechanism);
		rec.plan.module = row->module;
		rec.plan.state = plan_state_name(row->state);
		rec.plan.reason = row->reason;
		rec.plan.hits = hits_of(c, i);
		err = put(c, &rec);
	}
	return err;
}

/* ---- life ------------------------------------------------------------------------------------ */

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
	s->rodata->fault_amd_arg = c->plan.row[IMS_POINT_FAULT_AMD].device_arg;
	s->rodata->alloc_device_arg = c->plan.row[IMS_POINT_DOMAIN_ALLOC].device_arg;
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
	c->ring = ring_buffer__new(bpf_map__fd(s->maps.ring), on_sample, c, NULL);
	c->trace = trace_new(s->maps.trace_cpus, s->maps.trace_records, on_trace, c);
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

static int drain(struct ims_capture *c)
{
	uint64_t now = now_ns();
	int n = ring_buffer__consume(c->ring);

	if (c->sink_error || n < 0)
		return c->sink_error ? c->sink_error : n;
	return trace_drain(c->trace, now);
}

/* Runs a snapshot program on a folder of sysfs, page by page, emptying the ring in between. */
static int snapshot(struct ims_capture *c, struct bpf_program *prog, const char *path)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	c->skel->bss->snapshot_fd = (uint32_t)fd;
	/* A list that changed under the walk ends it; what is told twice does no harm. */
	for (int tries = 0; !err && tries < 3 && (!tries || c->skel->bss->snapshot_broken); tries++) {
		c->skel->bss->snapshot_from = 0;
		c->skel->bss->snapshot_broken = 0;
		do {
			err = bpf_prog_test_run_opts(bpf_program__fd(prog), &run) ? -errno
										  : drain(c);
			c->skel->bss->snapshot_from += c->skel->rodata->snapshot_page;
		} while (!err && c->skel->bss->snapshot_more);
	}
	close(fd);
	return err;
}

static int snapshot_instances(struct ims_capture *c)
{
	DIR *d = opendir("/sys/class/iommu");
	struct dirent *e;
	char path[300];
	int err = 0;

	while (d && !err && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/iommu/%s", e->d_name);
		err = snapshot(c, c->skel->progs.snapshot_instance, path);
		if (!err && c->options.btf && !instances_known(c->instances, e->d_name))
			err = -EBADMSG;
	}
	if (d)
		closedir(d);
	return err;
}

/* The snapshot is a row of the plan as well: one that found nothing is not to be believed. */
static int tell_snapshot(struct ims_capture *c, bool found)
{
	struct ims_record rec = {.type = IMS_REC_PLAN, .time_ns = now_ns()};

	rec.plan = (struct ims_plan){
		.hook = IMS_HOOK_SNAPSHOT,
		.function = "/sys/kernel/iommu_groups",
		.mechanism = "test_run",
		.module = "vmlinux",
		.state = found ? "attached" : "silent",
		.reason = !found			       ? "no group was found"
			  : c->skel->bss->snapshot_broken ? "groups changed meanwhile: not complete"
							  : "",
	};
	return put(c, &rec);
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

int ims_capture_plan(struct ims_capture *c)
{
	return tell_plan(c);
}

/* Where the programs find the instance's name in what a driver's function is given. */
static void tell_offsets(struct ims_capture *c)
{
	for (unsigned int i = 0; i < c->plan.count; i++) {
		const struct plan_row *row = &c->plan.row[i];
		uint32_t *offset = &c->skel->bss->iommu_offset[i];
		int found;

		if (row->point != IMS_POINT_QUEUE_SYNC || row->mechanism == PLAN_NONE || *offset)
			continue;
		found = ims_layout_instance(c->btf, row->module, row->function);
		if (found >= 0)
			*offset = found + 1;
	}
}

/* Rows came or went. */
static int tell_change(struct ims_capture *c)
{
	tell_offsets(c);
	return tell_plan(c);
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
	int e;

	tell_offsets(c);
	if (!plan_attach(&c->plan))
		return ims_fail(err, -EOPNOTSUPP,
				"no hook could be attached on this kernel; attach, for one: %s",
				c->plan.row[IMS_POINT_ATTACH].reason);
	watch_modules(c);
	e = host_tell(c->options.sink, c->options.arg);
	if (!e)
		e = choice_tell(&c->options.choice, now_ns(), c->options.sink, c->options.arg);
	if (!e)
		e = tell_plan(c);
	if (!e)
		e = snapshot_instances(c);
	if (!e)
		e = snapshot(c, c->skel->progs.snapshot_groups, "/sys/kernel/iommu_groups");
	if (!e)
		e = tell_snapshot(c, c->skel->bss->snapshot_seen);
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
	err = drain(c);
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
	err = drain(c);
	if (!err)
		err = stats_tell(c->stats, now_ns(), c->options.sink, c->options.arg);
	if (err)
		return err;
	read_account(c);
	return account_tell(&c->account, now_ns(), c->options.sink, c->options.arg);
}

/* A program may still be running on another CPU when it was detached here. */
static int drain_last(struct ims_capture *c)
{
	const struct timespec tick = {.tv_nsec = 5000000};
	int err = drain(c);

	read_account(c);
	for (int tries = 0; !err && tries < 20 && !account_balanced(&c->account); tries++) {
		nanosleep(&tick, NULL);
		err = drain(c);
		read_account(c);
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
	for (unsigned int i = 0; i < c->plan.count; i++) {
		struct plan_row *row = &c->plan.row[i];

		if (row->state != PLAN_ATTACHED || c->skel->bss->hits[i])
			continue;
		row->state = PLAN_SILENT;
		plan_say(row, "attached, never hit");
	}
	if (!err)
		err = tell_plan(c);
	end.time_ns = now_ns();
	return err ? err : put(c, &end);
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

uint64_t ims_capture_events(const struct ims_capture *c)
{
	return c->events;
}

uint64_t ims_capture_lost(const struct ims_capture *c)
{
	return c->account.lost_total;
}
