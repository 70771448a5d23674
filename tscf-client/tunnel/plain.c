/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/plain.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "tscf-client/context.h"

#include <string.h>

/* @return the outer address of the server, or of the proxy. */
static struct tscf_addr outer_address(const struct tunnel *t)
{
	return tscf_endpoint_addr(&t->way.remote);
}

static void take_observed(struct client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	if (!tscf_message_find(m, TSCF_TLV_OBSERVED_ADDRESS, &tlv) || tscf_tlv_endpoint(&tlv, &c->observed) < 0)
		memset(&c->observed, 0, sizeof(c->observed));
}

/* @return whether the plain tunnel has been gone for so long that the routes of the server are given up. */
static bool is_away(const struct client *c)
{
	return c->plain_gone && !c->config->keep_routes && c->now - c->plain_gone >= PLAIN_ROUTES_MS;
}

/* @return whether that has changed: then the rules and routes must be written. */
static bool follow_away(struct client *c)
{
	bool before = c->facts.away;
	c->facts.away = is_away(c);
	if (c->facts.away && !before)
		tscf_info("the routes of the server are given up until the plain tunnel is back: it has been down for "
			  "%d s",
			  PLAIN_ROUTES_MS / 1000);
	return c->facts.away != before;
}

static int set_up_devices(struct client *c, const struct tscf_message *m)
{
	char text[TSCF_ADDRS_TEXT];
	int changed = tunnel_take_addresses(&c->plain, &c->plain_tun, m);
	if (changed < 0)
		return changed;
	/* The client cannot prevent this; it only warns. */
	if (changed) {
		tscf_warning("the server gave other internal addresses, %s: sockets bound to the old ones are cut off",
			     tscf_addrs_format(&c->plain.internal, text));
		registry_forget(&c->registry);
	}
	c->facts.plain = c->plain.internal;
	/* Set its routes before its address. */
	if (c->plain.internal.of[tscf_family_index(AF_INET6)].family)
		tscf_link_sysctl("ipv6", c->encrypted_tun.name, "disable_ipv6", "0");
	return pmtu_apply(&c->pmtu, c->pmtu.mtu);
}

static bool has_internal(const struct tscf_message *m)
{
	struct tscf_addrs internal = tscf_message_internal(m);
	return m->tsid != TSCF_TSID_NONE && (internal.of[0].family || internal.of[1].family);
}

/* A server that has made a successor session has ended the former one itself; any other server gets a release. */
static void end_former(struct client *c)
{
	if (c->former.way.server != c->plain.way.server)
		tunnel_release(&c->former);
	tunnel_close(&c->former);
}

/* While a better way is being tried, packets that still arrive on the former one are delivered. */
static void keep_former(struct client *c)
{
	if (c->former.transport)
		end_former(c);
	if (!c->plain.transport)
		return;
	tunnel_move(&c->former, &c->plain);
	c->former_until = UINT64_MAX;
}

void plain_state(struct client *c, enum tunnel_state state, const char *reason)
{
	if (c->plain.state != state || c->plain_since == 0)
		c->plain_since = c->now;
	c->plain.state = state;
	if (state == TUNNEL_UP) {
		c->plain_gone = 0;
		c->connector.verifier.untrusted = c->connector.verifier.refused = 0;
		c->connector.refusal[0] = '\0';
	}
	hook_plain_changed(&c->hook);
	tscf_text_copy(reason, strlen(reason), c->plain_reason, sizeof(c->plain_reason));
}

const char *plain_adopt(struct client *c, struct tunnel *try, const struct tscf_message *response)
{
	char text[TSCF_ADDRS_TEXT], way[WAY_TEXT];
	if (!has_internal(response))
		return "the server's configuration response lacks an address or a session id";
	const char *fault = internal_fault(&c->internal_check, try, response, NULL);
	if (fault)
		return fault;
	pmtu_take(&c->pmtu, try, response);
	tunnel_take_times(try, response);
	struct tscf_addr outer = outer_address(try);
	pushed_take(&c->pushed, response, &outer);
	tscf_message_addrs(response, TSCF_TLV_SIP_SERVER, &c->sip_servers);
	take_observed(c, response);
	int error = set_up_devices(c, response);
	if (error < 0) {
		tscf_error("cannot set up %s: %s", c->plain_tun.name, strerror(-error));
		return "the device cannot be set up";
	}
	keep_former(c);
	tunnel_move(&c->plain, try);
	c->plain.tsid = response->tsid;
	c->plain.last_heard = c->now;
	side_ways_restart(&c->plain_ways);
	c->facts.away = false;
	client_route(c);
	plain_state(c, TUNNEL_UP, "configured");
	c->verified_since = c->now;
	pmtu_begin(&c->pmtu);
	tscf_info("plain tunnel to %s is up, internal %s, %u routes, MTU %u",
		  way_format(&c->config->servers, &c->plain.way, way), tscf_addrs_format(&c->plain.internal, text),
		  c->facts.route_count, c->pmtu.mtu);
	encrypted_new_way(c);
	/* A server that has lost the state of the plain tunnel may have lost the encrypted one's, too. */
	if (dtte_is_up(&c->dtte))
		tunnel_probe_suspected(&c->encrypted);
	/* The answered keepalive proves this address to the server; until then the session is pending there. */
	tunnel_probe(&c->plain);
	preferred_look(&c->preferred);
	/* Sockets that are not known yet would have no shield when the quiet phase ends. */
	registry_resync_now(&c->registry);
	registry_shield_all(&c->registry);
	asks_anew(&c->asks);
	dtte_plain(&c->dtte, true, c->now);
	registry_resync_soon(&c->registry);
	conditions_new_path(&c->conditions);
	return NULL;
}

