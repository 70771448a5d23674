/* SPDX-License-Identifier: GPL-3.0-or-later */
/* way_back.c - the way is found again, and an answer goes by it. */
#include "tscf-server/session/way.h"

#include "tscf-server/context.h"

#include "common/transport/udp.h"

bool server_way_find(struct server_state *state, const struct server_way *way, uint64_t now, struct server_input *out)
{
	struct server_interface *i = server_interface_find(state, way->interface);
	struct server_listener *l = i ? &i->listener[way->listener] : NULL;
	struct tscf_peer *peer;

	if (!l || !l->transport)
		return false;
	*out = (struct server_input){
	    .interface = i, .place = {.listener = l, .outer = way->outer, .local = way->local}, .now = now};
	peer = way->serial ? server_way_connection(state, l, way->serial) : tscf_udp_peer_at(l->transport, &way->outer);
	out->session = peer ? peer->user : NULL;
	if (!way->serial)
		return true;
	out->place.connection = peer;
	out->encrypted = l->transport->ops->encrypted && (!out->session || out->session->encrypted);
	return peer && !peer->closed;
}

void server_way_answer(struct server_worker *worker, const struct server_place *to, const struct server_answer *answer)
{
	const struct server_store *store = worker->state->store;

	if (answer->length == 0)
		return;
	if (store && answer->after > server_store_written(store))
		server_deferred_replies_add(&worker->deferred, to, answer);
	else if (to->connection)
		tscf_peer_send(to->connection, answer->data, answer->length);
	else
		tscf_udp_send_to(to->listener->transport, &to->outer, &to->local, answer->data, answer->length);
}
