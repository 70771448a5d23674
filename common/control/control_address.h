/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_address.h - addresses as they go over the control socket.
 */
#ifndef TSCF_CONTROL_ADDRESS_H
#define TSCF_CONTROL_ADDRESS_H

#include "common/base/addr.h"
#include "common/control/control.h"

/** @return @p a with @p port; of family 0: none. */
struct tscf_control_address tscf_control_address(const struct tscf_addr *a, uint16_t port);
/** The same of an address with its port. */
struct tscf_control_address tscf_control_endpoint(const union tscf_endpoint *e);

#endif
