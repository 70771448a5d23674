/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's side of the control socket.
 *
 * A connection is in one of four states: READING its request, WAITING for the handler's answer, WRITING the reply; or
 * KEPT, for more requests and for what the handler pushes.  READING and WRITING have a deadline.  WAITING and KEPT have
 * none, but the caller may go away, which is why its socket is still watched then.
 *
 * A request is peeked at before it is read.  A request with descriptors is read by the intake if its kind may have one,
 * else it is not read at all.  While the intake has it the connection is not watched.
 */
#include "common/base/silence.h"
#include "common/control/control.h"
#include "common/control/control_listener.h"
#include "common/control/discard.h"
#include "common/control/intake.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/** Connections of all users but root, so that root always gets through; and of one user, so that no user locks out
 * the others. */
#define CONNECTIONS_MAX          2048U
#define CONNECTIONS_PER_USER_MAX 256U
/** The part of the process's descriptors that all connections together may use. */
#define CONNECTIONS_SHARE 4U
#define DEADLINE_S        5.0
/** Unread bytes that may wait for a caller that is kept. */
#define PUSHED_MAX (64U << 10)

struct tscf_control_server {
	struct ev_loop *loop;
	const struct tscf_control_handler *handler;
	void *context;
	struct tscf_control_listener listener;
	struct tscf_discard *discard;
	struct tscf_intake *intake; /* NULL: no request brings a descriptor */
	unsigned connections_max, connections_per_user_max;
	struct connection *connections;
};

enum state { READING, WAITING, WRITING, KEPT };

struct connection {
	struct tscf_control_call_in call;
	struct tscf_control_server *server;
	struct connection *next, **link; /* link: the pointer that points here */
	enum state state;
	bool kept; /* is or was KEPT: the handler learns of its end */
	bool away; /* the intake has it */
	int sock;
	int slot;    /* in the intake, or -1 */
	size_t read; /* bytes of the request */
	char *out;
	size_t written, out_size;
	ev_io io;
	ev_timer deadline;
};

static void connection_add(struct tscf_control_server *server, struct connection *c)
{
	c->next = server->connections;
	c->link = &server->connections;
	if (c->next)
		c->next->link = &c->next;
	server->connections = c;
}

/* After the first call nothing more comes in, so the second call tells for certain whether descriptors are queued. */
static void hang_up(struct tscf_control_server *server, int sock)
{
	int unread = 1;

	shutdown(sock, SHUT_RD);
	if (ioctl(sock, FIONREAD, &unread) != 0 || unread > 0)
		tscf_discard_add(server->discard, sock);
	else
		close(sock);
}

static void close_ours(struct connection *c)
{
	if (c->call.fd >= 0)
		tscf_control_release(&c->call, c->call.fd);
	c->call.fd = -1;
}

static void connection_free(struct connection *c)
{
	struct tscf_control_server *server = c->server;

	if (c->kept && server->handler->gone)
		server->handler->gone(server->context, &c->call);
	ev_io_stop(server->loop, &c->io);
	ev_timer_stop(server->loop, &c->deadline);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	close_ours(c);
	if (c->slot >= 0)
		tscf_intake_forget(server->intake, c->slot);
	hang_up(server, c->sock);
	free(c->out);
	free(c->call.text);
	free(c);
	/* One descriptor is free now: another connection may be accepted. */
	tscf_control_listener_resume(&server->listener);
}

static void connection_watch(struct connection *c, int events)
{
	ev_io_stop(c->server->loop, &c->io);
	ev_io_set(&c->io, c->sock, events);
	ev_io_start(c->server->loop, &c->io);
}

static void connection_set_deadline(struct connection *c)
{
	c->deadline.repeat = DEADLINE_S;
	ev_timer_again(c->server->loop, &c->deadline);
}

/* --- READING --- */

/* The kernel reports a socket as gone when its last descriptor is: none here must outlive the request.
 * @return whether the intake has one that is yet to be closed; the connection is looked after again when it is. */
static bool drop_fd(struct connection *c)
{
	close_ours(c);
	if (c->slot < 0)
		return false;
	if (!c->away) {
		c->away = true;
		ev_io_stop(c->server->loop, &c->io);
		tscf_intake_drop(c->server->intake, c->slot);
	}
	return true;
}

