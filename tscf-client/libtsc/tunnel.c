/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handles: a program's share in the tunnels. */
#include "common/control/control_wire.h"
#include "common/control/socket_level.h"
#include "tscf-client/libtsc/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 10000
/** Pause between attempts to reach a control socket that does not exist yet. */
#define LOOK_MS 50

static int set_control(tsc_handle handle, const char *control)
{
	if (!control)
		control = secure_getenv(TSCF_ENV_CONTROL);
	if (!control || control[0] == '\0')
		control = TSCF_CLIENT_CONTROL_DEFAULT;
	if (strlen(control) >= sizeof(handle->control))
		return ENAMETOOLONG;
	strcpy(handle->control, control);
	return 0;
}

static void pause_ms(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* The daemon may be about to start.  @return 0 when the plain tunnel is up, or an errno. */
static int wait_up(tsc_handle handle, int timeout_ms)
{
	struct tscf_control_request request = handle_request(TSCF_CONTROL_WAIT_UP);
	int64_t deadline = tscf_control_deadline(timeout_ms);

	for (;;) {
		int64_t left = deadline - tscf_control_deadline(0);
		int error;

		request.timeout_ms = left > 0 ? (uint32_t)left : 0;
		/* The daemon keeps the time.  Our timeout is a little longer, so that its answer arrives first. */
		error = tscf_control_call(handle->control, &request, -1, (int)request.timeout_ms + 1000, NULL);
		if (error >= 0 || (error != -ENOENT && error != -ECONNREFUSED && error != -ECONNRESET) || left <= 0)
			return error < 0 ? -error : error;
		pause_ms(left < LOOK_MS ? (int)left : LOOK_MS);
	}
}

/* @return 0 or an errno. */
static int begin(tsc_handle handle, const tsc_tunnel_params *params)
{
	pthread_mutexattr_t recursive;
	int error = set_control(handle, params->control);

	if (error == 0 && (params->flags & ~TSC_TUNNEL_DISPATCH) != 0)
		error = EINVAL;
	if (error != 0)
		return error;
	handle->pid = getpid();
	handle->flags = params->flags;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&handle->dispatch, &recursive);
	pthread_mutexattr_destroy(&recursive);
	pthread_mutex_init(&handle->lock, NULL);
	if (params->timeout_ms >= 0)
		error = wait_up(handle, params->timeout_ms > 0 ? params->timeout_ms : WAIT_MS);
	return error != 0 ? error : -notification_open(handle);
}

TSC_PUBLIC tsc_handle tsc_ctrl_new_tunnel(const tsc_tunnel_params *params)
{
	static const tsc_tunnel_params defaults;
	tsc_handle handle = calloc(1, sizeof(*handle));
	int error;

	if (!handle)
		return NULL;
	error = begin(handle, params ? params : &defaults);
	if (error == 0) {
		sockets_add_handle(handle);
		return handle;
	}
	free(handle);
	errno = error;
	return NULL;
}

/*
 * A socket that may send in clear anyway becomes one that never had a level.  Encrypted-only stays until the socket is
 * closed: only the program itself may make the socket send in clear.
 */
static void release_level(void *context, const struct tsc_socket *s)
{
	tsc_handle handle = context;
	int level = TSCF_LEVEL_DEFAULT;
	socklen_t length = sizeof(level);

	if (tscf_socket_get_level(handle->control, s->fd, &level, &length) == 0 && level != TSCF_LEVEL_DEFAULT &&
	    level != TSCF_LEVEL_ENCRYPTED_ONLY)
		tscf_socket_tell_level(handle->control, s->fd, TSCF_LEVEL_DEFAULT, 0);
}

TSC_PUBLIC int tsc_delete_tunnel(tsc_handle handle)
{
	bool dispatching;

	if (!handle_check(handle))
		return -1;
	pthread_mutex_lock(&handle->dispatch);
	dispatching = handle->dispatching;
	pthread_mutex_unlock(&handle->dispatch);
	if (dispatching) {
		errno = EDEADLK;
		return -1;
	}
	notification_close(handle);
	sockets_each(handle, release_level, handle);
	sockets_remove_handle(handle);
	pthread_mutex_destroy(&handle->dispatch);
	pthread_mutex_destroy(&handle->lock);
	free(handle);
	return 0;
}
