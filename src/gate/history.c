// SPDX-License-Identifier: GPL-2.0-only
#include "gate/history.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate/compare.h"
#include "gate/output.h"
#include "gate/sample.h"

#define SIGNIFICANCE 0.001
#define LEAST_SEGMENT 3
/* Changes of exact costs below this are not told: other work may be in every run. */
#define LEAST_STEP 0.001

#define WIDTH 800
#define HEIGHT 240
#define MARGIN 60

/* ---- where it changed ------------------------------------------------------------------------- */

static double level(const struct gate_point *point, size_t from, size_t to)
{
	double value[SAMPLE_MAX];

	for (size_t i = from; i < to; i++)
		value[i - from] = point[i].value;
	return sample_median((struct sample){value, to - from});
}

static void find_steps(struct gate_point *point, size_t from, size_t to)
{
	double value[SAMPLE_MAX];
	size_t cut;

	if (to - from < 2 * LEAST_SEGMENT)
		return;
	for (size_t i = from; i < to; i++)
		value[i - from] = point[i].value;
	cut = from + sample_change((struct sample){value, to - from}, SIGNIFICANCE);
	if (cut == from || fabs(level(point, cut, to) / level(point, from, cut) - 1) < LEAST_STEP)
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
			.value = run->unit == GATE_INSTRUCTIONS ? sample_least(s) : sample_median(s),
			.low = sample_least(s),
			.high = sample_most(s),
		};
	free(value);
	return 0;
}

/* @first: the run that all others have to be like. */
static int take_file(struct gate_history *h, const char *path, const char *name,
		     struct gate_run **first, struct gate_error *err)
{
	struct gate_run *run;
	const char *differs = "workload";
	char file[4200];
	int e;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	e = gate_run_read(file, &run, err);
	if (e)
		return e;
	if (*first && (strcmp((*first)->workload, run->workload) || (*first)->unit != run->unit ||
		       !gate_same_machine(*first, run, &differs)))
		e = gate_fail(err, -EXDEV, "%s is no run like the others: its %s is another; keep such "
			      "runs in a folder of their own", file, differs);
	else
		e = add_run(h, name, run) ? gate_fail(err, -ENOMEM, "no memory") : 0;
	h->unit = run->unit;
	if (*first)
		gate_run_free(run);
	else
		*first = run;
	return e;
}

static int is_json(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && !strcmp(e->d_name + len - 5, ".json");
}

int gate_history_read(const char *path, const struct gate_metric *metric, struct gate_history *h,
		      struct gate_error *err)
{
	struct gate_run *first = NULL;
	struct dirent **entry;
	int n = scandir(path, &entry, is_json, alphasort), e = 0;

	*h = (struct gate_history){.metric = *metric};
	if (n < 0)
		return gate_fail(err, -errno, "cannot read the folder %s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!e)
			e = take_file(h, path, entry[i]->d_name, &first, err);
		free(entry[i]);
	}
	free(entry);
	gate_run_free(first);
	if (!e && !h->points)
		e = gate_fail(err, -ENODATA, "no run in %s tells %s", path, metric->name);
	if (!e && h->points > SAMPLE_MAX)
		e = gate_fail(err, -E2BIG, "%s has %zu runs, more than %d", path, h->points, SAMPLE_MAX);
	if (e)
		return e;
	qsort(h->point, h->points, sizeof(*h->point), compare_recorded);
	find_steps(h->point, 0, h->points);
	return 0;
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

int gate_history_text(FILE *out, const struct gate_history *h)
{
	char text[GATE_CELL];
	double before = 0;

	for (size_t i = 0, end; i < h->points; i = end) {
		double now;

		end = segment_end(h, i);
		now = level(h->point, i, end);
		fprintf(out, "%s %s from %s (", h->metric.name, cost(text, h, now),
			h->point[i].recorded);
		gate_escape(out, h->point[i].name);
		fprintf(out, "), %zu run%s", end - i, end - i == 1 ? "" : "s");
		if (i)
			fprintf(out, ": %+.1f%%", 100 * (now / before - 1));
		fputc('\n', out);
		before = now;
	}
	if (h->passed_over)
		fprintf(out, "%zu runs passed over: they failed, lost something or do not tell it\n",
			h->passed_over);
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

	for (size_t i = 0, end; i < h->points; i = end) {
		double value;

		end = segment_end(h, i);
		value = level(h->point, i, end);
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