/* The handler may answer at once, and so free the connection, unless it is kept. */
static void request_handle(struct connection *c)
{
	bool kept = c->kept;

	c->read = 0;
	c->server->handler->request(c->server->context, &c->call);
	if (!kept)
		return;
	free(c->call.text);
	c->call.text = NULL;
	drop_fd(c);
}

static void request_complete(struct connection *c)
{
	ev_timer_stop(c->server->loop, &c->deadline);
	if (c->state == READING)
		c->state = WAITING;
	request_handle(c);
}

/* @return how many bytes of text belong to the request, which has come. */
static size_t text_size(const struct connection *c)
{
	const struct tscf_control_handler *handler = c->server->handler;
	const struct tscf_control_request *request = &c->call.request;

	return handler->brings_text && handler->brings_text(request->op) ? request->text_length : 0;
}

/* @return where the next bytes of the request go, and how many are wanted. */
static struct iovec rest(struct connection *c)
{
	const size_t head = sizeof(c->call.request);

	if (c->read < head)
		return (struct iovec){(char *)&c->call.request + c->read, head - c->read};
	return (struct iovec){c->call.text + (c->read - head), text_size(c) - (c->read - head)};
}

/* Peek at the next bytes.  @return bytes, as recv(); *brings: descriptors are with them. */
static ssize_t look_at_request(struct connection *c, bool *brings)
{
	struct iovec data = rest(c);
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t got = recvmsg(c->sock, &message, MSG_PEEK | MSG_DONTWAIT);

	*brings = got > 0 && message.msg_flags & MSG_CTRUNC;
	return got;
}

/* It must be a whole request, in one piece, of a kind that has a descriptor. */
static void request_take(struct connection *c, size_t got)
{
	struct tscf_control_server *server = c->server;
	const struct tscf_control_request *request = &c->call.request;

	if (!server->intake || c->read != 0 || got != sizeof(*request) || request->magic != TSCF_CONTROL_MAGIC ||
	    !server->handler->brings_descriptor(request->op)) {
		connection_free(c);
		return;
	}
	c->slot = tscf_intake_take(server->intake, c->sock, sizeof(*request), c->call.uid, c);
	if (c->slot < 0) {
		int error = c->slot;

		c->slot = -1;
		tscf_control_answer(&c->call, -error, NULL);
		return;
	}
	c->away = true;
	ev_io_stop(server->loop, &c->io);
}

/* @return whether the request's head is right; there is room for its text then. */
static bool is_sound(struct connection *c)
{
	const size_t size = text_size(c);

	if (c->call.request.magic != TSCF_CONTROL_MAGIC || size > TSCF_CONTROL_TEXT_MAX)
		return false;
	if (size > 0 && !c->call.text)
		c->call.text = calloc(1, size + 1);
	return size == 0 || c->call.text;
}

static void request_read(struct connection *c)
{
	bool brings;
	ssize_t got = look_at_request(c, &brings);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && brings) {
		request_take(c, (size_t)got);
		return;
	}
	if (got <= 0 || recv(c->sock, rest(c).iov_base, (size_t)got, MSG_DONTWAIT) != got) {
		connection_free(c);
		return;
	}
	c->read += (size_t)got;
	if (c->read < sizeof(c->call.request))
		return;
	if (!is_sound(c))
		connection_free(c);
	else if (c->read == sizeof(c->call.request) + text_size(c))
		request_complete(c);
}

/* --- WAITING --- */

