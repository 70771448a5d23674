/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trusted_network.h - while the outer path uses a trusted network, encrypted-preferred sockets are plain.
 *
 *             trusted                       all released                  (the path is looked at when it is
 *     AWAY ------------> LEAVING ------------------------------> PLAIN     set up or changes, and at a reload)
 *      ^  ^  not trusted    |                                      |
 *      |  +-----------------+            not trusted               |
 *      +-----------------------------------------------------------+
 *
 * AWAY     the network is not trusted: preferred sockets ask for the encrypted tunnel and use it
 * LEAVING  it is, and the server has been asked to release them; they still use the encrypted tunnel if there is one
 * PLAIN    they are in the plain tunnel, whether there is an encrypted one or not
 *
 * Encrypted-only sockets are not affected.  Nothing here depends on data from the network: only on the host's own
 * addresses, routes and configuration.  tscf(7), "TRUSTED NETWORKS".
 */
#ifndef TSCF_CLIENT_TRUSTED_NETWORK_H
#define TSCF_CLIENT_TRUSTED_NETWORK_H

#include "common/base/level.h"
#include "common/daemon/timers.h"
#include "tscf-client/kernel/router.h"
#include "tscf-client/settings/networks.h"

#include <stdbool.h>

enum trusted_network_state { TRUSTED_NETWORK_AWAY, TRUSTED_NETWORK_LEAVING, TRUSTED_NETWORK_PLAIN };

struct client_config;
struct dtte;
struct moves;
struct registry;
struct subscriptions;
struct tunnel;

/** The owner sets what it uses; the rest is zero at first. */
struct trusted_network {
	const struct client_config *config;
	const struct tscf_timers *timers;
	const struct tunnel *plain;
	const struct router *router;
	struct dtte *dtte;
	struct registry *registry;
	struct moves *moves;
	struct subscriptions *subscriptions;
	enum trusted_network_state state;
	unsigned waits;         /**< releases that are neither confirmed by the server nor lost with it */
	char by[NETWORKS_TEXT]; /**< what makes the network trusted; "": it is not */
};

/**
 * Check the path of the plain tunnel, and move the encrypted-preferred sockets if its network is now trusted or no
 * longer trusted.  Call it before the encrypted tunnel is requested on that path.
 */
void trusted_network_look(struct trusted_network *t);
/** A socket is about to be released because the network is trusted. */
void trusted_network_releasing(struct trusted_network *t);
/** The server has confirmed one of those releases, or no longer can. */
void trusted_network_released(struct trusted_network *t);

/** @return whether the network is trusted. */
static inline bool trusted_network_here(const struct trusted_network *t)
{
	return t->state != TRUSTED_NETWORK_AWAY;
}

/** @return whether sockets of that level (not the default one) belong in the encrypted tunnel on this network. */
static inline bool trusted_network_wants(const struct trusted_network *t, enum tscf_level level)
{
	return tscf_level_wants_encryption(level) && (level == TSCF_LEVEL_ENCRYPTED_ONLY || !trusted_network_here(t));
}

/** @return whether the rules lead encrypted-preferred sockets to the encrypted tunnel while it exists. */
static inline bool trusted_network_leads_to_encrypted(const struct trusted_network *t)
{
	return t->state != TRUSTED_NETWORK_PLAIN;
}

#endif
