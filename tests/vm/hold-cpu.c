// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold-cpu: keeps a CPU from all threads of the kernel, those of its interrupts too, so that what they
 * have to do comes late.
 *
 *   hold-cpu CPU SECONDS     at most: until it is killed
 *
 * Exit status: 0 done, 1 the kernel refused, 2 usage.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct sched_param most = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	struct timespec now;
	cpu_set_t cpu;
	time_t end;

	if (argc != 3) {
		fputs("usage: hold-cpu CPU SECONDS\n", stderr);
		return 2;
	}
	CPU_ZERO(&cpu);
	CPU_SET(atoi(argv[1]), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) || sched_setscheduler(0, SCHED_FIFO, &most)) {
		perror("hold-cpu");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + atoi(argv[2]);
	while (now.tv_sec < end)
		clock_gettime(CLOCK_MONOTONIC, &now);
	return 0;
}