/* The caller may only go away now; one that sends more breaks the protocol. */
static void caller_stirred(struct connection *c)
{
	char byte;
	ssize_t got = recv(c->sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (c->server->handler->gone)
		c->server->handler->gone(c->server->context, &c->call);
	connection_free(c);
}

/* --- WRITING --- */

/* @return whether nothing is left to write; reading finds out that a caller is gone. */
static bool flush(struct connection *c)
{
	while (c->written < c->out_size) {
		ssize_t sent =
		    send(c->sock, c->out + c->written, c->out_size - c->written, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return false;
		if (sent < 0)
			break;
		c->written += (size_t)sent;
	}
	c->written = c->out_size = 0;
	return true;
}

static void reply_write(struct connection *c)
{
	if (flush(c))
		connection_free(c);
}

/* Append a reply to what is to be written.  @return 0 or -ENOMEM. */
static int reply_add(struct connection *c, int error, const void *data, size_t size)
{
	struct tscf_control_reply reply = {.magic = TSCF_CONTROL_MAGIC, .error = error, .level = c->call.level};
	char *grown;

	if (size > UINT32_MAX) {
		reply.error = EMSGSIZE;
		size = 0;
	}
	reply.length = (uint32_t)size;
	if (c->written > 0) {
		memmove(c->out, c->out + c->written, c->out_size - c->written);
		c->out_size -= c->written;
		c->written = 0;
	}
	grown = realloc(c->out, c->out_size + sizeof(reply) + size);
	if (!grown)
		return -ENOMEM;
	c->out = grown;
	memcpy(grown + c->out_size, &reply, sizeof(reply));
	if (size > 0)
		memcpy(grown + c->out_size + sizeof(reply), data, size);
	c->out_size += sizeof(reply) + size;
	return 0;
}

void tscf_control_answer_with(struct tscf_control_call_in *call, int error, const void *data, size_t size)
{
	struct connection *c = (struct connection *)((char *)call - offsetof(struct connection, call));

	if (c->state == WRITING)
		return;
	if (reply_add(c, error, data, size) != 0 && !c->kept) {
		connection_free(c);
		return;
	}
	c->state = WRITING;
	connection_set_deadline(c);
	if (drop_fd(c))
		return;
	connection_watch(c, EV_WRITE);
	/* The handler may be using a call that is kept: it ends in the loop, not here. */
	if (!c->kept)
		reply_write(c);
}

void tscf_control_answer(struct tscf_control_call_in *call, int error, const char *json)
{
	tscf_control_answer_with(call, error, json, json ? strlen(json) : 0);
}

size_t tscf_control_room(const struct tscf_control_call_in *call)
{
	const struct connection *c =
	    (const struct connection *)((const char *)call - offsetof(struct connection, call));
	const size_t used = c->out_size - c->written + sizeof(struct tscf_control_reply);

	return c->state == KEPT && used < PUSHED_MAX ? PUSHED_MAX - used : 0;
}

void tscf_control_push(struct tscf_control_call_in *call, const void *data, size_t size)
{
	struct connection *c = (struct connection *)((char *)call - offsetof(struct connection, call));

	/* If the call ends there is no room, and its answer stays what it is. */
	if (size > tscf_control_room(call) || reply_add(c, 0, data, size) != 0) {
		tscf_control_answer(call, ENOBUFS, NULL);
		return;
	}
	if (!flush(c) && !c->away)
		connection_watch(c, EV_READ | EV_WRITE);
}

void tscf_control_keep(struct tscf_control_call_in *call)
{
	struct connection *c = (struct connection *)((char *)call - offsetof(struct connection, call));

	c->kept = true;
	c->state = KEPT;
	tscf_control_push(call, NULL, 0);
}

/* --- KEPT --- */

static void kept_stirred(struct connection *c, int events)
{
	if ((events & EV_WRITE) && flush(c))
		connection_watch(c, EV_READ);
	if (events & EV_READ)
		request_read(c);
}

/* --- reports of the intake --- */

/* The connection is watched again. */
static void come_back(struct connection *c)
{
	c->away = false;
	if (c->state == WRITING)
		connection_watch(c, EV_WRITE);
	else
		connection_watch(c, c->out_size > c->written ? EV_READ | EV_WRITE : EV_READ);
}

static void on_taken(void *user, int error, int fd)
{
	struct connection *c = user;

	come_back(c);
	if (error != 0)
		c->slot = -1;
	c->call.fd = fd;
	/* A descriptor that is no internet socket counts as none: the handler answers with the error. */
	if (error == 0 || error == ENOTSOCK || error == EAFNOSUPPORT)
		request_complete(c);
	else
		connection_free(c);
}

static void on_dropped(void *user)
{
	struct connection *c = user;

	c->slot = -1;
	come_back(c);
}

/* A request that was not read is still there. */
static void on_lost(void *user)
{
	struct connection *c = user;

	c->slot = -1;
	if (c->away)
		come_back(c);
}

static void on_stuck(void *user)
{
	struct connection *c = user;

	c->slot = -1;
	if (c->state == WAITING && c->server->handler->gone)
		c->server->handler->gone(c->server->context, &c->call);
	connection_free(c);
}

static const struct tscf_intake_events intake_events = {on_taken, on_dropped, on_lost, on_stuck};

/* --- watchers --- */

static void on_io(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct connection *c = watcher->data;

	(void)loop;
	switch (c->state) {
	case READING:
		request_read(c);
		break;
	case WAITING:
		caller_stirred(c);
		break;
	case WRITING:
		reply_write(c);
		break;
	case KEPT:
		kept_stirred(c, events);
		break;
	}
}

static void on_deadline(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)events;
	connection_free(watcher->data);
}

static bool may_connect(const struct tscf_control_server *server, uid_t uid)
{
	const struct connection *c;
	unsigned own = 0, all = 0;

	if (uid == 0)
		return true;
	for (c = server->connections; c; c = c->next) {
		own += c->call.uid == uid;
		all += c->call.uid != 0;
	}
	return own < server->connections_per_user_max && all < server->connections_max;
}

static void connection_open(void *context, int sock)
{
	struct tscf_control_server *server = context;
	struct ucred peer;
	socklen_t length = sizeof(peer);
	struct connection *c = NULL;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && may_connect(server, peer.uid))
		c = calloc(1, sizeof(*c));
	if (!c) {
		hang_up(server, sock);
		return;
	}
	c->server = server;
	c->sock = sock;
	c->slot = -1;
	c->call.fd = -1;
	c->call.pid = peer.pid;
	c->call.uid = peer.uid;
	c->call.gid = peer.gid;
	connection_add(server, c);
	ev_io_init(&c->io, on_io, sock, EV_READ);
	c->io.data = c;
	ev_timer_init(&c->deadline, on_deadline, DEADLINE_S, 0.);
	ev_set_priority(&c->deadline, TSCF_SILENCE_PRIORITY);
	c->deadline.data = c;
	ev_io_start(server->loop, &c->io);
	connection_set_deadline(c);
}

