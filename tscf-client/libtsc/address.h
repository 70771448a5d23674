/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.h - what the daemon reports of addresses and outer sockets, in the types of tsc.h. */
#ifndef TSCF_LIBTSC_ADDRESS_H
#define TSCF_LIBTSC_ADDRESS_H

#include "common/control/control.h"
#include "tscf-client/libtsc/tsc.h"

/** @return the address; AF_UNSPEC if @p a is none. */
union tsc_address tsc_address_of(const struct tscf_control_address *a);
/** @return the outer socket; while the plain tunnel is down, its addresses are AF_UNSPEC, and it has no transport. */
tsc_tunnel_socket_info tsc_socket_info_of(const struct tscf_control_outer *outer);

#endif
