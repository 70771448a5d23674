/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/level.h"
#include "tscf-client/preload/real.h"

#include <errno.h>

/* The kernel has chosen a local port by now, even if the connection is still being made. */
PRELOAD_HOOK int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int result = preload_real_connect(fd, address, length);

	return result == 0 || errno == EINPROGRESS || errno == EINTR ? preload_reported(fd, result) : result;
}
