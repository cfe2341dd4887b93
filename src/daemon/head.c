// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL	   1
#define MOST_ALIVE 4

static void head_free(struct heads *h, struct head *head)
{
	for (size_t i = 0; i < head->count; i++)
		free(head->chunk[i].data);
	free(head->chunk);
	free(head);
	h->alive--;
}

void head_put(struct heads *h, struct head *head)
{
	if (head && !--head->users)
		head_free(h, head);
}

static int add_chunk(void *arg, const void *chunk, size_t bytes)
{
	struct head *head = arg;
	struct head_chunk *more;

	more = realloc(head->chunk, (head->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	head->chunk = more;
	more[head->count].data = malloc(bytes);
	if (!more[head->count].data)
		return -ENOMEM;
	memcpy(more[head->count].data, chunk, bytes);
	more[head->count++].bytes = bytes;
	return 0;
}

static int to_writer(void *arg, const struct ims_record *rec)
{
	return ims_writer_put(arg, rec);
}

static int put_fact(struct ims_writer *w, const char *key, uint64_t value, uint64_t now_ns)
{
	struct ims_record rec = {.type = IMS_REC_HOST, .time_ns = now_ns};
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	rec.host = (struct ims_host){key, text};
	return ims_writer_put(w, &rec);
}

static int fill_live(struct heads *h, struct head *head, struct ims_writer *w, uint64_t now_ns)
{
	int err = put_fact(w, "live.begin", ++h->made, now_ns);

	if (!err)
		err = ims_carry_tell(h->carry, now_ns, to_writer, w);
	if (!err)
		err = put_fact(w, "live.since", now_ns, now_ns);
	head->next = ims_flight_next(h->flight);
	memcpy(head->events, ims_flight_events(h->flight), sizeof(head->events));
	return err;
}

static int fill_recent(struct heads *h, struct head *head, struct ims_writer *w)
{
	struct ims_kept first;

	head->next = ims_flight_first(h->flight);
	if (head->next == ims_flight_next(h->flight))
		return 0;
	first = ims_flight_get(h->flight, head->next);
	memcpy(head->events, first.events, sizeof(head->events));
	return ims_flight_tell(h->flight, to_writer, w);
}

/* Of a stream that has come to its next chunk: the head and what follows fit together. */
static struct head *head_new(struct heads *h, enum ims_want want, uint64_t now_ns)
{
	struct head *head = calloc(1, sizeof(*head));
	struct ims_writer *w = head ? ims_writer_new_to(add_chunk, head, LEVEL) : NULL;
	int err = w ? ims_flight_flush(h->flight) : -ENOMEM;

	if (!head)
		return NULL;
	h->alive++;
	head->want = want;
	if (!err)
		err = want == IMS_WANT_LIVE ? fill_live(h, head, w, now_ns) : fill_recent(h, head, w);
	if (!err)
		err = ims_writer_flush(w);
	ims_writer_free(w);
	if (!err)
		return head;
	head_free(h, head);
	return NULL;
}

/* Whether the chunk after @head is still there. */
static bool is_followed(const struct heads *h, const struct head *head)
{
	return head && head->next >= ims_flight_first(h->flight);
}

int head_get(struct heads *h, enum ims_want want, uint64_t now_ns, struct head **out)
{
	struct head **newest = &h->newest[want];

	if (!is_followed(h, *newest)) {
		head_put(h, *newest);
		*newest = NULL;
		if (h->alive >= MOST_ALIVE)
			return -EBUSY;
		*newest = head_new(h, want, now_ns);
		if (!*newest)
			return -ENOMEM;
		(*newest)->users++;
	}
	(*newest)->users++;
	*out = *newest;
	return 0;
}

void heads_tidy(struct heads *h)
{
	for (int want = 0; want < 2; want++) {
		if (!h->newest[want] || h->newest[want]->users > 1)
			continue;
		head_put(h, h->newest[want]);
		h->newest[want] = NULL;
	}
}
