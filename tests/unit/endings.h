/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endings.h - why a server ends the tunnel of a client that did not ask for it, for the tests of both ends.
 *
 * server_endings.c provokes each of these: the server logs the reason and sends it.  test_client_refusals.c has a
 * server send each of these: the client's status and log show it.
 */
#ifndef TSCF_TESTS_ENDINGS_H
#define TSCF_TESTS_ENDINGS_H

#include "common/packet/message.h"

/** X(name, response code, reason) */
#define ENDINGS(X)                                                                                                     \
	X(administrator, SHUTDOWN, "disconnected by the administrator of the server")                                  \
	X(time, UNAUTHORIZED, "the time that the RADIUS server allows is over")                                        \
	X(proof_wanted, UNAUTHORIZED, "this server demands a client certificate or a pre-shared key")                  \
	X(withdrawn, UNAUTHORIZED, "access has been withdrawn")                                                        \
	X(key_changed, UNAUTHORIZED, "the key has been changed")                                                       \
	X(no_certificates_now, UNAUTHORIZED, "this server takes no certificates")                                      \
	X(ca_gone, UNAUTHORIZED, "the certificate is not signed by a CA of this server")                               \
	X(revoked_now, UNAUTHORIZED, "the certificate has been revoked")                                               \
	X(expired_now, UNAUTHORIZED, "the certificate has expired")

/** A row of the table, and the table. */
struct ending {
	const char *name;
	enum tscf_response code;
	const char *why;
};

#define ENDING_ROW(name, code, why) {#name, TSCF_RESPONSE_##code, why},
static const struct ending endings[] = {ENDINGS(ENDING_ROW)};

#define ENDING_COUNT ((int)(sizeof(endings) / sizeof(endings[0])))

#endif
