/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch.c - passes to the daemon the sockets for which the program wants events. */
#include "common/control/control_wire.h"
#include "tscf-client/libtsc/handle.h"

#include <sys/socket.h>
#include <unistd.h>

/** How long the descriptor of a socket to watch waits for room in the connection. */
#define WATCH_MS 1000

static void watch(tsc_handle handle, int fd)
{
	struct tscf_control_request request = handle_request(TSCF_CONTROL_WATCH);

	/* If the connection accepts nothing, the dispatcher finds it dead, makes a new one and watches all sockets
	 * again. */
	if (tscf_control_send(handle->sock, &request, fd, tscf_control_deadline(WATCH_MS)) != 0)
		shutdown(handle->sock, SHUT_RDWR);
}

void watch_socket(tsc_handle handle, int fd)
{
	/* The child of a fork shares the connection of its parent. */
	if (handle->pid != getpid())
		return;
	pthread_mutex_lock(&handle->lock);
	if (handle->sock >= 0)
		watch(handle, fd);
	pthread_mutex_unlock(&handle->lock);
}

void unwatch_socket(tsc_handle handle, uint64_t cookie)
{
	struct tscf_control_request request = handle_request(TSCF_CONTROL_UNWATCH);

	if (handle->pid != getpid())
		return;
	request.cookie[0] = (uint32_t)cookie;
	request.cookie[1] = (uint32_t)(cookie >> 32);
	pthread_mutex_lock(&handle->lock);
	if (handle->sock >= 0)
		tscf_control_send(handle->sock, &request, -1, tscf_control_deadline(WATCH_MS));
	pthread_mutex_unlock(&handle->lock);
}
