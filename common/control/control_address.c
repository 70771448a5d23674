/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/control_address.h"

#include <string.h>

struct tscf_control_address tscf_control_address(const struct tscf_addr *a, uint16_t port)
{
	struct tscf_control_address out = {.family = a->family == AF_INET    ? 4
						     : a->family == AF_INET6 ? 6
									     : 0,
					   .port = port};

	memcpy(out.bytes, a->bytes, sizeof(out.bytes));
	return out;
}

struct tscf_control_address tscf_control_endpoint(const union tscf_endpoint *e)
{
	struct tscf_addr a = tscf_endpoint_addr(e);

	return tscf_control_address(&a, e->sa.sa_family ? tscf_endpoint_port(e) : 0);
}
