// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_exact.c - iommugate exact: iommugate run in an emulated machine whose clock counts instructions.
 *
 * The machine is the testbed's (tests/vm/testbed); this finds that, boots it, and brings the run back.
 */
#include "tools/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/workload.h"

#define WORDS 96

struct exact {
	const char *path, *kernel, *arch, *iommu, *timeout;
	const char *guest[WORDS]; /* options for iommugate run there */
	size_t guests;
	const char *module[8];
	size_t modules;
	bool workload;
};

static struct exact exact = {.kernel = "backports", .arch = "amd64", .timeout = "300"};

enum { KEY_KERNEL = 256, KEY_MODULE, KEY_ARCH, KEY_IOMMU, KEY_TIMEOUT, KEY_WORKLOAD, KEY_REPEAT,
       KEY_WARMUP, KEY_COUNT, KEY_SIZE, KEY_BATCH, KEY_THREADS, KEY_DEVICE, KEY_AGGREGATE, KEY_UNTRACED };

static const struct option_row options[] = {
	{'o', "output", "RUN.json", "where the run goes"},
	{KEY_KERNEL, "kernel", "WHICH", "bookworm, trixie, backports (default), bzImage, .deb, folder"},
	{KEY_MODULE, "module", "KO", "load this module first; may be given again"},
	{KEY_ARCH, "arch", "ARCH", "amd64 (default) or arm64"},
	{KEY_IOMMU, "iommu", "NAME", "vtd (amd64), smmuv3 (arm64), amdvi, virtio"},
	{KEY_WORKLOAD, "workload", "NAME", "one of those of iommugate run"},
	{KEY_REPEAT, "repeat", "N", "measure N times (default 15)"},
	{KEY_WARMUP, "warmup", "N", "do it N times before (default 1)"},
	{KEY_COUNT, "count", "N", "operations of the workload, each time"},
	{KEY_SIZE, "size", "SIZE", "of what it maps"},
	{KEY_BATCH, "batch", "N", "maps before the first unmap"},
	{KEY_THREADS, "threads", "N", "that many at once"},
	{KEY_DEVICE, "device", "NAME", "default: the machine's \"edu\", or iommulab's 0.0"},
	{KEY_AGGREGATE, "aggregate", NULL, "maps as kernel histograms"},
	{KEY_UNTRACED, "untraced", NULL, "only as a whole: work.mean; quicker, and nothing in between"},
	{KEY_TIMEOUT, "timeout", "SECONDS", "for the machine's whole life (default 300)"},
	{0}};

/* What is of the run in the machine goes there as it is. */
static int pass_on(struct exact *e, int key, const char *value)
{
	const struct option_row *o = options;

	while (o->key != key)
		o++;
	if (e->guests + 2 > WORDS / 2) {
		complain("too many options");
		return EXIT_USAGE;
	}
	e->guest[e->guests++] = o->name;
	if (value)
		e->guest[e->guests++] = value;
	return 0;
}

static int set_workload(struct exact *e, const char *name)
{
	e->workload = workload_find(name) != NULL;
	if (e->workload)
		return pass_on(e, KEY_WORKLOAD, name);
	complain("there is no workload \"%s\"; 'iommugate run --help' lists them", name);
	return EXIT_USAGE;
}

static int set_module(struct exact *e, const char *path)
{
	if (e->modules == sizeof(e->module) / sizeof(e->module[0]) || access(path, R_OK)) {
		complain("--module %s: %s", path, errno ? strerror(errno) : "one too many");
		return EXIT_USAGE;
	}
	e->module[e->modules++] = path;
	return 0;
}

static int set(void *arg, int key, const char *value)
{
	struct exact *e = arg;

	switch (key) {
	case 'o':
		e->path = value;
		return 0;
	case KEY_KERNEL:
		e->kernel = value;
		return 0;
	case KEY_MODULE:
		return set_module(e, value);
	case KEY_ARCH:
		e->arch = value;
		return 0;
	case KEY_IOMMU:
		e->iommu = value;
		return 0;
	case KEY_TIMEOUT:
		e->timeout = value;
		return 0;
	case KEY_WORKLOAD:
		return set_workload(e, value);
	}
	return pass_on(e, key, value);
}

