/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtte.h - the second dynamic encryption module: decides which tunnel a packet takes, if any.
 *
 * tscf(7), "DECISION PER PACKET".  The decision is made from a parsed packet and the tables, and costs a few hash
 * lookups.  It changes only what the server learns from packets: implicit bindings (from encrypted packets only),
 * fragments, and suspicions (liveness.h).
 */
#ifndef TSCF_SERVER_DTTE_H
#define TSCF_SERVER_DTTE_H

#include "tscf-server/state.h"

#include "common/packet/packet.h"

enum server_verdict { SERVER_TO_PLAIN, SERVER_TO_ENCRYPTED, SERVER_TO_TUN, SERVER_DROP };

struct server_decision {
	enum server_verdict verdict;
	struct server_session
	    *session; /**< TO_PLAIN, TO_ENCRYPTED: the session to send on.  DROP: the session that may hold the packet
			 (hold.h) or, if the packet is for another client, get the ICMP error (refusals.h); or NULL */
	enum server_counter reason; /**< DROP */
};

/** Decide on a packet from the service network. @p data is the packet that @p info describes; it is needed for the
 * packets that ICMP errors quote. */
struct server_decision server_decide_down(struct server_state *state, const uint8_t *data,
					  const struct tscf_packet_info *info, uint64_t now);
/** Decide again on a packet that was held for the plain session @p plain.  It came for an encrypted-only socket, so it
 * goes encrypted or is dropped; with @p plain as session, it may be held again. */
struct server_decision server_decide_held(struct server_state *state, const struct server_session *plain,
					  const uint8_t *data, const struct tscf_packet_info *info, uint64_t now);
/** Decide on a packet that came in clear on the plain session @p s. */
struct server_decision server_decide_from_plain(struct server_state *state, struct server_session *s,
						const uint8_t *data, const struct tscf_packet_info *info, uint64_t now);
/** Decide on a packet that came on the encrypted session @p s; until that is configured, it has no addresses. */
struct server_decision server_decide_from_encrypted(struct server_state *state, struct server_session *s,
						    const struct tscf_packet_info *info, uint64_t now);

#endif
