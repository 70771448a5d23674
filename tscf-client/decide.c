/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/decide.h"

/** How far a packet's flow is known. */
enum flow { FLOW_KNOWN, FLOW_LATER_FRAGMENT, FLOW_UNREADABLE_QUOTE };

/* The flow of a packet: its own, or, for an ICMP error, that of the quoted packet, which went the other way. */
static enum flow flow_of(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info,
			 enum tscf_direction direction, bool clear, struct tscf_binding_key *key)
{
	enum tscf_direction opposite = direction == TSCF_FROM_LOCAL ? TSCF_TO_LOCAL : TSCF_FROM_LOCAL;
	struct tscf_packet_info quote;
	if (info->quotes) {
		if (tscf_packet_parse_quote(data, info, &quote) != TSCF_PACKET_OK)
			return FLOW_UNREADABLE_QUOTE;
		if (quote.first) {
			tscf_binding_key_of(&quote, opposite, key);
			return FLOW_KNOWN;
		}
		return FLOW_UNREADABLE_QUOTE;
	}
	if (info->fragment)
		return tscf_fragments_key(d->fragments, info, direction, clear, d->now, key) ? FLOW_KNOWN
											     : FLOW_LATER_FRAGMENT;
	tscf_binding_key_of(info, direction, key);
	return FLOW_KNOWN;
}

/* Whether a packet of this flow may be in clear. */
static bool may_be_clear(const struct decider *d, const struct tscf_binding_key *key, bool in_transit)
{
	const struct tscf_binding *b = tscf_bindings_find(d->bindings, key, d->now);
	if (!b)
		return !d->policies || !policy_forbids_clear(d->policies, key);
	switch (b->state) {
	case TSCF_BINDING_ACTIVE:
		return !tscf_level_wants_encryption(b->level) || (in_transit && d->now < b->grace_until) ||
		       (b->level == TSCF_LEVEL_ENCRYPTED_PREFERRED && (d->aside || (in_transit && d->aside_before)));
	case TSCF_BINDING_RELEASED:
		return true;
	case TSCF_BINDING_SHIELD:
	case TSCF_BINDING_TOMBSTONE:
		return false;
	}
	return false;
}

/* Whether the flow was encrypted a moment ago, so that what came for it may have come encrypted. */
static bool was_encrypted(const struct decider *d, const struct tscf_binding_key *key)
{
	const struct tscf_binding *b = tscf_bindings_find(d->bindings, key, d->now);
	return b && b->state == TSCF_BINDING_RELEASED;
}

/* Whether the packet belongs to a socket that has not been seen yet and that a policy may name. */
static bool is_suspect(const struct decider *d, const struct tscf_binding_key *key)
{
	return d->suspect && d->policies && policy_may_forbid_clear(d->policies, key) &&
	       !tscf_bindings_find(d->bindings, key, d->now);
}

/* @return whether every packet may be in clear. */
static bool all_plain(const struct decider *d)
{
	return !d->policies && tscf_bindings_count(d->bindings) == 0;
}

/* Packets that the kernel sends for closed sockets (errors, resets, the end of TCP connections) show no new socket. */
static bool may_be_new_socket(const uint8_t *data, const struct tscf_packet_info *info)
{
	if (info->quotes || info->fragment)
		return false;
	return info->protocol != IPPROTO_TCP || tscf_packet_begins_tcp(data, info);
}

/* A packet that may not be in clear must go encrypted; @return how. */
static enum verdict turn(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info,
			 const struct tscf_binding_key *key)
{
	struct tscf_binding *b = tscf_bindings_find(d->bindings, key, d->now);
	/* An ICMP error from the kernel shows the opposite: the socket is closed. */
	if (b && b->guest_until != 0 && !info->quotes)
		b->generation = d->generation;
	if (b && b->state == TSCF_BINDING_TOMBSTONE && may_be_new_socket(data, info))
		return VERDICT_GUEST;
	return VERDICT_TURNED;
}

