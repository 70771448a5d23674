/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * encrypted.h - the encrypted tunnel: what dtte.h decides, done.
 *
 * It leads to the server and address that the plain tunnel has, by the twin of its transport (UDP: DTLS, TCP: TLS), or
 * by the other one where that does not get through.
 */
#ifndef TSCF_CLIENT_ENCRYPTED_H
#define TSCF_CLIENT_ENCRYPTED_H

#include "tscf-client/dtte.h"
#include "tscf-client/tunnel/tunnel.h"

/** Most ways that are tried for one reservation. */
#define ENCRYPTED_WAYS 2

extern const struct dtte_actions encrypted_actions;

void encrypted_init(struct client *c);
/** The plain tunnel has taken another way: what is known of firewalls on the former one does not hold any more. */
void encrypted_new_way(struct client *c);

#endif
