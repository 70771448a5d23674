/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet may belong to two flows.  An ICMP error belongs to the flow that it quotes, since it contains a piece of
 * that, and to its own flow, since it is also delivered as an ICMP packet.  The stricter rule of the two decides.
 */
#include "tscf-server/dtte.h"

#include "tscf-server/session/bind.h"

#include <netinet/in.h>

/** The rule that the entries that cover a packet give for it, the least strict first. */
enum rule {
	RULE_CLEAR,     /**< plain */
	RULE_GRACE,     /**< encrypted; clear packets are still accepted for a moment */
	RULE_ENCRYPTED, /**< encrypted only */
	RULE_SHIELDED,
	RULE_TOMBSTONE,
	RULE_UNKNOWN_FRAGMENT, /**< any of the entries of its address may cover it */
	RULE_UNKNOWN_QUOTE,
};

struct ruling {
	enum rule rule;
	struct server_session *owner; /**< GRACE, ENCRYPTED */
	bool preferred; /**< ENCRYPTED: the client may send packets in clear that it cannot send encrypted */
};

static struct server_decision drop(enum server_counter reason)
{
	return (struct server_decision){.verdict = SERVER_DROP, .reason = reason};
}

static struct server_decision to_plain(struct server_session *s)
{
	return (struct server_decision){.verdict = SERVER_TO_PLAIN, .session = s};
}

static struct server_decision to_encrypted(struct server_session *s)
{
	return (struct server_decision){.verdict = SERVER_TO_ENCRYPTED, .session = s};
}

static struct server_decision to_tun(void)
{
	return (struct server_decision){.verdict = SERVER_TO_TUN};
}

static bool is_forbidden(const struct tscf_binding *b)
{
	return b->state == TSCF_BINDING_SHIELD || b->state == TSCF_BINDING_TOMBSTONE;
}

static const struct tscf_binding *wider(struct server_state *state, const struct tscf_binding *shield, uint64_t now)
{
	struct tscf_binding_key key = shield->key;

	if (key.remote.family != 0) {
		key.remote = (struct tscf_addr){0};
		key.remote_port = 0;
	} else if (key.local_port != 0) {
		key.local_port = 0;
	} else {
		key.protocol = 0;
	}
	return tscf_bindings_find(state->bindings, &key, now);
}

static struct ruling encrypted(const struct tscf_binding *b)
{
	return (struct ruling){
	    .rule = RULE_ENCRYPTED, .owner = b->owner, .preferred = b->level == TSCF_LEVEL_ENCRYPTED_PREFERRED};
}

/** A shield or tombstone forbids clear packets and nothing else: if a wider entry has bound the flow, the packet goes
 * encrypted. */
static struct ruling rule_forbidden(struct server_state *state, const struct tscf_binding *b, uint64_t now)
{
	enum rule forbidden = b->state == TSCF_BINDING_SHIELD ? RULE_SHIELDED : RULE_TOMBSTONE;

	/* Flow, port, protocol: an entry can become wider three times. */
	for (unsigned i = 0; i < 3 && b && is_forbidden(b); i++)
		b = wider(state, b, now);
	if (!b || b->state != TSCF_BINDING_ACTIVE || !tscf_level_wants_encryption(b->level))
		return (struct ruling){.rule = forbidden};
	return encrypted(b);
}

static struct ruling ruling_of(struct server_state *state, const struct tscf_binding *b, uint64_t now)
{
	if (b && is_forbidden(b))
		return rule_forbidden(state, b, now);
	if (!b || b->state == TSCF_BINDING_RELEASED)
		return (struct ruling){.rule = RULE_CLEAR};
	if (!tscf_level_wants_encryption(b->level))
		return (struct ruling){.rule = RULE_CLEAR};
	if (now < b->grace_until)
		return (struct ruling){.rule = RULE_GRACE, .owner = b->owner};
	return encrypted(b);
}

static struct ruling rule_flow(struct server_state *state, const struct tscf_binding_key *key, uint64_t now)
{
	return ruling_of(state, tscf_bindings_find(state->bindings, key, now), now);
}

/** The rule for a packet that could belong to any flow of @p local. */
static struct ruling rule_unknown(struct server_state *state, const struct tscf_addr *local, enum rule unknown)
{
	return (struct ruling){.rule = tscf_bindings_any(state->bindings, local) ? unknown : RULE_CLEAR};
}

static enum tscf_direction opposite(enum tscf_direction d)
{
	return d == TSCF_FROM_LOCAL ? TSCF_TO_LOCAL : TSCF_FROM_LOCAL;
}

