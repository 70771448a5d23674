/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/trusted_network.h"

#include "common/base/log.h"
#include "tscf-client/context.h"

#include <string.h>

bool trust_here(const struct client *c)
{
	return c->trust.state != TRUST_AWAY;
}

bool trust_wants(const struct client *c, enum tscf_level level)
{
	return tscf_level_wants_encryption(level) && (level == TSCF_LEVEL_ENCRYPTED_ONLY || !trust_here(c));
}

bool trust_leads_to_encrypted(const struct client *c)
{
	return c->trust.state != TRUST_PLAIN;
}

/** @return whether there is a way at all; without one nothing is sent, and what was said of the last one may stand. */
static bool look_at_path(const struct client *c, bool *trusted, char by[NETWORKS_TEXT])
{
	char interface[IF_NAMESIZE] = "";
	struct tscf_addr source;
	int index;

	if (!monitor_path(&c->plain, &source, &index))
		return false;
	/* Without a name only prefixes can match. */
	if (!if_indextoname((unsigned)index, interface))
		interface[0] = '\0';
	*trusted = networks_match(&c->config->trusted, &source, interface, by);
	return true;
}

/* The server first: a clear packet must find it ready. */
static void begin(struct client *c, const char *by)
{
	struct trust *t = &c->trust;

	tscf_info("the network is trusted (%s): encrypted-preferred sockets go to the plain tunnel", by);
	/* The dump counts them as moved yet, so that each is known that the server must be told of. */
	registry_resync_now(c);
	snprintf(t->by, sizeof(t->by), "%s", by);
	t->state = TRUST_LEAVING;
	moves_trusted(c);
	/* One more, or it would be over before all have been told of. */
	trust_releasing(c);
	registry_release_preferred(c);
	trust_released(c);
}

void trust_releasing(struct client *c)
{
	c->trust.waits++;
}

void trust_released(struct client *c)
{
	struct trust *t = &c->trust;

	if (--t->waits > 0 || t->state != TRUST_LEAVING)
		return;
	t->state = TRUST_PLAIN;
	client_route(c);
	/* It finds what has come meanwhile, and whether anyone still asks for the encrypted tunnel. */
	registry_resync_soon(c);
}

/* As when a tunnel comes up: the server is told, then the rule leads there. */
static void end(struct client *c)
{
	tscf_info("the network is not trusted any more (%s): encrypted-preferred sockets ask for the encrypted tunnel",
		  c->trust.by);
	c->trust.state = TRUST_AWAY;
	c->trust.by[0] = '\0';
	if (dtte_is_up(&c->dtte)) {
		registry_tunnel_up(c);
		registry_flush(c);
		client_route(c);
	}
	dtte_demand(&c->dtte, registry_demand(c), c->now);
}

void trust_look(struct client *c)
{
	char by[NETWORKS_TEXT] = "";
	bool trusted = false;

	if (networks_any(&c->config->trusted) && !look_at_path(c, &trusted, by))
		return;
	if (trusted && !trust_here(c))
		begin(c, by);
	else if (!trusted && trust_here(c))
		end(c);
	else
		snprintf(c->trust.by, sizeof(c->trust.by), "%s", by);
	notices_changed(c);
	commands_check_waiters(c);
}
