// SPDX-License-Identifier: GPL-2.0-only
/* host.c - facts about the machine: its kernel, clocks, processors and modules. */
#include "capture/host.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

/* A value may have 4095 bytes; a list that is longer goes on in KEY.2, KEY.3, ... */
#define LIST_BYTES 4000

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int host_fact(struct host_sink *to, const char *key, const char *fmt, ...)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = clock_ns(CLOCK_MONOTONIC)};
	char value[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (to->err || !value[0])
		return to->err;
	rec.host = (struct ims_host){key, value};
	to->err = to->sink(to->arg, &rec);
	return to->err;
}

bool host_read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(buf, (int)size, f);

	if (!ok)
		buf[0] = 0;
	if (f)
		fclose(f);
	buf[strcspn(buf, "\n")] = 0;
	return ok;
}

static void tell_kernel(struct host_sink *to)
{
	char cmdline[4096];
	struct utsname u;

	uname(&u);
	host_fact(to, "tool.version", "%s", IMS_VERSION);
	host_fact(to, "host.name", "%s", u.nodename);
	host_fact(to, "kernel.release", "%s", u.release);
	host_fact(to, "kernel.version", "%s", u.version);
	host_fact(to, "kernel.arch", "%s", u.machine);
	host_read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	host_fact(to, "kernel.cmdline", "%s", cmdline);
	host_fact(to, "cpus.online", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static void tell_list(struct host_sink *to, const char *key, int number, const char *list)
{
	char numbered[64];

	snprintf(numbered, sizeof(numbered), number > 1 ? "%s.%d" : "%s", key, number);
	host_fact(to, numbered, "%s", list);
}

/* The names of the modules loaded, in the order of /proc/modules: the newest first. */
static void tell_modules(struct host_sink *to)
{
	FILE *f = fopen("/proc/modules", "re");
	char *line = NULL, list[LIST_BYTES] = "";
	size_t size = 0, len = 0;
	int number = 1;

	while (f && getline(&line, &size, f) > 0) {
		size_t n = strcspn(line, " \n");

		line[n] = 0;
		if (n > 200) /* no module is called that */
			continue;
		if (len + n + 2 > sizeof(list)) {
			tell_list(to, "kernel.modules", number++, list);
			len = 0;
		}
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? " " : "",
					line);
	}
	tell_list(to, "kernel.modules", number, list);
	free(line);
	if (f)
		fclose(f);
}

int host_tell(int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct host_sink to = {.sink = sink, .arg = arg};

	tell_kernel(&to);
	tell_modules(&to);
	host_tell_iommus(&to);
	host_tell_log(&to);
	return to.err;
}