/* ---- what is needed --------------------------------------------------------------------------- */

#define CHECKOUT "IOMMUSCOPE_CHECKOUT"

/* The checkout that has the testbed: the one named, or that this program was built in. Installed is none. */
static bool find_checkout(char to[PATH_MAX])
{
	const char *given = getenv(CHECKOUT);
	char self[PATH_MAX], testbed[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n < 0 ? 0 : n] = 0;
	if (given)
		snprintf(to, PATH_MAX, "%s", given);
	else
		snprintf(to, PATH_MAX, "%.*s/../..", PATH_MAX - 8, dirname(self));
	snprintf(testbed, sizeof(testbed), "%s/tests/vm/testbed", to);
	if (!access(testbed, X_OK))
		return true;
	complain(given ? "%s is no checkout of iommuscope: it has no tests/vm/testbed; correct " CHECKOUT
		       : "there is no testbed, which an installation does not have (looked in %s); set " CHECKOUT
			 " to a checkout of iommuscope", to);
	return false;
}

/* What runs in the guest. */
static bool find_guest(const char *checkout, const char *arch, char to[PATH_MAX + 32])
{
	snprintf(to, PATH_MAX + 32, "%s/build/guest-%s", checkout, arch);
	if (!access(to, R_OK))
		return true;
	complain("there are no tools for the guest (%s); run \"make guest-%s\" in %s", to, arch, checkout);
	return false;
}

/* ---- the machine ------------------------------------------------------------------------------ */

struct words {
	char *word[WORDS];
	size_t count;
};

static void add(struct words *w, const char *fmt, const char *a, const char *b)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), fmt, a, b);
	if (w->count < WORDS - 1)
		w->word[w->count++] = strdup(text);
}

static void free_words(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->word[i]);
}

static bool is_suite(const char *kernel)
{
	return !strcmp(kernel, "bookworm") || !strcmp(kernel, "trixie") || !strcmp(kernel, "backports");
}

static void add_guest_command(const struct exact *e, struct words *w, const char *entry)
{
	add(w, "--", "", "");
	add(w, "/bin/sh", "", "");
	add(w, "/opt/guest/gate.sh", "", "");
	add(w, "--machine", "", "");
	add(w, "%s under icount", entry, "");
	for (size_t i = 0; i < e->guests; i++) {
		const struct option_row *o = options;

		while (o->name && o->name != e->guest[i])
			o++;
		add(w, o->name ? "--%s" : "%s", e->guest[i], "");
	}
}

static void make_command(const struct exact *e, struct words *w, const char *testbed,
			 const char *guest, const char *out)
{
	const char *iommu = e->iommu ? e->iommu : !strcmp(e->arch, "arm64") ? "smmuv3" : "vtd";
	char machine[64], entry[128], number[8];

	snprintf(machine, sizeof(machine), "%.16s-%.16s", e->arch, iommu);
	snprintf(entry, sizeof(entry), "%s-%.16s", machine,
		 is_suite(e->kernel) ? e->kernel : "backports");
	add(w, "%s", testbed, "");
	add(w, "run", "", "");
	add(w, "%s", entry, "");
	add(w, "--icount", "", "");
	add(w, "--timeout", "", "");
	add(w, "%s", e->timeout, "");
	add(w, "--out", "", "");
	add(w, "%s", out, "");
	add(w, "--add-modules", "", "");
	add(w, "vfio vfio_iommu_type1 vfio-pci", "", "");
	add(w, "--add", "", "");
	add(w, "%s:/opt", guest, "");
	if (!is_suite(e->kernel)) {
		add(w, "--kernel", "", "");
		add(w, "%s", e->kernel, "");
	}
	for (size_t i = 0; i < e->modules; i++) {
		snprintf(number, sizeof(number), "%zu", i);
		add(w, "--add", "", "");
		add(w, "%s:/gate/%s.ko", e->module[i], number);
	}
	add_guest_command(e, w, machine);
}

