/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel_recall.h - what a server asks for in keepalives: its sockets again, other networks, to yield.
 *
 * Most of it is work for the client, and a line in the log.  So it is done at most TUNNEL_RECALLS_MAX times in
 * TUNNEL_RECALLS_MS.  A server asks again for what was not done.
 */
#ifndef TSCF_CLIENT_TUNNEL_RECALL_H
#define TSCF_CLIENT_TUNNEL_RECALL_H

#include "tscf-client/tunnel/tunnel.h"

/** @return whether something that the server asks for or says may be done or logged now; it is counted. */
bool tunnel_may_do(struct tunnel *t);
/** @return whether what @p m asks for may be done now; true if it asks for no work. */
bool tunnel_may_recall(struct tunnel *t, const struct tscf_message *m);
/** Do what the keepalive @p m of the server, or its answer to one, asks for. */
void tunnel_recall(struct tunnel *t, const struct tscf_message *m);

#endif
