/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/preferred.h"

#include "common/base/log.h"
#include "common/crypto/random.h"
#include "tscf-client/dtte.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/sockets/moves.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/sockets/subscriptions.h"
#include "tscf-client/tunnel/tunnel.h"

#include <net/if.h>
#include <stdio.h>

/** @return whether there is a path at all.  Without one nothing is sent, and the verdict on the last path may stand. */
static bool look_at_path(const struct preferred *p, char by[NETWORKS_TEXT])
{
	char interface[IF_NAMESIZE] = "";
	struct tscf_addr source;
	int index;

	if (!tunnel_path(p->plain, &source, &index))
		return false;
	/* Without a name only prefixes can match. */
	if (!if_indextoname((unsigned)index, interface))
		interface[0] = '\0';
	networks_match(&p->config->trusted, &source, interface, by);
	return true;
}

/* Inform the server first: a clear packet must find it ready. */
static void begin(struct preferred *p)
{
	/* The dump still counts the preferred sockets as encrypted, so that it finds each that the server must
	 * release. */
	registry_resync_now(p->registry);
	p->state = PREFERRED_LEAVING;
	moves_preferred_plain(p->moves);
	/* Count one more, or the wait would be over before all releases have been queued. */
	preferred_releasing(p);
	registry_release_preferred(p->registry);
	preferred_released(p);
}

/* As when a tunnel comes up: inform the server, then let the rule lead there. */
static void end(struct preferred *p)
{
	p->state = PREFERRED_ENCRYPTED;
	if (dtte_is_up(p->dtte)) {
		registry_tunnel_up(p->registry);
		registry_flush(p->registry);
		router_write(p->router);
	}
	dtte_demand(p->dtte, registry_demand(p->registry), tscf_timers_now(p->timers));
}

static void apply(struct preferred *p)
{
	const bool plain = preferred_trusted(p) || p->yields_until != 0;

	if (plain && p->state == PREFERRED_ENCRYPTED)
		begin(p);
	else if (!plain && p->state != PREFERRED_ENCRYPTED)
		end(p);
	subscriptions_changed(p->subscriptions);
}

/* Packets may be on their way in the encrypted tunnel, at either end of it. */
static void leave(struct preferred *p)
{
	const uint64_t now = tscf_timers_now(p->timers);

	if (p->yields_until == 0 || p->state != PREFERRED_PLAIN)
		return;
	dtte_demand(p->dtte, registry_demand(p->registry), now);
	dtte_leave(p->dtte, now + TSCF_MOVE_GRACE_MS);
}

void preferred_releasing(struct preferred *p)
{
	p->waits++;
}

void preferred_released(struct preferred *p)
{
	if (--p->waits > 0 || p->state != PREFERRED_LEAVING)
		return;
	p->state = PREFERRED_PLAIN;
	router_write(p->router);
	/* The dump finds new sockets, and whether any socket still asks for the encrypted tunnel. */
	registry_resync_soon(p->registry);
	leave(p);
}

void preferred_look(struct preferred *p)
{
	char by[NETWORKS_TEXT] = "";

	if (networks_any(&p->config->trusted) && !look_at_path(p, by))
		return;
	p->known = true;
	if (by[0] != '\0' && !preferred_trusted(p))
		tscf_info("the network is trusted (%s): encrypted-preferred sockets go to the plain tunnel", by);
	else if (by[0] == '\0' && preferred_trusted(p))
		tscf_info("the network is not trusted any more (%s): encrypted-preferred sockets ask for the encrypted "
			  "tunnel",
			  p->by);
	snprintf(p->by, sizeof(p->by), "%s", by);
	apply(p);
}

bool preferred_yield(struct preferred *p)
{
	uint32_t more;

	if (p->yields_until != 0 || registry_need(p->registry) == TSCF_LEVEL_ENCRYPTED_ONLY)
		return false;
	tscf_info("the server needs the encrypted tunnel for encrypted-only sockets of others: encrypted-preferred "
		  "sockets go to the plain tunnel");
	tscf_random(&more, sizeof(more));
	p->yields_until = tscf_timers_now(p->timers) + PREFERRED_YIELD_MS + more % (PREFERRED_YIELD_MS / 2);
	apply(p);
	leave(p);
	return true;
}

static void stop_yielding(struct preferred *p)
{
	p->yields_until = 0;
	apply(p);
}

void preferred_keep(struct preferred *p)
{
	if (p->yields_until != 0)
		stop_yielding(p);
}

static uint64_t next_due(const void *context)
{
	const struct preferred *p = context;

	return p->yields_until != 0 ? p->yields_until : UINT64_MAX;
}

static void tick(void *context)
{
	stop_yielding(context);
}

void preferred_init(struct preferred *p)
{
	tscf_timers_add(p->timers, &p->timer, next_due, tick, p);
}
