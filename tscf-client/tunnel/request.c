/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct request *next;
	request_done done;
	void *user;
	uint64_t sent_at, due, pause, longest;
	uint32_t sequence;
	enum tscf_message_type type;
	uint16_t tries_left, quick_left;
	bool sent;
	bool hurried; /**< the next transmission comes early, and does not count as a try */
	bool urgent;
	bool repeated; /**< it was sent more than once: an answer does not tell which copy it answers (Karn) */
	uint32_t length;
	uint8_t data[];
};

void requests_init(struct requests *q, void (*transmit)(void *context, const uint8_t *data, uint32_t length),
		   void *context)
{
	*q = (struct requests){.transmit = transmit, .context = context};
	q->last = &q->first;
}

static void unlink_request(struct requests *q, struct request **at)
{
	struct request *r = *at;
	*at = r->next;
	if (q->last == &r->next)
		q->last = at;
	if (r->sent)
		q->under_way--;
}

static void finish(struct requests *q, struct request **at, const struct tscf_message *response, int error)
{
	struct request *r = *at;
	unlink_request(q, at);
	r->done(q->context, r->user, response, error);
	free(r);
}

void requests_clear(struct requests *q)
{
	/* Callbacks may add requests: cancel only the present ones. */
	struct request *first = q->first;
	q->first = NULL;
	q->last = &q->first;
	q->under_way = 0;
	while (first) {
		struct request *next = first->next;
		first->done(q->context, first->user, NULL, -ECANCELED);
		free(first);
		first = next;
	}
}

uint32_t requests_sequence(struct requests *q)
{
	return ++q->sequence;
}

static void schedule(const struct requests *q, struct request *r, uint64_t now)
{
	r->hurried = r->quick_left > 0 && !q->reliable;
	if (r->hurried)
		r->quick_left--;
	r->due = now + (r->hurried ? REQUEST_QUICK_MS + r->length / REQUEST_QUICK_BYTES : r->pause);
}

static void send_request(struct requests *q, struct request *r, uint64_t now)
{
	bool again = r->sent;
	if (!again) {
		r->sent = true;
		r->sent_at = now;
		q->under_way++;
	} else if (!r->hurried) {
		r->pause = r->pause * 2 < r->longest ? r->pause * 2 : r->longest;
	}
	if (!r->hurried && r->tries_left != REQUEST_TRIES_ENDLESS)
		r->tries_left--;
	schedule(q, r, now);
	/* A stream loses nothing. */
	if (again && q->reliable)
		return;
	r->repeated |= again;
	/* An urgent request is repeated before an answer can be there. */
	if (!r->urgent) {
		q->transmissions++;
		q->repetitions += again;
	}
	q->transmit(q->context, r->data, r->length);
}

static void fill_window(struct requests *q, uint64_t now)
{
	for (struct request *r = q->first; r && q->under_way < REQUEST_WINDOW; r = r->next)
		if (!r->sent)
			send_request(q, r, now);
}

int requests_add(struct requests *q, const uint8_t *data, uint32_t length, struct request_pace pace, request_done done,
		 void *user, uint64_t now)
{
	struct request *r = malloc(sizeof(*r) + length);
	if (!r)
		return -ENOMEM;
	*r = (struct request){.done = done,
			      .user = user,
			      .pause = pace.first_ms,
			      .longest = pace.longest_ms,
			      .due = UINT64_MAX,
			      .sequence = q->sequence,
			      .type = (enum tscf_message_type)data[1],
			      .tries_left = pace.tries,
			      .quick_left = pace.quick,
			      .urgent = pace.quick > 0,
			      .length = length};
	memcpy(r->data, data, length);
	*q->last = r;
	q->last = &r->next;
	fill_window(q, now);
	return 0;
}

bool requests_answer(struct requests *q, const struct tscf_message *response, uint64_t now)
{
	for (struct request **at = &q->first; *at; at = &(*at)->next) {
		struct request *r = *at;
		if (!r->sent || r->sequence != response->sequence || response->type != r->type + 1)
			continue;
		if (!r->repeated)
			/* 0 would mean that nothing was measured. */
			q->round_trip_ms = now > r->sent_at ? now - r->sent_at : 1;
		finish(q, at, response, 0);
		fill_window(q, now);
		return true;
	}
	return false;
}

void requests_tick(struct requests *q, uint64_t now)
{
	for (struct request **at = &q->first; *at;) {
		struct request *r = *at;
		if (!r->sent || now < r->due) {
			at = &r->next;
		} else if (r->tries_left > 0 || r->hurried) {
			send_request(q, r, now);
			at = &r->next;
		} else {
			finish(q, at, NULL, -ETIMEDOUT);
			/* The callback may have changed the list: start again; only few requests are due. */
			at = &q->first;
		}
	}
	fill_window(q, now);
}

void requests_repeat(struct requests *q, uint64_t tsid, uint64_t now)
{
	q->under_way = 0;
	for (struct request *r = q->first; r; r = r->next) {
		tscf_message_set_tsid(r->data, tsid);
		r->repeated |= r->sent;
		r->sent = r->hurried = false;
	}
	fill_window(q, now);
}

bool requests_idle(const struct requests *q)
{
	return !q->first;
}

uint64_t requests_next(const struct requests *q)
{
	uint64_t next = UINT64_MAX;
	for (const struct request *r = q->first; r; r = r->next)
		if (r->sent && r->due < next)
			next = r->due;
	return next;
}
