// SPDX-License-Identifier: GPL-2.0-only
/* gate_run.c - iommugate run: measures a workload, several times over. */
#include "tools/gate.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/pair.h"
#include "gate/collect.h"
#include "tools/load.h"

#define REPEATS 15
#define WARMUP 1
#define REFRESH_NS 1000000000ull

/* Where the clock counts instructions, the tick comes each 4,000,000: a shorter repeat has none in it. */
#define SHORTER 10

/*
 * By any other clock, repeats right after one another see the machine in one mood, and those of the next run in another:
 * docs/performance.md. So far apart they are a sample of what it does.
 */
#define APART_NS 1000000000ull

struct measure {
	const char *path, *machine;
	uint64_t repeats, warmup;
	bool aggregate, untraced, instructions;
	struct load load;
	/* running */
	struct gate_run *run;
	struct gate_collect *collect;
	struct ims_capture *source;
	double *work; /* of each repeat, untraced */
};

static struct measure measure = {.repeats = REPEATS, .warmup = WARMUP};

enum { KEY_REPEAT = 256, KEY_WARMUP, KEY_WORKLOAD, KEY_COUNT, KEY_SIZE, KEY_BATCH, KEY_THREADS,
       KEY_DEVICE, KEY_AGGREGATE, KEY_UNTRACED, KEY_INSTRUCTIONS, KEY_MACHINE };

static const struct option_row options[] = {
	{'o', "output", "RUN.json", "where the run goes, - for stdout"},
	{KEY_WORKLOAD, "workload", "NAME", "one of those below, instead of a command"},
	{KEY_REPEAT, "repeat", "N", "measure N times (default 15)"},
	{KEY_WARMUP, "warmup", "N", "do it N times before (default 1)"},
	{KEY_COUNT, "count", "N", "operations of the workload, each time"},
	{KEY_SIZE, "size", "SIZE", "of what it maps: 4K, 2M"},
	{KEY_BATCH, "batch", "N", "maps before the first unmap"},
	{KEY_THREADS, "threads", "N", "that many at once"},
	{KEY_DEVICE, "device", "NAME", "what it is done with; may be given again"},
	{KEY_AGGREGATE, "aggregate", NULL, "maps as kernel histograms: no sizes, no loss"},
	{KEY_UNTRACED, "untraced", NULL, "only as a whole, by its own clock: work.mean"},
	{KEY_INSTRUCTIONS, "instructions", NULL, "this machine's clock counts instructions"},
	{KEY_MACHINE, "machine", "NAME", "only runs of the same NAME compare"},
	{0}};

static int set_workload(struct measure *m, const char *name)
{
	m->load.workload = workload_find(name);
	if (m->load.workload)
		return 0;
	complain("there is no workload \"%s\"; --help lists them", name);
	return EXIT_USAGE;
}

static int set_positive(const char *option, const char *value, uint64_t *out)
{
	if (parse_count(option, value, out))
		return EXIT_USAGE;
	if (*out)
		return 0;
	complain("%s 0 would measure nothing", option);
	return EXIT_USAGE;
}

static int add_device(struct workload_options *o, const char *name)
{
	if (o->devices == WORKLOAD_DEVICES) {
		complain("--device %s is one too many: %d at most", name, WORKLOAD_DEVICES);
		return EXIT_USAGE;
	}
	o->device[o->devices++] = name;
	return 0;
}

static int set(void *arg, int key, const char *value)
{
	struct measure *m = arg;
	struct workload_options *o = &m->load.options;

	switch (key) {
	case 'o':
		m->path = value;
		return 0;
	case KEY_WORKLOAD:
		return set_workload(m, value);
	case KEY_REPEAT:
		return set_positive("--repeat", value, &m->repeats);
	case KEY_WARMUP:
		return parse_count("--warmup", value, &m->warmup);
	case KEY_COUNT:
		return set_positive("--count", value, &o->count);
	case KEY_SIZE:
		return parse_size("--size", value, 1, &o->size);
	case KEY_BATCH:
		return set_positive("--batch", value, &o->batch);
	case KEY_THREADS:
		return set_positive("--threads", value, &o->threads);
	case KEY_DEVICE:
		return add_device(o, value);
	case KEY_AGGREGATE:
		m->aggregate = true;
		return 0;
	case KEY_UNTRACED:
		m->untraced = true;
		return 0;
	case KEY_INSTRUCTIONS:
		m->instructions = true;
		return 0;
	}
	m->machine = value;
	return 0;
}

