/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.bpf.h - one hook, every mechanism: IMS_PROBES(name, nargs, enter, leave) makes the programs
 * name_fsession, name_fentry, name_fexit, name_multi, name_retmulti, name_kprobe and name_kretprobe.
 * The plan loads those that it chose.
 *
 * enter(arg) remembers the call; leave(ctx, ret) reports it. Both see only plain numbers:
 * bpf_get_func_arg() and the registers give scalars, on which the verifier allows arithmetic that
 * it refuses on typed pointers. Map and unmap, which only store them, take them as they are.
 */
#ifndef IMS_PROBE_BPF_H
#define IMS_PROBE_BPF_H

#include <bpf/libbpf_version.h>
#include "call.bpf.h"

/* Counts that the program ran for its row of the plan, and tells which one that is. */
static __always_inline __u32 probe_hit(void *ctx)
{
	__u32 row = bpf_get_attach_cookie(ctx) & (IMS_ROWS - 1);

	__sync_fetch_and_add(&hits[row], 1);
	return row;
}

/*
 * fsession is one program for entry and return, of kernels from 7.0 on. The kfuncs had other
 * parameters when only kprobe sessions had them (6.10), which a libbpf before 1.3 takes for an error
 * though they are weak: built with such a one there is no fsession.
 */
#if !defined(IMS_NO_BTF) && (LIBBPF_MAJOR_VERSION > 1 || LIBBPF_MINOR_VERSION >= 3)
#define IMS_FSESSIONS 1
extern __u64 *bpf_session_cookie(void *ctx) __weak __ksym;
extern bool bpf_session_is_return(void *ctx) __weak __ksym;
#endif

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

#ifdef IMS_FSESSIONS
#define IMS_FSESSION(fetch, name, nargs, enter, leave)                                             \
	SEC("fsession")                                                                            \
	int name##_fsession(__u64 *ctx)                                                            \
	{                                                                                          \
		__u64 arg[4] = {}, ret = 0;                                                        \
                                                                                                   \
		if (bpf_session_is_return(ctx)) {                                                  \
			bpf_get_func_ret(ctx, &ret);                                               \
			leave(ctx, ret);                                                           \
		} else {                                                                           \
			fetch(ctx, arg, nargs);                                                    \
			enter(arg);                                                                \
		}                                                                                  \
		return 0;                                                                          \
	}
#else
#define IMS_FSESSION(fetch, name, nargs, enter, leave)
#endif

/* For kernels without BTF the programs are built once more, without those that need it. */
#ifdef IMS_NO_BTF
#define IMS_TRACEPOINT "raw_tp"
#define IMS_FENTRY(fetch, name, nargs, enter, leave)
#else
#define IMS_TRACEPOINT "tp_btf"
#define IMS_FENTRY(fetch, name, nargs, enter, leave)                                               \
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
	}
#endif

#define IMS_KPROBE(section, entry, exit, nargs, enter, leave)                                      \
	SEC("k" section)                                                                           \
	int entry(struct pt_regs *ctx)                                                             \
	{                                                                                          \
		__u64 arg[4] = {};                                                                 \
                                                                                                   \
		if (!(bpf_get_attach_cookie(ctx) & IMS_ROW_NO_ARGS))                               \
			IMS_KPROBE_ARGS(ctx, arg, nargs);                                          \
		enter(arg);                                                                        \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kret" section)                                                                        \
	int exit(struct pt_regs *ctx)                                                              \
	{                                                                                          \
		leave(ctx, PT_REGS_RC(ctx));                                                       \
		return 0;                                                                          \
	}

/* All that are an entry and a return apart. */
#define IMS_PAIRS(fetch, name, nargs, enter, leave)                                                \
	IMS_FENTRY(fetch, name, nargs, enter, leave)                                               \
	IMS_KPROBE("probe", name##_kprobe, name##_kretprobe, nargs, enter, leave)                  \
	IMS_KPROBE("probe.multi", name##_multi, name##_retmulti, nargs, enter, leave)

#define IMS_PROBES_BY(fetch, name, nargs, enter, leave)                                            \
	IMS_FSESSION(fetch, name, nargs, enter, leave)                                             \
	IMS_PAIRS(fetch, name, nargs, enter, leave)

#define IMS_PROBES(name, nargs, enter, leave)                                                      \
	IMS_PROBES_BY(IMS_FENTRY_ARGS, name, nargs, enter, leave)

#endif
