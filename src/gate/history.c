// SPDX-License-Identifier: GPL-2.0-only
#include "gate/history.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <iommuscope/view.h>

#include "gate/compare.h"
#include "gate/output.h"
#include "gate/sample.h"

#define SIGNIFICANCE 0.001
/* Fewer cannot be that significant, even when the first half is below all of the second. */
#define LEAST_RUNS 14

#define WIDTH 800
#define HEIGHT 240
#define MARGIN 60

/* ---- where it changed ------------------------------------------------------------------------- */

/* In instructions one that a run had. */
static double level(const struct gate_history *h, size_t from, size_t to)
{
	double value[SAMPLE_MAX];
	struct sample s = {value, to - from};

	for (size_t i = from; i < to; i++)
		value[i - from] = h->point[i].value;
	return h->unit == GATE_INSTRUCTIONS ? sample_least(s) : sample_median(s);
}

/* Away from the first run of the level: what creeps is found as well. */
static void find_exact_steps(struct gate_history *h)
{
	double first = h->point[0].value;

	for (size_t i = 1; i < h->points; i++) {
		h->point[i].step = fabs(h->point[i].value - first) > GATE_EXACT_SPREAD * first;
		if (h->point[i].step)
			first = h->point[i].value;
	}
}

static void find_steps(struct gate_point *point, size_t from, size_t to)
{
	double value[SAMPLE_MAX];
	size_t cut;

	if (to - from < LEAST_RUNS)
		return;
	for (size_t i = from; i < to; i++)
		value[i - from] = point[i].value;
	cut = from + sample_change((struct sample){value, to - from}, SIGNIFICANCE);
	if (cut == from)
		return;
	point[cut].step = true;
	find_steps(point, from, cut);
	find_steps(point, cut, to);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static int compare_recorded(const void *a, const void *b)
{
	const struct gate_point *x = a, *y = b;
	int order = strcmp(x->recorded, y->recorded);

	return order ? order : strcmp(x->name, y->name);
}

/* As compare takes them. */
static double value_of(const struct gate_metric *m, enum gate_unit unit, struct sample s)
{
	if (!gate_metric_is_cost(m))
		return sample_most(s);
	return unit == GATE_INSTRUCTIONS ? sample_least(s) : sample_median(s);
}

static int add_run(struct gate_history *h, const char *name, const struct gate_run *run)
{
	double *value = calloc(run->repeats + 1, sizeof(*value));
	struct gate_point *more = realloc(h->point, (h->points + 1) * sizeof(*more));
	struct sample s;

	h->point = more ? more : h->point;
	if (!value || !more) {
		free(value);
		return -ENOMEM;
	}
	s = (struct sample){value, run->repeats <= SAMPLE_MAX && !*run->failure && !run->lost
					   ? gate_metric_values(&h->metric, run, value)
					   : 0};
	if (!s.count)
		h->passed_over++;
	else
		h->point[h->points++] = (struct gate_point){
			.name = strdup(name),
			.recorded = strdup(run->recorded),
			.value = value_of(&h->metric, run->unit, s),
			.low = sample_least(s),
			.high = sample_most(s),
		};
	free(value);
	return 0;
}

/* The newest run so far, and one that is unlike it. */
struct reading {
	struct gate_run *run;
	char name[NAME_MAX + 1];
	char unlike[NAME_MAX + 1]; /* "": there is none */
	const char *differs;	   /* in this */
};

static bool is_alike(const struct gate_run *a, const struct gate_run *b, const char **differs)
{
	*differs = "workload";
	if (strcmp(a->workload, b->workload))
		return false;
	*differs = "unit";
	return a->unit == b->unit && gate_same_machine(a, b, differs);
}

/* Takes @run over. Whichever is the newest at last, @unlike is unlike that. */
static void note_run(struct reading *r, const char *name, struct gate_run *run)
{
	struct gate_run *old = r->run;
	int order = old ? strcmp(run->recorded, old->recorded) : 1;
	bool newer = order ? order > 0 : strcmp(name, r->name) > 0;
	const char *differs;

	if (old && !is_alike(old, run, &differs)) {
		snprintf(r->unlike, sizeof(r->unlike), "%s", newer ? r->name : name);
		r->differs = differs;
	}
	if (newer) {
		snprintf(r->name, sizeof(r->name), "%s", name);
		r->run = run;
	}
	gate_run_free(newer ? old : run);
}

static int take_file(struct gate_history *h, const char *path, const char *name, struct reading *r,
		     void (*unread)(const struct gate_error *why), struct gate_error *err)
{
	struct gate_run *run;
	char file[PATH_MAX + NAME_MAX];
	int e;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	e = gate_run_read(file, &run, err);
	if (e && e != -ENOMEM) {
		h->unread++;
		unread(err);
		return 0;
	}
	if (!e && add_run(h, name, run)) {
		gate_run_free(run);
		e = gate_fail(err, -ENOMEM, "no memory");
	}
	if (!e)
		note_run(r, name, run);
	return e;
}

static int is_json(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && !strcmp(e->d_name + len - 5, ".json");
}

static int read_files(const char *path, struct gate_history *h, struct reading *r,
		      void (*unread)(const struct gate_error *why), struct gate_error *err)
{
	struct dirent **entry;
	int n = scandir(path, &entry, is_json, alphasort), e = 0;

	if (n < 0)
		return gate_fail(err, -errno, "cannot read the folder %s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!e)
			e = take_file(h, path, entry[i]->d_name, r, unread, err);
		free(entry[i]);
	}
	free(entry);
	return e;
}

int gate_history_read(const char *path, const struct gate_metric *metric,
		      void (*unread)(const struct gate_error *why), struct gate_history *h,
		      struct gate_error *err)
{
	struct reading r = {};
	int e;

	*h = (struct gate_history){.metric = *metric};
	e = read_files(path, h, &r, unread, err);
	if (!e && *r.unlike)
		e = gate_fail(err, -EXDEV, "%s/%s is no run like the newest, %s: its %s is another; keep such "
			      "runs in a folder of their own", path, r.unlike, r.name, r.differs);
	if (!e && !h->points)
		e = gate_fail(err, -ENODATA, "no run in %s tells %s", path, metric->name);
	if (!e && h->points > SAMPLE_MAX)
		e = gate_fail(err, -E2BIG, "%s has %zu runs, more than %d", path, h->points, SAMPLE_MAX);
	if (!e) {
		h->unit = r.run->unit;
		h->too_few = h->unit == GATE_NS && h->points < LEAST_RUNS;
		qsort(h->point, h->points, sizeof(*h->point), compare_recorded);
		if (h->unit == GATE_INSTRUCTIONS)
			find_exact_steps(h);
		else
			find_steps(h->point, 0, h->points);
	}
	gate_run_free(r.run);
	return e;
}

void gate_history_free(struct gate_history *h)
{
	for (size_t i = 0; i < h->points; i++) {
		free(h->point[i].name);
		free(h->point[i].recorded);
	}
	free(h->point);
	*h = (struct gate_history){};
}

/* ---- telling ---------------------------------------------------------------------------------- */

static size_t segment_end(const struct gate_history *h, size_t from)
{
	size_t i = from + 1;

	while (i < h->points && !h->point[i].step)
		i++;
	return i;
}

static const char *cost(char to[GATE_CELL], const struct gate_history *h, double value)
{
	struct gate_limit limit = {.metric = h->metric};
	struct gate_row row = {.limit = &limit, .known = true};

	return gate_value(to, &row, value, h->unit);
}

static void tell_level(FILE *out, const struct gate_history *h, size_t from, size_t end,
		       double before)
{
	double now = level(h, from, end);
	char text[GATE_CELL];

	view_escape(out, h->metric.name);
	fprintf(out, " %s from ", cost(text, h, now));
	view_escape(out, h->point[from].recorded);
	fputs(" (", out);
	view_escape(out, h->point[from].name);
	fprintf(out, "), %zu run%s", end - from, end - from == 1 ? "" : "s");
	if (from && before > 0)
		fprintf(out, ": %+.1f%%", 100 * (now / before - 1));
	else if (from)
		fputs(": it was 0", out);
	fputc('\n', out);
}

/* No level: there may be a step in them. */
static void tell_range(FILE *out, const struct gate_history *h)
{
	double value[SAMPLE_MAX];
	struct sample s = {value, h->points};
	char least[GATE_CELL], most[GATE_CELL];

	for (size_t i = 0; i < h->points; i++)
		value[i] = h->point[i].value;
	view_escape(out, h->metric.name);
	fprintf(out, " %s to %s: too few runs to tell a step: %zu, at least %d\n",
		cost(least, h, sample_least(s)), cost(most, h, sample_most(s)), h->points,
		LEAST_RUNS);
}

int gate_history_text(FILE *out, const struct gate_history *h)
{
	double before = 0;

	if (h->too_few)
		tell_range(out, h);
	for (size_t i = 0, end; !h->too_few && i < h->points; i = end) {
		end = segment_end(h, i);
		tell_level(out, h, i, end, before);
		before = level(h, i, end);
	}
	if (h->passed_over)
		fprintf(out, "%zu runs passed over: they failed, lost something or do not tell it\n",
			h->passed_over);
	if (h->unread)
		fprintf(out, "%zu file%s passed over: no whole run that this iommugate reads\n", h->unread,
			h->unread == 1 ? "" : "s");
	return gate_written(out);
}

struct scale {
	double least, most;
	size_t points;
};

static double x_of(const struct scale *s, double i)
{
	return MARGIN + (WIDTH - 2 * MARGIN) * (s->points > 1 ? i / (double)(s->points - 1) : .5);
}

static double y_of(const struct scale *s, double value)
{
	return HEIGHT - 30 - (HEIGHT - 60) * (value - s->least) / (s->most - s->least);
}

static struct scale scale_of(const struct gate_history *h)
{
	struct scale s = {INFINITY, 0, h->points};
	double room;

	for (size_t i = 0; i < h->points; i++) {
		s.least = fmin(s.least, h->point[i].value);
		s.most = fmax(s.most, h->point[i].value);
	}
	room = fmax((s.most - s.least) * .1, s.most * .005 + 1e-9);
	s.least -= room;
	s.most += room;
	return s;
}

static void draw_levels(FILE *out, const struct gate_history *h, const struct scale *s)
{
	char text[GATE_CELL];

	for (size_t i = 0, end; !h->too_few && i < h->points; i = end) {
		double value;

		end = segment_end(h, i);
		value = level(h, i, end);
		fprintf(out, "<path class=\"level\" d=\"M%.1f %.1fH%.1f\"/>"
			"<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x_of(s, (double)i), y_of(s, value),
			x_of(s, (double)end - 1), x_of(s, (double)i), y_of(s, value) - 6,
			cost(text, h, value));
	}
}

int gate_history_svg(FILE *out, const struct gate_history *h)
{
	struct scale s = scale_of(h);

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n<style>.level{stroke:#3e63dd;"
		"stroke-width:2}.step{fill:#ce2c31}.point{fill:#8b8d98}text{fill:#60646c}</style>\n"
		"<text x=\"%d\" y=\"16\" font-size=\"14\">", WIDTH, HEIGHT, MARGIN);
	gate_escape(out, h->metric.name);
	fprintf(out, ", %s</text>\n", gate_unit_name(h->unit));
	draw_levels(out, h, &s);
	for (size_t i = 0; i < h->points; i++) {
		fprintf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>",
			h->point[i].step ? "step" : "point", x_of(&s, (double)i),
			y_of(&s, h->point[i].value), h->point[i].step ? 5 : 3);
		gate_escape(out, h->point[i].name);
		fputc(' ', out);
		gate_escape(out, h->point[i].recorded);
		fputs("</title></circle>\n", out);
	}
	fputs("</svg>\n", out);
	return gate_written(out);
}
