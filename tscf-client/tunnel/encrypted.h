/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * encrypted.h - the encrypted tunnel: carries out what dtte.h decides.
 *
 * The encrypted tunnel uses the server and address of the plain tunnel, over the matching transport (UDP: DTLS, TCP:
 * TLS), or over the other one where that is blocked.
 */
#ifndef TSCF_CLIENT_ENCRYPTED_H
#define TSCF_CLIENT_ENCRYPTED_H

#include "tscf-client/dtte.h"
#include "tscf-client/tunnel/tunnel.h"

/** The most ways that are tried for one reservation. */
#define ENCRYPTED_WAYS 2

extern const struct dtte_actions encrypted_actions;

/** Before the loop runs: no tunnel, and no demand for one. */
void encrypted_init(struct client *c);
/** The plain tunnel uses another way now: forget what is known about firewalls on the former way. */
void encrypted_new_way(struct client *c);
/** The plain tunnel has answered a keepalive: if the encrypted one does not, sockets can go by it. */
void encrypted_plain_answers(struct client *c);

#endif
