/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * media.h - DDT: the media way of a tunnel whose transport is a stream, by which its media is sent in datagrams.
 *
 * tscf(7), "DDT".  Media is what has one of the DSCPs of the setting ddt-dscp or the shape of RTP, and what is from and
 * for sockets that prefer datagrams, in UDP packets that need no fragments; nothing from sockets that want none.  Its
 * way is a side way (side_way.h): a UDP socket beside TCP, a DTLS connection beside TLS, which is there soon after
 * datagrams get through. When it does not answer, media is back on the stream with the next packet.
 */
#ifndef TSCF_CLIENT_MEDIA_H
#define TSCF_CLIENT_MEDIA_H

#include "common/base/datagram.h"
#include "common/packet/packet.h"
#include "tscf-client/tunnel/side_way.h"

/** A larger packet stays on the stream: with all headers it might not fit the path of the datagrams. */
#define MEDIA_PACKET_MAX 1200

extern const struct side_way_kind media_kind;

/**
 * @param info      the first packet of @p p
 * @param datagram  what the socket of @p p asks for
 * @param is_rtp    whether its flow has the shape of RTP
 * @return the tunnel by which @p p, about to be sent by the stream's tunnel, goes: the media way @p m or the stream.
 */
struct tunnel *media_route(struct side_way *m, const struct tscf_packet *p, const struct tscf_packet_info *info,
			   enum tscf_datagram datagram, bool is_rtp);

#endif
