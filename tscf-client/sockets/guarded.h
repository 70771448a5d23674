/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guarded.h - acts on the guard's events about sockets (guard_events.h): the client informs the server, or changes the
 * socket.
 */
#ifndef TSCF_CLIENT_GUARDED_H
#define TSCF_CLIENT_GUARDED_H

#include "tscf-client/guard/guard.h"
#include "tscf-client/guard/guard_events.h"
#include "tscf-client/sockets/moves.h"

/** The context of the handler. */
struct guarded {
	struct moves *moves;
	struct guard *guard;
};

/** A handler of events; the context is a struct guarded. */
void guarded_event(void *context, const struct guard_event *e);

#endif
