// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_views - libFuzzer over everything that is made of a stream: the model and all outputs.
 *
 * Whatever the bytes are: what is for a terminal is printable ASCII, and what is JSON is JSON. Bits of the
 * input's first byte say which outputs are made of it, as all of them take many times as long as one; none: all.
 */
#include <jansson.h>

#include <iommuscope/top.h>
#include <iommuscope/view.h>

#include "fuzz.h"

static const struct view_export *const exports[] = {&view_jsonl, &view_csv, &view_chrome,
						  &view_perfetto, &view_openmetrics_export, &view_html};

#define EXPORTS (sizeof(exports) / sizeof(exports[0]))

enum part {
	PART_LINES = 1 << 1, /* record by record, and redacted */
	PART_EXPORTS = 1 << 2,
	PART_WHOLE = 1 << 3, /* report, info, top */
	PART_DIFF = 1 << 4,
	PART_ALL = PART_LINES | PART_EXPORTS | PART_WHOLE | PART_DIFF,
};

static const struct view_options options = {.ascii = true, .plan = true, .stacks = true};

struct memory {
	FILE *out;
	char *text;
	size_t len;
};

static void memory_open(struct memory *m)
{
	m->out = open_memstream(&m->text, &m->len);
	if (!m->out)
		abort();
}

static void memory_close(struct memory *m)
{
	fclose(m->out);
	free(m->text);
}

static void check_printable(struct memory *m)
{
	fflush(m->out);
	for (size_t i = 0; i < m->len; i++)
		if (m->text[i] != '\n' && (m->text[i] < ' ' || m->text[i] > '~'))
			abort();
	memory_close(m);
}

static void check_json(struct memory *m, size_t flags)
{
	json_error_t error;
	json_t *root;

	fflush(m->out);
	for (size_t at = 0; at < m->len; at += error.position) {
		root = json_loads(m->text + at, flags | JSON_DISABLE_EOF_CHECK, &error);
		if (!root)
			abort();
		json_decref(root);
		while (m->text[at + error.position] == '\n')
			at++;
	}
	memory_close(m);
}

/* The data of the page is JSON that cannot end the script it is in. */
static void check_html(struct memory *m)
{
	static const char begin[] = " id=\"data\">", end[] = "</script>";
	char *data, *data_end;
	json_t *root;

	fflush(m->out);
	data = strstr(m->text, begin) + strlen(begin);
	data_end = strchr(data, '<');
	if (strncmp(data_end, end, strlen(end)))
		abort();
	root = json_loadb(data, data_end - data, 0, NULL);
	if (!root)
		abort();
	json_decref(root);
	memory_close(m);
}

static void check(int err)
{
	if (err)
		abort();
}

/* ---- record by record ----------------------------------------------------------------------- */

struct run {
	unsigned int parts;
	struct model *m;
	struct view_counts counts;
	struct view_failures failures;
	struct ims_redact *redact;
	struct ims_carry *carry; /* of what is redacted */
	struct memory lines;
	struct memory export[EXPORTS];
	void *state[EXPORTS];
};

static void put(struct run *r, const struct ims_record *rec)
{
	check(model_apply(r->m, rec));
	view_count_record(&r->counts, rec);
	view_count_failure(&r->failures, rec);
	if (r->parts & PART_LINES) {
		check(view_record(r->lines.out, rec, 0, &options));
		check(ims_redact_put(r->redact, rec));
	}
	for (size_t i = 0; r->parts & PART_EXPORTS && i < EXPORTS; i++)
		if (!exports[i]->model)
			check(exports[i]->record(r->export[i].out, r->state[i], rec));
}

static int to_carry(void *arg, const struct ims_record *rec)
{
	return ims_carry_see(arg, rec);
}

static int to_lines(void *arg, const struct ims_record *rec)
{
	struct memory *lines = arg;

	return view_record(lines->out, rec, 0, &options);
}

static void begin_lines(struct run *r)
{
	memory_open(&r->lines);
	r->carry = ims_carry_new();
	r->redact = ims_redact_new(to_carry, r->carry);
	if (!r->carry || !r->redact)
		abort();
}

static void end_lines(struct run *r)
{
	check(ims_redact_end(r->redact, 1));
	check(ims_carry_tell(r->carry, 1, to_lines, &r->lines));
	ims_redact_free(r->redact);
	ims_carry_free(r->carry);
	check_printable(&r->lines);
}

