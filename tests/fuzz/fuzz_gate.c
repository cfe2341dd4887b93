// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_gate - libFuzzer over iommugate's runs: the input is BASE and, behind a zero, NEW; without one it is both.
 *
 * Whatever they are: comparing ends, what is for a terminal is printable ASCII, and what is JSON is JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "gate/output.h"

static struct gate_run *read_run(const uint8_t *data, size_t size)
{
	int fd = memfd_create("run", MFD_CLOEXEC);
	struct gate_run *run = NULL;
	struct gate_error err;
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (gate_run_read(path, &run, &err))
		run = NULL;
	close(fd);
	return run;
}

static void check_output(const struct gate_output *output, const struct gate_report *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *root;

	if (!out || output->write(out, r) || fclose(out))
		abort();
	for (size_t i = 0; !strcmp(output->name, "text") && i < len; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			abort();
	if (!strcmp(output->name, "json")) {
		root = json_loadb(text, len, 0, NULL);
		if (!root)
			abort();
		json_decref(root);
	}
	free(text);
}

static void compare(const struct gate_run *base, const struct gate_run *new)
{
	static const char *const limits[] = {"map.mean=+0%", "map.p99=+5%", "map.4K.p50=+100", "unmap.max=1500",
					     "map.failures=0", "verdict.leak=0", "lost=0"};
	struct gate_policy policy = {};
	struct gate_result result;
	struct gate_error err;
	struct gate_report r = {.base = base, .new = new, .base_name = "base", .new_name = "new",
				.result = &result, .confidence = GATE_CONFIDENCE};

	if (gate_policy_default(&policy, base, new, .05))
		abort();
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (gate_policy_add(&policy, limits[i], &err))
			abort();
	if (gate_compare(base, new, &policy, GATE_CONFIDENCE, &result))
		abort();
	for (const struct gate_output *output = gate_outputs; output->name; output++)
		check_output(output, &r);
	gate_result_free(&result);
	gate_policy_free(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	struct gate_run *base = read_run(data, end ? (size_t)(end - data) : size), *new;

	if (!base)
		return 0;
	new = end ? read_run(end + 1, (size_t)(data + size - end - 1)) : base;
	if (new)
		compare(base, new);
	if (new != base)
		gate_run_free(new);
	gate_run_free(base);
	return 0;
}
