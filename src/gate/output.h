/* SPDX-License-Identifier: GPL-2.0-only */
/* output.h - a comparison, written for people and for machines. */
#ifndef GATE_OUTPUT_H
#define GATE_OUTPUT_H

#include <stdio.h>

#include "gate/compare.h"

struct gate_report {
	const struct gate_run *base, *new;
	const char *base_name, *new_name;
	const struct gate_result *result;
	double confidence;
	bool color;
};

/* One format; write() returns 0, -EIO or -ENOMEM. */
struct gate_output {
	const char *name; /* of the option, too */
	int (*write)(FILE *out, const struct gate_report *r);
};

/* text, json, junit, markdown, html. The last has no name. */
extern const struct gate_output gate_outputs[];

int gate_text(FILE *out, const struct gate_report *r);
int gate_json(FILE *out, const struct gate_report *r);
int gate_junit(FILE *out, const struct gate_report *r);
int gate_markdown(FILE *out, const struct gate_report *r);
int gate_html(FILE *out, const struct gate_report *r);

/* ---- shared by them --------------------------------------------------------------------------- */

#define GATE_CELL 24

/* "1.23us", "9139", "0": a cost in the run's unit, or a count. Returns @to. */
const char *gate_value(char to[GATE_CELL], const struct gate_row *row, double value,
		       enum gate_unit unit);
/* "+1.6%", "=" or "-". */
const char *gate_change(char to[GATE_CELL], const struct gate_row *row);
/* "+0.9 .. +2.3 %", "exact", "counted" or "-". */
const char *gate_confidence(char to[GATE_CELL], const struct gate_row *row);

/* Writes text of a file so that it stays text: view_escape() on a terminal, gate_escape() in markup. */
typedef void gate_escape_fn(FILE *out, const char *s);

/* For HTML and XML. Bytes that are markup become entities; what is not printable ASCII becomes "?". */
void gate_escape(FILE *out, const char *s);

/* The worst verdict and what it is about, in one line of text. */
void gate_summary(FILE *out, const struct gate_report *r, gate_escape_fn *escape);

/* "an empty probe pair adds 244 ns (fentry+fexit)", or that this was not measured. */
void gate_overhead(FILE *out, const struct gate_run *run, gate_escape_fn *escape);

/* Of a stream that was written to: 0 or -EIO. */
int gate_written(FILE *out);

#endif
