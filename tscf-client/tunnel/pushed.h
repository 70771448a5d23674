/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pushed.h - what the server sends for this host, and how much of it the client takes: routes and DNS servers.
 *
 * tscf-client.conf(5), "accept-route", "accept-dns".  No route of the server takes a network that this host is
 * connected to, or the server's own address.  A route that covers such a network is taken without it, in pieces; a
 * default route, or one of its halves, is taken as it is.  The result changes with the networks of this host, so it is
 * made again when these change.
 */
#ifndef TSCF_CLIENT_PUSHED_H
#define TSCF_CLIENT_PUSHED_H

#include "common/linux/on_link.h"
#include "common/packet/message.h"
#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"

/** Refusals that are kept for status; the others are counted only. */
#define PUSHED_REFUSALS_MAX 8
/** Networks of this host that are regarded. */
#define PUSHED_ON_LINK_MAX 64
#define PUSHED_TEXT        (2 * TSCF_ADDR_TEXT + 64)

/** The owner sets what it uses; the rest is zero at first. */
struct pushed {
	const struct client_config *config;
	struct routing_facts *facts;    /**< its routes are set */
	struct tscf_service_addrs *dns; /**< the servers that are taken */
	uint64_t *refused;              /**< counts routes and lists of DNS servers */
	unsigned route_count;
	struct tscf_prefix routes[ROUTING_ROUTES_MAX]; /**< as sent */
	struct tscf_service_addrs dns_sent;
	struct tscf_addr server; /**< its outer address */
	unsigned refusal_count;
	char refusals[PUSHED_REFUSALS_MAX][PUSHED_TEXT]; /**< what was not taken, and why */
};

/** The server has said what the next pushed_review decides on: routes and DNS servers. */
void pushed_learn(struct pushed *p, const struct tscf_message *m);
/** Take a configuration response of the server at @p server. */
void pushed_take(struct pushed *p, const struct tscf_message *response, const struct tscf_addr *server);
/** The server is at @p server now. */
void pushed_moved(struct pushed *p, const struct tscf_addr *server);
/** The settings, or the networks of this host, have changed.  @return whether routes or DNS servers have. */
bool pushed_review(struct pushed *p);
/**
 * The same for these networks.  Refusals that are new are counted and logged.
 */
void pushed_decide(struct pushed *p, const struct tscf_on_link *networks, unsigned count);

#endif
