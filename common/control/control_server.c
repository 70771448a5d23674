/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's side of the control socket.
 *
 * A connection is in one of four states: READING its request, WAITING for the handler's answer, WRITING the reply; or
 * KEPT, for more requests and for what the handler pushes.  READING and WRITING have a deadline.  WAITING and KEPT have
 * none, but the caller may go away, which is why its socket is still watched then.
 */
#include "common/control/control.h"
#include "common/control/control_path.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024U
/** So that one user cannot keep everybody else out. */
#define CONNECTIONS_PER_USER_MAX 768U
#define PATIENCE_S               5.0
/** How long not to accept when the process has no descriptors left. */
#define ACCEPT_PAUSE_S 0.1
/** Room for descriptors in a received message: one is kept, what does not fit here is closed by the kernel. */
#define FDS_MAX 4
/** What may wait for a caller that is kept. */
#define PUSHED_MAX (64U << 10)

struct tscf_control_server {
	struct ev_loop *loop;
	const struct tscf_control_handler *handler;
	void *context;
	char *path;
	struct tscf_control_file file;
	int sock;
	unsigned int connection_count;
	struct connection *connections;
	ev_io acceptable;
	ev_timer accept_again;
};

enum state { READING, WAITING, WRITING, KEPT };

struct connection {
	struct tscf_control_call_in call;
	struct tscf_control_server *server;
	struct connection *next, **link; /* link: the pointer that points here */
	enum state state;
	bool kept; /* is or was KEPT: the handler is told of its end */
	int sock;
	size_t read; /* bytes of the request */
	char *out;
	size_t written, out_size;
	ev_io io;
	ev_timer patience;
};

static void connection_add(struct tscf_control_server *server, struct connection *c)
{
	c->next = server->connections;
	c->link = &server->connections;
	if (c->next != NULL)
		c->next->link = &c->next;
	server->connections = c;
	server->connection_count++;
}

static void connection_free(struct connection *c)
{
	struct tscf_control_server *server = c->server;

	if (c->kept && server->handler->gone != NULL)
		server->handler->gone(server->context, &c->call);
	ev_io_stop(server->loop, &c->io);
	ev_timer_stop(server->loop, &c->patience);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	server->connection_count--;
	close(c->sock);
	if (c->call.fd >= 0)
		close(c->call.fd);
	free(c->out);
	free(c);
	/* There is room for one more, and perhaps a descriptor. */
	if (server->sock >= 0)
		ev_io_start(server->loop, &server->acceptable);
}

static void connection_watch(struct connection *c, int events)
{
	ev_io_stop(c->server->loop, &c->io);
	ev_io_set(&c->io, c->sock, events);
	ev_io_start(c->server->loop, &c->io);
}

static void connection_be_patient(struct connection *c)
{
	ev_timer_stop(c->server->loop, &c->patience);
	ev_timer_set(&c->patience, PATIENCE_S, 0.);
	ev_timer_start(c->server->loop, &c->patience);
}

/* --- READING --- */

/* Keep the first descriptor the caller ever sends, close all others. */
static void take_fds(struct connection *c, struct msghdr *message)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
		size_t offset;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (offset = CMSG_LEN(0); offset + sizeof(int) <= header->cmsg_len; offset += sizeof(int)) {
			int fd;

			memcpy(&fd, (char *)header + offset, sizeof fd);
			if (c->call.fd < 0)
				c->call.fd = fd;
			else
				close(fd);
		}
	}
}

static ssize_t receive_some(struct connection *c)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = {
	    .iov_base = (char *)&c->call.request + c->read,
	    .iov_len = sizeof c->call.request - c->read,
	};
	struct msghdr message = {
	    .msg_iov = &data,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes,
	};
	ssize_t got = recvmsg(c->sock, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (got >= 0)
		take_fds(c, &message);
	return got;
}

/* The kernel reports a socket as gone when its last descriptor is: ours must not outlive the request. */
static void drop_fd(struct connection *c)
{
	if (c->call.fd >= 0)
		close(c->call.fd);
	c->call.fd = -1;
}

/* The handler may answer at once, and so free the connection, unless it is kept. */
static void request_handle(struct connection *c)
{
	struct tscf_control_server *server = c->server;
	bool kept = c->kept;

	c->read = 0;
	server->handler->request(server->context, &c->call);
	if (kept)
		drop_fd(c);
}

static void request_read(struct connection *c)
{
	struct tscf_control_server *server = c->server;
	ssize_t got = receive_some(c);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_free(c);
		return;
	}
	c->read += (size_t)got;
	if (c->read < sizeof c->call.request)
		return;
	if (c->call.request.magic != TSCF_CONTROL_MAGIC) {
		connection_free(c);
		return;
	}
	ev_timer_stop(server->loop, &c->patience);
	if (c->state == READING)
		c->state = WAITING;
	request_handle(c);
}

/* --- WAITING --- */

