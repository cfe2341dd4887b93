// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_html.c - the report as one page for a browser: style, script and data in one file.
 *
 * The page is the same for every recording; all that comes from a stream is in one block of JSON,
 * which is ASCII without "<", so that nothing in it can end the block. The script puts it into the
 * page as text, never as markup, and the page's policy lets no other script run and nothing be
 * fetched.
 */
#include "view_html.h"

#include <stdlib.h>
#include <string.h>

#include "html_assets.h" /* made of html/ by html/embed */

/* ---- JSON inside a <script> ----------------------------------------------------------------- */

static size_t safe_length(const char *json)
{
	size_t n = 0;

	for (; *json; json++)
		n += *json == '<' ? strlen("\\u003c") : 1;
	return n;
}

/* Outside of a string JSON has no "<". */
static void write_safe(FILE *out, const char *json)
{
	while (*json) {
		size_t n = strcspn(json, "<");

		fwrite(json, 1, n, out);
		json += n;
		if (*json) {
			fputs("\\u003c", out);
			json++;
		}
	}
}

static char *dump(json_t *value)
{
	char *json = value ? json_dumps(value, VIEW_JSON_FLAGS) : NULL;

	json_decref(value);
	return json;
}

int html_member(FILE *out, const char *name, json_t *value)
{
	char *json = dump(value);

	if (!json)
		return -ENOMEM;
	fprintf(out, ",\n\"%s\":", name);
	write_safe(out, json);
	free(json);
	return 0;
}

struct html_list html_list(FILE *out, const char *name)
{
	fprintf(out, ",\n\"%s\":{\"rows\":[", name);
	return (struct html_list){.out = out};
}

bool html_full(struct html_list *list)
{
	bool full = list->rows == HTML_ROWS || list->bytes >= HTML_LIST_BYTES;

	list->left_out += full;
	return full;
}

int html_add(struct html_list *list, json_t *row)
{
	char *json = dump(row);
	size_t n;

	if (!json)
		return -ENOMEM;
	n = safe_length(json);
	if (list->bytes + n > HTML_LIST_BYTES) {
		list->left_out++;
	} else {
		fputs(list->rows++ ? ",\n" : "\n", list->out);
		write_safe(list->out, json);
		list->bytes += n;
	}
	free(json);
	return 0;
}

void html_end(struct html_list *list)
{
	fprintf(list->out, "],\"left_out\":%llu}", (unsigned long long)list->left_out);
}

/* ---- what the model has --------------------------------------------------------------------- */

/* The numbers of the domains that verdicts name, sorted: these are in the page before others. */
struct named {
	uint64_t *id;
	size_t count;
};

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int find_named(const struct model *m, struct named *named)
{
	const struct model_verdict *v = NULL;
	size_t verdicts = 0;

	while ((v = model_next_verdict(m, v)))
		verdicts++;
	named->count = 0;
	named->id = calloc(2 * verdicts + 1, sizeof(*named->id));
	if (!named->id)
		return -ENOMEM;
	while ((v = model_next_verdict(m, v))) {
		named->id[named->count++] = v->domain;
		named->id[named->count++] = v->retry_domain;
	}
	qsort(named->id, named->count, sizeof(*named->id), compare_ids);
	return 0;
}

static int write_domains(FILE *out, const struct model *m)
{
	struct html_list list = html_list(out, "domains");
	const struct model_domain *d = NULL;
	struct named named;
	int err = find_named(m, &named);

	for (int pass = 0; pass < 2; pass++) {
		while (!err && (d = model_next_domain(m, d))) {
			bool first = bsearch(&d->id, named.id, named.count, sizeof(*named.id),
					     compare_ids);

			if (first == !pass && !html_full(&list))
				err = html_add(&list, json_of_domain(d));
		}
	}
	free(named.id);
	html_end(&list);
	return err;
}

/* The most severe first. */
static int write_verdicts(FILE *out, const struct model *m)
{
	struct html_list list = html_list(out, "verdicts");
	const struct model_verdict *v = NULL;
	int err = 0;

	for (int severity = MODEL_CRITICAL; severity >= MODEL_INFO; severity--)
		while (!err && (v = model_next_verdict(m, v)))
			if ((int)v->severity == severity && !html_full(&list))
				err = html_add(&list, json_of_verdict(m, v));
	html_end(&list);
	return err;
}

