/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/proxy.h"

#include "common/base/silence.h"
#include "tscf-client/tunnel/http_connect.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct proxy_dialogue {
	struct ev_loop *loop;
	proxy_done done;
	void *context;
	int fd;
	ev_io io;
	ev_timer timer;
	bool authenticated;
	size_t length, sent; /* of the request while it is being sent, then of the answer */
	char text[HTTP_CONNECT_MAX];
};

static void free_dialogue(struct proxy_dialogue *d)
{
	ev_io_stop(d->loop, &d->io);
	ev_timer_stop(d->loop, &d->timer);
	if (d->fd >= 0)
		close(d->fd);
	/* The request contains a password. */
	explicit_bzero(d->text, sizeof(d->text));
	free(d);
}

static void end(struct proxy_dialogue *d, const char *reason)
{
	int fd = reason ? -1 : d->fd;
	proxy_done done = d->done;
	void *context = d->context;
	char copy[HTTP_CONNECT_REASON] = "";
	if (!reason)
		d->fd = -1;
	else
		snprintf(copy, sizeof(copy), "%s", reason);
	free_dialogue(d);
	done(context, fd, copy);
}

static void end_errno(struct proxy_dialogue *d, const char *what, int error)
{
	char reason[HTTP_CONNECT_REASON];
	snprintf(reason, sizeof(reason), "%s: %s", what, strerror(error));
	end(d, reason);
}

static void receive(struct proxy_dialogue *d)
{
	char reason[HTTP_CONNECT_REASON];
	size_t used = 0;
	ssize_t n = recv(d->fd, d->text + d->length, sizeof(d->text) - d->length, 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end_errno(d, "the proxy", errno);
		return;
	}
	if (n == 0) {
		end(d, "the proxy has closed the connection");
		return;
	}
	d->length += (size_t)n;
	switch (http_connect_answer(d->text, d->length, d->authenticated, &used, reason)) {
	case HTTP_CONNECT_MORE:
		break;
	case HTTP_CONNECT_REFUSED:
		end(d, reason);
		break;
	case HTTP_CONNECT_DONE:
		/* Our servers do not send first. */
		end(d, used == d->length ? NULL : "the proxy sent more than its answer");
		break;
	}
}

static void watch(struct proxy_dialogue *d, int events)
{
	ev_io_stop(d->loop, &d->io);
	ev_io_set(&d->io, d->fd, events);
	ev_io_start(d->loop, &d->io);
}

static void transmit(struct proxy_dialogue *d)
{
	ssize_t n = send(d->fd, d->text + d->sent, d->length - d->sent, MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end_errno(d, "the proxy", errno);
		return;
	}
	d->sent += (size_t)n;
	if (d->sent < d->length)
		return;
	explicit_bzero(d->text, d->length);
	d->length = 0;
	watch(d, EV_READ);
}

static void on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct proxy_dialogue *d = w->data;
	int error = 0;
	socklen_t size = sizeof(error);
	(void)loop;
	if (events & EV_READ) {
		receive(d);
		return;
	}
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0)
		end_errno(d, "cannot connect to the proxy", error ? error : errno);
	else
		transmit(d);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop, (void)events;
	end(w->data, "the proxy does not answer");
}

int proxy_connect(struct ev_loop *loop, const struct proxy_request *request, const struct tscf_outer_options *options,
		  proxy_done done, void *context, struct proxy_dialogue **out)
{
	struct proxy_dialogue *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	int length = http_connect_request(d->text, sizeof(d->text), request->host, request->port, request->credentials);
	d->fd = length < 0 ? length : tscf_outer_stream(NULL, &request->proxy, options);
	if (d->fd < 0) {
		int error = d->fd;
		free(d);
		return error;
	}
	d->loop = loop;
	d->done = done;
	d->context = context;
	d->length = (size_t)length;
	d->authenticated = request->credentials != NULL;
	ev_io_init(&d->io, on_io, d->fd, EV_WRITE);
	ev_timer_init(&d->timer, on_timer, PROXY_SECONDS, 0.);
	ev_set_priority(&d->timer, TSCF_SILENCE_PRIORITY);
	d->io.data = d->timer.data = d;
	ev_io_start(loop, &d->io);
	ev_timer_start(loop, &d->timer);
	*out = d;
	return 0;
}

void proxy_cancel(struct proxy_dialogue *d)
{
	free_dialogue(d);
}
