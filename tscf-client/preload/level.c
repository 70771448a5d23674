/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "level.h"

#include "common/control.h"
#include "environment.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/** A daemon that hangs holds a program up this long for each socket at most. */
#define LEVEL_TIMEOUT_MS 2000
#define BOUND_TIMEOUT_MS 200

bool preload_is_inet(int domain)
{
	return domain == AF_INET || domain == AF_INET6;
}

/* An integer option, asked of the kernel itself.  @return 0 or -errno: -EBADF and -ENOTSOCK as any socket call would
 * say. */
static int ask_kernel(int fd, int option, int *value)
{
	int saved = errno;
	socklen_t length = sizeof *value;
	int error = syscall(SYS_getsockopt, fd, SOL_SOCKET, option, value, &length) == 0 ? 0 : -errno;

	errno = saved;
	return error;
}

static int ask_daemon(const struct preload_environment *environment, struct tscf_control_request *request, int fd,
		      int timeout_ms, uint32_t *level)
{
	request->magic = TSCF_CONTROL_MAGIC;
	return tscf_control_call(environment->control, request, fd, timeout_ms, level);
}

int preload_level_start(int fd)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_SET_LEVEL, .flags = TSCF_CONTROL_FLAG_DEFAULT};
	struct preload_environment environment;
	int error;

	preload_environment_get(&environment);
	if (environment.level == TSCF_LEVEL_DEFAULT)
		return 0;
	request.level = environment.level;
	error = ask_daemon(&environment, &request, fd, LEVEL_TIMEOUT_MS, NULL);
	return error != 0 && environment.level == TSCF_LEVEL_ENCRYPTED_ONLY ? -EACCES : 0;
}

/* A program learns from ENOPROTOOPT that levels are not to be had here, whatever the reason; other errors are the
 * daemon's own words. */
static int option_error(int result)
{
	return result < 0 ? -ENOPROTOOPT : -result;
}

int preload_level_set(int fd, const void *value, socklen_t length)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_SET_LEVEL};
	struct preload_environment environment;
	int domain, level;
	int error = ask_kernel(fd, SO_DOMAIN, &domain);

	if (error != 0)
		return error;
	if (length != sizeof level)
		return -EINVAL;
	if (value == NULL)
		return -EFAULT;
	memcpy(&level, value, sizeof level);
	if (level < TSCF_LEVEL_DEFAULT || level > TSCF_LEVEL_ENCRYPTED_PREFERRED)
		return -EINVAL;
	if (!preload_is_inet(domain))
		return -ENOPROTOOPT;
	preload_environment_get(&environment);
	request.level = (uint32_t)level;
	return option_error(ask_daemon(&environment, &request, fd, LEVEL_TIMEOUT_MS, NULL));
}

int preload_level_get(int fd, void *value, socklen_t *length)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_GET_LEVEL};
	struct preload_environment environment;
	uint32_t level = TSCF_LEVEL_DEFAULT;
	int domain;
	int error = ask_kernel(fd, SO_DOMAIN, &domain);

	if (error != 0)
		return error;
	if (length == NULL)
		return -EFAULT;
	if (*length > INT32_MAX)
		return -EINVAL;
	if (!preload_is_inet(domain))
		return -ENOPROTOOPT;
	preload_environment_get(&environment);
	error = option_error(ask_daemon(&environment, &request, fd, LEVEL_TIMEOUT_MS, &level));
	if (error != 0)
		return error;
	/* As the kernel does: as much as there is room for, and how much that was. */
	if (*length > sizeof level)
		*length = sizeof level;
	if (*length > 0 && value == NULL)
		return -EFAULT;
	if (*length > 0)
		memcpy(value, &level, *length);
	return 0;
}

void preload_level_report_bound(int fd)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_BOUND};
	struct preload_environment environment;
	int domain, mark;

	preload_environment_get(&environment);
	if (!environment.trusted)
		return;
	/* Who has no level himself may still have given one to this socket, or got the socket from somebody who had. */
	if (environment.level == TSCF_LEVEL_DEFAULT && (ask_kernel(fd, SO_MARK, &mark) != 0 || mark == 0))
		return;
	if (ask_kernel(fd, SO_DOMAIN, &domain) != 0 || !preload_is_inet(domain))
		return;
	ask_daemon(&environment, &request, fd, BOUND_TIMEOUT_MS, NULL);
}
