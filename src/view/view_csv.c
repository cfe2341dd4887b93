// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_csv.c - the events as a table: RFC 4180, with a header line and lines that end in LF.
 *
 * A spreadsheet takes a field that begins with one of = + - @, a tab, CR or LF for a formula, and a
 * process may be called "=cmd|...". Text from the stream that begins with one of them, or with a
 * full-width form of them, or with ', gets a ' in front: taking away one leading ' gives the text
 * back. Numbers are ours and stay numbers. Text is quoted always, in UTF-8; see view_utf8().
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "json.h"

static bool formula(const char *s)
{
	static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
					   "\xef\xbc\xa0"}; /* = + - @ */

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (!strncmp(s, wide[i], strlen(wide[i])))
			return true;
	return *s && strchr("=+-@\t\r\n'", *s);
}

/* What is in a quoted field has its quotes doubled. */
static void put_quoted(FILE *out, const char *s)
{
	for (size_t n; *s; s += n) {
		n = strcspn(s, "\"");
		fprintf(out, "%.*s", (int)n, s);
		if (s[n] == '"') {
			fputs("\"\"", out);
			n++;
		}
	}
}

/* Text of the stream; its end is the caller's. */
static void begin_text(FILE *out, const char *s)
{
	fputs(formula(s) ? "\"'" : "\"", out);
}

static int put_utf8(FILE *out, const char *s)
{
	char *valid = NULL;
	size_t len;
	FILE *f = open_memstream(&valid, &len);

	if (!f)
		return -ENOMEM;
	view_utf8(f, s);
	if (!fclose(f))
		put_quoted(out, valid);
	free(valid);
	return 0;
}

static int put_text(FILE *out, const char *s)
{
	int err = 0;

	fputc(',', out);
	if (!*s)
		return 0;
	begin_text(out, s);
	err = put_utf8(out, s);
	fputc('"', out);
	return err;
}

/* One field, the innermost frame first. */
static int put_stack(FILE *out, const struct ims_stack *stack)
{
	int err = 0;

	fputc(',', out);
	if (!stack->count)
		return 0;
	begin_text(out, stack->frame[0]);
	for (uint32_t i = 0; !err && i < stack->count; i++) {
		fputs(i ? " < " : "", out);
		err = put_utf8(out, stack->frame[i]);
	}
	fputc('"', out);
	return err;
}

static void put_number(FILE *out, bool known, uint64_t n)
{
	fputc(',', out);
	if (known)
		fprintf(out, "%" PRIu64, n);
}

static void put_flags(FILE *out, uint32_t flags)
{
	const char *name, *before = ",";

	for (unsigned int i = 0; (name = ims_event_flag_name(i)); i++) {
		if (!(flags & 1u << i))
			continue;
		fprintf(out, "%s%s", before, name);
		before = " ";
	}
	if (*before == ',')
		fputc(',', out);
}

static int put_rest(FILE *out, const struct ims_event *e)
{
	int err;

	fputc(',', out);
	if (view_event_placed(e))
		fprintf(out, "0x%" PRIx64, e->iova);
	put_number(out, e->size, e->size);
	err = put_text(out, e->reason);
	if (!err)
		err = put_text(out, e->format);
	if (!err)
		err = put_stack(out, &e->stack);
	return err ? err : put_stack(out, &e->user_stack);
}

static int put_event(FILE *out, const struct ims_event *e)
{
	int err;

	fprintf(out, ",%s", ims_hook_name(e->hook));
	err = put_text(out, e->function);
	fprintf(out, ",%" PRIu32 ",%" PRIu32 ",%" PRIu32, e->cpu, e->pid, e->tid);
	if (!err)
		err = put_text(out, e->comm);
	put_number(out, e->domain, e->domain);
	fprintf(out, ",%s", view_event_type(e));
	if (!err)
		err = put_text(out, e->device);
	put_number(out, e->group != IMS_NO_GROUP, e->group);
	if (!err)
		err = put_text(out, e->instance);
	if (!err)
		err = put_text(out, e->domain_instance);
	fprintf(out, ",%" PRId32 ",%s", e->result, view_errno_name(e->result));
	put_number(out, view_event_timed(e), e->duration_ns);
	put_flags(out, e->flags);
	return err ? err : put_rest(out, e);
}

/* The names are those of docs/jsonl.schema.json. */
static int begin(FILE *out, void **state)
{
	fputs("time_ns,hook,function,cpu,pid,tid,comm,domain,domain_type,device,group,instance,"
	      "domain_instance,result,errno,duration_ns,flags,iova,size,reason,format,"
	      "stack,user_stack\n",
	      out);
	return ferror(out) ? -EIO : 0;
}

static int put(FILE *out, void *state, const struct ims_record *rec)
{
	int err;

	if (rec->type != IMS_REC_EVENT)
		return 0;
	fprintf(out, "%" PRIu64, rec->time_ns);
	err = put_event(out, &rec->event);
	fputc('\n', out);
	return err ? err : ferror(out) ? -EIO : 0;
}

static int end(FILE *out, void *state, const struct ims_damage *damage)
{
	return view_done(out);
}

const struct view_export view_csv = {
	.name = "csv",
	.begin = begin,
	.record = put,
	.end = end,
};
