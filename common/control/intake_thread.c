/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/intake_thread.h"

#include "common/base/sanitizer.h"
#include "common/base/thread.h"
#include "common/control/intake.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREAD_STACK (128U << 10)
/** Room for descriptors in a message: one is kept; the kernel closes those that do not fit. */
#define FDS_MAX 4

/** As the kernel counts them. */
#define QUEUE_BYTES (4 << 20)

/** In place of an order's number. */
#define AT_NONE 0
#define LEFT    UINT64_MAX

struct intake_thread {
	_Atomic uint64_t at;    /* the order that it has taken up */
	_Atomic unsigned users; /* the thread and the loop */
	int sock;
	int held[TSCF_INTAKE_SLOTS];
};

static void release(struct intake_thread *t)
{
	if (atomic_fetch_sub(&t->users, 1) == 1)
		free(t);
}

/* --- messages --- */

union control {
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int tscf_intake_say(int sock, const void *data, uint32_t size, int fd, int flags)
{
	union control control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(fd));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	while (sendmsg(sock, &message, MSG_NOSIGNAL | flags) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Keep the first descriptor, close all others. */
static int take_fds(struct msghdr *message)
{
	struct cmsghdr *header;
	int first = -1;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t offset;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (offset = CMSG_LEN(0); offset + sizeof(int) <= header->cmsg_len; offset += sizeof(int)) {
			int fd;

			memcpy(&fd, (char *)header + offset, sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

int tscf_intake_hear(int sock, void *data, uint32_t size, int *fd, int flags)
{
	union control control;
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	*fd = -1;
	do {
		got = recvmsg(sock, &message, MSG_CMSG_CLOEXEC | flags);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	*fd = take_fds(&message);
	if (got == 0)
		return -EPIPE;
	return (uint32_t)got == size ? 0 : -EPROTO;
}

/* --- the thread --- */

static int is_internet_socket(int fd)
{
	socklen_t length = sizeof(int);
	int domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0)
		return -errno;
	return domain == AF_INET || domain == AF_INET6 ? 0 : -EAFNOSUPPORT;
}

static void report(const struct intake_thread *t, const struct intake_order *order, int error, int fd)
{
	const struct intake_report r = {.op = order->op, .slot = order->slot, .error = -error};

	tscf_intake_say(t->sock, &r, sizeof(r), fd, 0);
}

static bool take_up(struct intake_thread *t, uint64_t number)
{
	return atomic_compare_exchange_strong(&t->at, &(uint64_t){AT_NONE}, number);
}

static bool is_done(struct intake_thread *t, uint64_t number)
{
	return atomic_compare_exchange_strong(&t->at, &number, AT_NONE);
}

static int drop(struct intake_thread *t, uint32_t slot)
{
	if (t->held[slot] >= 0)
		close(t->held[slot]);
	t->held[slot] = -1;
	return 0;
}

static int take(struct intake_thread *t, const struct intake_order *order, int connection)
{
	char unused[INTAKE_MESSAGE_MAX];
	int fd, error = tscf_intake_hear(connection, unused, order->size, &fd, MSG_DONTWAIT);

	if (error == 0)
		error = fd < 0 ? -EPROTO : is_internet_socket(fd);
	if (error == 0)
		t->held[order->slot] = fd;
	else if (fd >= 0)
		close(fd);
	close(connection);
	return error;
}

/* close() may wait: an order is reported when nothing of it is left to do.  Orders that were not taken up go to the
 * next thread. */
static void serve(struct intake_thread *t)
{
	struct intake_order order;
	int fd, error;

	while (tscf_intake_hear(t->sock, &order, sizeof(order), &fd, 0) == 0 && take_up(t, order.number)) {
		bool takes = order.op == INTAKE_TAKE;

		if (order.slot >= TSCF_INTAKE_SLOTS || order.size > INTAKE_MESSAGE_MAX)
			break;
		error = takes ? take(t, &order, fd) : drop(t, order.slot);
		if (!is_done(t, order.number))
			break;
		report(t, &order, error, takes && error == 0 ? t->held[order.slot] : -1);
	}
}

/* All other descriptors of the daemon are closed here: they must be gone when the daemon is, even if this thread hangs.
 */
static bool separate(int sock)
{
	if (unshare(CLONE_FILES) != 0)
		return false;
	tscf_sanitizer_own_descriptors();
	if (sock > 0)
		close_range(0, (unsigned)sock - 1, 0);
	close_range((unsigned)sock + 1, UINT_MAX, 0);
	return true;
}

static void *run(void *argument)
{
	static const struct intake_order start = {0};
	struct intake_thread *t = argument;

	for (unsigned i = 0; i < TSCF_INTAKE_SLOTS; i++)
		t->held[i] = -1;
	if (separate(t->sock)) {
		report(t, &start, 0, -1);
		serve(t);
		/* The end of the thread is the end of its descriptors. */
		close(t->sock);
		tscf_sanitizer_own_descriptors_end();
	} else {
		report(t, &start, -EPERM, -1);
	}
	release(t);
	return NULL;
}

/* Its end of the pair may be closed here when it has a table of its own. */
static int wait_until_separate(int ours, int theirs)
{
	struct intake_report r;
	int none, error = tscf_intake_hear(ours, &r, sizeof(r), &none, 0);

	close(theirs);
	if (error == 0)
		error = -r.error;
	if (error == 0)
		return ours;
	close(ours);
	return error;
}

static int start(struct intake_thread *t)
{
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	/* Every slot may have an order on its way. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &(int){QUEUE_BYTES}, sizeof(int));
	t->sock = pair[1];
	atomic_fetch_add(&t->users, 1);
	error = tscf_thread_start(run, t, THREAD_STACK);
	if (error == 0)
		return wait_until_separate(pair[0], pair[1]);
	release(t);
	close(pair[0]);
	close(pair[1]);
	return error;
}

int tscf_intake_thread_start(struct intake_thread **out)
{
	struct intake_thread *t = calloc(1, sizeof(*t));
	int sock;

	if (!t)
		return -ENOMEM;
	atomic_init(&t->users, 1);
	sock = start(t);
	if (sock < 0)
		release(t);
	else
		*out = t;
	return sock;
}

bool tscf_intake_thread_is_at(const struct intake_thread *t, uint64_t number)
{
	return atomic_load(&t->at) == number;
}

bool tscf_intake_thread_leave_at(struct intake_thread *t, uint64_t number)
{
	return atomic_compare_exchange_strong(&t->at, &number, LEFT);
}

void tscf_intake_thread_leave(struct intake_thread *t, int sock)
{
	atomic_store(&t->at, LEFT);
	/* The thread still holds what it sent and what was not received here, so this is not the last close. */
	close(sock);
	release(t);
}
