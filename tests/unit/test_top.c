// SPDX-License-Identifier: GPL-2.0-only
/* The screens without a terminal: what is on them, rates, sorting, selection, keys, hostile names. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>

#include <jansson.h>

#include <iommuscope/top.h>

#include "test_model.h"

#define SECOND 1000000000ull

static void put_stats(struct model *m, uint64_t domain, const char *object, uint32_t hook,
		      uint64_t calls)
{
	struct ims_record rec = {.type = IMS_REC_STATS, .time_ns = test_now};

	rec.stats = (struct ims_stats){.domain = domain,
				       .object = object,
				       .hook = hook,
				       .sum_ns = 600 * calls,
				       .max_ns = 123456,
				       .bytes = 4096 * calls};
	rec.stats.bucket[ims_hist_bucket(600)] = calls;
	assert_int_equal(model_apply(m, &rec), 0);
}

/* ---- what is drawn -------------------------------------------------------------------------- */

struct drawn {
	unsigned int width, lines;
	int selected; /* line; -1: none */
	char text[100][2048];
};

static int take_line(void *arg, unsigned int y, const struct top_line *line)
{
	struct drawn *d = arg;
	char *to = d->text[y];

	assert_true(y < 100);
	assert_int_equal(line->width, d->width);
	for (unsigned int x = 0; x < line->width; x++) {
		assert_true(line->cell[x].style < TOP_STYLES);
		to = stpcpy(to, line->cell[x].text);
	}
	if (line->selected)
		d->selected = (int)y;
	d->lines++;
	return 0;
}

static struct drawn *draw(struct top *t, const struct model *m, unsigned int width, unsigned int height)
{
	static const struct top_status status = {.source = "live", .state = "", .message = "", .delay = 1};
	static struct drawn d;

	memset(&d, 0, sizeof(d));
	d.width = width;
	d.selected = -1;
	assert_int_equal(top_draw(t, m, &status, width, height, take_line, &d), 0);
	assert_int_equal(d.lines, height);
	return &d;
}

/* The line that begins with @begin, or NULL. */
static const char *line_of(const struct drawn *d, const char *begin)
{
	for (unsigned int y = 0; y < d->lines; y++)
		if (!strncmp(d->text[y], begin, strlen(begin)))
			return d->text[y];
	return NULL;
}

static struct top *new_top(const struct model *m)
{
	struct top *t = top_new();

	assert_non_null(t);
	assert_int_equal(top_refresh(t, m, test_now), 0);
	return t;
}

