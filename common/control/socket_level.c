/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/socket_level.h"

#include "common/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool tscf_socket_has_level(int domain)
{
	return domain == AF_INET || domain == AF_INET6;
}

int tscf_socket_ask(int fd, int option, int *value)
{
	int saved = errno;
	socklen_t length = sizeof(*value);
	int error = syscall(SYS_getsockopt, fd, SOL_SOCKET, option, value, &length) == 0 ? 0 : -errno;

	errno = saved;
	return error;
}

static int ask_daemon(const char *control, struct tscf_control_request *request, int fd, int timeout_ms,
		      uint32_t *level)
{
	request->magic = TSCF_CONTROL_MAGIC;
	return tscf_control_call(control, request, fd, timeout_ms, level);
}

int tscf_socket_tell_level(const char *control, int fd, enum tscf_level level, uint32_t flags)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_SET_LEVEL, .level = level, .flags = flags};

	return ask_daemon(control, &request, fd, TSCF_SOCKET_LEVEL_MS, NULL);
}

/* ENOPROTOOPT tells a program that there are no levels here, whatever the reason; other errors come from the daemon. */
static int option_error(int result)
{
	return result < 0 ? -ENOPROTOOPT : -result;
}

int tscf_socket_set_level(const char *control, int fd, const void *value, socklen_t length)
{
	int domain, level;
	int error = tscf_socket_ask(fd, SO_DOMAIN, &domain);

	if (error != 0)
		return error;
	if (length != sizeof(level))
		return -EINVAL;
	if (!value)
		return -EFAULT;
	memcpy(&level, value, sizeof(level));
	if (level < TSCF_LEVEL_DEFAULT || level > TSCF_LEVEL_ENCRYPTED_PREFERRED)
		return -EINVAL;
	if (!tscf_socket_has_level(domain))
		return -ENOPROTOOPT;
	return option_error(tscf_socket_tell_level(control, fd, (enum tscf_level)level, 0));
}

int tscf_socket_get_level(const char *control, int fd, void *value, socklen_t *length)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_GET_LEVEL};
	uint32_t level = TSCF_LEVEL_DEFAULT;
	int domain;
	int error = tscf_socket_ask(fd, SO_DOMAIN, &domain);

	if (error != 0)
		return error;
	if (!length)
		return -EFAULT;
	if (*length > INT32_MAX)
		return -EINVAL;
	if (!tscf_socket_has_level(domain))
		return -ENOPROTOOPT;
	error = option_error(ask_daemon(control, &request, fd, TSCF_SOCKET_LEVEL_MS, &level));
	if (error != 0)
		return error;
	/* As the kernel does: as much as there is room for, and how much that was. */
	if (*length > sizeof(level))
		*length = sizeof(level);
	if (*length > 0 && !value)
		return -EFAULT;
	if (*length > 0)
		memcpy(value, &level, *length);
	return 0;
}

/* @return 0 if sockets like @p fd have what the daemon gives, or -errno. */
static int check_family(int fd)
{
	int domain;
	int error = tscf_socket_ask(fd, SO_DOMAIN, &domain);

	if (error != 0)
		return error;
	return tscf_socket_has_level(domain) ? 0 : -ENOPROTOOPT;
}

/* Set what a socket asks for. */
static int set_asked(const char *control, int fd, enum tscf_control_op op, uint8_t value, uint32_t flags)
{
	struct tscf_control_request request = {.op = op, .level = value, .flags = flags};
	int error = check_family(fd);

	return error != 0 ? error : option_error(ask_daemon(control, &request, fd, TSCF_SOCKET_LEVEL_MS, NULL));
}

static int get_asked(const char *control, int fd, enum tscf_control_op op, uint8_t *out)
{
	struct tscf_control_request request = {.op = op};
	uint32_t value = 0;
	int error = check_family(fd);

	if (error == 0)
		error = option_error(ask_daemon(control, &request, fd, TSCF_SOCKET_LEVEL_MS, &value));
	*out = (uint8_t)value;
	return error;
}

int tscf_socket_set_redundancy(const char *control, int fd, uint8_t redundancy, uint32_t flags)
{
	return set_asked(control, fd, TSCF_CONTROL_SET_REDUNDANCY, redundancy, flags);
}

int tscf_socket_get_redundancy(const char *control, int fd, uint8_t *redundancy)
{
	return get_asked(control, fd, TSCF_CONTROL_GET_REDUNDANCY, redundancy);
}

int tscf_socket_set_datagram(const char *control, int fd, uint8_t datagram, uint32_t flags)
{
	return set_asked(control, fd, TSCF_CONTROL_SET_DATAGRAM, datagram, flags);
}

int tscf_socket_get_datagram(const char *control, int fd, uint8_t *datagram)
{
	return get_asked(control, fd, TSCF_CONTROL_GET_DATAGRAM, datagram);
}

int tscf_socket_report(const char *control, int fd, enum tscf_level level, uint32_t flags)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_BOUND, .level = level, .flags = flags};
	int domain;

	if (tscf_socket_ask(fd, SO_DOMAIN, &domain) != 0 || !tscf_socket_has_level(domain))
		return 0;
	return ask_daemon(control, &request, fd, TSCF_SOCKET_LEVEL_MS, NULL);
}

bool tscf_socket_must_tell(const char *control)
{
	int saved = errno;
	struct statx status;
	bool must = syscall(SYS_statx, AT_FDCWD, control, 0, STATX_TYPE | STATX_MODE, &status) == 0 &&
		    S_ISSOCK(status.stx_mode) && (status.stx_mode & TSCF_CONTROL_MODE_MUST) == TSCF_CONTROL_MODE_MUST;

	errno = saved;
	return must;
}

int tscf_socket_mark_mask(const char *control, uint32_t *mask)
{
	struct tscf_control_request request = {.op = TSCF_CONTROL_MARK_MASK};

	return ask_daemon(control, &request, -1, TSCF_SOCKET_LEVEL_MS, mask);
}
