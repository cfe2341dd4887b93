// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_reader - libFuzzer over the reader: each record, and each byte of its strings. */
#include "fuzz.h"

static volatile uint64_t sink;

static void use_string(const char *s)
{
	sink += strlen(s);
}

static void use_event(const struct ims_event *ev)
{
	uint32_t i;

	use_string(ev->function);
	use_string(ev->comm);
	use_string(ev->device);
	use_string(ev->instance);
	use_string(ev->domain_instance);
	use_string(ev->reason);
	use_string(ev->format);
	for (i = 0; i < ev->user_stack.count; i++)
		use_string(ev->user_stack.frame[i]);
	for (i = 0; i < ev->stack.count; i++)
		use_string(ev->stack.frame[i]);
}

static void use(const struct ims_record *rec)
{
	switch (rec->type) {
	case IMS_REC_HOST:
		use_string(rec->host.key);
		use_string(rec->host.value);
		break;
	case IMS_REC_PLAN:
		use_string(rec->plan.function);
		use_string(rec->plan.mechanism);
		use_string(rec->plan.module);
		use_string(rec->plan.state);
		use_string(rec->plan.reason);
		break;
	case IMS_REC_INSTANCE:
		use_string(rec->instance.name);
		use_string(rec->instance.driver);
		break;
	case IMS_REC_EVENT:
		use_event(&rec->event);
		break;
	case IMS_REC_STATS:
		use_string(rec->stats.object);
		sink += rec->stats.bucket[IMS_HIST_BUCKETS - 1];
		break;
	case IMS_REC_LOSS:
		sink += rec->loss.lost;
		break;
	case IMS_REC_COUNT:
		sink += rec->count.emitted;
		break;
	case IMS_REC_MAX:
	case IMS_REC_END:
		break;
	default:
		abort();
	}
}

static void read_all(int fd)
{
	struct ims_record rec;
	struct ims_reader *r;
	int ret;

	if (ims_reader_open(fd, &r))
		return;
	while ((ret = ims_reader_next(r, &rec)) > 0)
		use(&rec);
	if (ret)
		abort();
	ims_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_stream(data, size);

	if (fd >= 0)
		read_all(fd);
	return 0;
}
