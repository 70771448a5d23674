/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls_inside.h - what tests may know of the inside of a DTLS transport; no other part of them looks there.
 */
#ifndef TSCF_TESTS_DTLS_INSIDE_H
#define TSCF_TESTS_DTLS_INSIDE_H

#include "common/transport/transport.h"

/** @return how many datagrams of sources that have not proved their address wait in a listening transport. */
unsigned dtls_inside_strangers(const struct tscf_transport *t);
/** @return how many handshakes are under way there, and how many connections are up. */
unsigned dtls_inside_handshakes(const struct tscf_transport *t);
unsigned dtls_inside_up(const struct tscf_transport *t);
/** @return whether the connection, which is up, goes on with the keys of one before. */
bool dtls_inside_resumed(const struct tscf_peer *peer);
/** Give the handshake of @p peer up when @p seconds are over. */
void dtls_inside_give_up_in(struct tscf_peer *peer, double seconds);

/** The source of the server's own address has as many handshakes under way as one may have, or one less. */
void dtls_inside_fill_source(struct tscf_transport *server);
void dtls_inside_one_less(struct tscf_transport *server);
/** @return whether no source has any. */
bool dtls_inside_no_source(const struct tscf_transport *server);

#endif
