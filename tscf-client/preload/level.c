/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "level.h"

#include "common/control.h"
#include "common/socket_level.h"
#include "environment.h"

#include <errno.h>

int preload_level_start(int fd)
{
	struct preload_environment environment;
	int error;

	preload_environment_get(&environment);
	if (environment.level == TSCF_LEVEL_DEFAULT)
		return 0;
	error = tscf_socket_tell_level(environment.control, fd, environment.level, TSCF_CONTROL_FLAG_DEFAULT);
	return error != 0 && environment.level == TSCF_LEVEL_ENCRYPTED_ONLY ? -EACCES : 0;
}

int preload_level_set(int fd, const void *value, socklen_t length)
{
	struct preload_environment environment;

	preload_environment_get(&environment);
	return tscf_socket_set_level(environment.control, fd, value, length);
}

int preload_level_get(int fd, void *value, socklen_t *length)
{
	struct preload_environment environment;

	preload_environment_get(&environment);
	return tscf_socket_get_level(environment.control, fd, value, length);
}

void preload_level_report_bound(int fd)
{
	struct preload_environment environment;
	int mark;

	preload_environment_get(&environment);
	if (!environment.trusted)
		return;
	/* Who has no level himself may still have given one to this socket, or got the socket from somebody who had. */
	if (environment.level == TSCF_LEVEL_DEFAULT && (tscf_socket_ask(fd, SO_MARK, &mark) != 0 || mark == 0))
		return;
	tscf_socket_report_bound(environment.control, fd);
}
