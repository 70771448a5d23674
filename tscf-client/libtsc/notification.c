/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notifications: a subscribed connection to the daemon, and the callbacks.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RETRY_S 1
struct tsc_notification_handle {
	tsc_handle handle;
	tsc_notification type;
	tsc_notification_cb callback;
	void *opaque;
	bool fresh; /**< has not received the present state yet */
	bool dead;  /**< disabled by a callback: freed when no callback runs */
	struct tsc_notification_handle *next;
};

static const char gone[] = "tscf-client does not answer";

/* --- callbacks: `dispatch` is held, `lock` is not --- */

static void call(struct tsc_notification_handle *n, void *data)
{
	tsc_notification_data notification = {.type = n->type, .handle = n->handle, .data = data, .opaque = n->opaque};

	n->callback(&notification);
}

/* @return the next notification after @p n (NULL: the first) that is of @p type and not disabled. */
static struct tsc_notification_handle *next_of(tsc_handle handle, struct tsc_notification_handle *n,
					       tsc_notification type)
{
	pthread_mutex_lock(&handle->lock);
	n = n ? n->next : handle->notifications;
	while (n && (n->dead || n->fresh || n->type != type))
		n = n->next;
	pthread_mutex_unlock(&handle->lock);
	return n;
}

static int deliver(tsc_handle handle, tsc_notification type, void *data)
{
	struct tsc_notification_handle *n = NULL;
	int count = 0;

	while ((n = next_of(handle, n, type))) {
		call(n, data);
		count++;
	}
	return count;
}

static tsc_bool truth(bool value)
{
	return value ? tsc_bool_true : tsc_bool_false;
}

static int deliver_tunnel(tsc_handle handle, bool encrypted, bool up, const char *reason)
{
	tsc_notification_tunnel_info_data data = {.encrypted = truth(encrypted), .up = truth(up), .reason = reason};
	bool news = !handle->tunnels[encrypted].known || handle->tunnels[encrypted].up != up;

	handle->tunnels[encrypted].known = true;
	handle->tunnels[encrypted].up = up;
	snprintf(handle->tunnels[encrypted].reason, sizeof(handle->tunnels[encrypted].reason), "%s", reason);
	return news ? deliver(handle, tsc_notification_tunnel, &data) : 0;
}

static int deliver_socket(tsc_handle handle, uint64_t cookie, bool available, bool enabled, const char *reason)
{
	tsc_notification_dtte_info_data data = {
	    .available = truth(available), .enabled = truth(enabled), .reason = reason};

	if (!sockets_told(handle, cookie, available, enabled, &data.socket))
		return 0;
	return deliver(handle, tsc_notification_dtte, &data);
}

static int deliver_event(tsc_handle handle, struct tscf_control_event *e)
{
	uint64_t cookie = e->cookie[0] | (uint64_t)e->cookie[1] << 32;

	e->reason[sizeof(e->reason) - 1] = '\0';
	switch (e->type) {
	case TSCF_CONTROL_EVENT_TUNNEL:
		return deliver_tunnel(handle, e->encrypted != 0, e->up != 0, e->reason);
	case TSCF_CONTROL_EVENT_SOCKET:
		return deliver_socket(handle, cookie, e->available != 0, e->enabled != 0, e->reason);
	default:
		return 0;
	}
}

/* --- the first report to a notification that has just been enabled --- */

struct newcomer {
	struct tsc_notification_handle *notification;
	int count;
};

static void introduce_socket(void *context, const struct tsc_socket *s)
{
	struct newcomer *newcomer = context;
	tsc_handle handle = newcomer->notification->handle;
	tsc_notification_dtte_info_data data = {.available = truth(s->available),
						.enabled = truth(s->enabled),
						.socket = s->fd,
						.reason = handle->tunnels[1].reason};

	if (newcomer->notification->dead || (s->available && !s->enabled))
		return;
	call(newcomer->notification, &data);
	newcomer->count++;
}

static void introduce_tunnels(struct newcomer *newcomer)
{
	tsc_handle handle = newcomer->notification->handle;

	for (int i = 0; i < 2 && !newcomer->notification->dead; i++) {
		tsc_notification_tunnel_info_data data = {.encrypted = truth(i == 1),
							  .up = truth(handle->tunnels[i].up),
							  .reason = handle->tunnels[i].reason};

		if (!handle->tunnels[i].known)
			continue;
		call(newcomer->notification, &data);
		newcomer->count++;
	}
}

static struct tsc_notification_handle *take_fresh(tsc_handle handle)
{
	struct tsc_notification_handle *n;

	pthread_mutex_lock(&handle->lock);
	for (n = handle->fresh ? handle->notifications : NULL; n && !n->fresh; n = n->next)
		;
	if (n)
		n->fresh = false;
	else
		handle->fresh = false;
	pthread_mutex_unlock(&handle->lock);
	return n;
}

static int introduce(tsc_handle handle)
{
	struct newcomer newcomer = {NULL, 0};

	while ((newcomer.notification = take_fresh(handle))) {
		if (newcomer.notification->type == tsc_notification_tunnel)
			introduce_tunnels(&newcomer);
		else
			sockets_each(handle, introduce_socket, &newcomer);
	}
	return newcomer.count;
}

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
		return deliver_tunnel(handle, false, false, gone) + deliver_tunnel(handle, true, false, gone);
	}
	pthread_mutex_lock(&handle->lock);
	handle->sock = sock;
	pthread_mutex_unlock(&handle->lock);
	sockets_each(handle, watch_again, handle);
	return 0;
}

struct loss {
	tsc_handle handle;
	int count;
};

static void lose_socket(void *context, const struct tsc_socket *s)
{
	struct loss *loss = context;

	loss->count += deliver_socket(loss->handle, s->cookie, s->available, false, gone);
}

/* Without a daemon no packet goes through a tunnel. */
static int lost(tsc_handle handle)
{
	struct loss loss = {handle, 0};

	hang_up(handle);
	arm(handle, RETRY_S);
	loss.count += deliver_tunnel(handle, false, false, gone) + deliver_tunnel(handle, true, false, gone);
	sockets_each(handle, lose_socket, &loss);
	return loss.count;
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
	count += introduce(handle);
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

	if ((type != tsc_notification_dtte && type != tsc_notification_tunnel) || !callback) {
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
