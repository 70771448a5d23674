/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/option.h"

#include "common/control/socket_level.h"
#include "tscf-client/libtsc/datagram.h"
#include "tscf-client/libtsc/redundancy.h"
#include "tscf-client/libtsc/tsc.h"

bool tsc_option_is(int level, int option)
{
	return level == SOL_SOCKET && (option == SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION || option == SO_TSC_REDUNDANCY ||
				       option == SO_TSC_TUNNEL_TRANSPORT);
}

int tsc_option_set(const char *control, int fd, int option, const void *value, socklen_t length)
{
	switch (option) {
	case SO_TSC_REDUNDANCY:
		return tsc_redundancy_set(control, fd, value, length);
	case SO_TSC_TUNNEL_TRANSPORT:
		return tsc_datagram_set(control, fd, value, length);
	default:
		return tscf_socket_set_level(control, fd, value, length);
	}
}

int tsc_option_get(const char *control, int fd, int option, void *value, socklen_t *length)
{
	switch (option) {
	case SO_TSC_REDUNDANCY:
		return tsc_redundancy_get(control, fd, value, length);
	case SO_TSC_TUNNEL_TRANSPORT:
		return tsc_datagram_get(control, fd, value, length);
	default:
		return tscf_socket_get_level(control, fd, value, length);
	}
}
