// SPDX-License-Identifier: GPL-2.0-only
/*
 * refuse.so, to preload: has BPF programs refused as the verifier would, so that a plan has to do without. REFUSE
 * holds their names (15 bytes of them), between spaces.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static int is_refused(const union bpf_attr *attr)
{
	const char *list = getenv("REFUSE"), *at;
	size_t n = strnlen(attr->prog_name, sizeof(attr->prog_name));

	for (at = list; n && at && (at = strstr(at, attr->prog_name)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return 1;
	return 0;
}

long syscall(long number, ...)
{
	long (*next)(long number, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	const union bpf_attr *attr;
	long arg[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	attr = (const union bpf_attr *)arg[1];
	if (number != __NR_bpf || arg[0] != BPF_PROG_LOAD || !is_refused(attr))
		return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	if (attr->log_buf && attr->log_size)
		snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size,
			 "first words\nrefused by a test\nprocessed 0 insns\n");
	errno = EINVAL;
	return -1;
}
