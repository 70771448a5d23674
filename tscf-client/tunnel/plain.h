/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain.h - the plain tunnel: what the server has configured, up, down, and moving from one way to a better one.
 *
 * Which way it takes is found out by connector.h.  tscf(7), "SET-UP", "CANDIDATES".
 */
#ifndef TSCF_CLIENT_PLAIN_H
#define TSCF_CLIENT_PLAIN_H

#include "tscf-client/tunnel/tunnel.h"

/** How long what still comes by the former way is heard after a move to a better one. */
#define PLAIN_FORMER_MS 1000

/** Begin to keep time for the plain tunnel. */
void plain_init(struct client *c);
/** The plain tunnel's state has changed; for status and log. */
void plain_state(struct client *c, enum tunnel_state state, const char *reason);
/**
 * Take the place of whatever plain tunnel there is: the transport of @p try becomes the plain tunnel's, with what the
 * server has configured on it (@p response).  It is up then, and a keepalive is sent by it; connector_alive or
 * connector_lost follows.
 *
 * @return NULL, or why that cannot be, with nothing changed.
 */
const char *plain_adopt(struct client *c, struct tunnel *try, const struct tscf_message *response);
/**
 * The session goes on by the transport of @p try, as the server has agreed to (@p response): the same as plain_adopt,
 * with nothing configured again.
 */
void plain_resume(struct client *c, struct tunnel *try, const struct tscf_message *response);
/** The way that was adopted has failed: go back to the former one.  @return whether there is one. */
bool plain_go_back(struct client *c);
/** The plain tunnel is gone. */
void plain_down(struct client *c);
/** Whether the server may be asked to put another tunnel in the place of this one now; if not, @p reason says why. */
bool plain_may_move(const struct client *c, const struct tscf_message *response, const char **reason);

/* plain_events.c */
extern const struct tunnel_events plain_events, plain_former_events;
/** This host's address on the way to the server has changed: both tunnels go on from there. */
void plain_moved(struct client *c, const char *reason);

#endif
