/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.bpf.h - one hook, every mechanism: IMS_PROBES(name, nargs, enter, leave) makes the programs
 * name_fentry, name_fexit, name_kprobe and name_kretprobe. The plan loads the pair that it chose.
 *
 * enter(arg) remembers the call; leave(ctx, ret) reports it. Both see only plain numbers:
 * bpf_get_func_arg() and the registers give scalars, on which the verifier allows arithmetic that
 * it refuses on typed pointers. Map and unmap, which only store them, take them as they are.
 */
#ifndef IMS_PROBE_BPF_H
#define IMS_PROBE_BPF_H

#include "call.bpf.h"

#define IMS_FENTRY_ARGS(ctx, arg, nargs)                                                           \
	do {                                                                                       \
		bpf_get_func_arg(ctx, 0, &(arg)[0]);                                               \
		if ((nargs) > 1)                                                                   \
			bpf_get_func_arg(ctx, 1, &(arg)[1]);                                       \
		if ((nargs) > 2)                                                                   \
			bpf_get_func_arg(ctx, 2, &(arg)[2]);                                       \
		if ((nargs) > 3)                                                                   \
			bpf_get_func_arg(ctx, 3, &(arg)[3]);                                       \
	} while (0)

/* Typed pointers as they are: cheaper, and enough for a program that only stores them. */
#define IMS_FENTRY_STORED(ctx, arg, nargs)                                                         \
	do {                                                                                       \
		(arg)[0] = (ctx)[0];                                                               \
		(arg)[1] = (ctx)[1];                                                               \
		(arg)[2] = (ctx)[2];                                                               \
		if ((nargs) > 3)                                                                   \
			(arg)[3] = (ctx)[3];                                                       \
	} while (0)

#define IMS_KPROBE_ARGS(ctx, arg, nargs)                                                           \
	do {                                                                                       \
		(arg)[0] = PT_REGS_PARM1(ctx);                                                     \
		if ((nargs) > 1)                                                                   \
			(arg)[1] = PT_REGS_PARM2(ctx);                                             \
		if ((nargs) > 2)                                                                   \
			(arg)[2] = PT_REGS_PARM3(ctx);                                             \
		if ((nargs) > 3)                                                                   \
			(arg)[3] = PT_REGS_PARM4(ctx);                                             \
	} while (0)

#define IMS_PROBES(name, nargs, enter, leave)                                                      \
	IMS_PROBES_BY(IMS_FENTRY_ARGS, name, nargs, enter, leave)

#define IMS_PROBES_BY(fetch, name, nargs, enter, leave)                                            \
	SEC("fentry")                                                                              \
	int name##_fentry(__u64 *ctx)                                                              \
	{                                                                                          \
		__u64 arg[4] = {};                                                                 \
                                                                                                   \
		fetch(ctx, arg, nargs);                                                            \
		enter(arg);                                                                        \
		return 0;                                                                          \
	}                                                                                          \
	SEC("fexit")                                                                               \
	int name##_fexit(__u64 *ctx)                                                               \
	{                                                                                          \
		__u64 ret = 0;                                                                     \
                                                                                                   \
		bpf_get_func_ret(ctx, &ret);                                                       \
		leave(ctx, ret);                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kprobe")                                                                              \
	int name##_kprobe(struct pt_regs *ctx)                                                     \
	{                                                                                          \
		__u64 arg[4] = {};                                                                 \
                                                                                                   \
		IMS_KPROBE_ARGS(ctx, arg, nargs);                                                  \
		enter(arg);                                                                        \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kretprobe")                                                                           \
	int name##_kretprobe(struct pt_regs *ctx)                                                  \
	{                                                                                          \
		leave(ctx, PT_REGS_RC(ctx));                                                       \
		return 0;                                                                          \
	}

#endif
