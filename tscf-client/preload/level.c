/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/level.h"

#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "common/control/control.h"
#include "common/control/socket_level.h"
#include "tscf-client/libtsc/option.h"
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
	if (is_unsure(&environment, error))
		return -EACCES;
	/* Without it the program runs as well, on a network that loses nothing. */
	if (environment.redundancy != TSCF_REDUNDANCY_NONE)
		tscf_socket_set_redundancy(environment.control, fd, environment.redundancy, TSCF_CONTROL_FLAG_DEFAULT);
	/* Refused for what is no UDP socket. */
	if (environment.datagram != TSCF_DATAGRAM_DEFAULT)
		tscf_socket_set_datagram(environment.control, fd, environment.datagram, TSCF_CONTROL_FLAG_DEFAULT);
	return 0;
}

int preload_option_set(int fd, int option, const void *value, socklen_t length)
{
	struct preload_environment environment;

	preload_environment_get(&environment);
	return tsc_option_set(environment.control, fd, option, value, length);
}

int preload_option_get(int fd, int option, void *value, socklen_t *length)
{
	struct preload_environment environment;

	preload_environment_get(&environment);
	return tsc_option_get(environment.control, fd, option, value, length);
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
