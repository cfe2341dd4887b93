// SPDX-License-Identifier: GPL-2.0-only
/* intern.c - one copy of each string and of each stack. */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

const char *intern(struct model *m, const char *s)
{
	struct string_node *node;
	size_t len;

	if (!s || !*s)
		return "";
	len = strlen(s);
	HASH_FIND(hh, m->strings, s, len, node);
	if (node)
		return node->text;
	if (len + sizeof(*node) > m->limits.string_bytes - m->string_bytes) {
		m->overview.over.strings++;
		return "";
	}
	node = malloc(sizeof(*node) + len + 1);
	if (!node) {
		m->overview.over.strings++;
		return "";
	}
	memcpy(node->text, s, len + 1);
	HASH_ADD_KEYPTR(hh, m->strings, node->text, len, node);
	if (!node->hh.tbl) {
		free(node);
		m->overview.over.strings++;
		return "";
	}
	m->string_bytes += len + sizeof(*node);
	return node->text;
}

const char *intern_format(struct model *m, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return intern(m, text);
}

const struct ims_stack *intern_stack(struct model *m, const struct ims_stack *stack)
{
	uint32_t count = stack->count < IMS_STACK_MAX ? stack->count : IMS_STACK_MAX;
	const char *frame[IMS_STACK_MAX];
	struct stack_node *node;
	size_t bytes = count * sizeof(*frame);

	if (!count)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		frame[i] = intern(m, stack->frame[i]);
	HASH_FIND(hh, m->stacks, frame, bytes, node);
	if (node)
		return &node->pub;
	if (HASH_COUNT(m->stacks) >= m->limits.stacks) {
		m->overview.over.stacks++;
		return NULL;
	}
	node = malloc(sizeof(*node) + bytes);
	if (!node) {
		m->overview.over.stacks++;
		return NULL;
	}
	memcpy(node->frame, frame, bytes);
	node->pub = (struct ims_stack){.count = count, .frame = node->frame};
	HASH_ADD_KEYPTR(hh, m->stacks, node->frame, bytes, node);
	if (!node->hh.tbl) {
		free(node);
		m->overview.over.stacks++;
		return NULL;
	}
	return &node->pub;
}

void intern_free(struct model *m)
{
	struct string_node *string, *next_string;
	struct stack_node *stack, *next_stack;

	HASH_ITER (hh, m->strings, string, next_string) {
		HASH_DEL(m->strings, string);
		free(string);
	}
	HASH_ITER (hh, m->stacks, stack, next_stack) {
		HASH_DEL(m->stacks, stack);
		free(stack);
	}
}
