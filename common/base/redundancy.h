/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redundancy.h - how much redundancy a socket asks for: values and names.
 *
 * tscf(7), "SERVICES OF A SOCKET".  None, a fixed number of repair packets beside each packet, as many as the loss
 * demands, or balance: nothing is sent twice, but streams take turns.  With the numbers of the wire.
 */
#ifndef TSCF_BASE_REDUNDANCY_H
#define TSCF_BASE_REDUNDANCY_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_REDUNDANCY_NONE    0
#define TSCF_REDUNDANCY_MAX     4
#define TSCF_REDUNDANCY_BALANCE 254
#define TSCF_REDUNDANCY_AUTO    255
/** Most connections of a tunnel side by side. */
#define TSCF_REDUNDANCY_STREAMS 4

/** @return whether @p redundancy has a legal value. */
bool tscf_redundancy_valid(unsigned redundancy);
/** @return "none", "1" to "4", "balance" or "auto". */
const char *tscf_redundancy_name(uint8_t redundancy);
/** @return whether packets with @p redundancy are followed by repair packets where the tunnel carries datagrams. */
bool tscf_redundancy_repairs(uint8_t redundancy);
/** @return by how many streams, side by side, packets with @p redundancy go where the tunnel is a stream: each by all
 * of them, or, with balance, by one of them. */
unsigned tscf_redundancy_streams(uint8_t redundancy);
/** Parse such a name.  @return 0, or -EINVAL. */
int tscf_redundancy_parse(const char *name, uint8_t *out);

#endif