/* A process with few descriptors keeps some for other uses. */
static void set_limits(struct tscf_control_server *server)
{
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY};

	getrlimit(RLIMIT_NOFILE, &limit);
	const rlim_t share = limit.rlim_cur / CONNECTIONS_SHARE;
	server->connections_max = share < CONNECTIONS_MAX ? (unsigned)share : CONNECTIONS_MAX;
	server->connections_per_user_max = server->connections_max / (CONNECTIONS_MAX / CONNECTIONS_PER_USER_MAX);
}

static int server_open(struct tscf_control_server *server, const char *path, mode_t mode)
{
	int error = 0;

	set_limits(server);
	server->discard = tscf_discard_new(server->loop);
	if (!server->discard)
		return -ENOMEM;
	if (server->handler->brings_descriptor)
		error = tscf_intake_new(server->loop, &intake_events, &server->intake);
	if (error == 0)
		error = tscf_control_listener_open(&server->listener, server->loop, path, mode, server->discard,
						   connection_open, server);
	if (error == 0)
		return 0;
	tscf_intake_free(server->intake);
	tscf_discard_free(server->discard);
	return error;
}

int tscf_control_listen(struct ev_loop *loop, const char *path, mode_t mode, const struct tscf_control_handler *handler,
			void *context, struct tscf_control_server **out)
{
	struct tscf_control_server *server = calloc(1, sizeof(*server));
	int error;

	if (!server)
		return -ENOMEM;
	*server = (struct tscf_control_server){.loop = loop, .handler = handler, .context = context};
	error = server_open(server, path, mode);
	if (error == 0)
		*out = server;
	else
		free(server);
	return error;
}

void tscf_control_mode(struct tscf_control_server *server, mode_t mode)
{
	tscf_control_listener_mode(&server->listener, mode);
}

void tscf_control_release(struct tscf_control_call_in *call, int fd)
{
	struct connection *c = (struct connection *)((char *)call - offsetof(struct connection, call));

	/* While the intake has a copy this is not the last. */
	if (c->slot >= 0)
		close(fd);
	else
		tscf_discard_add(c->server->discard, fd);
}

void tscf_control_discard(struct tscf_control_server *server, int fd)
{
	tscf_discard_add(server->discard, fd);
}

void tscf_control_close(struct tscf_control_server *server, bool leave_file)
{
	tscf_control_listener_close(&server->listener, leave_file);
	while (server->connections)
		connection_free(server->connections);
	tscf_intake_free(server->intake);
	tscf_discard_free(server->discard);
	free(server);
}
