/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fragment.h - later fragments go where their first fragment went.
 *
 * Only the first fragment of a datagram has ports.  This table remembers, for a bounded number of datagrams, the
 * binding key that the first fragment was judged by, so that the later ones are judged alike.  Fixed memory: a new
 * datagram overwrites the oldest in its slot.  A clear datagram never overwrites an encrypted one of the same
 * direction, neither the same datagram's entry nor to make room: whoever can send in clear cannot undo what was learnt
 * from encrypted packets.
 *
 * A fragment that comes before its first one has no verdict here; the caller takes the safe way (tscf(7), "FRAGMENTS").
 */
#ifndef TSCF_FRAGMENT_H
#define TSCF_FRAGMENT_H

#include "common/packet/binding.h"

/** How long a datagram is remembered: the kernel's own reassembly time. */
#define TSCF_FRAGMENT_MS 30000

struct tscf_fragments;

/** @return an empty table for about @p slots datagrams at a time, or NULL when out of memory. */
struct tscf_fragments *tscf_fragments_new(unsigned slots);
void tscf_fragments_free(struct tscf_fragments *table);

/**
 * The key to judge the fragment @p info by.  A first fragment's own key is remembered; a later one gets what was
 * remembered for (source, destination, identification; for IPv4 also protocol).  @p clear tells on which kind of tunnel
 * it travels: a datagram's fragments must all travel on the same kind, so a later fragment is found only if its first
 * one came by the same kind (else forged clear fragments could be reassembled into an encrypted datagram).
 *
 * @return true with @p key filled, false if nothing is known.
 */
bool tscf_fragments_key(struct tscf_fragments *table, const struct tscf_packet_info *info,
			enum tscf_direction direction, bool clear, uint64_t now, struct tscf_binding_key *key);

#endif