/* Nothing is expected from the caller now but that it goes away; one that talks on breaks the protocol. */
static void caller_stirred(struct connection *c)
{
	const struct tscf_control_server *server = c->server;
	char byte;
	ssize_t got = recv(c->sock, &byte, 1, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (server->handler->gone != NULL)
		server->handler->gone(server->context, &c->call);
	connection_free(c);
}

/* --- WRITING --- */

/* @return whether nothing is left to write; a caller that cannot be written to any more is found out by reading. */
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
	grown = realloc(c->out, c->out_size + sizeof reply + size);
	if (grown == NULL)
		return -ENOMEM;
	c->out = grown;
	memcpy(grown + c->out_size, &reply, sizeof reply);
	if (size > 0)
		memcpy(grown + c->out_size + sizeof reply, data, size);
	c->out_size += sizeof reply + size;
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
	drop_fd(c);
	connection_be_patient(c);
	connection_watch(c, EV_WRITE);
	/* One that is kept may be in the hands of the handler: its end waits for the loop. */
	if (!c->kept)
		reply_write(c);
}

void tscf_control_answer(struct tscf_control_call_in *call, int error, const char *json)
{
	tscf_control_answer_with(call, error, json, json != NULL ? strlen(json) : 0);
}

void tscf_control_push(struct tscf_control_call_in *call, const void *data, size_t size)
{
	struct connection *c = (struct connection *)((char *)call - offsetof(struct connection, call));

	if (c->state != KEPT)
		return;
	if (c->out_size - c->written + sizeof(struct tscf_control_reply) + size > PUSHED_MAX ||
	    reply_add(c, 0, data, size) != 0) {
		tscf_control_answer(call, ENOBUFS, NULL);
		return;
	}
	if (!flush(c))
		connection_watch(c, EV_READ | EV_WRITE);
}

void tscf_control_keep(struct tscf_control_call_in *call)
{
	struct connection *c = (struct connection *)((char *)call - offsetof(struct connection, call));

	c->kept = true;
	c->state = KEPT;
	drop_fd(c);
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

static void on_patience_end(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	connection_free(watcher->data);
}

static unsigned int connections_of(const struct tscf_control_server *server, uid_t uid)
{
	const struct connection *c;
	unsigned int count = 0;

	for (c = server->connections; c != NULL; c = c->next)
		count += c->call.uid == uid;
	return count;
}

static void connection_open(struct tscf_control_server *server, int sock)
{
	struct ucred peer;
	socklen_t length = sizeof peer;
	struct connection *c;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
	    (peer.uid != 0 && connections_of(server, peer.uid) >= CONNECTIONS_PER_USER_MAX) ||
	    (c = calloc(1, sizeof *c)) == NULL) {
		close(sock);
		return;
	}
	c->server = server;
	c->sock = sock;
	c->call.fd = -1;
	c->call.pid = peer.pid;
	c->call.uid = peer.uid;
	c->call.gid = peer.gid;
	connection_add(server, c);
	ev_io_init(&c->io, on_io, sock, EV_READ);
	c->io.data = c;
	ev_timer_init(&c->patience, on_patience_end, PATIENCE_S, 0.);
	c->patience.data = c;
	ev_io_start(server->loop, &c->io);
	connection_be_patient(c);
}

static void on_acceptable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct tscf_control_server *server = watcher->data;

	(void)events;
	while (server->connection_count < CONNECTIONS_MAX) {
		int sock = accept4(server->sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (sock >= 0) {
			connection_open(server, sock);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EAGAIN)
			return;
		/* No descriptors or no memory: the queue stays readable, so not looking is the only way not to spin. */
		ev_timer_start(loop, &server->accept_again);
		break;
	}
	ev_io_stop(loop, &server->acceptable);
}

static void on_accept_again(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct tscf_control_server *server = watcher->data;

	(void)events;
	ev_timer_set(watcher, ACCEPT_PAUSE_S, 0.);
	ev_io_start(loop, &server->acceptable);
}

int tscf_control_listen(struct ev_loop *loop, const char *path, mode_t mode, const struct tscf_control_handler *handler,
			void *context, struct tscf_control_server **out)
{
	struct tscf_control_server *server = calloc(1, sizeof *server);

	if (server == NULL)
		return -ENOMEM;
	server->path = strdup(path);
	server->sock = server->path != NULL ? tscf_control_path_listen(path, mode, &server->file) : -ENOMEM;
	if (server->sock < 0) {
		int error = server->sock;

		free(server->path);
		free(server);
		return error;
	}
	server->loop = loop;
	server->handler = handler;
	server->context = context;
	ev_io_init(&server->acceptable, on_acceptable, server->sock, EV_READ);
	server->acceptable.data = server;
	ev_timer_init(&server->accept_again, on_accept_again, ACCEPT_PAUSE_S, 0.);
	server->accept_again.data = server;
	ev_io_start(loop, &server->acceptable);
	*out = server;
	return 0;
}

void tscf_control_close(struct tscf_control_server *server)
{
	int sock = server->sock;

	ev_io_stop(server->loop, &server->acceptable);
	ev_timer_stop(server->loop, &server->accept_again);
	server->sock = -1;
	while (server->connections != NULL)
		connection_free(server->connections);
	tscf_control_path_remove(server->path, &server->file);
	close(sock);
	free(server->path);
	free(server);
}
