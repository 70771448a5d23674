/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusals.h - what the server reports to a client whose packets to other clients it does not forward
 * (inter-client-block).
 *
 * The sending program gets ICMP errors, up to a few each second.  The log names each pair of addresses once, up to as
 * many as a phone may call.  All packets are counted.  The error goes back by the tunnel that the packet came by, so
 * that an encrypted packet is quoted encrypted.
 */
#ifndef TSCF_SERVER_REFUSALS_H
#define TSCF_SERVER_REFUSALS_H

#include "common/packet/packet.h"

#include <stdint.h>

/** Most ICMP errors to a session in a second. */
#define SERVER_REFUSALS_PER_SECOND 10
/** Most destinations that the log names for one session. */
#define SERVER_REFUSALS_NAMED 8

struct server_session;
struct server_state;

/** Refusals of one session; allocated at the first refusal. */
struct server_refusals {
	uint64_t packets;
	uint64_t second; /**< monotonic ms: when `answered` began */
	unsigned answered;
	unsigned named;
	bool silent; /**< it has been logged that no more destinations are named */
	struct tscf_addr to[SERVER_REFUSALS_NAMED];
};

/**
 * Refuse the packet @p info at @p data, which the client of @p s sent to another client.
 *
 * @param quotable  whether it may be quoted on the tunnel of @p s
 */
void server_refuse(struct server_state *state, struct server_session *s, const uint8_t *data,
		   const struct tscf_packet_info *info, bool quotable, uint64_t now);

/** @return how many packets of @p s were refused in this way. */
uint64_t server_refused(const struct server_session *s);

#endif
