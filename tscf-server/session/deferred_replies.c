/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/deferred_replies.h"

#include <stdlib.h>
#include <string.h>

struct server_deferred_reply {
	struct server_deferred_reply *next;
	struct tscf_transport *transport;
	union tscf_endpoint to;
	struct tscf_addr local;
	uint64_t after;
	uint64_t tsid;
	uint32_t length;
	uint8_t data[];
};

void server_deferred_replies_init(struct server_deferred_replies *w)
{
	w->first = NULL;
	w->last = &w->first;
	w->count = 0;
}

static void drop_first(struct server_deferred_replies *w)
{
	struct server_deferred_reply *gone = w->first;

	w->first = gone->next;
	if (!w->first)
		w->last = &w->first;
	w->count--;
	free(gone);
}

void server_deferred_replies_free(struct server_deferred_replies *w)
{
	while (w->first)
		drop_first(w);
}

void server_deferred_replies_add(struct server_deferred_replies *w, const struct server_place *to,
				 const struct server_answer *answer)
{
	struct tscf_message m;
	struct server_deferred_reply *h;

	if (w->count >= SERVER_DEFERRED_REPLIES_MAX || tscf_message_decode(answer->data, answer->length, &m) < 0)
		return;
	h = malloc(sizeof(*h) + answer->length);
	if (!h)
		return;
	h->next = NULL;
	h->transport = to->listener->transport;
	h->to = to->outer;
	h->local = to->local;
	h->after = answer->after;
	h->tsid = m.tsid;
	h->length = answer->length;
	memcpy(h->data, answer->data, answer->length);
	*w->last = h;
	w->last = &h->next;
	w->count++;
}

void server_deferred_replies_send(struct server_deferred_replies *w, const struct server_state *state, uint64_t written,
				  void (*send_to)(struct tscf_transport *t, const union tscf_endpoint *to,
						  const struct tscf_addr *local, const void *data, uint32_t length))
{
	/* Tickets grow, but those of two sessions may be in any order: an answer behind one that waits is sent a moment
	 * late. */
	while (w->first && w->first->after <= written) {
		const struct server_deferred_reply *h = w->first;
		struct server_session *s = server_session_find(&state->sessions, h->tsid);

		if (s && s->peer && s->peer->transport == h->transport && tscf_endpoint_equal(&s->peer->outer, &h->to))
			tscf_peer_send(s->peer, h->data, h->length);
		else if (!h->transport->ops->encrypted && !h->transport->ops->stream)
			send_to(h->transport, &h->to, &h->local, h->data, h->length);
		drop_first(w);
	}
}
