/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/level.h"
#include "tscf-client/preload/real.h"

PRELOAD_HOOK int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int result = preload_real_bind(fd, address, length);

	return result == 0 ? preload_reported(fd, result) : result;
}
