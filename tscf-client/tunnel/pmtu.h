/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pmtu.h - the MTU of both tunnels: what the server allows, and the size that mtu.h finds for the outer path.
 *
 * The size is one that fits in the encrypted tunnel over datagrams, which adds the most bytes.  So a packet fits
 * whichever tunnel its socket is moved to.  Probes go over the plain tunnel.  A stream cannot be probed: then the MTU
 * that this host knows for the path is used.  tscf(7), "MTU".
 */
#ifndef TSCF_CLIENT_PMTU_H
#define TSCF_CLIENT_PMTU_H

#include "common/packet/message.h"

struct client;
struct tunnel;

void pmtu_init(struct client *c);
/** Set c->mtu to what the server's configuration response @p m allows over the path of @p t. */
void pmtu_take(struct client *c, const struct tunnel *t, const struct tscf_message *m);
/** Give the devices the MTU @p size and bring them up.  @return 0 or -errno. */
int pmtu_apply(struct client *c, unsigned size);
/** The plain tunnel is up: send the MTU to the server and begin to look for a larger one. */
void pmtu_begin(struct client *c);
/** The encrypted tunnel is up: its address has the same MTU. */
void pmtu_encrypted_up(struct client *c);
/** The plain tunnel is gone. */
void pmtu_end(struct client *c);
/** Links or routes of this host have changed: if the path has another known MTU now, use and probe it. */
void pmtu_changed(struct client *c);
void pmtu_tick(struct client *c);

#endif
