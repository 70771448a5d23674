/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refuse.h - an error for a program whose packet came as far as the client and may not be sent.
 *
 * Rules and guard refuse most of them in the kernel.  A socket that is bound to the encrypted device or address gets past these while
 * there is no tunnel, and so does one without a mark that must not be in clear: it gets an ICMP error (icmp_error.h), as from its
 * peer, which the client gives to the kernel by the device that the packet came from and which is on no wire.
 */
#ifndef TSCF_CLIENT_REFUSE_H
#define TSCF_CLIENT_REFUSE_H

#include "common/linux/tun.h"

#include <stdint.h>

/** Most errors in a second; the other packets are only counted. */
#define REFUSE_PER_SECOND 100

/** How many there were lately. */
struct refuse {
	uint64_t second; /**< monotonic ms: when `told` began */
	unsigned told;
};

/** The packet at @p data, which was read from @p tun, is not sent. */
void refuse_packet(struct refuse *r, struct tscf_tun *tun, const uint8_t *data, uint32_t length, uint64_t now);

#endif
