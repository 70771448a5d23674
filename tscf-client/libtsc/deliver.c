/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deliver.c - calls the callbacks: for events of the daemon, when it is lost, and for the present state at first. */
#include "tscf-client/libtsc/address.h"
#include "tscf-client/libtsc/handle.h"

#include <stddef.h>
#include <stdio.h>

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

/* The plain tunnel has gone down. */
static int deliver_termination(tsc_handle handle)
{
	tsc_notification_tunnel_termination_info_data data = {.reason = handle->tunnels[0].reason};

	handle->outer_known = false;
	return deliver(handle, tsc_notification_tunnel_termination_info, &data);
}

static int deliver_tunnel(tsc_handle handle, bool encrypted, bool up, const char *reason)
{
	tsc_notification_tunnel_info_data data = {.encrypted = truth(encrypted), .up = truth(up), .reason = reason};
	bool news = !handle->tunnels[encrypted].known || handle->tunnels[encrypted].up != up;
	int count = 0;

	handle->tunnels[encrypted].known = true;
	handle->tunnels[encrypted].up = up;
	snprintf(handle->tunnels[encrypted].reason, sizeof(handle->tunnels[encrypted].reason), "%s", reason);
	if (news)
		count = deliver(handle, tsc_notification_tunnel, &data);
	if (news && !encrypted && !up)
		count += deliver_termination(handle);
	return count;
}

static int deliver_outer(tsc_handle handle, const struct tscf_control_outer *outer)
{
	handle->outer = tsc_socket_info_of(outer);
	handle->outer_known = true;
	return deliver(handle, tsc_notification_tunnel_socket_info, &handle->outer);
}

/* What is told of a socket, whatever the service. */
struct told {
	enum socket_service service;
	bool available, enabled;
	int socket;
	const char *reason;
};

/* What callbacks get of a socket has the same members for each service, so one stands for all. */
typedef tsc_notification_dtte_info_data socket_data;

_Static_assert(sizeof(socket_data) == sizeof(tsc_notification_redundancy_info_data) &&
		   offsetof(socket_data, reason) == offsetof(tsc_notification_redundancy_info_data, reason) &&
		   sizeof(socket_data) == sizeof(tsc_notification_ddt_info_data) &&
		   offsetof(socket_data, reason) == offsetof(tsc_notification_ddt_info_data, reason),
	       "the same members");

static const tsc_notification types[SOCKET_SERVICES] = {[SOCKET_DTTE] = tsc_notification_dtte,
							[SOCKET_REDUNDANCY] = tsc_notification_redundancy,
							[SOCKET_DDT] = tsc_notification_ddt};

static socket_data data_of(const struct told *t)
{
	return (socket_data){
	    .available = truth(t->available), .enabled = truth(t->enabled), .socket = t->socket, .reason = t->reason};
}

static int deliver_service(tsc_handle handle, uint64_t cookie, struct told *t)
{
	socket_data data;

	if (!sockets_told(handle, cookie, t->service, t->available, t->enabled, &t->socket))
		return 0;
	data = data_of(t);
	return deliver(handle, types[t->service], &data);
}

int deliver_event(tsc_handle handle, struct tscf_control_event *e)
{
	uint64_t cookie = e->cookie[0] | (uint64_t)e->cookie[1] << 32;
	struct told t = {.available = e->available != 0, .enabled = e->enabled != 0, .reason = e->reason};

	e->reason[sizeof(e->reason) - 1] = '\0';
	switch (e->type) {
	case TSCF_CONTROL_EVENT_TUNNEL:
		return deliver_tunnel(handle, e->encrypted != 0, e->up != 0, e->reason);
	case TSCF_CONTROL_EVENT_SOCKET:
		t.service = SOCKET_DTTE;
		return deliver_service(handle, cookie, &t);
	case TSCF_CONTROL_EVENT_REDUNDANCY:
		t.service = SOCKET_REDUNDANCY;
		return deliver_service(handle, cookie, &t);
	case TSCF_CONTROL_EVENT_DDT:
		t.service = SOCKET_DDT;
		return deliver_service(handle, cookie, &t);
	case TSCF_CONTROL_EVENT_OUTER:
		return deliver_outer(handle, &e->outer);
	default:
		return 0;
	}
}

struct loss {
	tsc_handle handle;
	const char *reason;
	int count;
};

static void lose_socket(void *context, const struct tsc_socket *s)
{
	struct loss *loss = context;

	for (unsigned i = 0; i < SOCKET_SERVICES; i++) {
		struct told t = {
		    .service = (enum socket_service)i, .available = s->of[i].available, .reason = loss->reason};

		loss->count += deliver_service(loss->handle, s->cookie, &t);
	}
}

int deliver_no_daemon(tsc_handle handle, const char *reason)
{
	struct loss loss = {handle, reason, 0};

	loss.count += deliver_tunnel(handle, false, false, reason) + deliver_tunnel(handle, true, false, reason);
	sockets_each(handle, lose_socket, &loss);
	return loss.count;
}

/* --- the first report to a notification that has just been enabled --- */

struct newcomer {
	struct tsc_notification_handle *notification;
	int count;
};

/* @return the service that a notification of a socket is about. */
static enum socket_service service_of(tsc_notification type)
{
	enum socket_service service = SOCKET_DTTE;

	while (types[service] != type)
		service++;
	return service;
}

/* Tell the state of a socket, unless the program assumes that state anyway. */
static void introduce_socket(void *context, const struct tsc_socket *s)
{
	struct newcomer *newcomer = context;
	struct told t = {.service = service_of(newcomer->notification->type), .socket = s->fd};
	socket_data data;

	t.available = s->of[t.service].available;
	t.enabled = s->of[t.service].enabled;
	t.reason = t.service == SOCKET_DTTE ? newcomer->notification->handle->tunnels[1].reason
		   : t.enabled              ? "granted"
					    : "refused";
	if (newcomer->notification->dead || (t.available && !t.enabled))
		return;
	data = data_of(&t);
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

/* Tell how the plain tunnel is, to a notification of one of the two states. */
static void introduce_plain(struct newcomer *newcomer)
{
	tsc_handle handle = newcomer->notification->handle;
	bool wants_up = newcomer->notification->type == tsc_notification_tunnel_socket_info;
	tsc_notification_tunnel_termination_info_data down = {.reason = handle->tunnels[0].reason};

	if (newcomer->notification->dead || !handle->tunnels[0].known || handle->tunnels[0].up != wants_up ||
	    (wants_up && !handle->outer_known))
		return;
	call(newcomer->notification, wants_up ? (void *)&handle->outer : (void *)&down);
	newcomer->count++;
}

static void introduce(struct newcomer *newcomer)
{
	switch (newcomer->notification->type) {
	case tsc_notification_tunnel:
		introduce_tunnels(newcomer);
		break;
	case tsc_notification_tunnel_socket_info:
	case tsc_notification_tunnel_termination_info:
		introduce_plain(newcomer);
		break;
	default:
		sockets_each(newcomer->notification->handle, introduce_socket, newcomer);
		break;
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

int deliver_present(tsc_handle handle)
{
	struct newcomer newcomer = {NULL, 0};

	while ((newcomer.notification = take_fresh(handle)))
		introduce(&newcomer);
	return newcomer.count;
}
