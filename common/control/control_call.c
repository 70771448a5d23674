/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One request to a daemon, from inside another program.
 *
 * It uses raw system calls, for three reasons: the preload library may stand in front of the C library's functions;
 * some of those are cancellation points, which socket(2) must not become; and nothing here may take a lock that a fork
 * or a signal handler could find held.
 */
#include "common/control/control_wire.h"

#include <assert.h>
#include <errno.h>
#include <linux/time_types.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* These structs cross a process boundary: no hidden padding. */
static_assert(sizeof(struct tscf_control_request) == 36, "request has padding");
static_assert(sizeof(struct tscf_control_reply) == 16, "reply has padding");
static_assert(sizeof(struct tscf_control_event) == 16 + TSCF_CONTROL_REASON, "event has padding");
static_assert(sizeof(struct tscf_control_config) == 2 * 80 + 11 * 20, "configuration has padding");

/** How long to leave a daemon alone whose queue is full. */
#define BUSY_PAUSE_MS 2
/** Linux returns errors as -4095 ... -1, so no errno is larger. */
#define ERRNO_MAX 4095

static int64_t now_ms(void)
{
	struct __kernel_old_timespec now = {0};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t tscf_control_deadline(int timeout_ms)
{
	return now_ms() + timeout_ms;
}

void tscf_control_hang_up(int sock)
{
	syscall(SYS_close, sock);
}

/* @return 1 if ready, 0 if the deadline has passed, or -errno. */
static int poll_until(struct pollfd *fds, unsigned count, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		struct __kernel_old_timespec wait = {0};
		long ready;

		if (left > 0) {
			wait.tv_sec = left / 1000;
			wait.tv_nsec = left % 1000 * 1000000;
		}
		ready = syscall(SYS_ppoll, fds, count, &wait, NULL, 0);
		if (ready > 0)
			return 1;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (left <= 0)
			return 0;
	}
}

/* A full queue cannot be polled for.  @return false if there is no time left. */
static bool pause_before(int64_t deadline)
{
	int64_t now = now_ms();

	if (now >= deadline)
		return false;
	poll_until(NULL, 0, now + BUSY_PAUSE_MS < deadline ? now + BUSY_PAUSE_MS : deadline);
	return true;
}

static int connect_socket(int sock, const char *path, int64_t deadline)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);

	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length);
	while (syscall(SYS_connect, sock, &address, (socklen_t)sizeof(address)) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (!pause_before(deadline))
			return -ETIMEDOUT;
	}
	return 0;
}

static void attach_fd(struct msghdr *message, void *control, size_t size, int fd)
{
	struct cmsghdr *header;

	message->msg_control = control;
	message->msg_controllen = size;
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
}

int tscf_control_send(int sock, const struct tscf_control_request *request, int fd, int64_t deadline)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec data = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0)
		attach_fd(&message, control.bytes, sizeof(control.bytes), fd);
	for (;;) {
		long sent = syscall(SYS_sendmsg, sock, &message, MSG_NOSIGNAL);

		/* A fresh stream socket has room for one request: it goes in one piece or not at all. */
		if (sent >= 0)
			return (size_t)sent == sizeof(*request) ? 0 : -EPROTO;
		/* ETOOMANYREFS: this user has too many descriptors on their way; the daemon takes them soon. */
		if (errno != EAGAIN && errno != EINTR && errno != ETOOMANYREFS)
			return -errno;
		if (!pause_before(deadline))
			return -ETIMEDOUT;
	}
}

int tscf_control_connect(const char *path, int64_t deadline)
{
	int sock = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (sock < 0)
		return -errno;
	error = connect_socket(sock, path, deadline);
	if (error != 0) {
		tscf_control_hang_up(sock);
		return error;
	}
	return sock;
}

int tscf_control_dial(const char *path, const struct tscf_control_request *request, int fd, int64_t deadline)
{
	int sock = tscf_control_connect(path, deadline), error;

	if (sock < 0)
		return sock;
	error = tscf_control_send(sock, request, fd, deadline);
	if (error != 0) {
		tscf_control_hang_up(sock);
		return error;
	}
	return sock;
}

int tscf_control_receive(int sock, void *buffer, size_t size, int64_t deadline)
{
	char *to = buffer;

	while (size > 0) {
		long got = syscall(SYS_recvfrom, sock, to, size, 0, NULL, NULL);

		if (got > 0) {
			to += got;
			size -= (size_t)got;
		} else if (got == 0) {
			return -ECONNRESET;
		} else if (errno == EAGAIN) {
			struct pollfd readable = {.fd = sock, .events = POLLIN};
			int ready = poll_until(&readable, 1, deadline);

			if (ready <= 0)
				return ready < 0 ? ready : -ETIMEDOUT;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int tscf_control_receive_reply(int sock, struct tscf_control_reply *reply, int64_t deadline)
{
	int error = tscf_control_receive(sock, reply, sizeof(*reply), deadline);

	if (error != 0)
		return error;
	if (reply->magic != TSCF_CONTROL_MAGIC || reply->error < 0 || reply->error > ERRNO_MAX)
		return -EPROTO;
	return 0;
}

static int call(const char *path, const struct tscf_control_request *request, int fd, int timeout_ms, uint32_t *level)
{
	int64_t deadline = tscf_control_deadline(timeout_ms);
	int sock = tscf_control_dial(path, request, fd, deadline);
	struct tscf_control_reply reply;
	int error;

	if (sock < 0)
		return sock;
	error = tscf_control_receive_reply(sock, &reply, deadline);
	tscf_control_hang_up(sock);
	if (error != 0)
		return error;
	if (reply.error == 0 && level)
		*level = reply.level;
	return reply.error;
}

int tscf_control_call(const char *path, const struct tscf_control_request *request, int fd, int timeout_ms,
		      uint32_t *level)
{
	int saved = errno;
	int result = call(path, request, fd, timeout_ms, level);

	errno = saved;
	return result;
}
