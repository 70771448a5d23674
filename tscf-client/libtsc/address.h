/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.h - what the daemon reports of addresses and outer sockets, in the types of tsc.h. */
#ifndef TSCF_LIBTSC_ADDRESS_H
#define TSCF_LIBTSC_ADDRESS_H

#include "common/control/control.h"
#include "tscf-client/libtsc/tsc.h"

union tsc_address tsc_address_of(const struct tscf_control_address *a);
tsc_tunnel_socket_info tsc_socket_info_of(const struct tscf_control_outer *outer);

#endif
