/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain.h - the plain tunnel: what the server has configured, up, down, and moving from one way to a better one.
 *
 * connector.h finds the way.  tscf(7), "SET-UP", "CANDIDATES".
 */
#ifndef TSCF_CLIENT_PLAIN_H
#define TSCF_CLIENT_PLAIN_H

#include "tscf-client/tunnel/tunnel.h"

/** How long packets from the former way are accepted after a move to a better one. */
#define PLAIN_FORMER_MS 1000

/**
 * The routes of the server stay in use for this time when the plain tunnel is gone: a session is resumed by then, if
 * the server or the network is back.
 */
#define PLAIN_ROUTES_MS 10000

/** Start the plain tunnel's timer. */
void plain_init(struct client *c);
/** The plain tunnel's state has changed; for status and log. */
void plain_state(struct client *c, enum tunnel_state state, const char *reason);
/**
 * Replace the present plain tunnel, if any: the transport of @p try becomes the plain tunnel's, with the configuration
 * in @p response.  The tunnel is then up, and a keepalive is sent on it; connector_alive or connector_lost follows.
 *
 * @return NULL, or why that is not possible; then nothing has changed.
 */
const char *plain_adopt(struct client *c, struct tunnel *try, const struct tscf_message *response);
/**
 * The session goes on over the transport of @p try, as the server has agreed in @p response.  The same as plain_adopt,
 * but nothing is configured again.
 */
void plain_resume(struct client *c, struct tunnel *try, const struct tscf_message *response);
/** The way that was adopted has failed: go back to the former way.  @return whether there is one. */
bool plain_go_back(struct client *c);
/** The settings, or the networks of this host, have changed: decide again what is taken from the server (pushed.h). */
void plain_review(struct client *c);
/** The server has other routes, DNS and SIP servers for this host, those in @p m. */
void plain_take_networks(struct client *c, const struct tscf_message *m);
/** The plain tunnel is gone. */
void plain_down(struct client *c);
/** Whether the client may ask the server now to replace this tunnel by another; if not, @p reason says why. */
bool plain_may_move(const struct client *c, const struct tscf_message *response, const char **reason);

/* plain_events.c */
extern const struct tunnel_events plain_events, plain_former_events;
/**
 * Addresses, links or routes of this host have changed (monitor.h): check from which source address it would send to
 * the server now.  If the address is a new one, both tunnels go on from it at once.  If it is the same, a silent server
 * gets a keepalive, and the MTU of the way is read again.
 *
 * @param slept  the host was asleep
 */
void plain_host_changed(struct client *c, bool slept);
/** The revocation lists have changed: end the tunnels to a server that was verified before and is revoked now. */
void plain_lists_changed(struct client *c);

#endif
