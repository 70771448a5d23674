/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * internal.h - which internal addresses the client takes of a server.
 *
 * What has the address of a tunnel is routed into that tunnel or not at all, whatever accept-route says.  So a server
 * may give no address that this host has already, nor one that stands for others or for none.
 */
#ifndef TSCF_CLIENT_INTERNAL_H
#define TSCF_CLIENT_INTERNAL_H

#include "common/packet/message.h"
#include "tscf-client/tunnel/tunnel.h"

#define INTERNAL_FAULT 160

struct internal_check {
	const char *devices[2];     /**< of the client: what these have is its own; they must stay valid */
	char fault[INTERNAL_FAULT]; /**< why the addresses of a server were not taken last */
};

/**
 * Check the internal addresses that the server gives in @p m, for either tunnel.
 *
 * @param t      the tunnel that @p m came by
 * @param plain  the plain tunnel's addresses, which the encrypted one cannot have; NULL: @p m is for the plain tunnel
 * @return why this host cannot have them, in a text of @p check, which the next call changes; NULL: it can.
 */
const char *internal_fault(struct internal_check *check, const struct tunnel *t, const struct tscf_message *m,
			   const struct tscf_addrs *plain);

#endif
