// SPDX-License-Identifier: GPL-2.0-only
/*
 * make_stream - recordings that no test machine gives: a million events of a large machine, and
 * names that want to break out of a page.
 *
 * usage: make_stream large|hostile|stack FRAME... >FILE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <iommuscope/stream.h>

#define INSTANCES 50
#define DEVICES	  1000
#define DOMAINS	  200 /* of user space */
#define EVENTS	  1000000
#define FIRST_NS  1000000000000ull
#define STEP_NS	  20000 /* between two events, on average */

#define UNMANAGED IMS_DOMAIN_PAGING
#define DMA	  (IMS_DOMAIN_PAGING | IMS_DOMAIN_DMA_API)

static struct ims_writer *writer;
static uint64_t now_ns = FIRST_NS;
static uint64_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 33;
}

static void put(struct ims_record rec)
{
	rec.time_ns = now_ns;
	if (ims_writer_put(writer, &rec)) {
		perror("make_stream");
		exit(1);
	}
}

static void put_host(const char *key, const char *value)
{
	put((struct ims_record){.type = IMS_REC_HOST, .host = {key, value}});
}

static void put_instance(const char *name, const char *driver)
{
	put((struct ims_record){.type = IMS_REC_INSTANCE, .instance = {name, driver}});
}

static void put_event(struct ims_event e)
{
	put((struct ims_record){.type = IMS_REC_EVENT, .event = e});
	now_ns += 1000;
}

/* ---- a large machine ------------------------------------------------------------------------ */

static char instance_name[INSTANCES][32], device_name[DEVICES][32];

static struct ims_event of_device(uint32_t hook, uint32_t device)
{
	return (struct ims_event){.hook = hook,
				  .device = device_name[device],
				  .instance = instance_name[device % INSTANCES],
				  .group = device,
				  .pid = 4000 + device,
				  .tid = 4000 + device,
				  .comm = "qemu-system-aar",
				  .duration_ns = 20000};
}

static void snapshot(void)
{
	for (uint32_t i = 0; i < INSTANCES; i++) {
		snprintf(instance_name[i], 32, "smmu3.0x%016x", 0x0c000000 + i * 0x20000);
		put_instance(instance_name[i], "arm-smmu-v3");
	}
	for (uint32_t i = 0; i < DEVICES; i++) {
		struct ims_event e;

		snprintf(device_name[i], 32, "%04x:%02x:%02x.0", i / 500, i / 32 % 256, i % 32);
		e = of_device(IMS_HOOK_SNAPSHOT, i);
		e.domain = 1 + i;
		e.domain_type = DMA;
		e.domain_instance = e.instance;
		e.flags = IMS_EVENT_SNAPSHOT | IMS_EVENT_DEFAULT | IMS_EVENT_CURRENT |
			  IMS_EVENT_DRIVER_READ;
		put_event(e);
	}
}

static void attach(uint32_t device, uint64_t domain, uint32_t owner, int32_t result)
{
	struct ims_event e = of_device(IMS_HOOK_ATTACH, device);

	e.domain = domain;
	e.domain_type = UNMANAGED;
	e.domain_instance = instance_name[owner % INSTANCES];
	e.flags = IMS_EVENT_DRIVER_READ;
	e.result = result;
	e.function = "__iommu_attach_device";
	put_event(e);
	e.hook = IMS_HOOK_ATTACH_GROUP;
	e.device = e.instance = "";
	e.duration_ns = 40000;
	put_event(e);
}

/* A domain for a device; every tenth is tried on a device of another instance first. */
static void user_space(uint32_t i)
{
	uint32_t device = i * (DEVICES / DOMAINS);
	struct ims_event e = of_device(IMS_HOOK_DOMAIN_ALLOC, device);
	uint64_t domain = DEVICES + 1 + i;

	e.domain = domain;
	e.domain_type = UNMANAGED;
	e.domain_instance = e.instance;
	e.flags = IMS_EVENT_DRIVER_READ;
	put_event(e);
	attach(device, domain, device, 0);
	if (i % 10)
		return;
	attach(device + 1, domain, device, -EINVAL);
	attach(device + 1, domain + 1, device + 1, 0);
}

static void operation(uint64_t i)
{
	static const uint32_t hooks[] = {IMS_HOOK_MAP, IMS_HOOK_UNMAP, IMS_HOOK_IOTLB_SYNC,
					 IMS_HOOK_DMA_MAP};
	uint32_t r = next_random(), hook = hooks[r % 4], domain = r / 4 % DOMAINS;
	struct ims_event e = of_device(hook, domain * (DEVICES / DOMAINS));

	e.domain = DEVICES + 1 + domain;
	e.size = 4096;
	e.iova = 0x80000000ull + i * 4096;
	e.duration_ns = (90 + r % 64 + (r >> 6) % 256) << (r >> 18 & 63 ? 0 : 5);
	e.result = hook == IMS_HOOK_MAP && !(next_random() % 50000) ? -ENOMEM : 0;
	if (hook != IMS_HOOK_DMA_MAP)
		e.device = e.instance = "";
	put((struct ims_record){.type = IMS_REC_EVENT, .event = e});
	now_ns += next_random() % (2 * STEP_NS);
}