enum verdict decide_up_plain(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info,
			     struct tscf_binding_key *flow)
{
	if (!tscf_addrs_have(&d->plain, &info->source))
		return VERDICT_SPOOFED;
	/* Fragments of two tunnels could be reassembled into one datagram: while the encrypted tunnel is up, all take
	 * it. */
	if (info->fragment && d->up)
		return VERDICT_TURNED;
	if (all_plain(d))
		return VERDICT_PLAIN;
	/* While there is an encrypted socket, packets that cannot be distinguished from its packets go encrypted. */
	if (flow_of(d, data, info, TSCF_FROM_LOCAL, true, flow) == FLOW_KNOWN) {
		bool clear = may_be_clear(d, flow, false) && !(info->quotes && was_encrypted(d, flow));
		return clear ? VERDICT_PLAIN : turn(d, data, info, flow);
	}
	return tscf_bindings_any(d->bindings, &info->source) ? VERDICT_TURNED : VERDICT_PLAIN;
}

/* @return VERDICT_DELIVER if @p flow, which is filled, decides on a packet of an encrypted socket; else what does. */
static enum verdict encrypted_flow(const struct decider *d, const struct tscf_packet_info *info,
				   struct tscf_binding_key *flow)
{
	if (tscf_addrs_have(&d->encrypted, &info->source)) {
		if (d->native)
			*d->native = true;
		return VERDICT_ENCRYPTED;
	}
	if (!tscf_addrs_have(&d->plain, &info->source))
		return VERDICT_SPOOFED;
	/* A fragment does not reliably show its socket; the kernel's list of sockets does. */
	if (info->quotes || info->fragment)
		return VERDICT_ENCRYPTED;
	tscf_binding_key_of(info, TSCF_FROM_LOCAL, flow);
	return VERDICT_DELIVER;
}

enum verdict decide_up_encrypted(const struct decider *d, const struct tscf_packet_info *info,
				 struct tscf_binding_key *flow)
{
	enum verdict v = encrypted_flow(d, info, flow);
	if (v != VERDICT_DELIVER)
		return v;
	struct tscf_binding *b = tscf_bindings_find(d->bindings, flow, d->now);
	/* The kernel may not list the socket (a raw one): its packets show that it is open. */
	if (b && b->implicit)
		b->generation = d->generation;
	if (!b || b->state == TSCF_BINDING_TOMBSTONE)
		return VERDICT_NEW_FLOW;
	if (b->seen)
		return VERDICT_ENCRYPTED;
	b->seen = true;
	return VERDICT_FIRST;
}

enum verdict decide_held(const struct decider *d, const struct tscf_packet_info *info, struct tscf_binding_key *flow)
{
	enum verdict v = encrypted_flow(d, info, flow);
	if (v != VERDICT_DELIVER)
		return v;
	if (may_be_clear(d, flow, false))
		return VERDICT_LEFT;
	const struct tscf_binding *b = tscf_bindings_find(d->bindings, flow, d->now);
	return b && b->state != TSCF_BINDING_TOMBSTONE ? VERDICT_ENCRYPTED : VERDICT_NEW_FLOW;
}

enum verdict decide_down_plain(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info)
{
	struct tscf_binding_key key;
	if (!tscf_addrs_have(&d->plain, &info->destination))
		return VERDICT_SPOOFED;
	if (info->fragment && d->up)
		return VERDICT_REFUSED;
	if (all_plain(d))
		return VERDICT_DELIVER;
	if (flow_of(d, data, info, TSCF_TO_LOCAL, true, &key) == FLOW_KNOWN) {
		if (is_suspect(d, &key)) {
			*d->suspect = key;
			return VERDICT_SUSPECT;
		}
		return may_be_clear(d, &key, true) ? VERDICT_DELIVER : VERDICT_REFUSED;
	}
	return tscf_bindings_any(d->bindings, &info->destination) ? VERDICT_REFUSED : VERDICT_DELIVER;
}

enum verdict decide_down_encrypted(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info)
{
	struct tscf_binding_key key;
	bool ours =
	    tscf_addrs_have(&d->plain, &info->destination) || tscf_addrs_have(&d->encrypted, &info->destination);
	/* Remember it, so that clear fragments of the same datagram are refused even if the tunnel goes down meanwhile.
	 */
	if (ours && info->fragment)
		flow_of(d, data, info, TSCF_TO_LOCAL, false, &key);
	return ours ? VERDICT_DELIVER : VERDICT_SPOOFED;
}
