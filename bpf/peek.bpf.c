// SPDX-License-Identifier: GPL-2.0-only
/*
 * peek.bpf.c - follows pointers from the current task by offsets that user space took from the kernel's
 * BTF, and copies what the last one points to. Run before the plan is made: which functions the
 * instances' drivers have decides what is loaded after it. So it is an object of its own, without CO-RE.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define STEPS 16

__u32 steps;
__s32 offset[STEPS];
__u32 size;
__u64 found; /* where the copy is from; 0: a pointer was NULL, or could not be read */
__u64 copy[64];

SEC("raw_tp")
int peek(void *ctx)
{
	__u64 at = bpf_get_current_task();
	__u32 n = size;

	for (__u32 i = 0; i < STEPS && i < steps && at; i++)
		if (bpf_probe_read_kernel(&at, sizeof(at), (void *)(at + offset[i])))
			at = 0;
	if (n > sizeof(copy))
		n = sizeof(copy);
	if (at && bpf_probe_read_kernel(copy, n, (void *)at))
		at = 0;
	found = at;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
