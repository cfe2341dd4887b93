// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_top - how long one refresh of iommutop takes on a machine of 1,000 instances, 10,000 devices and
 * 100,000 domains, a tenth of which map and unmap in the interval: rates, sorting, drawing at 200x50. In
 * processor time, so that others on the machine count for nothing.
 *
 * usage: bench_top [DOMAINS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <iommuscope/top.h>

#define INSTANCES 1000
#define DEVICES	  10000
#define ROUNDS	  11
#define GOAL_MS	  50.0
#define SECOND	  1000000000ull

static struct model *m;
static uint64_t now_ns = SECOND;
static char instance[INSTANCES][32], device[DEVICES][32];

static void put(struct ims_record rec)
{
	rec.time_ns = now_ns;
	if (!model_apply(m, &rec))
		return;
	fprintf(stderr, "bench_top: no memory\n");
	exit(1);
}

static void put_event(uint32_t hook, uint32_t dev, uint64_t domain, uint32_t type)
{
	struct ims_event e = {.hook = hook, .device = device[dev], .group = dev, .pid = 100 + dev,
			      .tid = 100 + dev, .comm = "qemu-system-aar", .domain = domain,
			      .domain_type = type, .instance = instance[dev % INSTANCES],
			      .domain_instance = instance[dev % INSTANCES], .function = "", .reason = "",
			      .format = "stage 1", .flags = IMS_EVENT_DRIVER_READ};

	put((struct ims_record){.type = IMS_REC_EVENT, .event = e});
}

static void put_stats(uint64_t domain, uint32_t hook, uint64_t calls)
{
	struct ims_stats s = {.domain = domain, .hook = hook, .sum_ns = 500 * calls, .max_ns = 9000,
			      .bytes = 4096 * calls, .object = ""};

	s.bucket[ims_hist_bucket(500)] = calls;
	put((struct ims_record){.type = IMS_REC_STATS, .stats = s});
}

static void build(uint64_t domains)
{
	for (int i = 0; i < INSTANCES; i++) {
		snprintf(instance[i], sizeof(instance[i]), "smmu3.0x%016x", 0x0c000000 + i * 0x20000);
		put((struct ims_record){.type = IMS_REC_INSTANCE, .instance = {instance[i], "arm-smmu-v3"}});
	}
	for (uint32_t i = 0; i < DEVICES; i++)
		snprintf(device[i], sizeof(device[i]), "%04x:%02x:%02x.%u", i >> 13, i >> 8 & 0x1f,
			 i >> 3 & 0x1f, i & 7);
	for (uint64_t d = 1; d <= domains; d++) {
		put_event(IMS_HOOK_DOMAIN_ALLOC, (uint32_t)(d % DEVICES), d, IMS_DOMAIN_PAGING);
		if (d <= DEVICES)
			put_event(IMS_HOOK_ATTACH, (uint32_t)(d % DEVICES), d, IMS_DOMAIN_PAGING);
		put_stats(d, IMS_HOOK_MAP, d % 1000);
		put_stats(d, IMS_HOOK_UNMAP, d % 1000);
	}
}

/* Every tenth domain works. */
static void work(uint64_t domains, uint64_t round)
{
	now_ns += SECOND;
	for (uint64_t d = 1 + round % 10; d <= domains; d += 10) {
		put_stats(d, IMS_HOOK_MAP, 1000 * (round + 1) + d % 1000);
		put_stats(d, IMS_HOOK_UNMAP, 1000 * (round + 1) + d % 1000);
	}
}

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int nowhere(void *arg, unsigned int y, const struct top_line *line)
{
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The median of the rounds on one screen. */
static double refresh_ms(struct top *t, enum top_screen_id screen, uint64_t domains)
{
	static const struct top_status status = {.source = "bench", .state = "", .message = "", .delay = 1};
	double ms[ROUNDS];

	top_go(t, screen);
	for (int i = 0; i < ROUNDS; i++) {
		double begin;

		work(domains, (uint64_t)i);
		begin = cpu_ms();
		if (top_refresh(t, m, now_ns) || top_draw(t, m, &status, 200, 50, nowhere, NULL))
			exit(1);
		ms[i] = cpu_ms() - begin;
		/* The selection has to be found again wherever it went. */
		top_key(t, m, TOP_KEY_END);
	}
	qsort(ms, ROUNDS, sizeof(ms[0]), by_value);
	return ms[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	uint64_t domains = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	struct top *t = top_new();
	double worst = 0;

	m = model_new();
	if (!m || !t || !domains)
		return 1;
	build(domains);
	if (top_refresh(t, m, now_ns))
		return 1;
	printf("screen       ms a refresh, %llu domains\n", (unsigned long long)domains);
	for (int screen = 0; screen < TOP_SCREENS; screen++) {
		double ms = refresh_ms(t, screen, domains);

		printf("%-12s %6.1f\n", top_screen_name(screen), ms);
		worst = ms > worst ? ms : worst;
	}
	printf("figure top.refresh_ms %.1f ms goal %.0f %s\n", worst, GOAL_MS,
	       worst <= GOAL_MS ? "met" : "short");
	return 0;
}
