// SPDX-License-Identifier: GPL-2.0-only
/* Redaction: secrets go, what is equal stays equal, what is said of domains stays. */
#include "test_stream.h"

#include <stdbool.h>

#include "stream/scrub.h"

typedef void scrub_fn(struct scrub *s, const char *text, char *buf, size_t size);

static void assert_scrubs(scrub_fn *fn, struct scrub *s, const char *text, const char *wanted)
{
	char buf[4096];

	fn(s, text, buf, sizeof(buf));
	assert_string_equal(buf, wanted);
}

static void test_text(void **state)
{
	struct scrub *s = scrub_new();

	/* The same address, however it is written. */
	assert_scrubs(scrub_text, s, "smmu3.0x000000000c020000", "smmu3.addr-1");
	assert_scrubs(scrub_text, s, "arm-smmu-v3: base 0xC020000 and c020000, not 0xc040000",
		      "arm-smmu-v3: base addr-1 and addr-1, not addr-2");
	assert_scrubs(scrub_text, s, "reg_base_addr fed90000 ver 1:0 flags: 0x1 pages 4096",
		      "reg_base_addr addr-3 ver 1:0 flags: 0x1 pages 4096");
	assert_scrubs(scrub_text, s, "[mem 0x00000000fed90000-0x00000000fed90fff]",
		      "[mem addr-3-addr-4]");
	/* What is none. */
	assert_scrubs(scrub_text, s, "pci 0000:09:00.0: [8086:10d3] type 00 class 020000",
		      "pci 0000:09:00.0: [8086:10d3] type 00 class 020000");
	assert_scrubs(scrub_text, s, "10000:e1:00.0", "10000:e1:00.0");
	assert_scrubs(scrub_text, s, "iommu_attach_group+0x64 [vfio]",
		      "iommu_attach_group+0x64 [vfio]");
	assert_scrubs(scrub_text, s, "dmar0 ivhd0 virtio0 facade", "dmar0 ivhd0 virtio0 facade");
	/* Names of other kinds. */
	assert_scrubs(scrub_text, s, "root 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 end",
		      "root uuid-1 end");
	assert_scrubs(scrub_text, s, "nic 52:54:00:12:34:56, 52-54-00-12-34-56, at 10.0.2.15",
		      "nic mac-1, mac-2, at ip-1");
	assert_scrubs(scrub_text, s, "Serial Number: ABC123, serial=XYZ serial8250: x",
		      "Serial Number: serial-1, serial=serial-2 serial8250: x");
	scrub_learn_host(s, "vault.example.org");
	assert_scrubs(scrub_text, s, "on vault.example.org, vault: vaulted",
		      "on host-1, host-1: vaulted");
	assert_scrubs(scrub_text, s, "", "");
	assert_int_equal(scrub_count(s, SCRUB_HOST), 1);
	scrub_free(s);
}

static void test_log(void **state)
{
	struct scrub *s = scrub_new();

	assert_int_equal(scrub_number(s, SCRUB_TASK, "qemu-system-x86"), 1);
	assert_int_equal(scrub_number(s, SCRUB_TASK, "kworker/u8:3"), 2);
	assert_int_equal(scrub_pid(s, 4711), 1);
	assert_int_equal(scrub_pid(s, 0), 0);
	assert_scrubs(scrub_log, s, "[ 1234567.123456] vfio: qemu-system-x86[4711] pid 4711 (4711)",
		      "[ 1234567.123456] vfio: task-1[pid-1] pid pid-1 (pid-1)");
	assert_scrubs(scrub_log, s, "kworker/u8:3: 4711 pages, group [12]",
		      "task-2: 4711 pages, group [12]");
	scrub_free(s);
}

static void test_cmdline(void **state)
{
	struct scrub *s = scrub_new();

	assert_scrubs(
		scrub_cmdline, s,
		"BOOT_IMAGE=/vmlinuz-acme root=UUID=1234-ABCD ro quiet intel_iommu=on,sm_on "
		"iommu.strict=0 isolcpus=2-7 secretword ip=10.0.0.1::10.0.0.254:255.0.0.0:vault",
		"BOOT_IMAGE=value-1 root=value-2 ro quiet intel_iommu=on,sm_on "
		"iommu.strict=0 isolcpus=2-7 value-3 ip=value-4");
	assert_scrubs(scrub_cmdline, s, "a=\"two words\"  b=-7 c=off vfio-pci.ids=10de:1eb8 d=",
		      "a=value-5  b=-7 c=off vfio-pci.ids=10de:1eb8 d=");
	assert_scrubs(scrub_cmdline, s, "pci=resource_alignment=0x123456789",
		      "pci=resource_alignment=addr-1");
	scrub_free(s);
}

