/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/path_redundancy.h"

#include "tscf-server/session/copy_ways.h"

/** The tunnel of @p s by @p peer: its own, or that of its media way. */
static struct tscf_redundancy_tunnel redundant_tunnel(const struct server_state *state, struct server_session *s,
						      struct tscf_peer *peer)
{
	uint32_t most = peer->transport->ops->packet_max;

	return (struct tscf_redundancy_tunnel){.flows = &s->redundant,
					       .peer = peer,
					       .packet_max = state->settings.mtu < most ? state->settings.mtu : most};
}

/* --- down --- */

/** Send the repair packets that follow @p packet, as far as the rate of the client allows them. */
static void repair_down(struct server_state *state, struct server_session *s, const struct tscf_packet *packet,
			uint8_t redundancy, uint64_t now)
{
	struct tscf_redundancy_port *port = &state->redundancy;
	struct tscf_redundancy_tunnel tunnel = redundant_tunnel(state, s, packet->peer);
	unsigned before = port->out.count;

	tscf_redundancy_port_sent(port, &tunnel, packet, redundancy, now);
	for (unsigned i = before; i < port->out.count; i++)
		if (!server_session_within_rate(state, s, SERVER_DOWN, 1, port->out.packet[i]->length, now))
			port->out.count = i;
}

/** Send copies of @p packet by the @p most streams @p peers, as far as the rate of the client allows more than one. */
static void copy_down(struct server_state *state, struct server_session *s, const struct tscf_packet *packet,
		      struct tscf_peer *const *peers, unsigned most, uint64_t now)
{
	unsigned packets = tscf_packet_segments(packet), count;

	for (count = 1; count < most; count++)
		if (!server_session_within_rate(state, s, SERVER_DOWN, packets, packet->length, now))
			break;
	for (unsigned i = 0; i < count; i++)
		server_copy_ways_sent(s, peers[i], packets);
	tscf_redundancy_port_copy(&state->redundancy, &s->copy_ways->sent, peers, count, packet);
}

/** Send @p packet by the streams of @p s: by each, or by one in turn.  @return false: there is only its own. */
static bool streams_down(struct server_state *state, struct server_session *s, struct tscf_packet *packet,
			 const struct tscf_packet_info *info, uint8_t redundancy, uint64_t now)
{
	struct tscf_peer *peers[TSCF_REDUNDANCY_STREAMS];
	unsigned count = server_copy_ways_down(s, info, redundancy, now, peers), which;

	if (count == 1)
		return false;
	if (redundancy != TSCF_REDUNDANCY_BALANCE) {
		copy_down(state, s, packet, peers, count, now);
		return true;
	}
	which = tscf_redundancy_port_balance(&state->redundancy, &s->copy_ways->turn, peers, count, packet, now);
	server_copy_ways_sent(s, peers[which], tscf_packet_segments(packet));
	return true;
}

bool server_redundancy_down(struct server_state *state, struct server_session *s, struct tscf_packet *packet,
			    const struct tscf_packet_info *info, uint8_t redundancy, uint64_t now)
{
	if (redundancy == TSCF_REDUNDANCY_NONE)
		return false;
	if (packet->peer->transport->ops->stream)
		return streams_down(state, s, packet, info, redundancy, now);
	if (tscf_redundancy_repairs(redundancy))
		repair_down(state, s, packet, redundancy, now);
	return false;
}

/* --- up --- */

bool server_redundancy_came(struct server_state *state, struct tscf_peer *peer, const uint8_t *data,
			    const struct tscf_packet_info *info, uint64_t now)
{
	struct tscf_redundancy_tunnel tunnel;

	if (peer->transport->ops->stream ||
	    !tscf_redundancy_repairs(tscf_services_redundancy(state->services, info, TSCF_FROM_LOCAL)))
		return true;
	tunnel = redundant_tunnel(state, peer->user, peer);
	return tscf_redundancy_port_came(&state->redundancy, &tunnel, info, data, now);
}

void server_redundancy_handle(struct server_state *state, struct tscf_peer *peer, const uint8_t *data, uint32_t length,
			      uint64_t now)
{
	struct server_session *s = peer->user;
	struct tscf_redundancy_tunnel tunnel;

	if (tscf_services_count(state->services) == 0 || (s->encrypted && !s->confirmed)) {
		state->redundancy.shared.counters.repair_invalid++;
		return;
	}
	if (!server_session_within_rate(state, s, SERVER_UP, 1, length, now))
		return;
	s->heard = now;
	tunnel = redundant_tunnel(state, s, peer);
	tscf_redundancy_port_handle(&state->redundancy, &tunnel, data, length, now);
}

bool server_redundancy_is_first(struct server_state *state, struct tscf_peer *peer, const uint8_t *data,
				uint32_t length, uint64_t now)
{
	struct tscf_redundancy_counters *counters = &state->redundancy.shared.counters;
	struct server_session *s = peer->user;
	uint64_t number;

	if (!s->copy_ways || tscf_copy_read(data, length, &number) < 0) {
		counters->repair_invalid++;
		return false;
	}
	s->heard = now;
	server_copy_ways_heard(s, peer, now);
	if (tscf_copy_is_first(&s->copy_ways->came, number))
		return true;
	counters->copies_dropped++;
	/* The rate is that of what comes. */
	server_session_within_rate(state, s, SERVER_UP, 1, length, now);
	return false;
}