/* What the machine says is told as errors are: stdout is for nothing else. */
static int boot(char **command)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0) {
		complain("cannot start %s: %s", command[0], strerror(errno));
		return 127;
	}
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(command[0], command);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The machine's clock begins anew with each boot: it knows no date. */
static char *now_utc(void)
{
	char text[32];
	time_t now = time(NULL);

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	return strdup(text);
}

/* The run comes back also when its workload failed. */
static int bring(const char *from, const char *to)
{
	struct gate_error err;
	struct gate_run *run;
	char path[PATH_MAX + 16];
	int e;

	snprintf(path, sizeof(path), "%s/run.json", from);
	e = gate_run_read(path, &run, &err);
	if (!e) {
		free(run->recorded);
		run->recorded = now_utc();
		e = gate_run_write(to, run, &err);
		gate_run_free(run);
	}
	unlink(path);
	if (e)
		complain("%s", err.text);
	return e ? EXIT_RUNTIME : 0;
}

static int run_machine(const struct exact *e, const char *testbed, const char *guest)
{
	char out[] = "/tmp/iommugate.XXXXXX";
	struct words w = {};
	int status, code;

	if (!mkdtemp(out)) {
		complain("cannot make a folder in /tmp: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	make_command(e, &w, testbed, guest, out);
	status = boot(w.word);
	if (status == 124 || status == 125 || status == 126 || status == 127) {
		complain("the machine did not come to its end (%d); what it said is above", status);
		code = EXIT_RUNTIME;
	} else {
		code = bring(out, e->path);
		code = code ? code : status ? EXIT_RUNTIME : EXIT_FINE;
	}
	rmdir(out);
	free_words(&w);
	return code;
}

static int run(void *arg, int argc, char **argv)
{
	struct exact *e = arg;
	char checkout[PATH_MAX], testbed[PATH_MAX + 32], guest[PATH_MAX + 32];

	if (argc || !e->path || !e->workload) {
		complain("needs -o RUN.json and --workload NAME, and nothing else");
		return EXIT_USAGE;
	}
	if (strcmp(e->arch, "amd64") && strcmp(e->arch, "arm64")) {
		complain("--arch %s is neither amd64 nor arm64", e->arch);
		return EXIT_USAGE;
	}
	if (!is_suite(e->kernel) && access(e->kernel, R_OK)) {
		complain("--kernel %s: %s, and no suite has that name", e->kernel, strerror(errno));
		return EXIT_USAGE;
	}
	if (!find_checkout(checkout) || !find_guest(checkout, e->arch, guest))
		return EXIT_RUNTIME;
	snprintf(testbed, sizeof(testbed), "%s/tests/vm/testbed", checkout);
	return run_machine(e, testbed, guest);
}

const struct command command_gate_exact = {
	.name = "exact",
	.synopsis = "-o RUN.json [--kernel WHICH] [--module KO]... --workload NAME",
	.summary = "Measures a workload in instructions: boots a kernel in an emulated machine in which\n"
		   "time is instructions executed, and runs iommugate run there.",
	.more = "Needs root and the testbed (docs/testing.md), no IOMMU and no KVM. The testbed is that of\n"
		"the checkout that this program was built in; one that was installed needs\n"
		"IOMMUSCOPE_CHECKOUT, which names a checkout where \"make guest-ARCH\" was run.\n"
		"A bzImage is booted with the modules of backports, so it has to be of that release;\n"
		"a .deb of \"make bindeb-pkg\", or a folder that one was unpacked in, brings its own.",
	.option = options,
	.set = set,
	.run = run,
	.arg = &exact,
};
