/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/path_redundancy.h"

#include "tscf-client/context.h"

static struct tscf_redundancy_tunnel redundant_tunnel(struct client *c, const struct tunnel *t)
{
	/* A media way carries flows of the tunnel that it belongs to. */
	return (struct tscf_redundancy_tunnel){.flows = t->encrypted ? &c->encrypted_redundant : &c->plain_redundant,
					       .peer = t->peer,
					       .packet_max = c->pmtu.mtu};
}

static struct copy_ways *copy_ways_of(struct client *c, const struct tunnel *t)
{
	return t->encrypted ? &c->encrypted_ways.copies : &c->plain_ways.copies;
}

/** Send @p p by @p t and its copy ways: by each, or by one in turn.  @return false: it has no other. */
static bool by_streams(struct client *c, const struct tunnel *t, struct tscf_packet *p,
		       const struct tscf_packet_info *info, uint8_t redundancy)
{
	struct copy_ways *ways = copy_ways_of(c, t);
	struct tunnel *tunnels[TSCF_REDUNDANCY_STREAMS];
	struct tscf_peer *peers[TSCF_REDUNDANCY_STREAMS];
	unsigned count = copy_ways_up(ways, info, redundancy, tunnels), first = 0, end = count;

	if (count == 1)
		return false;
	for (unsigned i = 0; i < count; i++)
		peers[i] = tunnels[i]->peer;
	if (redundancy == TSCF_REDUNDANCY_BALANCE) {
		first = tscf_redundancy_port_balance(&c->redundancy, &ways->turn, peers, count, p, c->now);
		end = first + 1;
	} else {
		tscf_redundancy_port_copy(&c->redundancy, &ways->sent, peers, count, p);
	}
	for (unsigned i = first; i < end; i++)
		tunnel_sent(tunnels[i]);
	return true;
}

bool path_redundancy_up(struct client *c, const struct tunnel *t, struct tscf_packet *p,
			const struct tscf_packet_info *info, uint8_t redundancy)
{
	struct tscf_redundancy_tunnel tunnel = redundant_tunnel(c, t);

	if (redundancy == TSCF_REDUNDANCY_NONE || !t->peer)
		return false;
	if (t->transport->ops->stream)
		return by_streams(c, t, p, info, redundancy);
	if (tscf_redundancy_repairs(redundancy))
		tscf_redundancy_port_sent(&c->redundancy, &tunnel, p, redundancy, c->now);
	return false;
}

bool path_redundancy_came(struct client *c, const struct tunnel *t, const uint8_t *data,
			  const struct tscf_packet_info *info, uint8_t redundancy)
{
	struct tscf_redundancy_tunnel tunnel = redundant_tunnel(c, t);

	if (!tscf_redundancy_repairs(redundancy) || !t->peer || t->transport->ops->stream)
		return true;
	return tscf_redundancy_port_came(&c->redundancy, &tunnel, info, data, c->now);
}

void path_redundancy_handle(struct client *c, const struct tunnel *t, const uint8_t *data, uint32_t length)
{
	struct tscf_redundancy_tunnel tunnel = redundant_tunnel(c, t);

	if (t->state == TUNNEL_UP && t->peer)
		tscf_redundancy_port_handle(&c->redundancy, &tunnel, data, length, c->now);
	else
		c->redundancy.shared.counters.repair_invalid++;
}

bool path_redundancy_is_first(struct client *c, struct tunnel *t, const uint8_t *data, uint32_t length)
{
	struct copy_ways *ways = copy_ways_of(c, t);
	struct tunnel *stream = copy_ways_has(ways, t) ? ways->stream : t;
	uint64_t number;

	if (tscf_copy_read(data, length, &number) < 0) {
		c->redundancy.shared.counters.repair_invalid++;
		return false;
	}
	if (tscf_copy_is_first(&stream->copies, number))
		return true;
	c->redundancy.shared.counters.copies_dropped++;
	return false;
}
