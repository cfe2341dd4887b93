/* SPDX-License-Identifier: GPL-2.0-only */
/* stack.h - addresses of a stack, as the programs found them, to frames that a person can read. */
#ifndef IMS_CAPTURE_STACK_H
#define IMS_CAPTURE_STACK_H

#include <iommuscope/stream.h>

struct ksyms;

#define FRAME_LEN 224 /* the path and the build-id of a library that has no symbols */

struct stacks;

/* Room for the text of one stack. */
struct frames {
	const char *frame[IMS_KSTACK_MAX];
	char text[IMS_KSTACK_MAX][FRAME_LEN];
};

struct stacks *stacks_new(void);
void stacks_free(struct stacks *s);

/*
 * The stack as the kernel's code made it. The frames of our programs and of the trampolines that
 * called them are in no symbol, or come before the @function that was hooked; a hooked function
 * further out shows twice, once for its trampoline. None where the kernel shows no symbols.
 */
struct ims_stack stacks_kernel(struct stacks *s, const __u64 *addr, uint32_t depth,
			       const char *function, struct frames *f);

/* The kernel's symbols as they are now, until the next call; NULL where it shows none: there are no
 * stacks then. */
const struct ksyms *stacks_symbols(struct stacks *s);

/* Of a process in user space: see usyms.h. */
struct ims_stack stacks_user(struct stacks *s, uint32_t pid, const __u64 *addr, uint64_t depth,
			     struct frames *f);

/* Modules came or went: has them read again at the next call, however soon. */
void stacks_expire(struct stacks *s);

/* The name of the kernel's symbol that begins here, or NULL. */
const char *stacks_name_at(struct stacks *s, uint64_t addr);

#endif
