/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * side_way.h - a way beside the stream of a session, by which some of its packets go.
 *
 * There are two kinds: the media way, of datagrams (media.h), and copy ways, which are streams like its own
 * (copy_ways.h).  The client asks for one by the stream, with the hash of a secret (an offer), and shows the secret by
 * the way itself (control/side_way_open.h).  It is still the same session, and the inner packets undergo the same
 * decisions; only their last step differs.  A way is encrypted if its session is.
 */
#ifndef TSCF_SERVER_SIDE_WAY_H
#define TSCF_SERVER_SIDE_WAY_H

#include "tscf-server/state.h"

/** The client sends a keepalive every second while a way is open: one that is silent for this long carries nothing. */
#define SERVER_SIDE_WAY_FRESH_MS 3500

/** All zero: neither offered nor open. */
struct server_side_way {
	bool offered;                     /**< the secret of `hash` opens the way */
	uint8_t hash[SERVER_SECRET_SIZE]; /**< SHA-256 of the secret */
	struct server_listener *listener; /**< NULL: the way is not open */
	struct tscf_peer *peer;
	bool proved; /**< the client receives there; nothing is sent before */
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	uint64_t since, heard;                   /**< when it was proved; when something last came by it */
	uint64_t received_packets, sent_packets; /**< inner packets */
};

/** Note the hash of a secret that opens the way, which is closed if it is open. */
void server_side_way_offer(struct server_side_way *way, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now);
/** Close the way; an offer that was not used stays. */
void server_side_way_detach(struct server_side_way *way);
/** @return whether nothing has come by it for so long that its client uses it no more. */
bool server_side_way_is_silent(const struct server_side_way *way, uint64_t now);
/** @return whether packets can go down by it now. */
bool server_side_way_is_fresh(const struct server_side_way *way, uint64_t now);

#endif
