/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_events.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>

/** Handled in one turn of the event loop: programs that make sockets all the time must not stop the packets. */
#define EVENTS_AT_ONCE 256

static int one(void *context, void *data, size_t size)
{
	struct guard_events *g = context;

	if (size >= sizeof(struct guard_event))
		g->handler->event(g->context, data);
	/* An error ends the reading; this event counts as read. */
	return --g->left == 0 ? -EAGAIN : 0;
}

void guard_events_catch_up(struct guard_events *g)
{
	if (!g->ring || g->busy)
		return;
	g->busy = true;
	g->left = EVENTS_AT_ONCE;
	if (ring_buffer__consume(g->ring) != 0)
		g->handler->drained(g->context);
	g->busy = false;
}

static void readable(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	guard_events_catch_up(w->data);
}

int guard_events_open(struct guard_events *g, struct ev_loop *loop, int fd, const struct guard_events_handler *handler,
		      void *context)
{
	*g = (struct guard_events){.loop = loop, .handler = handler, .context = context};
	g->ring = ring_buffer__new(fd, one, g, NULL);
	if (!g->ring)
		return -errno;
	ev_io_init(&g->readable, readable, ring_buffer__epoll_fd(g->ring), EV_READ);
	g->readable.data = g;
	ev_io_start(loop, &g->readable);
	return 0;
}

void guard_events_close(struct guard_events *g)
{
	if (!g->ring)
		return;
	ev_io_stop(g->loop, &g->readable);
	ring_buffer__free(g->ring);
	g->ring = NULL;
}
