/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admission.h - who may have a tunnel: who can receive at its outer address, and can prove who it is where that is
 * demanded.
 *
 * Nothing is remembered, and no address is given, before both are shown.  tscf(7), "RETURN ROUTABILITY" and "CLIENT
 * AUTHENTICATION".
 */
#ifndef TSCF_SERVER_ADMISSION_H
#define TSCF_SERVER_ADMISSION_H

#include "tscf-server/session/request.h"

#include "common/auth/proof.h"

/**
 * A request for a plain tunnel.
 *
 * @param who  set to a copy of who the client is, to be freed, or NULL where that is not asked
 * @return whether it goes on; if not, it has been answered.
 */
bool server_admit_plain(const struct server_request *r, const uint8_t *client_id, struct tscf_client_name **who);

/**
 * A request for an encrypted tunnel: it must come from the client that has the plain one, which reserved it.
 *
 * @param tsid    what was reserved
 * @param secret  SERVER_SECRET_SIZE bytes: the reservation's
 * @return NULL, or why it is refused.
 */
const char *server_admit_encrypted(const struct server_request *r, const struct server_session *plain, uint64_t tsid,
				   const uint8_t *secret);

/** Pause between two looks at the certificates' dates. */
#define SERVER_CERTIFICATES_MS 60000

/** @return a copy to be freed, or NULL when out of memory. */
struct tscf_client_name *server_client_name_copy(const struct tscf_client_name *who);
/** @return whether @p who is the client that has proved itself on @p s. */
bool server_is_client(const struct server_session *s, const struct tscf_client_name *who);

/** The settings have changed: end the tunnels of clients that have lost their right, and tell them why. */
void server_admission_review(struct server_state *state, uint64_t now);
/** The same for certificates that have expired meanwhile, each SERVER_CERTIFICATES_MS; call it with every tick. */
void server_admission_tick(struct server_state *state, uint64_t now);

#endif
