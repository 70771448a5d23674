/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/tsc.h"
#include "tscf-client/preload/level.h"
#include "tscf-client/preload/real.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>

/* What a program says of its packets, policies may go by: SIP clients mark their media so. */
static bool sets_dscp(int level, int option)
{
	return (level == IPPROTO_IP && option == IP_TOS) || (level == IPPROTO_IPV6 && option == IPV6_TCLASS);
}

PRELOAD_HOOK int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	int error;

	if (level != SOL_SOCKET || option != SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION) {
		int result = preload_real_setsockopt(fd, level, option, value, length);

		return result == 0 && sets_dscp(level, option) ? preload_reported(fd, result) : result;
	}
	error = preload_level_set(fd, value, length);
	if (error == 0)
		return 0;
	errno = -error;
	return -1;
}
