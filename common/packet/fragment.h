/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fragment.h - later fragments are handled like their first fragment.
 *
 * Only the first fragment of a datagram has ports.  For a bounded number of datagrams, this table remembers the binding
 * key of the first fragment, and the later fragments get the same key.  Fixed memory: a new datagram overwrites the
 * oldest in its slot.  A clear datagram never overwrites an encrypted one of the same direction, neither the same
 * datagram's entry nor to make room: a sender of clear packets cannot undo what was learnt from encrypted packets.
 *
 * A fragment that comes before its first one has no key here; the caller then takes the safe choice (tscf(7),
 * "FRAGMENTS").
 */
#ifndef TSCF_FRAGMENT_H
#define TSCF_FRAGMENT_H

#include "common/packet/binding.h"

/** How long a datagram is remembered: the kernel's reassembly timeout. */
#define TSCF_FRAGMENT_MS 30000

struct tscf_fragments;

/** @return an empty table for about @p slots datagrams at a time, or NULL when out of memory. */
struct tscf_fragments *tscf_fragments_new(unsigned slots);
void tscf_fragments_free(struct tscf_fragments *table);

/**
 * Get the key for the fragment @p info.  The key of a first fragment is remembered; a later fragment gets the key that
 * was remembered for (source, destination, identification; for IPv4 also protocol).  @p clear says on which kind of
 * tunnel it travels.  All fragments of a datagram must travel on the same kind, so a later fragment is found only if
 * its first one came by the same kind (else forged clear fragments could be reassembled into an encrypted datagram).
 *
 * @return true with @p key filled, false if nothing is known.
 */
bool tscf_fragments_key(struct tscf_fragments *table, const struct tscf_packet_info *info,
			enum tscf_direction direction, bool clear, uint64_t now, struct tscf_binding_key *key);

#endif