/* Totals of the command queue of each instance, as once a second. */
static void statistics(uint64_t second)
{
	for (uint32_t i = 0; i < INSTANCES; i++) {
		struct ims_record rec = {.type = IMS_REC_STATS};

		rec.stats.hook = IMS_HOOK_QUEUE_SYNC;
		rec.stats.object = instance_name[i];
		rec.stats.bucket[ims_hist_bucket(700)] = (second + 1) * (1000 + i);
		rec.stats.bucket[ims_hist_bucket(9000)] = second * second * 3;
		rec.stats.max_ns = 9000;
		rec.stats.sum_ns = (second + 1) * 700 * (1000 + i);
		put(rec);
	}
}

static void large(void)
{
	uint64_t second = 0;

	put_host("kernel.release", "7.3.4-large");
	put_host("kernel.arch", "aarch64");
	snapshot();
	for (uint32_t i = 0; i < DOMAINS; i++)
		user_space(i);
	for (uint64_t i = 0; i < EVENTS; i++) {
		operation(i);
		if ((now_ns - FIRST_NS) / 1000000000 > second)
			statistics(second++);
	}
	for (uint32_t i = 0; i < 5; i++) {
		struct ims_event e = of_device(IMS_HOOK_FAULT, i);

		e.domain = DEVICES + 1;
		e.iova = 0xdead0000;
		e.reason = "translation fault";
		put_event(e);
	}
	put((struct ims_record){.type = IMS_REC_END});
}

/* ---- names that bite ------------------------------------------------------------------------ */

static const char *const names[] = {
	"</script><script>document.title='bitten'</script>",
	"<!--<script>",
	"\"><img src=x onerror=document.title='bitten'>",
	"'-alert(1)-'",
	"\xe2\x80\xa8line\xe2\x80\xa9paragraph",
	"\xe2\x80\xaetxt.exe",
	"\xff\xfe\xc0\xaf broken",
	"__proto__",
	"constructor",
	"]]><svg onload=alert(1)>",
	"\x1b[31mred\x07",
	"javascript:alert(1)",
	"&lt;b&gt;&amp;",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static void hostile(void)
{
	static char long_name[4000];

	memset(long_name, '<', sizeof(long_name) - 1);
	for (uint32_t i = 0; i <= NAMES; i++) {
		const char *name = i < NAMES ? names[i] : long_name;
		struct ims_event e = {.hook = IMS_HOOK_DOMAIN_ALLOC,
				      .domain = i ? i : UINT64_MAX,
				      .domain_type = UNMANAGED,
				      .flags = IMS_EVENT_NO_DEVICE,
				      .comm = name,
				      .function = name,
				      .group = i,
				      .stack = {1, &name}};

		put_host(name, name);
		put_instance(name, name);
		put((struct ims_record){.type = IMS_REC_PLAN,
					.plan = {1, name, name, name, "failed", name}});
		put_event(e);
		e.hook = IMS_HOOK_ATTACH;
		e.device = e.instance = e.domain_instance = name;
		e.result = i % 2 ? INT32_MIN : 0;
		e.duration_ns = UINT64_MAX;
		put_event(e);
		e.hook = IMS_HOOK_FAULT;
		e.reason = name;
		put_event(e);
		e.hook = IMS_HOOK_DMA_MAP;
		put_event(e);
		now_ns = i == 5 ? UINT64_MAX : FIRST_NS;
	}
}

/* ---- a stack of user space ------------------------------------------------------------------ */

static void stack(char **frame, int count)
{
	struct ims_event e = {.hook = IMS_HOOK_DOMAIN_ALLOC, .comm = "vfio-loop", .pid = 180};

	e.user_stack.frame = (const char *const *)frame;
	e.user_stack.count = (uint32_t)count;
	put_event(e);
	put((struct ims_record){.type = IMS_REC_END});
}

int main(int argc, char **argv)
{
	writer = ims_writer_new(1, 6);
	if (argc < 2 || !writer)
		return 2;
	if (!strcmp(argv[1], "large"))
		large();
	else if (!strcmp(argv[1], "stack"))
		stack(argv + 2, argc - 2);
	else
		hostile();
	if (ims_writer_flush(writer)) {
		perror("make_stream");
		return 1;
	}
	ims_writer_free(writer);
	return 0;
}
