// SPDX-License-Identifier: GPL-2.0-only
/*
 * with-caps UID CAP[,CAP...] CMD [ARG...]: runs CMD as user UID with these capabilities and no others,
 * "none" for none. They are ambient, so that a program without file capabilities has them.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int cap;
} known[] = {{"bpf", CAP_BPF},
	     {"perfmon", CAP_PERFMON},
	     {"syslog", CAP_SYSLOG},
	     {"sys_admin", CAP_SYS_ADMIN},
	     {"dac_read_search", CAP_DAC_READ_SEARCH}};

static int number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return known[i].cap;
	return -1;
}

static int set_capabilities(unsigned long long caps)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = data[i].inheritable = (__u32)(caps >> (32 * i));
	if (syscall(SYS_capset, &head, data))
		return -1;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (caps & (1ull << cap) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long long caps = 0;
	uid_t uid;

	if (argc < 4) {
		fprintf(stderr, "usage: with-caps UID CAP[,CAP...] CMD [ARG...]\n");
		return 2;
	}
	uid = (uid_t)atoi(argv[1]);
	for (char *name = strtok(argv[2], ","); name; name = strtok(NULL, ",")) {
		int cap = number_of(name);

		if (cap < 0 && strcmp(name, "none")) {
			fprintf(stderr, "with-caps: no capability %s here\n", name);
			return 2;
		}
		caps |= cap < 0 ? 0 : 1ull << cap;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid) || set_capabilities(caps)) {
		perror("with-caps");
		return 1;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
