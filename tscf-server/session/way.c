/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/way.h"

#include "common/transport/stream.h"

#include <string.h>

uint64_t server_way_serial(const struct server_input *in)
{
	const struct tscf_peer *connection = in->place.connection;

	if (!connection)
		return 0;
	if (!connection->transport->ops->encrypted)
		return tscf_stream_serial(connection);
	return connection->user ? ((const struct server_session *)connection->user)->serial : 0;
}

struct tscf_peer *server_way_connection(const struct server_state *state, const struct server_listener *l,
					uint64_t serial)
{
	const struct server_session *accepted;

	if (!l->transport || serial == 0)
		return NULL;
	if (!l->transport->ops->encrypted)
		return tscf_stream_waiting(l->transport, serial);
	accepted = server_session_accepted(&state->sessions, serial);
	return accepted && accepted->listener == l ? accepted->peer : NULL;
}

struct server_way server_way_of(const struct server_input *in)
{
	struct server_way way = {.listener = (unsigned)(in->place.listener - in->interface->listener),
				 .serial = server_way_serial(in),
				 .outer = in->place.outer,
				 .local = in->place.local};

	strncpy(way.interface, in->interface->name, sizeof(way.interface) - 1);
	return way;
}
