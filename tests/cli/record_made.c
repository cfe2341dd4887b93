// SPDX-License-Identifier: GPL-2.0-only
/*
 * record_made FILE ALIVE: iommutrace's recorder on a source that needs no kernel, for tests/cli/kill. Each turn makes
 * some events, numbered from 1 by their domain; now and then more than a chunk holds. ALIVE has the time of
 * the newest turn as eight bytes, and has it still when this process was killed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tools/common.h"
#include "tools/recording.h"

struct ims_capture {
	const struct ims_capture_options *options;
	uint64_t events;
};

static struct ims_capture source;
static volatile uint64_t *alive;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int ims_capture_open(const struct ims_capture_options *options, struct ims_capture **out,
		     struct ims_error *err)
{
	source.options = options;
	*out = &source;
	return 0;
}

const char *ims_capture_notice(const struct ims_capture *c, unsigned int i)
{
	return NULL;
}

int ims_capture_start(struct ims_capture *c, struct ims_error *err)
{
	return ims_capture_poll(c, 0);
}

int ims_capture_poll(struct ims_capture *c, int timeout_ms)
{
	uint64_t count = rand() % 16 ? 3 : 20000;
	int ret = 0;

	usleep((useconds_t)(rand() % (timeout_ms * 500 + 1)));
	*alive = now_ns();
	while (!ret && count--) {
		struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = now_ns()};

		rec.event.hook = IMS_HOOK_DOMAIN_ALLOC;
		rec.event.domain = ++c->events;
		rec.event.duration_ns = (uint64_t)rand();
		rec.event.comm = rec.event.function = rec.event.device = rec.event.instance = "";
		rec.event.domain_instance = rec.event.reason = rec.event.format = "";
		ret = c->options->sink(c->options->arg, &rec);
	}
	return ret;
}

int ims_capture_refresh(struct ims_capture *c)
{
	return 0;
}

int ims_capture_stop(struct ims_capture *c)
{
	return 0;
}

void ims_capture_close(struct ims_capture *c)
{
}

uint64_t ims_capture_events(const struct ims_capture *c)
{
	return c->events;
}

uint64_t ims_capture_lost(const struct ims_capture *c)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct recording r = {.quiet = true, .recorder = {.path = argv[1], .level = 6}};
	char *no_command[] = {NULL};
	int fd = argc == 3 ? open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || ftruncate(fd, sizeof(*alive)))
		return EXIT_USAGE;
	alive = mmap(NULL, sizeof(*alive), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (alive == MAP_FAILED)
		return EXIT_RUNTIME;
	srand((unsigned int)getpid());
	return recording_run(&r, no_command);
}
