/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gso_fallback.h - what the kernel has refused to take in one piece (UDP_SEGMENT), and where to.
 *
 * A path that is narrower than a datagram refuses every GSO batch of such datagrams; it is one destination's path, and
 * must not slow down the others on the socket.  A device may refuse GSO batches of any size; then the socket does without.
 * Neither is for ever: paths change, and a forged ICMP error can make one look narrow.  So after a number of
 * datagrams that went one by one, a GSO batch is tried again; a refused GSO batch costs one system call, and no datagram.
 *
 * No clock, no allocation.  The table is small and forgets: what it forgets is refused, and noted, again.
 */
#ifndef TSCF_GSO_FALLBACK_H
#define TSCF_GSO_FALLBACK_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Datagrams that go one by one before a GSO batch is tried again. */
#define TSCF_REFUSAL_DATAGRAMS 1024
/** Destinations that are remembered; a power of two. */
#define TSCF_REFUSAL_SLOTS 64

struct tscf_gso_fallback {
	union tscf_endpoint to; /**< family 0: the one of a connected socket */
	uint32_t size;          /**< the smallest that was refused */
	uint32_t left;          /**< datagrams until it is forgotten; 0: it is */
};

/** Zero-initialised: nothing was refused. */
struct tscf_gso_fallbacks {
	unsigned used; /**< slots that hold something */
	uint32_t left; /**< datagrams to anywhere until GSO batches are tried again; 0: they are */
	struct tscf_gso_fallback slot[TSCF_REFUSAL_SLOTS];
};

/** A GSO batch of datagrams of @p size bytes to @p to (NULL: of a connected socket) is too large for the path. */
void tscf_gso_fallbacks_note_size(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to, uint32_t size);
/** A GSO batch was refused, whatever its size. */
void tscf_gso_fallbacks_note_any(struct tscf_gso_fallbacks *r);
/** A datagram of @p size bytes goes to @p to.  @return whether others may be in one piece with it. */
bool tscf_gso_fallbacks_allow(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to, uint32_t size);

#endif
