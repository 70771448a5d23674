/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sealing.h - control messages of plain sessions are authenticated where they enter and leave (common/auth/seal.h).
 */
#ifndef TSCF_SERVER_SEALING_H
#define TSCF_SERVER_SEALING_H

#include "tscf-server/session/request.h"

/** How often a client that does not know that the server was restarted is notified at most. */
#define SERVER_PAST_MS 250

/**
 * Check the MAC of a message that bears the TSID of a plain session which has keys; set r->sealed.
 *
 * @return false: the message must be dropped; it has been counted.
 */
bool server_sealing_open(struct server_request *r);
/** @return whether the message has the right MAC of the session at its outer address, but bears another TSID. */
bool server_sealing_misdirected(const struct server_request *r);
/** Seal the answer, if it is about a plain session that has keys. */
void server_sealing_close(struct server_state *state, struct server_answer *answer);

#endif