/* ---- what is known of the machine ------------------------------------------------------------- */

static void read_line(const char *path, const char *key, char *to, size_t room)
{
	FILE *in = fopen(path, "re");
	char line[256];

	*to = 0;
	while (in && !*to && fgets(line, sizeof(line), in)) {
		char *value = line + strcspn(line, ":") + 1;

		line[strcspn(line, "\n")] = 0;
		if (!*key)
			snprintf(to, room, "%s", line);
		else if (!strncmp(line, key, strlen(key)) && strchr(line, ':'))
			snprintf(to, room, "%s", value + strspn(value, " \t"));
	}
	if (in)
		fclose(in);
}

/* As sysfs has them. */
static int tell_instances(struct measure *m)
{
	struct dirent **entry;
	char list[4096] = "";
	size_t len = 0;
	int n = scandir("/sys/class/iommu", &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (*entry[i]->d_name != '.' && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? " " : "",
						entry[i]->d_name);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return gate_run_set_fact(m->run, "iommu.instances", list);
}

/* arm64 has numbers for its CPUs, and no name. */
static int tell_machine(struct measure *m)
{
	char model[256], clock[64], cpus[24];
	struct utsname u;

	read_line("/proc/cpuinfo", "model name", model, sizeof(model));
	if (!*model)
		read_line("/proc/cpuinfo", "CPU part", model, sizeof(model));
	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", "", clock,
		  sizeof(clock));
	uname(&u);
	snprintf(cpus, sizeof(cpus), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	return gate_run_set_fact(m->run, "kernel.release", u.release) ||
	       gate_run_set_fact(m->run, "kernel.arch", u.machine) ||
	       gate_run_set_fact(m->run, "cpus.online", cpus) ||
	       gate_run_set_fact(m->run, "cpu.model", model) ||
	       gate_run_set_fact(m->run, "clock.source", clock) ||
	       gate_run_set_fact(m->run, "tool.version", IMS_VERSION) || tell_instances(m) ||
	       gate_run_set_fact(m->run, "machine.name", m->machine ? m->machine : "");
}

static void describe(struct measure *m)
{
	char text[512] = "", when[32];
	time_t now = time(NULL);

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	if (m->load.workload)
		workload_describe(m->load.workload, &m->load.options, text, sizeof(text));
	for (char **word = m->load.command; !m->load.workload && *word; word++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "", *word);
	}
	m->run->recorded = strdup(when);
	m->run->workload = strdup(text);
	m->run->failure = strdup("");
	m->run->mechanism = strdup("");
	m->run->loss = strdup("");
	m->run->unit = m->instructions ? GATE_INSTRUCTIONS : GATE_NS;
	m->run->warmup = m->warmup;
	m->run->aggregate = m->aggregate;
	m->run->empty_pair = NAN;
}

/* ---- measuring -------------------------------------------------------------------------------- */

/* What an operation cost, or a failure that is of the run. */
static bool settle(struct measure *m, const struct workload_result *r, double *cost)
{
	if (r->failure[0]) {
		free(m->run->failure);
		m->run->failure = strdup(r->failure);
		complain("the workload failed: %s", r->failure);
		return false;
	}
	m->run->operations = r->operations;
	*cost = r->operations ? (double)r->total_ns / (double)r->operations : 0;
	return true;
}

static bool start(struct measure *m)
{
	int err = load_start(&m->load);

	if (err)
		complain("cannot start the workload: %s", strerror(-err));
	return !err;
}

