/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refuse.h - sends an error to a program whose packet reached the client but may not be sent.
 *
 * Rules and guard refuse most such packets in the kernel.  Three kinds of sockets get past them: one that is bound to
 * the encrypted device or address while there is no tunnel, one without a mark that must not send in clear, and one
 * whose TCP packets were held for a tunnel that then could not be had.  Such a socket gets an ICMP error (icmp_error.h)
 * that looks as if its peer had sent it.  The client writes it to the device that the packet came from; it is never on
 * a wire.
 */
#ifndef TSCF_CLIENT_REFUSE_H
#define TSCF_CLIENT_REFUSE_H

#include "common/linux/tun.h"

#include <stdint.h>

/** The most errors in a second; further packets are only counted. */
#define REFUSE_PER_SECOND 100

/** How many errors were sent lately. */
struct refuse {
	uint64_t second; /**< monotonic ms: when `sent` began */
	unsigned sent;
};

/** Report that the packet at @p data, which was read from @p tun, is not sent. */
void refuse_packet(struct refuse *r, struct tscf_tun *tun, const uint8_t *data, uint32_t length, uint64_t now);

#endif