static void next_second(struct top *t, const struct model *m)
{
	test_now += SECOND;
	assert_int_equal(top_refresh(t, m, test_now), 0);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_rates(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t;
	const struct drawn *d;

	put_stats(m, A, "", IMS_HOOK_MAP, 1000);
	t = new_top(m);
	d = draw(t, m, 80, 24);
	/* Nothing to compare with yet: no rate, and not a wrong one. */
	assert_non_null(strstr(line_of(d, "map "), "  - "));
	put_stats(m, A, "", IMS_HOOK_MAP, 1500);
	next_second(t, m);
	d = draw(t, m, 80, 24);
	assert_non_null(strstr(line_of(d, "map "), "   500 "));
	assert_non_null(strstr(line_of(d, "map "), " 1500 "));
	assert_non_null(strstr(line_of(d, "map "), "575ns"));
	top_go(t, TOP_DOMAINS);
	d = draw(t, m, 100, 30);
	assert_non_null(strstr(line_of(d, "     20 UNMANAGED"), "   500 "));
	assert_non_null(strstr(line_of(d, "     20 UNMANAGED"), "5.9 MiB"));
	top_go(t, TOP_INSTANCES);
	assert_non_null(strstr(line_of(draw(t, m, 80, 24), SMMU1), "   500 "));
	/* Nothing happened: zero, not the last rate. */
	next_second(t, m);
	assert_null(strstr(line_of(draw(t, m, 80, 24), SMMU1), "   500 "));
	top_free(t);
	model_free(m);
}

/* Domains that come, and go without a trace, do not shift the rates of others. */
static void test_rates_of_others(void **state)
{
	struct model_limits limits = model_limits_default;
	struct model *m;
	struct top *t;
	const char *line;
	char text[32];

	limits.domains = 20;
	m = model_new_limited(&limits);
	test_now = 1000000;
	put_instance(m, SMMU1, "arm-smmu-v3");
	for (uint64_t id = 1; id <= 10; id++)
		EVENT(m, DOMAIN_ALLOC, AT1, .domain = id, .domain_type = UNMANAGED, READ(SMMU1));
	t = new_top(m);
	top_go(t, TOP_DOMAINS);
	assert_int_equal(top_sort(t, TOP_DOMAINS, "domain"), 0);
	for (uint64_t round = 1; round < 20; round++) {
		/* Each round frees the oldest, and the model forgets it some time later. */
		EVENT(m, DOMAIN_FREE, .domain = round);
		EVENT(m, DOMAIN_ALLOC, AT1, .domain = 10 + round, .domain_type = UNMANAGED, READ(SMMU1));
		for (uint64_t id = round + 1; id <= round + 10; id++)
			put_stats(m, id, "", IMS_HOOK_MAP, 100 * id * round);
		next_second(t, m);
		for (uint64_t id = round + 1; id < round + 10 && round > 1; id++) {
			const struct drawn *d = draw(t, m, 80, 24);

			snprintf(text, sizeof(text), "%7llu UNMANAGED", (unsigned long long)id);
			line = line_of(d, text);
			assert_non_null(line);
			snprintf(text, sizeof(text), " %6llu ", 100ull * id);
			assert_non_null(strstr(line, text));
		}
	}
	top_free(t);
	model_free(m);
}

static void test_selection_follows(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);
	const struct drawn *d;

	top_go(t, TOP_DOMAINS);
	put_stats(m, 1, "", IMS_HOOK_MAP, 100);
	put_stats(m, 2, "", IMS_HOOK_MAP, 200);
	next_second(t, m);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[d->selected], "      2 ", 8);
	top_key(t, m, TOP_KEY_DOWN);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[d->selected], "      1 ", 8);
	assert_int_equal(d->selected, 5);
	/* Now it is the busiest: the row is another, the object the same. */
	put_stats(m, 1, "", IMS_HOOK_MAP, 1000);
	next_second(t, m);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[d->selected], "      1 ", 8);
	assert_int_equal(d->selected, 4);
	/* From Home on it is the first row again, whoever is there. */
	top_key(t, m, TOP_KEY_HOME);
	put_stats(m, 3, "", IMS_HOOK_MAP, 100000);
	next_second(t, m);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[d->selected], "      3 ", 8);
	top_free(t);
	model_free(m);
}

static void type(struct top *t, const struct model *m, const char *keys)
{
	for (; *keys; keys++)
		top_key(t, m, *keys == '\n' ? TOP_KEY_ENTER : *keys);
}

static void test_search_and_filter(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);
	const struct drawn *d;

	top_go(t, TOP_DEVICES);
	type(t, m, "/11:00\n");
	d = draw(t, m, 80, 24);
	assert_non_null(strstr(d->text[d->selected], DEV2));
	type(t, m, "\\12:00\n");
	d = draw(t, m, 80, 24);
	/* The device, and what it is below of. */
	assert_non_null(line_of(d, SMMU2));
	assert_null(line_of(d, SMMU1));
	assert_non_null(strstr(d->text[5], "group 14"));
	assert_non_null(strstr(d->text[6], DEV3));
	assert_non_null(strstr(d->text[0], "filter: 12:00"));
	top_key(t, m, '\\');
	assert_int_equal(top_key(t, m, TOP_KEY_ESCAPE), TOP_NOTHING);
	assert_non_null(line_of(draw(t, m, 80, 24), SMMU1));
	top_free(t);
	model_free(m);
}

