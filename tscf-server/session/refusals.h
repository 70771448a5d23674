/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusals.h - what a client is told whose packets to other clients are not passed on (inter-client-block).
 *
 * Its program gets an ICMP error, some in a second; the log names each pair once, as many as a phone may call; all are
 * counted.  The answer goes back by the tunnel that the packet came by, so that what came encrypted is quoted encrypted.
 */
#ifndef TSCF_SERVER_REFUSALS_H
#define TSCF_SERVER_REFUSALS_H

#include "common/packet/packet.h"

#include <stdint.h>

/** Most answers to a session in a second. */
#define SERVER_REFUSALS_PER_SECOND 10
/** Most destinations that the log names for one session. */
#define SERVER_REFUSALS_NAMED 8

struct server_session;

/** Of one session; there is none until something is refused. */
struct server_refusals {
	uint64_t packets;
	uint64_t second; /**< monotonic ms: when `answered` began */
	unsigned answered;
	unsigned named;
	bool silent; /**< the log has said that it names no more */
	struct tscf_addr to[SERVER_REFUSALS_NAMED];
};

/**
 * The packet @p info at @p data, for another client, is not passed on for @p s, whose it is.
 *
 * @param quotable  whether it may be quoted on the tunnel of @p s
 */
void server_refuse(struct server_session *s, const uint8_t *data, const struct tscf_packet_info *info, bool quotable, uint64_t now);

/** @return how many packets of @p s were refused so. */
uint64_t server_refused(const struct server_session *s);

#endif
