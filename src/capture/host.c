// SPDX-License-Identifier: GPL-2.0-only
#include "capture/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

int64_t ims_realtime_offset_ns(void)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (real.tv_sec - mono.tv_sec) * 1000000000ll + real.tv_nsec - mono.tv_nsec;
}

static void read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");

	if (!f || !fgets(buf, (int)size, f))
		buf[0] = 0;
	if (f)
		fclose(f);
	buf[strcspn(buf, "\n")] = 0;
}

int host_tell(int (*sink)(void *arg, const struct ims_record *rec), void *arg)
{
	struct timespec t;
	struct utsname u;
	char cmdline[2048], offset[32], cpus[16];
	struct ims_host fact[] = {
		{"tool.version", IMS_VERSION},	 {"kernel.release", u.release},
		{"kernel.version", u.version},	 {"kernel.arch", u.machine},
		{"kernel.cmdline", cmdline},	 {"cpus.online", cpus},
		{"clock.realtime_offset_ns", offset},
	};
	int err = 0;

	uname(&u);
	clock_gettime(CLOCK_MONOTONIC, &t);
	read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	snprintf(offset, sizeof(offset), "%" PRId64, ims_realtime_offset_ns());
	snprintf(cpus, sizeof(cpus), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	for (size_t i = 0; !err && i < sizeof(fact) / sizeof(fact[0]); i++) {
		struct ims_record rec = {.type = IMS_REC_HOST, .host = fact[i]};

		rec.time_ns = t.tv_sec * 1000000000ull + t.tv_nsec;
		err = sink(arg, &rec);
	}
	return err;
}