static struct ruling rule_error(struct server_state *state, const uint8_t *data, const struct tscf_packet_info *info,
				enum tscf_direction direction, uint64_t now)
{
	struct tscf_packet_info quote;
	struct tscf_binding_key own, quoted;
	struct ruling a, b;

	tscf_binding_key_of(info, direction, &own);
	a = rule_flow(state, &own, now);
	if (tscf_packet_parse_quote(data, info, &quote) != TSCF_PACKET_OK || !quote.first) {
		b = rule_unknown(state, &own.local, RULE_UNKNOWN_QUOTE);
	} else {
		tscf_binding_key_of(&quote, opposite(direction), &quoted);
		if (tscf_addr_equal(&quoted.local, &own.local))
			b = rule_flow(state, &quoted, now);
		else
			b = rule_unknown(state, &own.local, RULE_UNKNOWN_QUOTE);
	}
	/* Of two encrypted rules, the encrypted-only one is stricter. */
	return a.rule > b.rule || (a.rule == b.rule && !a.preferred) ? a : b;
}

/** @param live whether the client has an encrypted tunnel. */
static struct ruling rule_packet(struct server_state *state, const uint8_t *data, const struct tscf_packet_info *info,
				 enum tscf_direction direction, bool live, uint64_t now)
{
	const struct tscf_addr *local = direction == TSCF_FROM_LOCAL ? &info->source : &info->destination;
	struct tscf_binding_key key;

	/* Fragments from two tunnels could be reassembled into one datagram.  So while there is an encrypted tunnel,
	 * all fragments take it. */
	if (info->fragment && live)
		return (struct ruling){.rule = RULE_UNKNOWN_FRAGMENT};
	/* The first fragment of an ICMP error is not remembered: its own key does not identify the flow of the rest of
	 * the quote. */
	if (info->quotes)
		return rule_error(state, data, info, direction, now);
	if (!info->fragment) {
		tscf_binding_key_of(info, direction, &key);
		return rule_flow(state, &key, now);
	}
	if (tscf_fragments_key(state->fragments, info, direction, true, now, &key))
		return rule_flow(state, &key, now);
	return rule_unknown(state, local, RULE_UNKNOWN_FRAGMENT);
}

/** The counter for clear packets that @p rule drops. */
static enum server_counter counter_of(enum rule rule)
{
	switch (rule) {
	case RULE_SHIELDED:
		return SERVER_COUNT_SHIELDED;
	case RULE_TOMBSTONE:
		return SERVER_COUNT_TOMBSTONE;
	case RULE_UNKNOWN_FRAGMENT:
		return SERVER_COUNT_FRAGMENT_UNKNOWN;
	case RULE_UNKNOWN_QUOTE:
		return SERVER_COUNT_QUOTE_UNKNOWN;
	default:
		return SERVER_COUNT_CLEAR_REFUSED;
	}
}

static struct server_decision down_in_clear(const struct server_lease *lease)
{
	if (!lease->plain)
		return drop(SERVER_COUNT_NO_PLAIN_TUNNEL);
	if (lease->plain->quiet)
		return drop(SERVER_COUNT_QUIET);
	return to_plain(lease->plain);
}

/** @return whether a flow is in clear because its encrypted tunnel does not work. */
static bool is_aside(const struct ruling *ruling)
{
	return ruling->rule == RULE_ENCRYPTED && ruling->preferred && server_liveness_aside(&ruling->owner->liveness);
}

struct server_decision server_decide_down(struct server_state *state, const uint8_t *data,
					  const struct tscf_packet_info *info, uint64_t now)
{
	struct server_lease *lease = server_lease_find(&state->leases, &info->destination);
	struct ruling ruling;

	if (!lease)
		return drop(SERVER_COUNT_UNKNOWN_DESTINATION);
	if (lease->encrypted)
		return lease->encrypted_session ? to_encrypted(lease->encrypted_session)
						: drop(SERVER_COUNT_UNKNOWN_DESTINATION);
	ruling = rule_packet(state, data, info, TSCF_TO_LOCAL, lease->encrypted_session != NULL, now);
	if (is_aside(&ruling))
		return down_in_clear(lease);
	switch (ruling.rule) {
	case RULE_CLEAR:
		return down_in_clear(lease);
	case RULE_GRACE:
	case RULE_ENCRYPTED:
		return to_encrypted(ruling.owner);
	case RULE_SHIELDED:
		return (struct server_decision){
		    .verdict = SERVER_DROP, .session = lease->plain, .reason = SERVER_COUNT_SHIELDED};
	case RULE_UNKNOWN_FRAGMENT:
	case RULE_UNKNOWN_QUOTE:
		if (lease->encrypted_session)
			return to_encrypted(lease->encrypted_session);
		break;
	default:
		break;
	}
	return drop(counter_of(ruling.rule));
}