/* The server still has the shields and bindings.  It may lack only those that were under way when the tunnel was lost.
 */
void plain_resume(struct client *c, struct tunnel *try, const struct tscf_message *response)
{
	char text[TSCF_ADDR_TEXT];
	struct tscf_tlv cookie;
	keep_former(c);
	tunnel_move(&c->plain, try);
	c->plain.tsid = response->tsid;
	c->plain.last_heard = c->now;
	side_ways_restart(&c->plain_ways);
	tunnel_take_times(&c->plain, response);
	take_observed(c, response);
	plain_state(c, TUNNEL_UP, "resumed");
	struct tscf_addr outer = outer_address(&c->plain);
	pushed_moved(&c->pushed, &outer);
	plain_review(c);
	tscf_info("plain tunnel goes on; the server sees this client at %s", tscf_endpoint_format(&c->observed, text));
	encrypted_new_way(c);
	if (tscf_message_find(response, TSCF_TLV_COOKIE, &cookie))
		tunnel_prove(&c->plain, cookie.value, cookie.length);
	else
		tunnel_probe(&c->plain);
	preferred_look(&c->preferred);
	registry_resync_now(&c->registry);
	if (c->registry.quiet || !dtte_is_up(&c->dtte))
		registry_shield_all(&c->registry);
	asks_again(&c->asks);
	dtte_plain(&c->dtte, true, c->now);
	conditions_new_path(&c->conditions);
}

bool plain_may_move(const struct client *c, const struct tscf_message *response, const char **reason)
{
	struct tscf_addrs internal = tscf_message_internal(response);
	bool negotiating =
	    c->dtte.state == DTTE_REQUESTED || c->dtte.state == DTTE_HANDSHAKE || c->dtte.state == DTTE_CONFIGURING;
	*reason = NULL;
	if (!has_internal(response))
		*reason = "the server's configuration response lacks an address or a session id";
	else if (!requests_idle(&c->plain.requests) || negotiating)
		*reason = "works, but requests are under way on the present tunnel";
	else if (!tscf_addrs_equal(&internal, &c->plain.internal) &&
		 (dtte_is_up(&c->dtte) || c->now - c->plain_traffic < (uint64_t)c->config->return_idle * 1000))
		*reason = "works, but would give another internal address while this one is in use";
	return !*reason;
}

void plain_down(struct client *c)
{
	c->counters.plain_reconnects++;
	c->plain_gone = c->now;
	pmtu_end(&c->pmtu);
	tunnel_close(&c->plain);
	side_ways_restart(&c->plain_ways);
	dtte_plain(&c->dtte, false, c->now);
	/* The cause may have ended the other tunnel, too; or the network has failed for a while. */
	tunnel_probe(&c->encrypted);
}

bool plain_go_back(struct client *c)
{
	if (!c->former.transport)
		return false;
	/* Requests made on the other way are made again. */
	dtte_plain(&c->dtte, false, c->now);
	tunnel_close(&c->plain);
	tunnel_move(&c->plain, &c->former);
	side_ways_restart(&c->plain_ways);
	plain_state(c, TUNNEL_UP, "configured");
	pmtu_begin(&c->pmtu);
	preferred_look(&c->preferred);
	registry_shield_all(&c->registry);
	asks_again(&c->asks);
	dtte_plain(&c->dtte, true, c->now);
	conditions_new_path(&c->conditions);
	return true;
}

void plain_review(struct client *c)
{
	bool moved = follow_away(c), changed = pushed_review(&c->pushed);
	if (changed) {
		tscf_info("the routes or DNS servers that this client takes from the server have changed: %u routes",
			  c->facts.route_count);
		hook_plain_changed(&c->hook);
	}
	if (moved || changed)
		client_route(c);
}

void plain_take_networks(struct client *c, const struct tscf_message *m)
{
	pushed_learn(&c->pushed, m);
	tscf_message_addrs(m, TSCF_TLV_SIP_SERVER, &c->sip_servers);
	hook_plain_changed(&c->hook);
	plain_review(c);
}

static void tick(void *context)
{
	struct client *c = context;
	tunnel_tick(&c->plain);
	pmtu_tick(&c->pmtu);
	if (follow_away(c))
		client_route(c);
	if (c->former.transport && c->now >= c->former_until)
		end_former(c);
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	uint64_t next = tunnel_next(&c->plain), probe = pmtu_next(&c->pmtu);
	if (probe < next)
		next = probe;
	if (c->plain_gone && !c->facts.away && !c->config->keep_routes && c->plain_gone + PLAIN_ROUTES_MS < next)
		next = c->plain_gone + PLAIN_ROUTES_MS;
	return c->former.transport && c->former_until < next ? c->former_until : next;
}

void plain_init(struct client *c)
{
	tscf_timers_add(&c->timers, &c->plain_timer, next_due, tick, c);
}
