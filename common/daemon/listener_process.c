/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/listener_process.h"

#include "common/base/file.h"
#include "common/control/control_wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/** @return the state of the process, which stands behind its name in parentheses; 0: not known. */
static char state_of(pid_t pid)
{
	char file[64], text[1024];
	const char *name_end;
	int length;

	snprintf(file, sizeof(file), "/proc/%d/stat", (int)pid);
	length = tscf_file_read(file, text, sizeof(text) - 1);
	if (length < 0)
		return 0;
	text[length] = '\0';
	name_end = strrchr(text, ')');
	return name_end && name_end[1] == ' ' ? name_end[2] : 0;
}

struct tscf_listener_process tscf_listener_process_of(int sock)
{
	struct ucred peer = {.pid = 0};
	socklen_t length = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid <= 0)
		return (struct tscf_listener_process){.pid = 0};
	return (struct tscf_listener_process){.pid = peer.pid, .state = state_of(peer.pid)};
}

int tscf_listener_process_find(const char *path, struct tscf_listener_process *out)
{
	int sock = tscf_control_connect(path, 0);

	*out = (struct tscf_listener_process){.pid = 0};
	/* The queue of a process that is stopped fills up. */
	if (sock == -ETIMEDOUT)
		return 0;
	if (sock < 0)
		return sock;
	*out = tscf_listener_process_of(sock);
	tscf_control_hang_up(sock);
	return 0;
}

bool tscf_listener_process_is_stopped(const struct tscf_listener_process *p)
{
	return p->state == 'T' || p->state == 't';
}

const char *tscf_listener_process_why(const struct tscf_listener_process *p)
{
	switch (p->state) {
	case 'T':
		return "is stopped by a signal; kill -CONT lets it go on";
	case 't':
		return "is stopped by a debugger";
	case 'D':
		return "waits for a disk or another device";
	default:
		return NULL;
	}
}
