/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/trusted_network.h"

#include "common/base/log.h"
#include "tscf-client/dtte.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/sockets/moves.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/sockets/subscriptions.h"
#include "tscf-client/tunnel/tunnel.h"

#include <net/if.h>
#include <stdio.h>

/** @return whether there is a path at all.  Without one nothing is sent, and the verdict on the last path may stand. */
static bool look_at_path(const struct trusted_network *t, bool *trusted, char by[NETWORKS_TEXT])
{
	char interface[IF_NAMESIZE] = "";
	struct tscf_addr source;
	int index;

	if (!tunnel_path(t->plain, &source, &index))
		return false;
	/* Without a name only prefixes can match. */
	if (!if_indextoname((unsigned)index, interface))
		interface[0] = '\0';
	*trusted = networks_match(&t->config->trusted, &source, interface, by);
	return true;
}

/* Inform the server first: a clear packet must find it ready. */
static void begin(struct trusted_network *t, const char *by)
{
	tscf_info("the network is trusted (%s): encrypted-preferred sockets go to the plain tunnel", by);
	/* The dump still counts the preferred sockets as encrypted, so that it finds each that the server must
	 * release. */
	registry_resync_now(t->registry);
	snprintf(t->by, sizeof(t->by), "%s", by);
	t->state = TRUSTED_NETWORK_LEAVING;
	moves_trusted(t->moves);
	/* Count one more, or the wait would be over before all releases have been queued. */
	trusted_network_releasing(t);
	registry_release_preferred(t->registry);
	trusted_network_released(t);
}

void trusted_network_releasing(struct trusted_network *t)
{
	t->waits++;
}

void trusted_network_released(struct trusted_network *t)
{
	if (--t->waits > 0 || t->state != TRUSTED_NETWORK_LEAVING)
		return;
	t->state = TRUSTED_NETWORK_PLAIN;
	router_write(t->router);
	/* The dump finds new sockets, and whether any socket still asks for the encrypted tunnel. */
	registry_resync_soon(t->registry);
}

/* As when a tunnel comes up: inform the server, then let the rule lead there. */
static void end(struct trusted_network *t)
{
	tscf_info("the network is not trusted any more (%s): encrypted-preferred sockets ask for the encrypted tunnel",
		  t->by);
	t->state = TRUSTED_NETWORK_AWAY;
	t->by[0] = '\0';
	if (dtte_is_up(t->dtte)) {
		registry_tunnel_up(t->registry);
		registry_flush(t->registry);
		router_write(t->router);
	}
	dtte_demand(t->dtte, registry_demand(t->registry), tscf_timers_now(t->timers));
}

void trusted_network_look(struct trusted_network *t)
{
	char by[NETWORKS_TEXT] = "";
	bool trusted = false;

	if (networks_any(&t->config->trusted) && !look_at_path(t, &trusted, by))
		return;
	if (trusted && !trusted_network_here(t))
		begin(t, by);
	else if (!trusted && trusted_network_here(t))
		end(t);
	else
		snprintf(t->by, sizeof(t->by), "%s", by);
	subscriptions_changed(t->subscriptions);
}
