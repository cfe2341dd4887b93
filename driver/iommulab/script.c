// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include "lab.h"

/* Everything that is said about the last script. */
struct lab_log {
	size_t len;
	char text[8192];
};

static struct lab_log *last;

static const struct lab_scenario {
	const char *name;
	const char *script;
} scenarios[] = {
	{ "device", "alloc a dev 1.0; attach a 1.0; map a 0x100000 0x10000; "
		    "unmap a 0x100000 0x10000" },
	{ "bus-wrong", "set alloc_policy bus; alloc a dev 1.0; attach a 1.0" },
	{ "bus-wrong-vfio",
	  "set alloc_policy bus; claim 1.0; alloc a group 1.0; attach a 1.0; release 1.0" },
	{ "bus-right", "set alloc_policy bus; alloc a bus 0.1; attach a 0.1" },
	{ "proxy", "alloc a dev 0.0; attach a 0.1" },
	{ "proxy-wrong", "alloc a dev 0.0; -attach a 1.0; attach a 0.0" },
	{ "deferred", "set alloc_policy deferred; alloc a dev 1.0; attach a 1.0" },
	{ "accepted-mismatch", "set check_instance 0; alloc a dev 0.0; attach a 0.0; "
			       "attach a 1.0" },
	{ "hard-mismatch", "alloc a dev 0.0; attach a 0.0; attach a 1.0" },
	/* What VFIO does with one container and groups behind two instances. */
	{ "soft-mismatch",
	  "claim 0.0; alloc a group 0.0; attach a 0.0; map a 0x100000 0x10000; "
	  "claim 1.0; alloc b group 1.0; attach b 1.0; detach b 1.0; -attach a 1.0; attach b 1.0; "
	  "map b 0x100000 0x10000; unmap a 0x100000 0x10000; unmap b 0x100000 0x10000" },
	{ "shared", "alloc a dev 0.0; attach a 0.0; attach a 0.1" },
	{ "mixed-group", "alloc a dev 0.last; attach a 0.last" },
	{ "pasid", "alloc a dev 0.0; attach a 0.0; alloc b dev 0.0; "
		   "pasid b 0.0 5; unpasid b 0.0 5" },
	{ "pasid-replace", "alloc a dev 0.0; attach a 0.0; alloc b dev 0.0; alloc c dev 0.0; "
			   "pasid b 0.0 5; replace-pasid c 0.0 5; unpasid c 0.0 5" },
	{ "pasid-format",
	  "set format v1; alloc a dev 0.0; attach a 0.0; set format v2; alloc b dev 0.0; "
	  "pasid b 0.0 5" },
	{ "pasid-group", "alloc a dev 0.last; pasid a 0.last 5" },
	/* What iommufd does for a guest that has page tables of its own. */
	{ "iommufd", "claim 0.0; alloc-op a 0.0; attach-handle a 0.0; map a 0x100000 0x10000; "
		     "alloc-op b 0.0 parent; replace-handle b 0.0; alloc-nested c 0.0 b; "
		     "replace-handle c 0.0; detach-handle c 0.0; release 0.0" },
	{ "sva", "sva 0.0" },
	{ "attach-enomem", "alloc a dev 0.0; fail attach 1 -12; attach a 0.0" },
	{ "attach-eio", "alloc a dev 0.0; fail attach 1 -5; attach a 0.0" },
	{ "finalise-fails", "fail finalise 1 -12; alloc a dev 0.0; attach a 0.0" },
	{ "alloc-fails", "fail alloc 1 -12; alloc a dev 0.0" },
	{ "map-half",
	  "alloc a dev 0.0; attach a 0.0; fail ptpage 5 -12; map a 0x1ff000 0x2000" },
	{ "unmap-short", "alloc a dev 0.0; attach a 0.0; map a 0x200000 0x1000; "
			 "unmap a 0x200000 0x2000" },
	{ "leak", "alloc a dev 0.0; attach a 0.0; map a 0x100000 0x10000; detach a 0.0; keep" },
	{ "hold", "claim 0.0; alloc a dev 0.0; attach a 0.0; keep" },
	{ "probe-lost", "remove 1.last; fail attach 1 -5; add 1.last" },
	{ "probe-lost-mixed",
	  "set mixed_dma 1; remove 1.last; remove 0.last; add 0.last; add 1.last" },
	/* Newer kernels have a WARN for this one. */
	{ "probe-lost-bus", "set alloc_policy bus; remove 1.0; add 1.0" },
	{ "fault", "alloc a dev 0.0; attach a 0.0; map a 0x100000 0x1000; "
		   "unmap a 0x100000 0x1000; fault a 0.0 0x100000" },
	{ "slow-sync", "alloc a dev 0.0; attach a 0.0; map a 0x100000 0x1000; delay 1 2000; "
		       "unmap a 0x100000 0x1000" },
	{ "page-table", "alloc a dev 0.0; attach a 0.0; verify a 2000 1" },
};

void lab_log(struct lab_log *log, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log->len += vscnprintf(log->text + log->len, sizeof(log->text) - log->len, fmt, ap);
	va_end(ap);
}

/* "-" before a step: go on if it fails. */
static int run_step(char *step, bool *keep)
{
	bool may_fail = *step == '-';
	int err;

	step = strim(step + may_fail);
	if (!*step)
		return 0;
	if (!strcmp(step, "keep")) {
		*keep = true;
		return 0;
	}
	lab_log(last, "%s\n", step);
	err = lab_step(step, last);
	lab_log(last, "  returns %d\n", err);
	return may_fail ? 0 : err;
}

static int run_script(char *text)
{
	char *step;
	bool keep = false;
	int err = 0;

	while (!err && (step = strsep(&text, ";\n")))
		err = run_step(strim(step), &keep);
	if (!keep)
		lab_steps_reset();
	lab_log(last, "result %d\n", err);
	return err;
}

/* "0.last" names the device that mixed_groups=1 puts into a mixed group. */
static char *expand(const char *script)
{
	const char *rest = script, *last_dev;
	size_t size = strlen(script) + 64;
	char *text = kzalloc(size, GFP_KERNEL), *to = text;

	if (!text)
		return NULL;
	while ((last_dev = strstr(rest, ".last"))) {
		memcpy(to, rest, last_dev - rest);
		to += last_dev - rest;
		to += sprintf(to, ".%u", lab_nr_devices - 1);
		rest = last_dev + strlen(".last");
	}
	strscpy(to, rest, text + size - to);
	return text;
}

/* A scenario's name, or a script. Returns what the first step returned that should not fail. */
int lab_scenario(char *text)
{
	const char *script = text;
	char *copy;
	int err;

	text = strim(text);
	if (!last)
		last = kvzalloc(sizeof(*last), GFP_KERNEL);
	if (!last)
		return -ENOMEM;
	last->len = 0;
	if (!strcmp(text, "reset")) {
		lab_steps_reset();
		return 0;
	}
	for (int i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(text, scenarios[i].name))
			script = scenarios[i].script;
	copy = expand(script);
	if (!copy)
		return -ENOMEM;
	err = run_script(copy);
	kfree(copy);
	return err;
}

void lab_show_scenario(struct seq_file *s)
{
	if (last && last->len) {
		seq_write(s, last->text, last->len);
		return;
	}
	for (int i = 0; i < ARRAY_SIZE(scenarios); i++)
		seq_printf(s, "%s: %s\n", scenarios[i].name, scenarios[i].script);
}

void lab_scenario_exit(void)
{
	kvfree(last);
}
