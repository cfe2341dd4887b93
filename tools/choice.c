// SPDX-License-Identifier: GPL-2.0-only
#include "tools/choice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int set_events(struct ims_choice *c, const char *value)
{
	c->all = !strcmp(value, "all");
	if (c->all || !strcmp(value, "lifecycle"))
		return 0;
	complain("--events \"%s\" is neither lifecycle nor all", value);
	return EXIT_USAGE;
}

/* 1/N */
static int set_share(const char *option, const char *value, uint32_t *out)
{
	char name[24];
	uint64_t n;

	if (strncmp(value, "1/", 2)) {
		complain("%s \"%s\" is not 1/N, as 1/16", option, value);
		return EXIT_USAGE;
	}
	snprintf(name, sizeof(name), "%s 1/", option);
	if (parse_count(name, value + 2, &n))
		return EXIT_USAGE;
	if (!n || n > 1000000) {
		complain("%s 1/N takes an N from 1 to 1000000", option);
		return EXIT_USAGE;
	}
	*out = (uint32_t)n;
	return 0;
}

static int set_slower(struct ims_choice *c, const char *value)
{
	double us;

	if (parse_number("--slower", value, 0.001, &us))
		return EXIT_USAGE;
	c->slower_ns = us < 1e12 ? (uint64_t)(us * 1000) : UINT64_MAX;
	return 0;
}

static int set_stacks(struct ims_choice *c, const char *value)
{
	bool both = !strcmp(value, "both");

	c->user_stacks = both || !strcmp(value, "user");
	c->no_kernel_stacks = !both && strcmp(value, "kernel");
	if (c->user_stacks || !c->no_kernel_stacks || !strcmp(value, "none"))
		return 0;
	complain("--stacks \"%s\" is none of kernel, user, both and none", value);
	return EXIT_USAGE;
}

/* The operations of the hot path; each that is left out is a cost less. */
static int set_operations(struct ims_choice *c, const char *value)
{
	static const enum ims_hook all[] = {IMS_HOOK_MAP,	 IMS_HOOK_UNMAP,   IMS_HOOK_IOTLB_SYNC,
					    IMS_HOOK_QUEUE_SYNC, IMS_HOOK_DMA_MAP, IMS_HOOK_DMA_UNMAP};
	const size_t count = sizeof(all) / sizeof(all[0]);
	size_t n, i;

	c->without = 0;
	for (i = 0; i < count; i++)
		c->without |= 1u << all[i];
	for (; *value; value += n + (value[n] == ',')) {
		n = strcspn(value, ",");
		for (i = 0; i < count; i++)
			if (strlen(ims_hook_name(all[i])) == n &&
			    !strncmp(ims_hook_name(all[i]), value, n))
				break;
		if (i == count) {
			complain("--operations \"%.*s\" is none of map, unmap, iotlb-sync, "
				 "queue-sync, dma-map and dma-unmap", (int)n, value);
			return EXIT_USAGE;
		}
		c->without &= ~(1u << all[i]);
	}
	return 0;
}

/* A name for the kernel's side, which is no longer than names are there. */
static int set_name(const char *option, const char *value, char *name, size_t size)
{
	if (value[0] && strlen(value) < size) {
		strcpy(name, value);
		return 0;
	}
	complain("%s takes a name of 1 to %zu characters", option, size - 1);
	return EXIT_USAGE;
}

/* As sysfs has it: lspci leaves out the segment when it is 0. */
static int set_device(struct ims_filter *f, const char *value)
{
	char full[IMS_NAME_LEN];
	unsigned int bus, slot, function;
	int n = 0;

	if (sscanf(value, "%2x:%2x.%1x%n", &bus, &slot, &function, &n) == 3 && !value[n]) {
		snprintf(full, sizeof(full), "0000:%02x:%02x.%x", bus, slot, function);
		value = full;
	}
	return set_name("--device", value, f->device, sizeof(f->device));
}

static int set_number(const char *option, const char *value, uint64_t min, uint64_t max,
		      uint64_t *out)
{
	if (parse_count(option, value, out))
		return EXIT_USAGE;
	if (*out >= min && *out <= max)
		return 0;
	complain("%s takes a number from %" PRIu64 " to %" PRIu64, option, min, max);
	return EXIT_USAGE;
}

static int set_filter(struct ims_filter *f, int key, const char *value)
{
	uint64_t n = 0;
	int err = 0;

	switch (key) {
	case 'p':
		err = set_number("--pid", value, 1, INT32_MAX, &n);
		f->pid = (uint32_t)n;
		return err;
	case CHOICE_COMM:
		return set_name("--comm", value, f->comm, sizeof(f->comm));
	case CHOICE_DEVICE:
		return set_device(f, value);
	case CHOICE_GROUP:
		err = set_number("--group", value, 0, INT32_MAX, &n);
		f->group = (uint32_t)n;
		f->by_group = true;
		return err;
	case CHOICE_INSTANCE:
		return set_name("--instance", value, f->instance, sizeof(f->instance));
	case CHOICE_DOMAIN:
		return set_number("--domain", value, 1, UINT32_MAX, &f->domain);
	}
	return EXIT_USAGE;
}

int choice_set(struct ims_choice *c, int key, const char *value)
{
	switch (key) {
	case CHOICE_EVENTS:
		return set_events(c, value);
	case CHOICE_OPERATIONS:
		return set_operations(c, value);
	case CHOICE_SAMPLE:
		return set_share("--sample", value, &c->sample);
	case CHOICE_TIME:
		return set_share("--time", value, &c->time);
	case CHOICE_SLOWER:
		return set_slower(c, value);
	case CHOICE_STACKS:
		return set_stacks(c, value);
	case CHOICE_BUFFER:
		return parse_size("--buffer", value, 4096, &c->buffer_bytes);
	case CHOICE_RING:
		return parse_size("--ring", value, 4096, &c->ring_bytes);
	}
	return set_filter(&c->filter, key, value);
}

int choice_check(struct ims_choice *c)
{
	c->all |= c->sample > 0;
	if (c->time > 1 && (c->all || c->slower_ns)) {
		complain("--time is for statistics: single calls (--events all, --sample, --slower) "
			 "are all timed");
		return EXIT_USAGE;
	}
	if (c->buffer_bytes && !c->all) {
		complain("--buffer is for --events all");
		return EXIT_USAGE;
	}
	if (c->buffer_bytes > 4u << 20 || c->ring_bytes > 1u << 30) {
		complain("--buffer is 4M at most, and --ring 1G");
		return EXIT_USAGE;
	}
	return 0;
}