static void begin_exports(struct run *r)
{
	for (size_t i = 0; i < EXPORTS; i++) {
		memory_open(&r->export[i]);
		if (!exports[i]->model)
			check(exports[i]->begin(r->export[i].out, &r->state[i]));
	}
}

static void end_exports(struct run *r, const struct ims_damage *damage)
{
	for (size_t i = 0; i < EXPORTS; i++) {
		if (exports[i]->model)
			check(exports[i]->model(r->export[i].out, r->m));
		else
			check(exports[i]->end(r->export[i].out, r->state[i], damage));
		if (r->state[i])
			exports[i]->free(r->state[i]);
		if (!strncmp(exports[i]->name, "json", 4) || exports[i] == &view_chrome)
			check_json(&r->export[i], 0);
		else if (exports[i] == &view_openmetrics_export)
			check_printable(&r->export[i]);
		else if (exports[i] == &view_html)
			check_html(&r->export[i]);
		else
			memory_close(&r->export[i]);
	}
}

/* ---- of the whole --------------------------------------------------------------------------- */

static void show_diff(const struct run *r)
{
	const struct view_side side[2] = {{"A", r->m, &r->failures}, {"B", r->m, &r->failures}};
	struct memory text, json;

	memory_open(&text);
	memory_open(&json);
	check(view_diff(text.out, side, &options));
	check(view_diff_json(json.out, side));
	check(view_diff_new(side, MODEL_INFO));
	check_printable(&text);
	check_json(&json, 0);
}

static void show_text(const struct run *r, const struct ims_input *input)
{
	struct memory text;

	memory_open(&text);
	check(view_text(text.out, r->m, &options));
	check(view_plan(text.out, r->m, &options));
	check(view_info(text.out, r->m, &r->counts, input, &options));
	check_printable(&text);
}

static void show_json(const struct run *r, const struct ims_input *input)
{
	struct memory json;

	memory_open(&json);
	check(view_json(json.out, r->m, &options));
	check(view_plan_json(json.out, r->m));
	check(view_info_json(json.out, r->m, &r->counts, input));
	check_json(&json, 0);
}

/* The screens, before and after an interval, and all about some objects. */
static void show_screens(const struct run *r)
{
	uint64_t now_ns = model_overview(r->m)->last_ns;
	struct top *top = top_new();
	struct memory text, json;

	memory_open(&text);
	memory_open(&json);
	top_show(top, NULL, true);
	for (uint64_t i = 1; i < 3; i++) {
		check(top_refresh(top, r->m, now_ns + i));
		check(top_text(top, r->m, text.out, (1u << TOP_SCREENS) - 1, 0));
		check(top_json(top, r->m, json.out, (1u << TOP_SCREENS) - 1, 0));
	}
	top_object_text(top, r->m, text.out, "verdict:0");
	top_object_text(top, r->m, text.out, "domain:1");
	check_printable(&text);
	check_json(&json, 0);
	top_free(top);
}

static void begin(struct run *r)
{
	r->m = model_new();
	if (r->parts & PART_LINES)
		begin_lines(r);
	if (r->parts & PART_EXPORTS)
		begin_exports(r);
}

static void end(struct run *r, const struct ims_reader *reader)
{
	model_damage(r->m, ims_reader_damage(reader));
	model_finish(r->m);
	if (r->parts & PART_LINES)
		end_lines(r);
	if (r->parts & PART_EXPORTS)
		end_exports(r, ims_reader_damage(reader));
	if (r->parts & PART_WHOLE) {
		show_text(r, ims_reader_input(reader));
		show_json(r, ims_reader_input(reader));
		show_screens(r);
	}
	if (r->parts & PART_DIFF)
		show_diff(r);
	model_free(r->m);
}

static void show(int fd, unsigned int parts)
{
	struct run r = {.parts = parts & PART_ALL ? parts & PART_ALL : PART_ALL};
	struct ims_record rec;
	struct ims_reader *reader;

	if (ims_reader_open(fd, &reader))
		return;
	begin(&r);
	while (ims_reader_next(reader, &rec) > 0)
		put(&r, &rec);
	end(&r, reader);
	ims_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_stream(data, size);

	if (fd >= 0)
		show(fd, data[0]);
	return 0;
}
