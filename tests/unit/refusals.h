/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusals.h - why a client gets no tunnel, for the tests of both ends.
 *
 * test_server_refusals.c provokes each of these: the server logs the reason and sends it.  test_client_refusals.c has a
 * server send each of these: the client's status and log show it.
 */
#ifndef TSCF_TESTS_REFUSALS_H
#define TSCF_TESTS_REFUSALS_H

#include "common/packet/message.h"

/** What is refused. */
enum refused {
	REFUSED_PLAIN,       /**< a plain tunnel */
	REFUSED_RESERVATION, /**< an encrypted tunnel, when it is asked for on the plain one */
	REFUSED_ENCRYPTED,   /**< an encrypted tunnel, on its own connection */
};

/** X(name, what is refused, response code, reason) */
#define REFUSALS(X)                                                                                                    \
	/* requests that tscf-client does not make */                                                                  \
	X(no_client_id, PLAIN, MALFORMED, "no client identifier")                                                      \
	X(no_share, PLAIN, MALFORMED, "no key share that this server knows: the client is too old, or too new")        \
	X(strange_share, PLAIN, MALFORMED, "no key share that this server knows: the client is too old, or too new")   \
	X(bad_share, PLAIN, MALFORMED, "the key share is of no use")                                                   \
	X(not_padded, PLAIN, TOO_SMALL, "pad the request")                                                             \
	/* limits */                                                                                                   \
	X(disabled, PLAIN, LIMIT, "no new tunnels here any more")                                                      \
	X(half_open, PLAIN, LIMIT, "too many tunnels are being set up")                                                \
	X(source, PLAIN, LIMIT, "no more tunnels from that address")                                                   \
	X(full, PLAIN, LIMIT, "no more tunnels here")                                                                  \
	X(own_limit, PLAIN, LIMIT, "no more tunnels for this client (tunnels in client-limits)")                       \
	X(no_address, PLAIN, NO_ADDRESS, "no internal address is free")                                                \
	/* a RADIUS server */                                                                                          \
	X(radius, PLAIN, UNAUTHORIZED, "the RADIUS server refuses access")                                             \
	X(radius_message, PLAIN, UNAUTHORIZED, "the RADIUS server refuses access: Your account is closed")             \
	X(no_radius, PLAIN, SERVICE_UNAVAILABLE, "the RADIUS server does not answer")                                  \
	X(radius_address, PLAIN, NO_ADDRESS, "the address from the RADIUS server is not free here")                    \
	/* pre-shared keys */                                                                                          \
	X(no_proof, PLAIN, UNAUTHORIZED, "this server demands a client certificate or a pre-shared key")               \
	X(malformed_proof, PLAIN, UNAUTHORIZED, "the proof is malformed")                                              \
	X(no_keys, PLAIN, UNAUTHORIZED, "this server takes no pre-shared keys")                                        \
	X(unknown, PLAIN, UNAUTHORIZED, "unknown identity")                                                            \
	X(wrong_key, PLAIN, UNAUTHORIZED, "wrong key")                                                                 \
	X(denied, PLAIN, UNAUTHORIZED, "access has been withdrawn")                                                    \
	/* one-time invitations */                                                                                     \
	X(lost, PLAIN, UNAUTHORIZED,                                                                                   \
	  "the server has lost its record of used invitations: this client needs a new invitation")                    \
	X(too_late, PLAIN, UNAUTHORIZED, "this invitation is no longer valid")                                         \
	X(used, PLAIN, UNAUTHORIZED, "this invitation has been used")                                                  \
	X(not_recorded, PLAIN, UNAUTHORIZED, "the server cannot record that this invitation is used: see its log")     \
	/* certificates */                                                                                             \
	X(no_certificates, PLAIN, UNAUTHORIZED, "this server takes no certificates")                                   \
	X(malformed_certificate, PLAIN, UNAUTHORIZED, "the proof is malformed")                                        \
	X(many_certificates, PLAIN, UNAUTHORIZED, "too many certificates: 4 are accepted")                             \
	X(no_public_key, PLAIN, UNAUTHORIZED, "the certificate has no public key")                                     \
	X(not_for_clients, PLAIN, UNAUTHORIZED, "the certificate is not for clients")                                  \
	X(unknown_ca, PLAIN, UNAUTHORIZED, "the certificate is not signed by a CA of this server")                     \
	X(expired, PLAIN, UNAUTHORIZED, "the certificate has expired")                                                 \
	X(early, PLAIN, UNAUTHORIZED, "the certificate is not valid yet")                                              \
	X(expired_ca, PLAIN, UNAUTHORIZED, "the CA that signed the certificate has expired")                           \
	X(early_ca, PLAIN, UNAUTHORIZED, "the CA that signed the certificate is not valid yet")                        \
	X(other_key, PLAIN, UNAUTHORIZED, "the key is not that of the certificate")                                    \
	X(revoked, PLAIN, UNAUTHORIZED, "the certificate has been revoked")                                            \
	X(no_list, PLAIN, UNAUTHORIZED, "there is no revocation list of the certificate's CA")                         \
	X(forged_list, PLAIN, UNAUTHORIZED, "the revocation list of the certificate's CA is not signed by it")         \
	X(expired_list, PLAIN, UNAUTHORIZED, "the revocation list of the certificate's CA has expired")                \
	X(early_list, PLAIN, UNAUTHORIZED, "the revocation list of the certificate's CA is not valid yet")             \
	/* encrypted tunnels */                                                                                        \
	X(no_dtte, RESERVATION, SERVICE_UNAVAILABLE, "DTTE is not enabled on this interface")                          \
	X(no_hash, RESERVATION, MALFORMED, "no reservation hash")                                                      \
	X(no_encrypted_address, RESERVATION, SERVICE_UNAVAILABLE, "no address for another encrypted tunnel")           \
	X(no_capacity, RESERVATION, SERVICE_UNAVAILABLE, "no capacity for another encrypted tunnel")                   \
	X(own_encrypted_limit, RESERVATION, SERVICE_UNAVAILABLE,                                                       \
	  "no more encrypted tunnels for this client (encrypted-tunnels in client-limits)")                            \
	X(no_reservation, ENCRYPTED, MALFORMED, "no reservation in the configuration request")                         \
	X(used_reservation, ENCRYPTED, RESERVATION, "no such reservation, or it has been used or has expired")         \
	X(wrong_secret, ENCRYPTED, RESERVATION, "wrong reservation secret")                                            \
	X(other_interface, ENCRYPTED, RESERVATION, "reserved on another interface")                                    \
	X(other_address, ENCRYPTED, RESERVATION, "reserved for another outer address")                                 \
	X(alive, ENCRYPTED, RESERVATION, "another encrypted tunnel of this client is alive")                           \
	X(own_encrypted_limit_late, ENCRYPTED, LIMIT,                                                                  \
	  "no more encrypted tunnels for this client (encrypted-tunnels in client-limits)")                            \
	X(address_gone, ENCRYPTED, NO_ADDRESS, "no internal address is free")                                          \
	X(no_second_proof, ENCRYPTED, UNAUTHORIZED, "this server demands a client certificate or a pre-shared key")    \
	X(other_client, ENCRYPTED, UNAUTHORIZED, "the plain tunnel is another client's")

/** A row of the table, and the table. */
struct refusal {
	const char *name;
	enum refused what;
	enum tscf_response code;
	const char *why;
};

#define REFUSAL_ROW(name, what, code, why) {#name, REFUSED_##what, TSCF_RESPONSE_##code, why},
static const struct refusal refusals[] = {REFUSALS(REFUSAL_ROW)};

#define REFUSAL_COUNT ((int)(sizeof(refusals) / sizeof(refusals[0])))

#endif
