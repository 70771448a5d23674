/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/trusted_network.h"

#include "common/base/log.h"
#include "tscf-client/context.h"

#include <string.h>

/** @return whether there is a path at all.  Without one nothing is sent, and the verdict on the last path may stand. */
static bool look_at_path(const struct client *c, bool *trusted, char by[NETWORKS_TEXT])
{
	char interface[IF_NAMESIZE] = "";
	struct tscf_addr source;
	int index;

	if (!tunnel_path(&c->plain, &source, &index))
		return false;
	/* Without a name only prefixes can match. */
	if (!if_indextoname((unsigned)index, interface))
		interface[0] = '\0';
	*trusted = networks_match(&c->config->trusted, &source, interface, by);
	return true;
}

/* Inform the server first: a clear packet must find it ready. */
static void begin(struct client *c, const char *by)
{
	struct trusted_network *t = &c->trusted_network;

	tscf_info("the network is trusted (%s): encrypted-preferred sockets go to the plain tunnel", by);
	/* The dump still counts the preferred sockets as encrypted, so that it finds each that the server must
	 * release. */
	registry_resync_now(&c->registry);
	snprintf(t->by, sizeof(t->by), "%s", by);
	t->state = TRUSTED_NETWORK_LEAVING;
	moves_trusted(&c->moves);
	/* Count one more, or the wait would be over before all releases have been queued. */
	trusted_network_releasing(c);
	registry_release_preferred(&c->registry);
	trusted_network_released(c);
}

void trusted_network_releasing(struct client *c)
{
	c->trusted_network.waits++;
}

void trusted_network_released(struct client *c)
{
	struct trusted_network *t = &c->trusted_network;

	if (--t->waits > 0 || t->state != TRUSTED_NETWORK_LEAVING)
		return;
	t->state = TRUSTED_NETWORK_PLAIN;
	client_route(c);
	/* The dump finds new sockets, and whether any socket still asks for the encrypted tunnel. */
	registry_resync_soon(&c->registry);
}

/* As when a tunnel comes up: inform the server, then let the rule lead there. */
static void end(struct client *c)
{
	tscf_info("the network is not trusted any more (%s): encrypted-preferred sockets ask for the encrypted tunnel",
		  c->trusted_network.by);
	c->trusted_network.state = TRUSTED_NETWORK_AWAY;
	c->trusted_network.by[0] = '\0';
	if (dtte_is_up(&c->dtte)) {
		registry_tunnel_up(&c->registry);
		registry_flush(&c->registry);
		client_route(c);
	}
	dtte_demand(&c->dtte, registry_demand(&c->registry), c->now);
}

void trusted_network_look(struct client *c)
{
	char by[NETWORKS_TEXT] = "";
	bool trusted = false;

	if (networks_any(&c->config->trusted) && !look_at_path(c, &trusted, by))
		return;
	if (trusted && !trusted_network_here(&c->trusted_network))
		begin(c, by);
	else if (!trusted && trusted_network_here(&c->trusted_network))
		end(c);
	else
		snprintf(c->trusted_network.by, sizeof(c->trusted_network.by), "%s", by);
	subscriptions_changed(&c->subscriptions);
}
