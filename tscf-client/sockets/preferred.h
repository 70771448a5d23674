/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * preferred.h - whether encrypted-preferred sockets belong in the encrypted tunnel, or stay plain: while the outer path
 * uses a trusted network, and for a while after the server has asked for the encrypted tunnel (tscf(7), "SHORTAGE").
 *
 *                 trusted, or yields            all released       (the path is looked at when it is set up or
 *     ENCRYPTED --------------------> LEAVING --------------> PLAIN     changes, and at a reload)
 *      ^  ^  neither any more           |                       |
 *      |  +-----------------------------+     neither any more  |
 *      +--------------------------------------------------------+
 *
 * ENCRYPTED  preferred sockets ask for the encrypted tunnel and use it
 * LEAVING    the server has been asked to release them; they still use the encrypted tunnel if there is one
 * PLAIN      they are in the plain tunnel, whether there is an encrypted one or not
 *
 * A client that yields releases its tunnel when it has been PLAIN for as long as packets may be under way.  If an
 * encrypted-only socket asks for the tunnel before, it keeps it, and yields no more.
 *
 * Encrypted-only sockets are not affected.  Whether the network is trusted depends on nothing that comes from it: only
 * on the host's own addresses, routes and configuration.  The server asks inside the encrypted tunnel.
 * tscf(7), "TRUSTED NETWORKS".
 */
#ifndef TSCF_CLIENT_PREFERRED_H
#define TSCF_CLIENT_PREFERRED_H

#include "common/base/level.h"
#include "common/daemon/timers.h"
#include "tscf-client/kernel/router.h"
#include "tscf-client/settings/networks.h"

#include <stdbool.h>

/** After so long, and up to half as much at random, a client that has yielded asks for the encrypted tunnel again. */
#define PREFERRED_YIELD_MS 5000

enum preferred_state { PREFERRED_ENCRYPTED, PREFERRED_LEAVING, PREFERRED_PLAIN };

struct client_config;
struct dtte;
struct moves;
struct registry;
struct subscriptions;
struct tunnel;

/** The owner sets what it uses; the rest is zero at first. */
struct preferred {
	const struct client_config *config;
	struct tscf_timers *timers;
	const struct tunnel *plain;
	const struct router *router;
	struct dtte *dtte;
	struct registry *registry;
	struct moves *moves;
	struct subscriptions *subscriptions;
	struct tscf_timer timer;
	enum preferred_state state;
	bool known;             /**< the path has been looked at */
	unsigned waits;         /**< releases that are neither confirmed by the server nor lost with it */
	char by[NETWORKS_TEXT]; /**< what makes the network trusted; "": it is not */
	uint64_t yields_until;  /**< monotonic ms; 0: it does not yield */
};

/** Begin: they belong in the encrypted tunnel. */
void preferred_init(struct preferred *p);
/**
 * Check the path of the plain tunnel, and move the encrypted-preferred sockets if its network is now trusted or no
 * longer trusted.  Call it before the encrypted tunnel is requested on that path.
 */
void preferred_look(struct preferred *p);
/**
 * The server asks for the encrypted tunnel: move the encrypted-preferred sockets to the plain one, then release it.
 * Nothing happens while it is needed for encrypted-only sockets, or if this is under way.
 *
 * @return whether the client begins to yield.
 */
bool preferred_yield(struct preferred *p);
/** An encrypted-only socket needs the encrypted tunnel: if the client yields, it does so no more. */
void preferred_keep(struct preferred *p);
/** A preferred socket is about to be released, since they are to be plain. */
void preferred_releasing(struct preferred *p);
/** The server has confirmed one of those releases, or no longer can. */
void preferred_released(struct preferred *p);

/** @return whether it is known at all if the network is trusted: before the first tunnel it is not. */
static inline bool preferred_trust_known(const struct preferred *p)
{
	return p->known;
}

/** @return whether the network is trusted. */
static inline bool preferred_trusted(const struct preferred *p)
{
	return p->by[0] != '\0';
}

/** @return why they are to be plain, or NULL. */
static inline const char *preferred_why_plain(const struct preferred *p)
{
	if (preferred_trusted(p))
		return "the network is trusted";
	return p->yields_until != 0 ? "the server needs the encrypted tunnel for others" : NULL;
}

/** @return whether they are to be plain, and not to ask for the encrypted tunnel. */
static inline bool preferred_stay_plain(const struct preferred *p)
{
	return p->state != PREFERRED_ENCRYPTED;
}

/** @return whether sockets of that level (not the default one) belong in the encrypted tunnel now. */
static inline bool preferred_wants(const struct preferred *p, enum tscf_level level)
{
	return tscf_level_wants_encryption(level) && (level == TSCF_LEVEL_ENCRYPTED_ONLY || !preferred_stay_plain(p));
}

/** @return whether the rules lead encrypted-preferred sockets to the encrypted tunnel while it exists. */
static inline bool preferred_lead_to_encrypted(const struct preferred *p)
{
	return p->state != PREFERRED_PLAIN;
}

#endif
