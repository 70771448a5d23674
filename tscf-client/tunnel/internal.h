/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * internal.h - which internal addresses the client takes of a server.
 *
 * What has the address of a tunnel is routed into that tunnel or not at all, whatever accept-route says.  So a server
 * may give no address that this host has already, nor one that stands for others or for none.
 */
#ifndef TSCF_CLIENT_INTERNAL_H
#define TSCF_CLIENT_INTERNAL_H

#include "common/base/addr.h"

#define INTERNAL_FAULT 160

/** Who has which addresses. */
struct internal_holders {
	const char *devices[2];         /**< of the client: what these have is its own */
	struct tscf_addr outer;         /**< of the server, or of the proxy */
	const struct tscf_addrs *plain; /**< of the plain tunnel; NULL: the addresses are for that */
};

/** @return why the client does not take @p internal, as text in @p fault; NULL: it does. */
const char *internal_fault(const struct tscf_addrs *internal, const struct internal_holders *holders,
			   char fault[INTERNAL_FAULT]);

#endif