static void test_frames(void **state)
{
	struct scrub *s = scrub_new();

	/* As the capture writes them. */
	assert_scrubs(scrub_frame, s, "main+0x1c (secret)", "main+0x1c (object-1)");
	assert_scrubs(scrub_frame, s,
		      "0x41c00 (/home/alice (work)/secret) [build-id 0123456789abcdef0123]",
		      "0x41c00 (object-1) [build-id 0123456789abcdef0123]");
	assert_scrubs(scrub_frame, s, "f+0x1c (secret) [build-id 0123456789abcdef0123+0x2a1c]",
		      "f+0x1c (object-1) [build-id 0123456789abcdef0123+0x2a1c]");
	assert_scrubs(scrub_frame, s, "f+0x1c (secret) [build-id 0123456789abcdef0123+0x2alice]",
		      "f+0x1c (object-1) [build-id 0123456789abcdef0123+0x2a]");
	assert_scrubs(scrub_frame, s, "0x41c (/opt/other)", "0x41c (object-2)");
	assert_scrubs(scrub_frame, s, "0x7f1234567890", "addr-1");
	assert_scrubs(scrub_frame, s, "main+0x1", "main+0x1");
	/* As nobody writes them yet. */
	assert_scrubs(scrub_frame, s, "/home/alice/secret+0x12", "object-1+0x12");
	assert_scrubs(scrub_frame, s, "main+0x1 [/home/alice/secret]", "main+0x1 object-3");
	assert_scrubs(scrub_frame, s, "main (secret) [build-id alice]", "main object-4");
	assert_scrubs(scrub_frame, s, "", "");
	scrub_free(s);
}

/* ---- whole streams --------------------------------------------------------------------------- */

struct collected {
	FILE *f;
	char *text;
	size_t size;
};

static int collect(void *arg, const struct ims_record *rec)
{
	text_record(((struct collected *)arg)->f, rec);
	return 0;
}

static void put_fact(struct ims_redact *r, const char *key, const char *value)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = 1};

	rec.host = (struct ims_host){key, value};
	assert_int_equal(ims_redact_put(r, &rec), 0);
}

static struct ims_record secret_event(uint32_t pid, uint32_t tid, const char *comm)
{
	static const char *const kernel[] = {"vfio_iommu_type1_attach_group+0x64 [vfio]"};
	static const char *const user[] = {"main+0x1 (/home/alice/secret)"};
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = 2};

	rec.event = plain_event(IMS_HOOK_ATTACH);
	rec.event.pid = pid;
	rec.event.tid = tid;
	rec.event.comm = comm;
	rec.event.device = "0000:09:00.0";
	rec.event.instance = "smmu3.0x000000000c020000";
	rec.event.domain_instance = "smmu3.0x000000000c040000";
	rec.event.reason = "at 0xdeadbeef00";
	rec.event.format = "SMMUv3 stage 1";
	rec.event.iova = 0xabcdef000;
	rec.event.stack = (struct ims_stack){1, kernel};
	rec.event.user_stack = (struct ims_stack){1, user};
	return rec;
}