/* Nothing of ours runs meanwhile. */
static int once_untraced(struct measure *m, double *cost)
{
	struct workload_result r = {};

	if (!start(m))
		return EXIT_RUNTIME;
	load_ended(&m->load, true, &r);
	return settle(m, &r, cost) ? 0 : EXIT_RUNTIME;
}

static int drained(int err)
{
	if (err)
		complain("cannot go on capturing: %s", strerror(-err));
	return err ? EXIT_RUNTIME : 0;
}

/* Meanwhile what others do on this machine is drained, and a terminal shows where we are. */
static int wait_apart(const struct measure *m, uint64_t repeat)
{
	uint64_t end = workload_now_ns() + APART_NS;
	bool terminal = isatty(STDERR_FILENO);
	int err = 0;

	if (m->instructions)
		return 0;
	if (terminal)
		fprintf(stderr, "%s %" PRIu64 " of %" PRIu64 "\r", m->source ? "traced" : "untraced",
			repeat + 1, m->repeats);
	while (!err && !stop_requested && workload_now_ns() < end) {
		if (m->source)
			err = ims_capture_poll(m->source, 50);
		else
			usleep(50000);
	}
	if (terminal)
		fputs("\033[K", stderr);
	return drained(err);
}

static int once_traced(struct measure *m, double *cost)
{
	uint64_t refresh = workload_now_ns() + REFRESH_NS;
	struct workload_result r = {};
	int err = 0;

	if (!start(m))
		return EXIT_RUNTIME;
	while (!load_ended(&m->load, false, &r)) {
		if (!err)
			err = ims_capture_poll(m->source, 50);
		if (!err && workload_now_ns() >= refresh) {
			err = ims_capture_refresh(m->source);
			refresh = workload_now_ns() + REFRESH_NS;
		}
	}
	if (!err)
		err = ims_capture_refresh(m->source);
	if (err)
		return drained(err);
	return settle(m, &r, cost) ? 0 : EXIT_RUNTIME;
}

static int repeat_traced(struct measure *m)
{
	double cost = 0;
	int code = 0;

	for (uint64_t i = 0; !code && i < m->repeats; i++) {
		code = wait_apart(m, i);
		if (!code)
			code = drained(ims_capture_refresh(m->source));
		gate_collect_begin(m->collect);
		if (!code)
			code = once_traced(m, &cost);
		if (!code && gate_collect_end(m->collect, m->run, m->work[i], cost)) {
			complain("no memory for the repeats");
			code = EXIT_RUNTIME;
		}
	}
	return code;
}

static int put(void *arg, const struct ims_record *rec)
{
	return gate_collect_put(arg, rec);
}

/* A failure of the workload is what the run says; the capture is ended properly all the same. */
static int trace(struct measure *m)
{
	struct ims_capture_options o = {
		.choice = {.all = !m->aggregate, .dma_sizes = !m->aggregate},
		.sink = put,
	};
	struct ims_error err;
	int code;

	m->collect = gate_collect_new(!m->aggregate);
	if (!m->collect) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	o.arg = m->collect;
	if (ims_capture_open(&o, &m->source, &err) || ims_capture_start(m->source, &err)) {
		complain("%s", err.text);
		return EXIT_RUNTIME;
	}
	code = repeat_traced(m);
	if (drained(ims_capture_stop(m->source)))
		return EXIT_RUNTIME;
	if (!gate_collect_finish(m->collect, m->run))
		return code;
	complain("no memory");
	return EXIT_RUNTIME;
}

static void measure_pair(struct measure *m)
{
	const char *mechanism = "";
	int err = ims_pair_measure(&m->run->empty_pair, &mechanism);

	if (err) {
		m->run->empty_pair = NAN;
		complain("what an empty probe pair costs cannot be measured here: %s", strerror(-err));
		return;
	}
	free(m->run->mechanism);
	m->run->mechanism = strdup(mechanism);
}

