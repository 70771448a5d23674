/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide.h - decides what the client does with one packet.
 *
 * The kernel has decided already, by the mark of the socket, on which device a packet comes up.  This file checks the
 * packets for which the mark is not enough: those that the kernel makes itself without a mark (resets, ICMP errors that
 * quote an encrypted packet), those after a move or a close, and those from the tunnels. tscf(7), "SECURITY
 * CONSIDERATIONS".  The caller has parsed the packet at @p data: @p info.  O(1), no I/O; it changes only the fragment
 * table and the generation of implicit bindings.
 */
#ifndef TSCF_CLIENT_DECIDE_H
#define TSCF_CLIENT_DECIDE_H

#include "common/packet/binding.h"
#include "common/packet/fragment.h"
#include "common/packet/packet.h"
#include "tscf-client/settings/policy.h"

enum verdict {
	VERDICT_PLAIN,     /**< up: plain tunnel */
	VERDICT_ENCRYPTED, /**< up: encrypted tunnel, or hold */
	VERDICT_NEW_FLOW,  /**< as ENCRYPTED, and the flow has no binding yet */
	VERDICT_FIRST,     /**< as ENCRYPTED, and the first packet of its binding on this device */
	VERDICT_TURNED,    /**< up, from the plain device: send it encrypted, or not at all */
	VERDICT_GUEST,     /**< as TURNED, and a new socket has the key of one that was encrypted-only */
	VERDICT_LEFT,      /**< drop: it was held, and its socket has left the encrypted tunnel meanwhile */
	VERDICT_DELIVER,   /**< down: to the kernel */
	VERDICT_SPOOFED,   /**< drop: not an address of this tunnel */
	VERDICT_REFUSED,   /**< drop: clear, but must be encrypted */
	VERDICT_SUSPECT,   /**< down, clear: the socket must be checked (suspects.h) */
	VERDICT_MALFORMED, /**< drop: the caller could not parse it */
};

struct decider {
	struct tscf_bindings *bindings;
	struct tscf_fragments *fragments;
	const struct policies *policies;  /**< NULL if none of them encrypts */
	struct tscf_binding_key *suspect; /**< filled for VERDICT_SUSPECT; NULL: such packets are refused */
	bool *native; /**< set by packets that programs send from the encrypted address; NULL: not */
	struct tscf_addrs plain, encrypted; /**< internal addresses */
	bool up;                            /**< the encrypted tunnel is up */
	bool aside;                         /**< ... but encrypted-preferred sockets do not use it */
	bool aside_before;                  /**< or did not use it a moment ago: some packets may be under way */
	uint32_t generation;                /**< given to implicit bindings that are in use (registry.h) */
	uint64_t now;
};

/** A packet read from the plain device; for VERDICT_GUEST, @p flow is its flow. */
enum verdict decide_up_plain(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info,
			     struct tscf_binding_key *flow);
/** A packet read from the encrypted device; for VERDICT_NEW_FLOW and VERDICT_FIRST, @p flow is its flow. */
enum verdict decide_up_encrypted(const struct decider *d, const struct tscf_packet_info *info,
				 struct tscf_binding_key *flow);
/**
 * A packet that was held, now that the encrypted tunnel is up.  If its flow may be in clear by now, it is VERDICT_LEFT:
 * sent encrypted it would bind the flow at the server again, sent in clear it would show what was to be encrypted.  For
 * VERDICT_NEW_FLOW (the socket has closed meanwhile), @p flow is its flow.
 */
enum verdict decide_held(const struct decider *d, const struct tscf_packet_info *info, struct tscf_binding_key *flow);
/** A packet from the plain tunnel. */
enum verdict decide_down_plain(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info);
/** A packet from the encrypted tunnel. */
enum verdict decide_down_encrypted(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info);

#endif
