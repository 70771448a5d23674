/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtte.h - the second dynamic encryption module: which tunnel a packet takes, or that it takes none.
 *
 * tscf(7), "DECISION PER PACKET".  The decision takes a parsed packet and the tables, costs a few hash lookups, and
 * changes nothing but what is learnt from packets: implicit bindings (from encrypted ones only), fragments, and doubts
 * (liveness.h).
 */
#ifndef TSCF_SERVER_DTTE_H
#define TSCF_SERVER_DTTE_H

#include "tscf-server/state.h"

#include "common/packet/packet.h"

enum server_verdict { SERVER_TO_PLAIN, SERVER_TO_ENCRYPTED, SERVER_TO_TUN, SERVER_DROP };

struct server_decision {
	enum server_verdict verdict;
	struct server_session
	    *session; /**< TO_PLAIN, TO_ENCRYPTED: whose.  DROP: who may hold the packet (hold.h), or, if it is for another client, be answered (refusals.h), or NULL */
	enum server_counter reason; /**< DROP */
};

/** A packet from the service network.  @p data is the packet that @p info describes: for the quotes of ICMP errors. */
struct server_decision server_decide_down(struct server_state *state, const uint8_t *data,
					  const struct tscf_packet_info *info, uint64_t now);
/** A packet that came in clear on the plain session @p s. */
struct server_decision server_decide_from_plain(struct server_state *state, struct server_session *s,
						const uint8_t *data, const struct tscf_packet_info *info, uint64_t now);
/** A packet that came on the encrypted session @p s, which is configured. */
struct server_decision server_decide_from_encrypted(struct server_state *state, struct server_session *s,
						    const struct tscf_packet_info *info, uint64_t now);

#endif
