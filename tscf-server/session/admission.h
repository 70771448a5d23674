/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admission.h - which clients may have a tunnel: those that can receive at their outer address and, where the interface
 * demands it, prove their identity.
 *
 * The server stores nothing and gives no address before the client has shown both. tscf(7), "RETURN ROUTABILITY" and
 * "CLIENT AUTHENTICATION".
 */
#ifndef TSCF_SERVER_ADMISSION_H
#define TSCF_SERVER_ADMISSION_H

#include "tscf-server/session/request.h"

#include "common/auth/proof.h"

/**
 * Decide whether a request for a plain tunnel is admitted.
 *
 * @param who set to a copy of the client's name, which the caller frees, or NULL where the interface does not ask for
 * proof
 * @param grant set to what the RADIUS server grants; all zero: any address, without limit
 * @return whether the request goes on; if not, it has been answered, or it is kept until the RADIUS server has decided.
 */
bool server_admit_plain(const struct server_request *r, const uint8_t *client_id, struct tscf_client_name **who,
			struct server_radius_grant *grant);

/** Certificate_Request: a part of the certificates of a client that has a cookie. */
void server_admission_certificates(const struct server_request *r);

/**
 * Decide whether a request for an encrypted tunnel is admitted: it must come from the client that has the plain tunnel
 * that reserved it.
 *
 * @param tsid the reserved TSID
 * @param secret  SERVER_SECRET_SIZE bytes: the reservation's
 * @return NULL, or the reason for the refusal.
 */
const char *server_admit_encrypted(const struct server_request *r, const struct server_session *plain, uint64_t tsid,
				   const uint8_t *secret);

/** Pause between two checks of the certificates' dates. */
#define SERVER_CERTIFICATES_MS 60000

/** @return a copy to be freed, or NULL when out of memory. */
struct tscf_client_name *server_client_name_copy(const struct tscf_client_name *who);
/** @return whether @p who is the client that has proved its identity on @p s. */
bool server_is_client(const struct server_session *s, const struct tscf_client_name *who);

/** The settings have changed: end the tunnels of clients that are not admitted any more, and send them the reason. */
void server_admission_review(struct server_state *state, uint64_t now);
/** Do the same every SERVER_CERTIFICATES_MS for clients whose certificates have expired; call it with every tick. */
void server_admission_tick(struct server_state *state, uint64_t now);

#endif
