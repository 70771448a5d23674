/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pmtu.h - the MTU of both tunnels: what the server allows, and what mtu.h finds that the outer path carries.
 *
 * The size is the one that fits in the encrypted tunnel over datagrams, which adds the most, so that a packet has room
 * whichever tunnel its socket is moved to.  Probes go over the plain tunnel.  Where that is a stream nothing can be
 * probed: then what this host knows of the path counts.  tscf(7), "MTU".
 */
#ifndef TSCF_CLIENT_PMTU_H
#define TSCF_CLIENT_PMTU_H

#include "common/packet/message.h"

struct client;
struct tunnel;

void pmtu_init(struct client *c);
/** What the server's configuration response @p m allows, over the path of @p t; into c->mtu. */
void pmtu_take(struct client *c, const struct tunnel *t, const struct tscf_message *m);
/** Give the devices the MTU @p size and bring them up.  @return 0 or -errno. */
int pmtu_apply(struct client *c, unsigned size);
/** The plain tunnel is up: tell the server the MTU and begin to look for a better one. */
void pmtu_begin(struct client *c);
/** The encrypted tunnel is up: its address has the same MTU. */
void pmtu_encrypted_up(struct client *c);
/** The plain tunnel is gone. */
void pmtu_end(struct client *c);
/** Links or routes of this host have changed: if it knows another MTU of the path now, that is used, and probed. */
void pmtu_changed(struct client *c);
void pmtu_tick(struct client *c);

#endif
