/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/copy_ways.h"

#include "common/packet/copy.h"

/* Where one stream gets through, others do. */
static bool is_possible(const struct way *stream)
{
	(void)stream;
	return true;
}

/* It takes four round trips to open one by TLS, and more when the first segment is lost. */
static const struct side_way_kind copy_kind = {.name = "copies",
					       .transport = WAY_STREAM,
					       .service = TSCF_SERVICE_ENABLE_REDUNDANCY,
					       .is_possible = is_possible,
					       .round_trips = 10,
					       .try_ms = 1500,
					       .try_longest_ms = 6000,
					       .pause_ms = 1000};

void copy_ways_init(struct copy_ways *c, const struct tunnel_host *host, struct tunnel *stream)
{
	c->stream = stream;
	for (unsigned i = 0; i < COPY_WAYS; i++)
		side_way_init(&c->way[i], &copy_kind, host, stream);
}

unsigned copy_ways_up(struct copy_ways *c, const struct tscf_packet_info *info, uint8_t redundancy,
		      struct tunnel *tunnels[TSCF_REDUNDANCY_STREAMS])
{
	const unsigned most = tscf_copy_is_possible(info) ? tscf_redundancy_streams(redundancy) : 1;
	unsigned count = 0;

	tunnels[count++] = c->stream;
	for (unsigned i = 0; i + 1 < most; i++)
		if (side_way_want(&c->way[i]))
			tunnels[count++] = &c->way[i].way;
	return count;
}

bool copy_ways_has(const struct copy_ways *c, const struct tunnel *t)
{
	for (unsigned i = 0; i < COPY_WAYS; i++)
		if (t == &c->way[i].way)
			return true;
	return false;
}

void copy_ways_end(struct copy_ways *c)
{
	for (unsigned i = 0; i < COPY_WAYS; i++)
		c->way[i].wanted_at = 0;
}

void copy_ways_restart(struct copy_ways *c)
{
	for (unsigned i = 0; i < COPY_WAYS; i++)
		side_way_restart(&c->way[i]);
}
