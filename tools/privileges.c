// SPDX-License-Identifier: GPL-2.0-only
#include "tools/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(cap) (1ull << (cap))

/* To load and attach programs; and to see where the functions are. */
#define FOR_MODULES (BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYSLOG))
/* To see where other processes have their programs and libraries. */
#define FOR_OTHERS BIT(CAP_SYS_PTRACE)
/* Root without these could not write into others' folders, nor signal others' processes. */
#define FOR_ROOT (BIT(CAP_DAC_OVERRIDE) | BIT(CAP_KILL))

void privileges_forget(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Debian's perf_event_paranoid=3 asks for more than CAP_PERFMON to put a kprobe into a module. */
static uint64_t for_kprobes(void)
{
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int paranoid = 0;

	if (f && fscanf(f, "%d", &paranoid) != 1)
		paranoid = 0;
	if (f)
		fclose(f);
	return paranoid > 2 ? BIT(CAP_SYS_ADMIN) : 0;
}

int privileges_drop(bool late, bool others)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	uint64_t keep = (late ? FOR_MODULES | for_kprobes() : 0) | (others ? FOR_OTHERS : 0) |
			(geteuid() == 0 ? FOR_ROOT : 0);

	if (syscall(SYS_capget, &head, data))
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective &= data[i].permitted;
		data[i].inheritable = 0;
	}
	/* Or root would have them all again by running a program. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	privileges_forget();
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}
