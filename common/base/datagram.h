/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * datagram.h - whether a socket prefers datagrams where its tunnel is a stream: values and names.
 *
 * tscf(7), "DDT".
 */
#ifndef TSCF_BASE_DATAGRAM_H
#define TSCF_BASE_DATAGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum tscf_datagram {
	TSCF_DATAGRAM_DEFAULT,   /**< each packet decides, by its DSCP or as RTP */
	TSCF_DATAGRAM_PREFERRED, /**< all packets, in both directions */
	TSCF_DATAGRAM_NEVER,     /**< none, whatever its DSCP */
};

/** @return whether @p datagram has a legal value. */
bool tscf_datagram_valid(unsigned datagram);
/** @return "default", "preferred" or "never". */
const char *tscf_datagram_name(uint8_t datagram);
/** Parse such a name.  @return 0, or -EINVAL. */
int tscf_datagram_parse(const char *name, uint8_t *out);

#endif
