/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authorisation.h - a RADIUS server decides which clients that have proved who they are may have a tunnel.
 *
 * A request that has to wait for the decision is kept and handled again when it is there (control/authorised.h).  A
 * client that tries several transports at a time is asked about once.  Without an answer in time the client is refused,
 * and told why.  Only clients that have proved their address and identity can make the server keep anything.
 */
#ifndef TSCF_SERVER_AUTHORISATION_H
#define TSCF_SERVER_AUTHORISATION_H

#include "tscf-server/radius/radius.h"

#include "common/auth/proof.h"

#include <stdbool.h>
#include <stdint.h>

/** Most clients that are asked about at a time, or were a moment ago, in each worker. */
#define SERVER_AUTHORISATIONS_MAX 4096
/** Of these, most with one identity, so that one client that makes up identifiers does not shut out all others. */
#define SERVER_AUTHORISATIONS_EACH 256
/** Most requests of one client that wait. */
#define SERVER_AUTHORISATION_WAITERS 8
/** How long a decision holds. */
#define SERVER_AUTHORISATION_MS 10000

#define SERVER_REFUSAL_RADIUS    "the RADIUS server refuses access"
#define SERVER_REFUSAL_NO_RADIUS "the RADIUS server does not answer"

struct server_asker;
struct server_authorisation;
struct server_request;
struct server_state;
struct server_ruling;
struct server_way;

/** The clients that a worker asks about. */
struct server_authorisations {
	struct server_asker *asker; /**< shared by the workers; NULL: nobody is asked */
	unsigned worker;            /**< who asks */
	unsigned timeout;           /**< milliseconds */
	struct server_authorisation *first;
	unsigned count;
	uint64_t asked; /**< questions so far */
};

/** Handles a request again. */
typedef void (*server_authorised)(void *context, const struct server_way *way, const uint8_t *data, uint32_t length);

/**
 * Whether @p who may have a tunnel.
 *
 * @param grant  set if so
 * @return whether the request goes on; if not, it has been answered, or waits for the decision.
 */
bool server_authorise(const struct server_request *r, const struct tscf_client_name *who, const uint8_t *client_id,
		      struct server_radius_grant *grant);

/** The decision is there: handle the requests that wait for it. */
void server_authorisation_decide(struct server_state *state, const struct server_ruling *ruling, uint64_t now,
				 server_authorised handle, void *context);
/** Forget old decisions, and refuse requests that have waited for too long; call it about once a second. */
void server_authorisations_tick(struct server_state *state, uint64_t now, server_authorised handle, void *context);
void server_authorisations_free(struct server_authorisations *all);

#endif