static int measure_all(struct measure *m)
{
	double unused;
	int code = 0;

	for (uint64_t i = 0; !code && i < m->warmup; i++)
		code = once_untraced(m, &unused);
	for (uint64_t i = 0; !code && i < m->repeats; i++) {
		code = wait_apart(m, i);
		if (!code)
			code = once_untraced(m, &m->work[i]);
	}
	if (code)
		return code;
	if (!m->untraced) {
		measure_pair(m);
		return trace(m);
	}
	for (uint64_t i = 0; !code && i < m->repeats; i++)
		code = gate_run_add_untraced(m->run, m->work[i]);
	return code ? EXIT_RUNTIME : 0;
}

/* A run whose workload failed is written as well: comparing it is inconclusive. */
static int finish(struct measure *m, int code)
{
	struct gate_error err;

	if (code && !*m->run->failure)
		return code;
	if (tell_machine(m)) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	if (gate_run_write(m->path, m->run, &err)) {
		complain("%s", err.text);
		return EXIT_RUNTIME;
	}
	if (m->run->lost)
		complain("%" PRIu64 " events or calls were lost (%s): compare will call it inconclusive; "
			 "try --aggregate", m->run->lost, m->run->loss);
	return code;
}

static int check(struct measure *m, int argc)
{
	if (!m->path) {
		complain("needs -o RUN.json");
		return EXIT_USAGE;
	}
	if (!m->load.workload == !argc) {
		complain("needs --workload NAME, or a command, and not both");
		return EXIT_USAGE;
	}
	if (m->repeats > 1000) {
		complain("--repeat %" PRIu64 ": at most 1000", m->repeats);
		return EXIT_USAGE;
	}
	if (!m->load.workload)
		return 0;
	if (m->instructions && !m->load.options.count)
		m->load.options.count = m->load.workload->usual.count / SHORTER;
	return workload_check(m->load.workload, &m->load.options);
}

static int run(void *arg, int argc, char **argv)
{
	struct measure *m = arg;
	const struct workload *w = m->load.workload;
	int code = check(m, argc);

	if (code)
		return code;
	m->load.command = argv;
	m->load.to_stderr = !strcmp(m->path, "-");
	m->load.alone = m->instructions;
	m->run = calloc(1, sizeof(*m->run));
	m->work = calloc(m->repeats, sizeof(*m->work));
	if (!m->run || !m->work) {
		complain("no memory");
		return EXIT_RUNTIME;
	}
	describe(m);
	stop_on_signals();
	code = w && w->prepare ? w->prepare(&m->load.options) : 0;
	if (!code) {
		code = finish(m, measure_all(m));
		if (w && w->undo)
			w->undo(&m->load.options);
	}
	ims_capture_close(m->source);
	gate_collect_free(m->collect);
	gate_run_free(m->run);
	free(m->work);
	return code;
}

const struct command command_gate_run = {
	.name = "run",
	.synopsis = "-o RUN.json [--repeat N] [--warmup N] [--workload NAME | -- CMD...]",
	.summary = "Measures a workload: first untraced, by its own clock, then call by call. Needs\n"
		   "what recording needs: root, or CAP_BPF and CAP_PERFMON.",
	.more = "Workloads:\n"
		"  vfio-map    VFIO maps and unmaps; --device BDF, --size, --batch, --threads\n"
		"  vfio-frag   the same in the holes of 1024 mappings that stay\n"
		"  vfio-attach a domain is allocated, attached, detached and freed by VFIO\n"
		"  vfio-mixed  vfio-map with devices behind two instances in one container\n"
		"  dma-block   a block device reads past the page cache; --device /dev/vda\n"
		"  dma-net     a network card sends frames to nobody; --device eth0\n"
		"  lab-map     iommulab: map and unmap in one domain; --device 0.0\n"
		"  lab-dma     iommulab: map and unmap a page by the DMA API\n"
		"  lab-attach  iommulab: attach a domain to a group and detach it\n"
		"  lab-alloc   iommulab: allocate a domain and free it\n"
		"\n"
		"What an empty probe adds to a call is measured as well and stated in the run; it is\n"
		"taken off nothing.",
	.option = options,
	.runs_command = true,
	.set = set,
	.run = run,
	.arg = &measure,
};
