/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_events.h - the guard's events about sockets, at the moment they happen.
 *
 * Events may be lost if very many come at once.  Nothing depends on them alone (registry.h finds every socket).
 */
#ifndef TSCF_CLIENT_GUARD_EVENTS_H
#define TSCF_CLIENT_GUARD_EVENTS_H

#include "tscf-client/guard/guard_map.h"

#include <ev.h>

struct ring_buffer;

struct guard_events {
	struct ring_buffer *ring; /**< NULL: no events are received */
	struct ev_loop *loop;
	ev_io readable;
	void (*handle)(void *context, const struct guard_event *e);
	void *context;
};

/** Call @p handle from the loop for each event of the ring @p fd (guard_set.h), which the caller keeps.  @return 0 or
 * -errno. */
int guard_events_open(struct guard_events *g, struct ev_loop *loop, int fd,
		      void (*handle)(void *context, const struct guard_event *e), void *context);
void guard_events_close(struct guard_events *g);

#endif
