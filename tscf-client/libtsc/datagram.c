/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/datagram.h"

#include "common/base/datagram.h"
#include "common/control/socket_level.h"
#include "tscf-client/libtsc/tsc.h"

#include <errno.h>
#include <string.h>

_Static_assert((int)tsc_so_tunnel_transport_by_packets == (int)TSCF_DATAGRAM_DEFAULT &&
		   (int)tsc_so_tunnel_transport_datagram_preferred == (int)TSCF_DATAGRAM_PREFERRED &&
		   (int)tsc_so_tunnel_transport_datagram_never == (int)TSCF_DATAGRAM_NEVER,
	       "the same numbers");

int tsc_datagram_set(const char *control, int fd, const void *value, socklen_t length)
{
	int wanted;

	if (length != sizeof(wanted))
		return -EINVAL;
	if (!value)
		return -EFAULT;
	memcpy(&wanted, value, sizeof(wanted));
	if (wanted < 0 || !tscf_datagram_valid((unsigned)wanted))
		return -EINVAL;
	return tscf_socket_set_datagram(control, fd, (uint8_t)wanted, 0);
}

int tsc_datagram_get(const char *control, int fd, void *value, socklen_t *length)
{
	uint8_t datagram;
	int has, error;

	if (!length || !value)
		return -EFAULT;
	if (*length < sizeof(has))
		return -EINVAL;
	error = tscf_socket_get_datagram(control, fd, &datagram);
	if (error != 0)
		return error;
	has = datagram;
	memcpy(value, &has, sizeof(has));
	*length = sizeof(has);
	return 0;
}
