/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * way.h - the way back to where a message came from, for an answer that comes later or from another thread.
 *
 * It names the interface, the transport and the connection by values, since all of them may be gone by then.
 */
#ifndef TSCF_SERVER_WAY_H
#define TSCF_SERVER_WAY_H

#include "tscf-server/session/request.h"

struct server_way {
	char interface[SERVER_RECORD_NAME];
	unsigned listener; /**< index of the interface's transport */
	uint64_t serial;   /**< of the connection; 0: the message came in a datagram */
	union tscf_endpoint outer;
	struct tscf_addr local;
};

/** @return the way back to where @p in came from. */
struct server_way server_way_of(const struct server_input *in);

/** @return the serial number of the connection that a message came by; on an encrypted one it is that of its session.
 * 0: no connection. */
uint64_t server_way_serial(const struct server_input *in);
/** @return the connection with that serial number that waits for an answer, or NULL if it is gone or has got a tunnel
 * meanwhile. */
struct tscf_peer *server_way_connection(const struct server_state *state, const struct server_listener *l,
					uint64_t serial);

/**
 * Find the way again.
 *
 * @param out set as for a message that comes by it now
 * @return false: its interface, transport or connection is gone.
 */
bool server_way_find(struct server_state *state, const struct server_way *way, uint64_t now, struct server_input *out);

/** Send an answer to where @p to says, when the store has written what it reports. */
void server_way_answer(struct server_worker *worker, const struct server_place *to, const struct server_answer *answer);

#endif