#define WRITE_ALL(kind)                                                                            \
	({                                                                                         \
		struct html_list list_ = html_list(out, #kind "s");                                \
		const struct model_##kind *item_ = NULL;                                           \
		int err_ = 0;                                                                      \
		while (!err_ && (item_ = model_next_##kind(m, item_)))                             \
			if (!html_full(&list_))                                                    \
				err_ = html_add(&list_, json_of_##kind(item_));                    \
		html_end(&list_);                                                                  \
		err_;                                                                              \
	})

#define WRITE_ROWS(type, kind)                                                                     \
	({                                                                                         \
		struct html_list list_ = html_list(out, #kind);                                    \
		const struct type *row_;                                                           \
		int err_ = 0;                                                                      \
		for (size_t i = 0; !err_ && (row_ = model_##kind(m, i)); i++)                      \
			if (!html_full(&list_))                                                    \
				err_ = html_add(&list_, json_##kind(json_object(), row_));         \
		html_end(&list_);                                                                  \
		err_;                                                                              \
	})

static int write_model(FILE *out, const struct model *m)
{
	int err;

	if ((err = html_member(out, "totals", json_totals(m))) ||
	    (err = html_member(out, "missing", json_missing(m))) ||
	    (err = WRITE_ROWS(ims_loss, loss)) || (err = WRITE_ROWS(ims_host, host)) ||
	    (err = WRITE_ROWS(ims_plan, plan)) || (err = write_verdicts(out, m)) ||
	    (err = WRITE_ALL(instance)) || (err = WRITE_ALL(group)) || (err = WRITE_ALL(device)))
		return err;
	return write_domains(out, m);
}

/* ---- the page ------------------------------------------------------------------------------- */

struct html {
	struct model *m;
	struct html_time *time;
	struct html_ops *ops;
};

static void asset(FILE *out, const unsigned char *bytes, size_t count)
{
	fwrite(bytes, 1, count, out);
}

static void write_head(FILE *out)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'sha256-" PAGE_CSS_SHA256 "'; script-src 'sha256-" PAGE_JS_SHA256 "'; "
	      "base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta name=\"generator\" content=\"iommutrace\">\n"
	      "<title>iommuscope report</title>\n<style>",
	      out);
	asset(out, page_css, sizeof(page_css));
	fputs("</style>\n</head>\n", out);
	asset(out, page_html, sizeof(page_html));
}

static int write_page(FILE *out, struct html *h)
{
	int err;

	write_head(out);
	fprintf(out, "<script type=\"application/json\" id=\"data\">{\"schema\":%d",
		VIEW_JSON_SCHEMA);
	err = write_model(out, h->m);
	if (!err)
		err = html_time_write(h->time, h->m, out);
	if (!err)
		err = html_ops_write(h->ops, model_overview(h->m)->first_ns, out);
	fputs("}</script>\n<script>", out);
	asset(out, page_js, sizeof(page_js));
	fputs("</script>\n</body>\n</html>\n", out);
	return err ? err : view_done(out);
}

static void html_free(void *state)
{
	struct html *h = state;

	if (!h)
		return;
	model_free(h->m);
	html_time_free(h->time);
	html_ops_free(h->ops);
	free(h);
}

static int begin(FILE *out, void **state)
{
	struct html *h = calloc(1, sizeof(*h));

	*state = h;
	if (!h)
		return -ENOMEM;
	h->m = model_new();
	h->time = html_time_new();
	h->ops = html_ops_new();
	if (h->m && h->time && h->ops)
		return 0;
	html_free(h);
	*state = NULL;
	return -ENOMEM;
}

static int put(FILE *out, void *state, const struct ims_record *rec)
{
	struct html *h = state;
	int err = model_apply(h->m, rec);

	if (err)
		return err;
	if (rec->type == IMS_REC_EVENT)
		err = html_time_event(h->time, h->m, &rec->event, rec->time_ns);
	return err ? err : html_ops_record(h->ops, rec);
}

static int end(FILE *out, void *state, const struct ims_damage *damage)
{
	struct html *h = state;

	model_damage(h->m, damage);
	model_finish(h->m);
	return write_page(out, h);
}

const struct view_export view_html = {
	.name = "html", .begin = begin, .record = put, .end = end, .free = html_free};
