/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/media.h"

#include "common/packet/ecn.h"

#include <netinet/in.h>

/* A proxy carries no datagrams, and a plain tunnel inside TLS is there because only that port is open. */
static bool is_possible(const struct way *stream)
{
	return !stream->proxied && !stream->inside;
}

const struct side_way_kind media_kind = {.name = "media",
					 .transport = WAY_DATAGRAM,
					 .service = TSCF_SERVICE_ENABLE_DDT,
					 .is_possible = is_possible,
					 .round_trips = 4,
					 .try_ms = 700,
					 .try_longest_ms = 3000};

/* What its socket asks for comes first. */
static bool may_leave(const struct side_way *m, const struct tscf_packet *p, enum tscf_datagram datagram, bool is_rtp)
{
	if (datagram == TSCF_DATAGRAM_DEFAULT)
		return is_rtp || tscf_dscp_is_in(m->stream->host->config->ddt_dscps, tscf_tos_of(p->data));
	return datagram == TSCF_DATAGRAM_PREFERRED;
}

static bool is_media(const struct side_way *m, const struct tscf_packet *p, const struct tscf_packet_info *info,
		     enum tscf_datagram datagram, bool is_rtp)
{
	return may_leave(m, p, datagram, is_rtp) && tscf_packet_segment(p, 0) <= MEDIA_PACKET_MAX &&
	       info->protocol == IPPROTO_UDP && !info->fragment;
}

struct tunnel *media_route(struct side_way *m, const struct tscf_packet *p, const struct tscf_packet_info *info,
			   enum tscf_datagram datagram, bool is_rtp)
{
	if (!side_way_is_possible(m) || !is_media(m, p, info, datagram, is_rtp))
		return m->stream;
	return side_way_want(m) ? &m->way : m->stream;
}
