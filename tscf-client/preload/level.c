/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/level.h"

#include "common/control/control.h"
#include "common/control/socket_level.h"
#include "tscf-client/preload/environment.h"

#include <errno.h>

/*
 * A process that cannot ask the client does not know whether a policy names the socket.  If one may, the socket must
 * not be used.  EXDEV: the socket is of another network namespace, where the client's policies do not apply.
 */
static bool is_unsure(const struct preload_environment *environment, int error)
{
	return error != 0 && error != EXDEV && (environment->must_ask || tscf_socket_must_tell(environment->control));
}

int preload_level_start(int fd)
{
	struct preload_environment environment;
	int error;

	preload_environment_get(&environment);
	if (!environment.trusted)
		return 0;
	error = tscf_socket_tell_level(environment.control, fd, environment.level, TSCF_CONTROL_FLAG_DEFAULT);
	/* The daemon answers EACCES if a policy requires encryption and the socket has none. */
	if (error == EACCES || (error != 0 && environment.level == TSCF_LEVEL_ENCRYPTED_ONLY))
		return -EACCES;
	return is_unsure(&environment, error) ? -EACCES : 0;
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

int preload_level_report(int fd)
{
	struct preload_environment environment;
	int error;

	preload_environment_get(&environment);
	if (!environment.trusted)
		return 0;
	error = tscf_socket_report(environment.control, fd, environment.level, TSCF_CONTROL_FLAG_DEFAULT);
	return error == EACCES || is_unsure(&environment, error) ? -EACCES : 0;
}

int preload_reported(int fd, int result)
{
	int error = preload_level_report(fd);

	if (error == 0)
		return result;
	errno = -error;
	return -1;
}
