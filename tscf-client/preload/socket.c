/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/socket_level.h"
#include "tscf-client/preload/level.h"
#include "tscf-client/preload/real.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The level is set before the program gets the socket, so no packet, not even a SYN, can be sent without it. */
PRELOAD_HOOK int socket(int domain, int type, int protocol)
{
	int fd = preload_real_socket(domain, type, protocol);
	int error;

	if (fd < 0 || !tscf_socket_has_level(domain))
		return fd;
	error = preload_level_start(fd);
	if (error == 0)
		return fd;
	syscall(SYS_close, fd);
	errno = -error;
	return -1;
}