struct server_decision server_decide_held(struct server_state *state, const struct server_session *plain,
					  const uint8_t *data, const struct tscf_packet_info *info, uint64_t now)
{
	struct server_decision decision = server_decide_down(state, data, info, now);

	if (decision.verdict == SERVER_TO_ENCRYPTED || (decision.verdict == SERVER_DROP && decision.session == plain))
		return decision;
	return drop(SERVER_COUNT_SHIELDED);
}

/** @return whether @p addr may be a client's address, on any worker. */
static bool is_client(const struct server_state *state, const struct tscf_addr *addr)
{
	for (const struct server_interface *i = state->interfaces; i; i = i->next)
		if (server_pools_contain(&i->allocator->plain_pools, addr) ||
		    server_pools_contain(&i->allocator->encrypted_pools, addr))
			return true;
	return false;
}

static bool is_inter_client(const struct server_state *state, const struct server_session *s,
			    const struct tscf_packet_info *info)
{
	return !s->interface->inter_client && is_client(state, &info->destination);
}

/** @p quotable: an ICMP error may quote the packet on the tunnel of @p s. */
static struct server_decision refuse(struct server_session *s, bool quotable)
{
	return (struct server_decision){
	    .verdict = SERVER_DROP, .session = quotable ? s : NULL, .reason = SERVER_COUNT_INTER_CLIENT};
}

struct server_decision server_decide_from_plain(struct server_state *state, struct server_session *s,
						const uint8_t *data, const struct tscf_packet_info *info, uint64_t now)
{
	struct ruling ruling;

	/* Until a session is confirmed, its address may still belong to another session. */
	if (s->lease->plain != s || !server_lease_has(s->lease, &info->source))
		return drop(SERVER_COUNT_SPOOFED);
	ruling = rule_packet(state, data, info, TSCF_FROM_LOCAL, s->lease->encrypted_session != NULL, now);
	if (is_inter_client(state, s, info))
		return refuse(s, ruling.rule == RULE_CLEAR);
	if (ruling.rule <= RULE_GRACE || is_aside(&ruling))
		return to_tun();
	if (ruling.preferred)
		server_liveness_suspect(state, ruling.owner);
	return drop(ruling.rule == RULE_UNKNOWN_FRAGMENT || ruling.rule == RULE_UNKNOWN_QUOTE
			? counter_of(ruling.rule)
			: SERVER_COUNT_CLEAR_REFUSED);
}

/** An ICMP packet without an identifier of its sender answers or reports something.  It does not show that the sender
 * wants a binding. */
static bool may_bind(const struct tscf_binding_key *flow)
{
	return flow->local_port != 0 || (flow->protocol != IPPROTO_ICMP && flow->protocol != IPPROTO_ICMPV6);
}

/** Learn from an encrypted packet that its socket has moved. */
static void learn(struct server_state *state, struct server_session *s, const struct tscf_packet_info *info,
		  uint64_t now)
{
	struct tscf_binding_key key;
	const struct tscf_binding *b;

	if (info->quotes)
		return;
	if (info->fragment) {
		/*
		 * All fragments take the encrypted tunnel, so they bind nothing.  They are remembered, so that clear
		 * fragments of the same datagram are refused even if the tunnel has ended meanwhile.
		 */
		tscf_fragments_key(state->fragments, info, TSCF_FROM_LOCAL, false, now, &key);
		return;
	}
	tscf_binding_key_of(info, TSCF_FROM_LOCAL, &key);
	b = tscf_bindings_find(state->bindings, &key, now);
	if (b && (b->state == TSCF_BINDING_ACTIVE || b->state == TSCF_BINDING_RELEASED) && b->owner == s)
		return;
	if (may_bind(&key))
		server_bind_implicitly(state, s, &key, b, now);
}

struct server_decision server_decide_from_encrypted(struct server_state *state, struct server_session *s,
						    const struct tscf_packet_info *info, uint64_t now)
{
	bool partner;

	if (!s->confirmed)
		return drop(SERVER_COUNT_UNCONFIGURED);
	partner = server_lease_has(s->partner, &info->source);
	if (!partner && !server_lease_has(s->lease, &info->source))
		return drop(SERVER_COUNT_SPOOFED);
	if (is_inter_client(state, s, info))
		return refuse(s, true);
	if (partner)
		learn(state, s, info, now);
	return to_tun();
}
