/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain_events.c - handles the plain tunnel's events (alive, lost, moved) and reports them to the search (connector.h).
 */
#include "common/base/log.h"
#include "tscf-client/context.h"

/** A server that has sent something within this time gets no keepalive. */
#define FRESH_MS 500

static void lost(struct tunnel *t, const char *reason)
{
	tscf_warning("plain tunnel lost: %s", reason);
	connector_lost(&t->client->connector, reason);
}

static void restarted(struct tunnel *t)
{
	struct client *c = t->client;
	if (c->registry.quiet || c->plain.state != TUNNEL_UP)
		return;
	tscf_info("the server was restarted: sending it the encrypted-only sockets again");
	c->registry.quiet = true;
	registry_resync_now(&c->registry);
	registry_shield_all(&c->registry);
	tunnel_probe_suspected(&c->encrypted);
}

static void sockets_due(struct tunnel *t)
{
	asks_again(&t->client->asks);
}

static void entries_left(struct tunnel *t)
{
	registry_entries_left(&t->client->registry);
}

static void networks(struct tunnel *t, const struct tscf_message *m)
{
	plain_take_networks(t->client, m);
}

/* This host's address on the way to the server has changed: both tunnels go on from the new address. */
static void moved(struct client *c, const char *reason)
{
	tscf_info("plain tunnel: %s", reason);
	connector_lost(&c->connector, reason);
	/* A connection cannot move; a new one replaces it at the server. */
	dtte_failed(&c->dtte, reason, c->now);
}

/* After a sleep, data that is read may have arrived long before. */
static void ask(struct client *c, struct tunnel *t, bool slept)
{
	if (slept || c->now - t->last_heard >= FRESH_MS)
		tunnel_probe(t);
}

void plain_host_changed(struct client *c, bool slept)
{
	char text[TSCF_ADDR_TEXT], reason[128];
	struct tscf_addr source;

	plain_review(c);
	if (!c->plain.transport) {
		connector_hurry(&c->connector);
		return;
	}
	/* No route at all: another change will report when there is one. */
	if (!tunnel_source(&c->plain, &source))
		return;
	if (tunnel_astray(&c->plain)) {
		snprintf(reason, sizeof(reason), "this host sends to the server from %s now",
			 tscf_addr_format(&source, text));
		moved(c, reason);
		return;
	}
	/* On another path, trust in the network is checked when the tunnel has been resumed there. */
	preferred_look(&c->preferred);
	conditions_look(&c->conditions);
	connector_hurry(&c->connector);
	ask(c, &c->plain, slept);
	ask(c, &c->encrypted, slept);
	pmtu_changed(&c->pmtu);
}

static bool is_revoked(const struct client *c, unsigned server)
{
	const struct trust *known = &c->connector.verifier.known[server];
	return renewal_revokes(&c->renewal, known->chain, known->length);
}

/* The server may have another certificate by now, so it is asked again, and verified. */
void plain_lists_changed(struct client *c)
{
	static const char reason[] = "the server's certificate has been revoked";
	struct resume *resume = &c->connector.resume;
	if (resume->tsid != TSCF_TSID_NONE && is_revoked(c, resume->server))
		resume_forget(resume);
	if (c->encrypted.transport && is_revoked(c, c->encrypted.way.server)) {
		tscf_warning("encrypted tunnel lost: %s", reason);
		dtte_failed(&c->dtte, reason, c->now);
	}
	if (c->plain.transport && is_revoked(c, c->plain.way.server))
		c->plain.events->lost(&c->plain, reason);
}

static void alive(struct tunnel *t)
{
	struct client *c = t->client;
	encrypted_plain_answers(c);
	if (!connector_confirming(&c->connector))
		return;
	c->former_until = c->now + PLAIN_FORMER_MS;
	connector_alive(&c->connector);
	/* After a resumption the tunnel is on another path; the server answers probes only from a proved address. */
	if (c->pmtu.search.size == 0)
		pmtu_begin(&c->pmtu);
}

/* Nothing to do: the transport was already open when it became the plain tunnel's. */
static void opened(struct tunnel *t)
{
	(void)t;
}

const struct tunnel_events plain_events = {.open = opened,
					   .alive = alive,
					   .lost = lost,
					   .restarted = restarted,
					   .sockets_due = sockets_due,
					   .entries_left = entries_left,
					   .networks = networks};

static void former_alive(struct tunnel *t)
{
	(void)t;
}

static void former_lost(struct tunnel *t, const char *reason)
{
	(void)reason;
	tunnel_close(t);
}

const struct tunnel_events plain_former_events = {.open = opened, .alive = former_alive, .lost = former_lost};
