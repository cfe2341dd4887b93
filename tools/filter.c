// SPDX-License-Identifier: GPL-2.0-only
#include "tools/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_NS (86400 * 1000000000ull)
/* A recording with more than the model keeps cannot be narrowed by what goes together. */
#define MAX_NAMES 10000
#define MAX_IDS	  100000
#define NO_DEVICE "/"

/* ---- what the user asks for ----------------------------------------------------------------- */

static int no_memory(void)
{
	complain("no memory");
	return EXIT_RUNTIME;
}

/* Keeps the order. Returns 0, or 1 with a message. */
static int add_id(struct view_ids *ids, uint64_t id)
{
	uint64_t *grown;
	size_t at = ids->count;

	if (view_ids_have(ids, id))
		return 0;
	if (ids->count == MAX_IDS) {
		complain("more than %d domains go with what is asked for: narrow it", MAX_IDS);
		return EXIT_RUNTIME;
	}
	grown = realloc(ids->id, (ids->count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory();
	ids->id = grown;
	for (; at && grown[at - 1] > id; at--)
		grown[at] = grown[at - 1];
	grown[at] = id;
	ids->count++;
	return 0;
}

static int add_name(struct view_names *names, const char *name)
{
	const char **grown;

	if (view_names_have(names, name))
		return 0;
	if (names->count == MAX_NAMES) {
		complain("more than %d devices go with what is asked for: narrow it", MAX_NAMES);
		return EXIT_RUNTIME;
	}
	grown = realloc(names->name, (names->count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory();
	names->name = grown;
	grown[names->count] = strdup(name);
	if (!grown[names->count])
		return no_memory();
	names->count++;
	return 0;
}

static int add_domain(struct filter *f, const char *value)
{
	uint64_t id;
	int code = parse_count("--domain", value, &id);

	return code ? code : add_id(&f->view.domains, id);
}

/* Before any of its devices is known, no device fits: so one that there cannot be. */
static int add_group(struct filter *f, const char *value)
{
	uint64_t id;
	int code = parse_count("--group", value, &id);

	if (!code)
		code = add_id(&f->groups, id);
	return code ? code : add_name(&f->view.devices, NO_DEVICE);
}

static int add_instance(struct filter *f, const char *value)
{
	int code = add_name(&f->instances, value);

	return code ? code : add_name(&f->view.devices, NO_DEVICE);
}

static int add_verdict(struct filter *f, const char *value)
{
	int kind = model_verdict_kind(value);

	if (kind < 0) {
		complain("--verdict: no verdict is called \"%s\"; docs/verdicts.md lists them",
			 value);
		return EXIT_USAGE;
	}
	f->view.verdicts |= 1u << kind;
	return 0;
}

/* The nanoseconds behind a point, if there is one; returns where they end. */
static const char *fraction(const char *s, uint64_t *ns)
{
	uint64_t unit = 100000000;

	*ns = 0;
	if (*s != '.' || s[1] < '0' || s[1] > '9')
		return s;
	for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
		*ns += unit * (uint64_t)(*s - '0');
	return s;
}

/* "12:34:56.7", "2026-11-22T12:34:56Z", with a blank for the T as well; UTC. */
static bool parse_clock(const char *value, struct filter_time *t)
{
	bool date = strchr(value, '-') != NULL;
	struct tm tm = {.tm_mday = 1, .tm_year = 70};
	const char *rest = NULL;
	uint64_t ns;

	if (date) {
		rest = strptime(value, "%Y-%m-%dT%H:%M:%S", &tm);
		if (!rest)
			rest = strptime(value, "%Y-%m-%d %H:%M:%S", &tm);
	} else {
		rest = strptime(value, "%H:%M:%S", &tm);
	}
	if (!rest)
		return false;
	rest = fraction(rest, &ns);
	if (*rest == 'Z')
		rest++;
	t->kind = date ? FILTER_DATE : FILTER_CLOCK;
	t->ns = (uint64_t)timegm(&tm) * 1000000000 + ns;
	return !*rest;
}

static int set_time(struct filter_time *t, const char *option, const char *value)
{
	double seconds;
	char *end;

	t->text = value;
	if (strchr(value, ':')) {
		if (parse_clock(value, t))
			return 0;
	} else {
		errno = 0;
		seconds = strtod(value, &end);
		t->kind = FILTER_SECONDS;
		t->ns = seconds >= 0 && seconds < 1e9 ? (uint64_t)(seconds * 1e9 + 0.5) : 0;
		if (!errno && !*end && end != value && seconds >= 0 && seconds < 1e9)
			return 0;
	}
	complain("%s \"%s\" is no time: seconds since the beginning, HH:MM:SS or "
		 "YYYY-MM-DDTHH:MM:SS (UTC)",
		 option, value);
	return EXIT_USAGE;
}

int filter_set(struct filter *f, int key, const char *value)
{
	switch (key) {
	case KEY_DOMAIN:
		return add_domain(f, value);
	case KEY_DEVICE:
		return add_name(&f->view.devices, value);
	case KEY_GROUP:
		return add_group(f, value);
	case KEY_INSTANCE:
		return add_instance(f, value);
	case KEY_VERDICT:
		return add_verdict(f, value);
	case KEY_SINCE:
		return set_time(&f->since, "--since", value);
	case KEY_UNTIL:
		return set_time(&f->until, "--until", value);
	}
	return EXIT_USAGE;
}

bool filter_any(const struct filter *f)
{
	return f->view.domains.count || f->view.devices.count || f->view.verdicts ||
	       f->since.text || f->until.text;
}

/* ---- what the stream says ------------------------------------------------------------------- */

static int resolve_time(const struct filter *f, const struct filter_time *t, uint64_t *out)
{
	uint64_t ns = t->ns;

	if (!t->text)
		return 0;
	if (t->kind == FILTER_SECONDS) {
		*out = f->first_ns + ns;
		return 0;
	}
	if (!f->clock_known) {
		complain("\"%s\": the recording does not tell its clock; give seconds since its "
			 "beginning",
			 t->text);
		return EXIT_RUNTIME;
	}
	/* A time of day is on the day of the beginning, or on the next one when that was later. */
	if (t->kind == FILTER_CLOCK) {
		ns += f->begin_ns - f->begin_ns % DAY_NS;
		if (ns + DAY_NS / 2 < f->begin_ns)
			ns += DAY_NS;
	}
	/* 0 stands for no time. */
	ns = ns > (uint64_t)f->clock_offset_ns ? ns - (uint64_t)f->clock_offset_ns : 1;
	*out = ns;
	return 0;
}

/*
 * The clock is another one from @now_ns on: what was not reached yet is looked for by that. What it jumped over
 * is now.
 */
static int resolve_later(const struct filter *f, const struct filter_time *t, uint64_t now_ns, uint64_t *out)
{
	uint64_t was = *out;
	int code;

	if (!t->text || t->kind == FILTER_SECONDS || was <= now_ns)
		return 0;
	code = resolve_time(f, t, out);
	if (*out < now_ns)
		*out = now_ns;
	return code;
}

static int resolve(struct filter *f)
{
	int code;

	if (f->resolved)
		return 0;
	f->begin_ns = f->first_ns + (uint64_t)f->clock_offset_ns;
	code = resolve_time(f, &f->since, &f->view.since_ns);
	if (!code)
		code = resolve_time(f, &f->until, &f->view.until_ns);
	f->resolved = !code;
	return code;
}

static int learn_clock(struct filter *f, const struct ims_host *host, uint64_t now_ns)
{
	bool later = !strcmp(host->key, "clock.later.realtime_offset_ns");
	long long offset;
	char *end;
	int code;

	if (!later && strcmp(host->key, "clock.realtime_offset_ns"))
		return 0;
	errno = 0;
	offset = strtoll(host->value, &end, 10);
	if (errno || *end || end == host->value || offset < 0)
		return 0;
	f->clock_offset_ns = offset;
	f->clock_known = true;
	if (!f->resolved)
		return 0;
	code = resolve_later(f, &f->since, now_ns, &f->view.since_ns);
	return code ? code : resolve_later(f, &f->until, now_ns, &f->view.until_ns);
}

static bool of_what_is_shown(const struct filter *f, const struct ims_event *e)
{
	return (e->group != IMS_NO_GROUP && view_ids_have(&f->groups, e->group)) ||
	       (*e->instance && view_names_have(&f->instances, e->instance));
}

static int learn_event(struct filter *f, const struct ims_event *e)
{
	int code = 0;

	if (*e->device && of_what_is_shown(f, e))
		code = add_name(&f->view.devices, e->device);
	if (code || !e->domain || !*e->device)
		return code;
	if (f->view.devices.count && view_names_have(&f->view.devices, e->device))
		code = add_id(&f->view.domains_of_devices, e->domain);
	if (!code && f->view.domains.count && view_ids_have(&f->view.domains, e->domain))
		code = add_name(&f->view.devices_of_domains, e->device);
	return code;
}

int filter_learn(struct filter *f, const struct ims_record *rec)
{
	if (rec->type == IMS_REC_HOST)
		return learn_clock(f, &rec->host, rec->time_ns);
	if (rec->type != IMS_REC_EVENT && rec->type != IMS_REC_STATS)
		return 0;
	/* What a recording that begins in the middle tells of before is no beginning. */
	if (!f->first_ns && rec->type == IMS_REC_EVENT && rec->event.flags & IMS_EVENT_EARLIER)
		return learn_event(f, &rec->event);
	if (!f->first_ns)
		f->first_ns = rec->time_ns;
	if (resolve(f))
		return EXIT_RUNTIME;
	return rec->type == IMS_REC_EVENT ? learn_event(f, &rec->event) : 0;
}

static void tell(FILE *out, const struct filter *f)
{
	const char *before = "";

	for (size_t i = 0; i < f->view.domains.count; i++, before = ", ")
		fprintf(out, "%sdomain %" PRIu64, before, f->view.domains.id[i]);
	for (size_t i = 0; i < f->groups.count; i++, before = ", ")
		fprintf(out, "%sgroup %" PRIu64, before, f->groups.id[i]);
	for (size_t i = 0; i < f->instances.count; i++, before = ", ")
		fprintf(out, "%sinstance %s", before, f->instances.name[i]);
	for (size_t i = 0; i < f->view.devices.count; i++) {
		if (!strcmp(f->view.devices.name[i], NO_DEVICE))
			continue;
		fprintf(out, "%sdevice %s", before, f->view.devices.name[i]);
		before = ", ";
	}
	for (int kind = 0; kind < MODEL_VERDICTS; kind++)
		if (f->view.verdicts & 1u << kind) {
			fprintf(out, "%sverdict %s", before, model_verdict_info(kind)->name);
			before = ", ";
		}
	if (f->since.text)
		fprintf(out, "%ssince %s", before, f->since.text);
	if (f->until.text)
		fprintf(out, "%suntil %s", f->since.text ? " " : before, f->until.text);
}

int filter_end(struct filter *f)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return no_memory();
	tell(out, f);
	if (fclose(out))
		return no_memory();
	f->view.text = text;
	return resolve(f);
}

/* ---- one record ------------------------------------------------------------------------------ */

struct about {
	uint64_t domain;
	const char *device;
};

static struct about about(const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_EVENT:
		return (struct about){rec->event.domain, rec->event.device};
	case IMS_REC_STATS:
		return (struct about){rec->stats.domain, rec->stats.object};
	default:
		return (struct about){0, ""};
	}
}

bool filter_record(const struct filter *f, const struct ims_record *rec)
{
	const struct view_filter *v = &f->view;
	struct about of = about(rec);

	if (f->since.text && !f->resolved)
		return false;
	if (v->domains.count && !view_ids_have(&v->domains, of.domain))
		return false;
	if (v->devices.count && !view_names_have(&v->devices, of.device))
		return false;
	return rec->time_ns >= v->since_ns && (!v->until_ns || rec->time_ns <= v->until_ns);
}

static void free_names(struct view_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free((void *)names->name[i]);
	free(names->name);
}

void filter_free(struct filter *f)
{
	free(f->view.domains.id);
	free(f->view.domains_of_devices.id);
	free(f->groups.id);
	free_names(&f->instances);
	free_names(&f->view.devices);
	free_names(&f->view.devices_of_domains);
	free((void *)f->view.text);
}