static void test_sort_and_columns(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m), *other = top_new();
	char *text = NULL, *line;
	const struct drawn *d;
	size_t len;
	FILE *out;

	top_go(t, TOP_DOMAINS);
	assert_int_equal(top_sort(t, TOP_DOMAINS, "-domain"), 0);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[4], "     20 ", 8);
	assert_int_equal(top_columns(t, TOP_DOMAINS, "type,domain"), 0);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[3], "TYPE       DOMAIN", 17);
	assert_int_equal(top_sort(t, TOP_DOMAINS, "nothing"), -ENOENT);
	assert_int_equal(top_columns(t, TOP_DOMAINS, "type,nothing"), -ENOENT);
	/* What is kept comes back. */
	out = open_memstream(&text, &len);
	assert_int_equal(top_write_choices(t, out), 0);
	fclose(out);
	assert_string_equal(text, "domains.columns = type,domain\ndomains.sort = -domain\n");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_int_equal(top_read_choice(other, line), 0);
	free(text);
	top_refresh(other, m, test_now);
	top_go(other, TOP_DOMAINS);
	d = draw(other, m, 80, 24);
	assert_memory_equal(d->text[4], "UNMANAGED      20", 17);
	assert_int_equal(top_read_choice(other, "domains.sort = nothing"), -EINVAL);
	assert_int_equal(top_read_choice(other, "nonsense"), -EINVAL);
	top_free(t);
	top_free(other);
	model_free(m);
}

static void test_keys(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);

	assert_int_equal(top_key(t, m, 'q'), TOP_QUIT);
	assert_int_equal(top_key(t, m, TOP_KEY_F10), TOP_QUIT);
	assert_int_equal(top_key(t, m, 'p'), TOP_PAUSE);
	assert_int_equal(top_key(t, m, '.'), TOP_STEP);
	/* q leaves a pane, not the program; typed into a prompt it is a letter. */
	assert_int_equal(top_key(t, m, 'h'), TOP_NOTHING);
	assert_non_null(line_of(draw(t, m, 80, 24), "KEYS"));
	assert_int_equal(top_key(t, m, 'q'), TOP_NOTHING);
	assert_null(line_of(draw(t, m, 80, 24), "KEYS"));
	type(t, m, "/q");
	assert_non_null(line_of(draw(t, m, 80, 24), "Search: q"));
	top_key(t, m, TOP_KEY_ESCAPE);
	for (int screen = 0; screen < TOP_SCREENS; screen++) {
		top_key(t, m, '1' + screen);
		draw(t, m, 80, 24);
		top_key(t, m, TOP_KEY_END);
		top_key(t, m, TOP_KEY_ENTER);
		draw(t, m, 80, 24);
		top_key(t, m, TOP_KEY_PAGE_DOWN);
		draw(t, m, 200, 50);
		top_key(t, m, TOP_KEY_ESCAPE);
		type(t, m, "<>I");
		draw(t, m, 60, 15);
	}
	top_free(t);
	model_free(m);
}

static void test_mouse(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);
	const struct drawn *d = draw(t, m, 80, 24);

	/* The tab of the fourth screen. */
	top_mouse(t, m, TOP_CLICK, (unsigned int)(strstr(d->text[1], "4Domains") - d->text[1]), 1);
	d = draw(t, m, 80, 24);
	assert_non_null(strstr(d->text[3], "DOMAIN TYPE"));
	/* The head of the first column sorts; clicked again, the other way round. */
	top_mouse(t, m, TOP_CLICK, 3, 3);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[4], "     20 ", 8);
	top_mouse(t, m, TOP_CLICK, 3, 3);
	d = draw(t, m, 80, 24);
	assert_memory_equal(d->text[4], "      1 ", 8);
	top_mouse(t, m, TOP_CLICK, 10, 6);
	d = draw(t, m, 80, 24);
	assert_int_equal(d->selected, 6);
	top_mouse(t, m, TOP_DOUBLE_CLICK, 10, 6);
	assert_non_null(line_of(draw(t, m, 80, 24), "DOMAIN 3"));
	top_key(t, m, TOP_KEY_ESCAPE);
	draw(t, m, 80, 24);
	assert_int_equal(top_mouse(t, m, TOP_CLICK, 75, 23), TOP_QUIT);
	/* Nowhere. */
	assert_int_equal(top_mouse(t, m, TOP_CLICK, 5000, 5000), TOP_NOTHING);
	top_free(t);
	model_free(m);
}

static void test_sizes(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);

	assert_non_null(strstr(draw(t, m, 59, 24)->text[0], "needs 60x15"));
	assert_non_null(strstr(draw(t, m, 80, 14)->text[0], "needs 60x15"));
	draw(t, m, 1, 1);
	draw(t, m, 3, 2);
	for (unsigned int width = TOP_MIN_WIDTH; width < 200; width += 7)
		for (int screen = 0; screen < TOP_SCREENS; screen++) {
			top_go(t, screen);
			draw(t, m, width, TOP_MIN_HEIGHT + width % 40);
		}
	top_free(t);
	model_free(m);
}

