/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gso_fallback.h - remembers which GSO batches (UDP_SEGMENT) the kernel has refused, and for which destination.
 *
 * A path with an MTU smaller than a datagram refuses every GSO batch of such datagrams.  That concerns one destination,
 * and must not slow down the others on the socket.  A device may refuse GSO batches of any size; then the socket does
 * without GSO.  Neither lasts: paths change, and a forged ICMP error can make a path look narrow.  So after a number of
 * datagrams sent one by one, a GSO batch is tried again.  A refused GSO batch costs one system call, and no datagram is
 * lost.
 *
 * No clock, no allocation.  The table is small and forgets entries: a forgotten refusal happens, and is noted, again.
 */
#ifndef TSCF_GSO_FALLBACK_H
#define TSCF_GSO_FALLBACK_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Datagrams sent one by one before a GSO batch is tried again. */
#define TSCF_REFUSAL_DATAGRAMS 1024
/** Destinations that are remembered; a power of two. */
#define TSCF_REFUSAL_SLOTS 64

struct tscf_gso_fallback {
	union tscf_endpoint to; /**< family 0: the destination of a connected socket */
	uint32_t size;          /**< the smallest size that was refused */
	uint32_t left;          /**< datagrams until this entry is forgotten; 0: the entry is unused */
};

/** Zero-initialised: nothing was refused. */
struct tscf_gso_fallbacks {
	unsigned used; /**< slots in use */
	uint32_t left; /**< datagrams, to any destination, until GSO batches are tried again; 0: GSO is in use */
	struct tscf_gso_fallback slot[TSCF_REFUSAL_SLOTS];
};

/** A GSO batch of datagrams of @p size bytes to @p to (NULL: of a connected socket) is too large for the path. */
void tscf_gso_fallbacks_note_size(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to, uint32_t size);
/** A GSO batch was refused, whatever its size. */
void tscf_gso_fallbacks_note_any(struct tscf_gso_fallbacks *r);
/** A datagram of @p size bytes is sent to @p to.  @return whether it may be joined with others in a GSO batch. */
bool tscf_gso_fallbacks_allow(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to, uint32_t size);

#endif
