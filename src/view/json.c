// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <stdlib.h>

/* Without overlong forms, surrogates and what is above U+10FFFF: RFC 3629. */
static size_t utf8_length(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return p[0] ? 1 : 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

void view_utf8(FILE *out, const char *s)
{
	while (*s) {
		size_t len = utf8_length(s);

		if (len)
			fwrite(s, 1, len, out);
		else
			fputs("\xef\xbf\xbd", out);
		s += len ? len : 1;
	}
}

json_t *json_text(const char *s)
{
	json_t *value = json_string(s);
	char *valid = NULL;
	size_t len;
	FILE *out;

	if (value)
		return value;
	out = open_memstream(&valid, &len);
	if (!out)
		return NULL;
	view_utf8(out, s);
	if (!fclose(out))
		value = json_string(valid);
	free(valid);
	return value;
}

json_t *json_text_or_null(const char *s)
{
	return *s ? json_text(s) : json_null();
}

json_t *json_number(uint64_t n)
{
	return json_integer(n < INT64_MAX ? (json_int_t)n : INT64_MAX);
}

json_t *json_number_or_null(uint64_t n)
{
	return n ? json_number(n) : json_null();
}

json_t *json_group(uint32_t group)
{
	return group == IMS_NO_GROUP ? json_null() : json_integer(group);
}

json_t *json_with(json_t *object, const char *key, json_t *value)
{
	if (!object || !value) {
		json_decref(object);
		json_decref(value);
		return NULL;
	}
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

json_t *json_stack(const struct ims_stack *stack)
{
	json_t *array = json_array();

	for (uint32_t i = 0; stack && i < stack->count; i++)
		json_array_append_new(array, json_text(stack->frame[i]));
	return array;
}

int json_write(FILE *out, json_t *value)
{
	int err;

	if (!value)
		return -ENOMEM;
	err = json_dumpf(value, out, VIEW_JSON_FLAGS);
	json_decref(value);
	return err ? -EIO : 0;
}

json_t *json_damage(const struct ims_damage *d)
{
	json_t *o = json_object();

	o = json_with(o, "skipped_bytes", json_number(d->skipped_bytes));
	o = json_with(o, "bad_chunks", json_number(d->bad_chunks));
	o = json_with(o, "missing_chunks", json_number(d->missing_chunks));
	o = json_with(o, "unknown_records", json_number(d->unknown_records));
	o = json_with(o, "truncated", json_boolean(d->truncated));
	return json_with(o, "ended", json_boolean(d->ended));
}

json_t *json_plan(json_t *o, const struct ims_plan *p)
{
	o = json_with(o, "hook", json_text(ims_hook_name(p->hook)));
	o = json_with(o, "function", json_text_or_null(p->function));
	o = json_with(o, "mechanism", json_text_or_null(p->mechanism));
	o = json_with(o, "module", json_text_or_null(p->module));
	o = json_with(o, "state", json_text(p->state));
	o = json_with(o, "reason", json_text_or_null(p->reason));
	return json_with(o, "hits", json_number(p->hits));
}

json_t *json_host(json_t *o, const struct ims_host *h)
{
	o = json_with(o, "key", json_text(h->key));
	return json_with(o, "value", json_text(h->value));
}

json_t *json_loss(json_t *o, const struct ims_loss *l)
{
	o = json_with(o, "hook", json_text(ims_hook_name(l->hook)));
	o = json_with(o, "cause", json_text(ims_loss_cause_name(l->cause)));
	return json_with(o, "lost", json_number(l->lost));
}

json_t *json_count(json_t *o, const struct ims_count *c)
{
	o = json_with(o, "emitted", json_number(c->emitted));
	return json_with(o, "received", json_number(c->received));
}

/* By hook: how many events there were, and how many of them arrived. */
json_t *json_counts(const struct model *m)
{
	json_t *all = json_object();

	for (uint32_t hook = 0; hook < IMS_HOOK_MAX; hook++) {
		const struct ims_count *c = model_count(m, hook);

		if (c->emitted || c->received)
			all = json_with(all, ims_hook_name(hook), json_count(json_object(), c));
	}
	return all;
}
