// SPDX-License-Identifier: GPL-2.0-only
#include "capture/stack.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/ksyms.h"
#include "capture/usyms.h"

#define KSYMS_RECHECK_NS 100000000ull

struct stacks {
	struct ksyms *ksyms; /* loaded when first needed: see stacks_symbols() */
	uint64_t ksyms_ns; /* when they were last known to be right; 0: not yet */
	uint64_t modules; /* ksyms_modules() at that time */
	struct usyms *usyms; /* made when first needed */
};

struct stacks *stacks_new(void)
{
	return calloc(1, sizeof(struct stacks));
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	ksyms_free(s->ksyms);
	usyms_free(s->usyms);
	free(s);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Reading them takes longer than everything else at start: done once, and again when modules came
 * or went. */
const struct ksyms *stacks_symbols(struct stacks *s)
{
	uint64_t now = now_ns(), modules;
	struct ksyms *fresh;

	if (s->ksyms_ns && now < s->ksyms_ns + KSYMS_RECHECK_NS)
		return s->ksyms;
	modules = ksyms_modules();
	if (s->ksyms_ns && modules == s->modules) {
		s->ksyms_ns = now;
		return s->ksyms;
	}
	s->ksyms_ns = now;
	s->modules = modules;
	fresh = ksyms_load();
	if (!fresh) /* not allowed to any more; what was right for the rest of the kernel still is */
		return s->ksyms;
	ksyms_free(s->ksyms);
	s->ksyms = fresh;
	return fresh;
}

void stacks_expire(struct stacks *s)
{
	s->ksyms_ns = 0;
}

/* Whether both are in the same function: "name+0x..". */
static bool same_function(const char *a, const char *b)
{
	size_t n = strcspn(a, "+");

	return a[n] && !strncmp(a, b, n + 1);
}

struct ims_stack stacks_kernel(struct stacks *s, const __u64 *addr, uint32_t depth,
			       const char *function, struct frames *f)
{
	struct ims_stack stack = {.frame = f->frame};
	const struct ksyms *ksyms = depth ? stacks_symbols(s) : NULL;
	size_t len = strlen(function);

	if (!ksyms) /* an address says nothing, and tells where the kernel is */
		return stack;
	for (uint32_t i = 0; i < depth && i < IMS_KSTACK_MAX; i++) {
		char *text = f->text[stack.count];

		ksyms_format(ksyms, addr[i], text, FRAME_LEN);
		if (len && !strncmp(text, function, len) && text[len] == '+')
			stack.count = 0;
		else if (!strncmp(text, "0x", 2) || strstr(text, " [bpf]") ||
			 strstr(text, " [__builtin__") ||
			 (stack.count && same_function(f->frame[stack.count - 1], text)))
			continue;
		if (text != f->text[stack.count])
			strcpy(f->text[stack.count], text);
		f->frame[stack.count] = f->text[stack.count];
		stack.count++;
	}
	return stack;
}

struct ims_stack stacks_user(struct stacks *s, uint32_t pid, const __u64 *addr, uint64_t depth,
			     struct frames *f)
{
	struct ims_stack stack = {.frame = f->frame};

	if (!s->usyms && depth)
		s->usyms = usyms_new();
	if (!s->usyms || !depth)
		return stack;
	usyms_process(s->usyms, pid);
	for (; stack.count < depth && stack.count < IMS_KSTACK_MAX; stack.count++) {
		usyms_format(s->usyms, addr[stack.count], f->text[stack.count], FRAME_LEN);
		f->frame[stack.count] = f->text[stack.count];
	}
	return stack;
}

const char *stacks_name_at(struct stacks *s, uint64_t addr)
{
	return ksyms_name_at(stacks_symbols(s), addr);
}