static char *redacted(bool with_end)
{
	struct collected c = {};
	struct ims_record rec;
	struct ims_redact *r;

	c.f = open_memstream(&c.text, &c.size);
	r = ims_redact_new(collect, &c);
	assert_non_null(r);
	put_fact(r, "host.name", "vault");
	put_fact(r, "kernel.release", "6.1.2.3-4");
	put_fact(r, "clock.realtime_offset_ns", "1234567890123");
	put_fact(r, "instance.dmar0.cap", "d2078c106f0466");
	put_fact(r, "instance.dmar0.address", "fed90000");
	put_fact(r, "dmesg.0001", "[    1.000000] vfio: secretd[4711] on vault: 0xc020000");
	rec = secret_event(4711, 4712, "secretd");
	assert_int_equal(ims_redact_put(r, &rec), 0);
	rec = secret_event(4711, 4711, "secretd");
	assert_int_equal(ims_redact_put(r, &rec), 0);
	rec = secret_event(4712, 0, "other");
	assert_int_equal(ims_redact_put(r, &rec), 0);
	rec = (struct ims_record){.type = IMS_REC_PLAN, .time_ns = 3};
	rec.plan = (struct ims_plan){.function = "f",
				     .mechanism = "",
				     .module = "",
				     .state = "failed",
				     .reason = "at 0xdeadbeef00"};
	assert_int_equal(ims_redact_put(r, &rec), 0);
	rec = (struct ims_record){.type = IMS_REC_STATS, .time_ns = 3};
	rec.stats = (struct ims_stats){
		.hook = IMS_HOOK_QUEUE_SYNC, .untimed = 9, .object = "smmu3.0x000000000c020000"};
	assert_int_equal(ims_redact_put(r, &rec), 0);
	rec = (struct ims_record){.type = IMS_REC_END, .time_ns = 4};
	if (with_end)
		assert_int_equal(ims_redact_put(r, &rec), 0);
	else
		assert_int_equal(ims_redact_end(r, 4), 0);
	assert_int_equal(ims_redact_end(r, 4), 0);
	ims_redact_free(r);
	fclose(c.f);
	return c.text;
}

static void test_stream(void **state)
{
	static const char *const secrets[] = {"secret",	 "other",   "471",	"vault",   "alice",
					      "c020000", "c040000", "fed90000", "deadbeef"};
	char *text = redacted(true), *cut = redacted(false);

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_null(strstr(text, secrets[i]));
	assert_non_null(strstr(text, "1 host redacted=command names, process ids, "));
	assert_non_null(strstr(text, "host host.name=host-1\n"));
	assert_non_null(strstr(text, "host kernel.release=6.1.2.3-4\n"));
	assert_non_null(strstr(text, "host clock.realtime_offset_ns=1234567890123\n"));
	assert_non_null(strstr(text, "host instance.dmar0.cap=d2078c106f0466\n"));
	assert_non_null(strstr(text, "pid=1 tid=2 comm=task-1 "));
	assert_non_null(strstr(text, "pid=1 tid=1 comm=task-1 "));
	assert_non_null(strstr(text, "pid=2 tid=0 comm=task-2 "));
	assert_non_null(strstr(text, "device=0000:09:00.0 instance=smmu3.addr-2 "
				     "domain_instance=smmu3.addr-3 "
				     "<vfio_iommu_type1_attach_group+0x64 [vfio] iova=abcdef000 "
				     "size=0 reason=at addr-4 format=SMMUv3 stage 1 "
				     "<<main+0x1 (object-1)\n"));
	assert_non_null(strstr(text, "untimed=9 object=smmu3.addr-2\n"));
	assert_non_null(strstr(text,
			       "1 host dmesg.0001=[    1.000000] vfio: task-1[pid-1] on host-1: "
			       "addr-2\n4 host redacted=command names (2), process ids (2), "
			       "physical addresses (4), host names (1), programs and paths (1)\n"
			       "4 end\n"));
	/* Without an end it is the same, but for that. */
	text[strlen(text) - strlen("4 end\n")] = 0;
	assert_string_equal(text, cut);
	free(text);
	free(cut);
}

/* Too many to tell apart is no reason to show one. */
static void test_many(void **state)
{
	struct scrub *s = scrub_new();
	char name[32], buf[32];

	for (unsigned int i = 0; i < (1u << 18) + 10; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		scrub_task(s, name, buf, sizeof(buf));
	}
	assert_string_equal(buf, "task-0");
	scrub_task(s, "n5", buf, sizeof(buf));
	assert_string_equal(buf, "task-6");
	scrub_task(s, "n5", buf, 4);
	assert_string_equal(buf, "tas");
	scrub_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	cmocka_unit_test(test_log),
		cmocka_unit_test(test_cmdline), cmocka_unit_test(test_frames),
		cmocka_unit_test(test_stream),	cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
