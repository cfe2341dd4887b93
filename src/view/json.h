/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - what the outputs for programs share. Values that are not known are null; numbers above
 * INT64_MAX, which jansson does not have, are INT64_MAX.
 */
#ifndef VIEW_JSON_H
#define VIEW_JSON_H

#include <errno.h>

#include <jansson.h>

#include <iommuscope/view.h>

/* ASCII only, so that no terminal and no line splitter sees what a name contains. */
#define VIEW_JSON_FLAGS (JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY)

/* Any bytes: those that are not UTF-8 become U+FFFD each. NULL: no memory. */
json_t *json_text(const char *s);
json_t *json_text_or_null(const char *s); /* null for "" */
json_t *json_number(uint64_t n);
json_t *json_number_or_null(uint64_t n); /* null for 0 */
json_t *json_group(uint32_t group);
json_t *json_stack(const struct ims_stack *stack); /* NULL: an empty array */

/* @object with one member more; takes both. NULL when there was no memory for either. */
json_t *json_with(json_t *object, const char *key, json_t *value);

/* Writes @value, and takes it. Returns 0, -ENOMEM for a NULL, or -EIO. */
int json_write(FILE *out, json_t *value);

json_t *json_damage(const struct ims_damage *d);
/* Each adds its members to @object, and takes it. */
json_t *json_host(json_t *object, const struct ims_host *h);
json_t *json_plan(json_t *object, const struct ims_plan *p);
json_t *json_loss(json_t *object, const struct ims_loss *l);
json_t *json_count(json_t *object, const struct ims_count *c);
json_t *json_counts(const struct model *m);

/* The objects of view_json(). */
json_t *json_of_verdict(const struct model *m, const struct model_verdict *v);
json_t *json_of_domain(const struct model_domain *d);
json_t *json_of_instance(const struct model_instance *i);
json_t *json_of_group(const struct model_group *g);
json_t *json_of_device(const struct model_device *d);
json_t *json_op(const struct model_op *op);
json_t *json_totals(const struct model *m);
json_t *json_missing(const struct model *m);

/* Writes @s with U+FFFD for each byte that is not UTF-8. */
void view_utf8(FILE *out, const char *s);

#endif
