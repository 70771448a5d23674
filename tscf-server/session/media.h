/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * media.h - DDT: the media way of a session whose tunnel is a stream, by which its media is sent in datagrams.
 *
 * tscf(7), "DDT".  It is a side way (side_way.h): a UDP source whose messages bear the MAC of the session, or a DTLS
 * connection.  The way of an encrypted session is DTLS, that of a plain one UDP.
 *
 * Which packets go down by it is learned from what comes up: those for a UDP port whose last packet came up by it; and
 * those for a socket that prefers datagrams (sockets.h), unless its last packet came up by the stream.
 */
#ifndef TSCF_SERVER_MEDIA_H
#define TSCF_SERVER_MEDIA_H

#include "tscf-server/session/side_way.h"

#include "common/packet/packet.h"

#include <limits.h>

/** A larger packet goes by the stream: with all headers it might not fit the path of the datagrams. */
#define SERVER_MEDIA_PACKET_MAX 1200

struct server_media {
	struct server_side_way way;
	uint8_t ports[(UINT16_MAX + 1) / CHAR_BIT]; /**< a bit for each UDP port whose last packet came by it ... */
	uint8_t stays[(UINT16_MAX + 1) / CHAR_BIT]; /**< ... or by the stream */
};

/**
 * Note the hash of a secret that opens a media way.  The way that is open is closed.
 *
 * @return NULL, or why there can be none.
 */
const char *server_media_offer(struct server_session *s, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now);

/** @return the media way, if a packet for the client goes down by it; else NULL.  @p asked: what the packet's socket
 * asks for; NULL: nothing. */
struct server_side_way *server_media_of(const struct server_session *s, const struct tscf_packet_info *info,
					const struct tscf_service_entry *asked, uint64_t now);

/** A packet of the client has come up by @p peer. */
void server_media_learn(struct server_session *s, const struct tscf_peer *peer, const struct tscf_packet_info *info,
			uint64_t now);

/** Close the way, and forget the offer. */
void server_media_close(struct server_session *s);

#endif
