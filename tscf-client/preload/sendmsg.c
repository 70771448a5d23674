/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packet may be sent with a mark of its own, which replaces the socket's. */
#include "tscf-client/preload/mark.h"
#include "tscf-client/preload/real.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/** Room for a copy of the control data of a packet that has a mark; programs send some dozen bytes. */
#define CONTROL_MAX 1024

static bool is_mark(const struct cmsghdr *header)
{
	return header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_MARK &&
	       header->cmsg_len >= CMSG_LEN(sizeof(uint32_t));
}

static bool has_mark(const struct msghdr *message)
{
	struct msghdr *m = (struct msghdr *)(uintptr_t)message;
	struct cmsghdr *header;

	if (!message || !message->msg_control || message->msg_controllen == 0)
		return false;
	for (header = CMSG_FIRSTHDR(m); header; header = CMSG_NXTHDR(m, header))
		if (is_mark(header))
			return true;
	return false;
}

static int merge_marks(int fd, struct msghdr *message)
{
	struct cmsghdr *header;
	int error = 0;

	for (header = CMSG_FIRSTHDR(message); header && error == 0; header = CMSG_NXTHDR(message, header)) {
		uint32_t mark;

		if (!is_mark(header))
			continue;
		memcpy(&mark, CMSG_DATA(header), sizeof(mark));
		error = preload_mark_merge(fd, mark, &mark);
		memcpy(CMSG_DATA(header), &mark, sizeof(mark));
	}
	return error;
}

static ssize_t send_marked(int fd, const struct msghdr *message, int flags)
{
	union {
		char bytes[CONTROL_MAX];
		struct cmsghdr align;
	} control;
	struct msghdr copy = *message;
	int error = -EACCES;

	if (message->msg_controllen <= sizeof(control)) {
		memcpy(control.bytes, message->msg_control, message->msg_controllen);
		copy.msg_control = control.bytes;
		error = merge_marks(fd, &copy);
	}
	if (error == 0)
		return preload_real_sendmsg(fd, &copy, flags);
	errno = -error;
	return -1;
}

PRELOAD_HOOK ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return has_mark(message) ? send_marked(fd, message, flags) : preload_real_sendmsg(fd, message, flags);
}

PRELOAD_HOOK int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned i;
	bool any = false;

	for (i = 0; i < count && !any; i++)
		any = has_mark(&messages[i].msg_hdr);
	if (!any)
		return preload_real_sendmmsg(fd, messages, count, flags);
	for (i = 0; i < count; i++) {
		ssize_t sent = sendmsg(fd, &messages[i].msg_hdr, flags);

		if (sent < 0)
			break;
		messages[i].msg_len = (unsigned)sent;
	}
	/* As in the kernel: an error is returned only if it happens at the first message. */
	return i > 0 || count == 0 ? (int)i : -1;
}
