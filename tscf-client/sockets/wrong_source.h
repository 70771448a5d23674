/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wrong_source.h - programs that send to the service network from an address that is not one of the tunnels: who they
 * are, for the log and the list of sockets.
 *
 * A phone that is bound to the address of the main default route does so.  Its packets are dropped and counted; without
 * a word, its user sees a call without sound.  One dropped packet in five seconds is noted, and its socket is looked up
 * when the timer is due, outside the path of packets.  At most eight in ten minutes are looked up, and named in the
 * log.
 */
#ifndef TSCF_WRONG_SOURCE_H
#define TSCF_WRONG_SOURCE_H

#include "common/daemon/timers.h"
#include "common/linux/sockdiag.h"
#include "tscf-client/sockets/searches.h"
#include "tscf-client/tunnel/tunnel.h"

#include <stdbool.h>
#include <stdint.h>

/** Sockets that are remembered; the oldest makes room. */
#define WRONG_SOURCES 8

/** The owner sets what it uses; the rest is zero at first. */
struct wrong_source {
	struct tscf_timers *timers;
	const struct tunnel *plain;
	struct searches *const *searches; /**< is there before the first packet */
	struct tscf_timer timer;
	bool pending;                 /**< a packet is noted, and its socket not looked up */
	unsigned logged;              /**< sockets named in the log in the present ten minutes */
	uint64_t logged_since;        /**< ms: when these began; 0: none was named yet */
	uint64_t next;                /**< ms: no packet is noted before */
	struct tscf_binding_key flow; /**< of that packet */
	struct tscf_sockdiag_flow diag;
	struct wrong_sender {
		struct tscf_addr local;
		uint16_t port;
		uint8_t protocol;
		uint64_t seen, logged; /**< ms: the last packet that was noted, the last log line; seen 0: none */
	} senders[WRONG_SOURCES];
};

/** @return 0 or -errno. */
int wrong_source_init(struct wrong_source *w);
void wrong_source_free(struct wrong_source *w);

/** The packet at @p data was dropped, since its source is not an internal address. */
void wrong_source_note(struct wrong_source *w, const uint8_t *data, uint32_t length);
/** @return whether packets of the socket were dropped for that within the last minute. */
bool wrong_source_has(const struct wrong_source *w, const struct tscf_socket *s);

#endif
