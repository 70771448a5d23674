/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notifications: a subscribed connection to the daemon, and those who wait for its events (deliver.c).
 *
 * The dispatcher (our thread, or the program's call of tsc_notification_dispatch()) makes the connection when the first
 * notification is enabled, and tries again every second after losing it.  One epoll descriptor, which never changes and
 * which a program can poll, covers all that the dispatcher waits for: the connection, a timer for the next attempt, and
 * an event with which other threads wake it.
 */
#include "common/control/control_wire.h"
#include "tscf-client/libtsc/handle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RETRY_S 1

static const char gone[] = "tscf-client does not answer";

/* --- the connection --- */

static void arm(tsc_handle handle, int seconds)
{
	struct itimerspec when = {.it_value = {.tv_sec = seconds}};

	timerfd_settime(handle->timer, 0, &when, NULL);
}

static void hang_up(tsc_handle handle)
{
	pthread_mutex_lock(&handle->lock);
	if (handle->sock >= 0)
		close(handle->sock);
	handle->sock = -1;
	handle->in_length = 0;
	pthread_mutex_unlock(&handle->lock);
}

static void watch_again(void *context, const struct tsc_socket *s)
{
	watch_socket(context, s->fd);
}

/* @return a subscribed connection, or -errno. */
static int subscribe(tsc_handle handle)
{
	struct tscf_control_request request = handle_request(TSCF_CONTROL_SUBSCRIBE);
	int64_t deadline = tscf_control_deadline(TSC_CALL_MS);
	int sock = tscf_control_dial(handle->control, &request, -1, deadline);
	struct tscf_control_reply reply;
	int error;

	if (sock < 0)
		return sock;
	error = tscf_control_receive_reply(sock, &reply, deadline);
	if (error == 0 && reply.error != 0)
		error = -reply.error;
	if (error == 0)
		return sock;
	close(sock);
	return error;
}

static int connect_daemon(tsc_handle handle)
{
	struct epoll_event readable = {.events = EPOLLIN};
	int sock = subscribe(handle);

	if (sock < 0 || epoll_ctl(handle->poll, EPOLL_CTL_ADD, sock, &readable) != 0) {
		if (sock >= 0)
			close(sock);
		arm(handle, RETRY_S);
		return deliver_no_daemon(handle, gone);
	}
	pthread_mutex_lock(&handle->lock);
	handle->sock = sock;
	pthread_mutex_unlock(&handle->lock);
	sockets_each(handle, watch_again, handle);
	return 0;
}

/* Without a daemon no packet goes through a tunnel. */
static int lost(tsc_handle handle)
{
	hang_up(handle);
	arm(handle, RETRY_S);
	return deliver_no_daemon(handle, gone);
}

/* How many bytes `in` should hold. */
static size_t wanted(const struct tsc_tunnel *handle)
{
	size_t wants = sizeof(handle->in.message.reply);

	return handle->in_length < wants ? wants : wants + handle->in.message.reply.length;
}

/* @return 1 if `in` holds a whole message, 0 if there is no more to read now, or -errno. */
static int read_message(tsc_handle handle)
{
	for (;;) {
		size_t wants = wanted(handle);
		ssize_t got;

		if (handle->in_length >= sizeof(handle->in.message.reply) &&
		    (handle->in.message.reply.magic != TSCF_CONTROL_MAGIC || handle->in.message.reply.error != 0 ||
		     (handle->in.message.reply.length != 0 && wants != sizeof(handle->in.bytes))))
			return -EPROTO;
		if (handle->in_length == wants)
			return 1;
		got = recv(handle->sock, handle->in.bytes + handle->in_length, wants - handle->in_length, MSG_DONTWAIT);
		if (got > 0)
			handle->in_length += (size_t)got;
		else if (got == 0)
			return -ECONNRESET;
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
}

static int read_events(tsc_handle handle)
{
	int count = 0, state = 0;

	while (handle->sock >= 0 && (state = read_message(handle)) > 0) {
		handle->in_length = 0;
		if (handle->in.message.reply.length > 0)
			count += deliver_event(handle, &handle->in.message.event);
	}
	return state < 0 ? count + lost(handle) : count;
}

/* --- dispatching --- */

static bool drained(int fd)
{
	uint64_t number;

	return read(fd, &number, sizeof(number)) == sizeof(number);
}

static void reap(tsc_handle handle)
{
	struct tsc_notification_handle **at = &handle->notifications;

	pthread_mutex_lock(&handle->lock);
	while (*at) {
		struct tsc_notification_handle *n = *at;

		if (n->dead) {
			*at = n->next;
			free(n);
		} else {
			at = &n->next;
		}
	}
	pthread_mutex_unlock(&handle->lock);
}

static int dispatch(tsc_handle handle)
{
	int count = 0;

	pthread_mutex_lock(&handle->dispatch);
	handle->dispatching = true;
	drained(handle->wake);
	count += deliver_present(handle);
	if (drained(handle->timer) && handle->sock < 0)
		count += connect_daemon(handle);
	if (handle->sock >= 0)
		count += read_events(handle);
	handle->dispatching = false;
	reap(handle);
	pthread_mutex_unlock(&handle->dispatch);
	return count;
}

static void wake(tsc_handle handle)
{
	uint64_t one = 1;

	while (write(handle->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static bool is_stopping(tsc_handle handle)
{
	bool stopping;

	pthread_mutex_lock(&handle->lock);
	stopping = handle->stopping;
	pthread_mutex_unlock(&handle->lock);
	return stopping;
}

static void *run(void *context)
{
	tsc_handle handle = context;

	while (!is_stopping(handle)) {
		struct pollfd ready = {.fd = handle->poll, .events = POLLIN};

		poll(&ready, 1, -1);
		dispatch(handle);
	}
	return NULL;
}

/* Block signals: those of the program are for its own threads.  @return 0 or an errno. */
static int start_thread(tsc_handle handle)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&handle->thread, NULL, run, handle);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	handle->threaded = error == 0;
	return error;
}

/* --- other files' side --- */

static int add_to_poll(tsc_handle handle, int fd)
{
	struct epoll_event readable = {.events = EPOLLIN};

	return fd >= 0 && epoll_ctl(handle->poll, EPOLL_CTL_ADD, fd, &readable) == 0 ? 0 : -errno;
}

int notification_open(tsc_handle handle)
{
	int error;

	handle->sock = -1;
	handle->poll = epoll_create1(EPOLL_CLOEXEC);
	handle->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	handle->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = add_to_poll(handle, handle->timer);
	if (error == 0)
		error = add_to_poll(handle, handle->wake);
	if (error != 0)
		notification_close(handle);
	return error;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void notification_close(tsc_handle handle)
{
	if (handle->threaded) {
		pthread_mutex_lock(&handle->lock);
		handle->stopping = true;
		pthread_mutex_unlock(&handle->lock);
		wake(handle);
		pthread_join(handle->thread, NULL);
	}
	while (handle->notifications) {
		struct tsc_notification_handle *n = handle->notifications;

		handle->notifications = n->next;
		free(n);
	}
	close_if_open(handle->sock);
	close_if_open(handle->timer);
	close_if_open(handle->wake);
	close_if_open(handle->poll);
}

/* --- the program's side --- */

static struct tsc_notification_handle *notification_new(tsc_handle handle, tsc_notification type,
							tsc_notification_cb callback, void *opaque)
{
	struct tsc_notification_handle *n;

	if (type < tsc_notification_dtte || type > tsc_notification_tunnel_termination_info || !callback) {
		errno = EINVAL;
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (n)
		*n = (struct tsc_notification_handle){
		    .handle = handle, .type = type, .callback = callback, .opaque = opaque, .fresh = true};
	return n;
}

TSC_PUBLIC tsc_notification_handle *tsc_notification_enable(tsc_handle handle, tsc_notification type,
							    tsc_notification_cb callback, void *opaque)
{
	struct tsc_notification_handle *n;
	bool first;
	int error = 0;

	if (!handle_check(handle))
		return NULL;
	n = notification_new(handle, type, callback, opaque);
	if (!n)
		return NULL;
	pthread_mutex_lock(&handle->lock);
	first = handle->sock < 0 && !handle->notifications;
	if (!(handle->flags & TSC_TUNNEL_DISPATCH) && !handle->threaded)
		error = start_thread(handle);
	if (error == 0) {
		n->next = handle->notifications;
		handle->notifications = n;
		handle->fresh = true;
	}
	pthread_mutex_unlock(&handle->lock);
	if (error != 0) {
		free(n);
		errno = error;
		return NULL;
	}
	if (first) {
		/* At once: a timer set to zero would never expire. */
		struct itimerspec now = {.it_value = {.tv_nsec = 1}};

		timerfd_settime(handle->timer, 0, &now, NULL);
	}
	wake(handle);
	return n;
}

TSC_PUBLIC int tsc_notification_disable(tsc_notification_handle *n)
{
	tsc_handle handle = n ? n->handle : NULL;

	if (!handle_check(handle))
		return -1;
	pthread_mutex_lock(&handle->dispatch);
	pthread_mutex_lock(&handle->lock);
	n->dead = true;
	pthread_mutex_unlock(&handle->lock);
	/* If callbacks are running now, this is one of them. */
	if (!handle->dispatching)
		reap(handle);
	pthread_mutex_unlock(&handle->dispatch);
	return 0;
}

TSC_PUBLIC int tsc_notification_fd(tsc_handle handle)
{
	return handle_check(handle) ? handle->poll : -1;
}

TSC_PUBLIC int tsc_notification_dispatch(tsc_handle handle)
{
	if (!handle_check(handle))
		return -1;
	if (handle->flags & TSC_TUNNEL_DISPATCH)
		return dispatch(handle);
	errno = EINVAL;
	return -1;
}