/* Names as an attacker would choose them, and honest ones that are not ASCII. */
static void test_names(void **state)
{
	static const char *const evil[] = {"\033]0;owned\007", "a\nb", "\xc3\x28", "\xe2\x80\xae" "abc",
					   "\xf4\x90\x80\x80", "\u0300x", "\u200bx"};
	struct model *m = new_machine("arm-smmu-v3");
	struct top *t;
	const struct drawn *d;
	uint64_t id = 30;

	for (size_t i = 0; i < sizeof(evil) / sizeof(*evil); i++)
		EVENT(m, DOMAIN_ALLOC, AT1, .domain = id++, .domain_type = UNMANAGED, .comm = evil[i]);
	EVENT(m, DOMAIN_ALLOC, AT1, .domain = id, .domain_type = UNMANAGED, .comm = "naïve-日本");
	t = new_top(m);
	top_go(t, TOP_DOMAINS);
	assert_int_equal(top_columns(t, TOP_DOMAINS, "domain,owner,type"), 0);
	d = draw(t, m, 80, 30);
	for (unsigned int y = 0; y < d->lines; y++)
		for (const char *s = d->text[y]; *s; s++)
			assert_true((unsigned char)*s >= ' ' && *s != 127);
	assert_non_null(strstr(line_of(d, "     30 "), "\\x1b]0;owned~"));
	assert_non_null(strstr(line_of(d, "     33"), "\\xe2\\x80\\xaea"));
	/* Two of its characters are two columns wide: the next column is where it always is. */
	assert_non_null(strstr(line_of(d, "     37"), " naïve-日本      UNMANAGED"));
	assert_non_null(strstr(line_of(d, "      1"), " -               DMA"));
	top_show(t, NULL, true);
	assert_non_null(strstr(line_of(draw(t, m, 80, 30), "     37"), " na\\xc3\\xafve"));
	top_free(t);
	model_free(m);
}

static char *text_of(struct top *t, const struct model *m, bool json)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal((json ? top_json : top_text)(t, m, out, 0xff, 0), 0);
	fclose(out);
	return text;
}

static void test_text_and_json(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);
	const char *instance;
	char *text;
	double rate;
	json_t *root;

	put_stats(m, A, "", IMS_HOOK_MAP, 700);
	next_second(t, m);
	text = text_of(t, m, true);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
	/* The busiest first, as on the screen. */
	assert_int_equal(json_unpack(json_array_get(json_object_get(root, "domains"), 0), "{s:F,s:s}",
				     "map", &rate, "instance", &instance), 0);
	assert_true(rate == 700);
	assert_string_equal(instance, SMMU1);
	json_decref(root);
	free(text);
	text = text_of(t, m, false);
	assert_non_null(strstr(text, "2 instances, 3 groups, 3 devices"));
	assert_non_null(strstr(text, "     20 UNMANAGED"));
	assert_non_null(strstr(text, "no loss"));
	free(text);
	top_free(t);
	model_free(m);
}

static void test_object(void **state)
{
	struct model *m = new_container("arm-smmu-v3");
	struct top *t = new_top(m);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(top_object_text(t, m, out, "domain:20"), 0);
	assert_int_equal(top_object_text(t, m, out, "device:" DEV1), 0);
	assert_int_equal(top_object_text(t, m, out, "domain:999"), -ENOENT);
	assert_int_equal(top_object_text(t, m, out, "domain:1x"), -ENOENT);
	assert_int_equal(top_object_text(t, m, out, "nothing:1"), -ENOENT);
	fclose(out);
	assert_memory_equal(text, "DOMAIN 20\n", 10);
	assert_non_null(strstr(text, "DEVICE " DEV1 "\n"));
	free(text);
	top_free(t);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),	       cmocka_unit_test(test_rates_of_others),
		cmocka_unit_test(test_selection_follows), cmocka_unit_test(test_search_and_filter),
		cmocka_unit_test(test_sort_and_columns), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_mouse),	       cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_names),	       cmocka_unit_test(test_text_and_json),
		cmocka_unit_test(test_object),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
