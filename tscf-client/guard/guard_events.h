/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_events.h - the guard's events about sockets, at the moment they happen.
 *
 * Events are lost if very many come at once.  Then there are others in the ring, so the client is called in any case,
 * and can look at all sockets.
 */
#ifndef TSCF_CLIENT_GUARD_EVENTS_H
#define TSCF_CLIENT_GUARD_EVENTS_H

#include "tscf-client/guard/guard_map.h"

#include <ev.h>
#include <stdbool.h>

struct ring_buffer;

struct guard_events_handler {
	void (*event)(void *context, const struct guard_event *e);
	/** The events that were waiting have been handled, or as many as are handled at once. */
	void (*drained)(void *context);
};

struct guard_events {
	struct ring_buffer *ring; /**< NULL: no events are received */
	struct ev_loop *loop;
	ev_io readable;
	const struct guard_events_handler *handler;
	void *context;
	bool busy;     /**< the handler is running */
	unsigned left; /**< how many more events it handles now */
};

/** Call @p handler, which must stay valid, from the loop for the events of the ring @p fd (guard_set.h), which the
 * caller keeps.  @return 0 or -errno. */
int guard_events_open(struct guard_events *g, struct ev_loop *loop, int fd, const struct guard_events_handler *handler,
		      void *context);
/** Call the handler at once for the events that are there, at most 256, unless it is what calls this. */
void guard_events_catch_up(struct guard_events *g);
void guard_events_close(struct guard_events *g);

#endif
