// SPDX-License-Identifier: GPL-2.0-only
/* pair.bpf.c - programs that do nothing at entry and return of a function that does nothing either. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("fentry/bpf_fentry_test1")
int pair_fentry(void *ctx)
{
	return 0;
}

SEC("fexit/bpf_fentry_test1")
int pair_fexit(void *ctx)
{
	return 0;
}

SEC("kprobe/bpf_fentry_test1")
int pair_kprobe(void *ctx)
{
	return 0;
}

SEC("kretprobe/bpf_fentry_test1")
int pair_kretprobe(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
