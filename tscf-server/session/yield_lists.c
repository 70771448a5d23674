/* SPDX-License-Identifier: GPL-3.0-or-later */
/* yield_lists.c - in which list a session is, by its state: all that the end of a session needs of yield.h. */
#include "tscf-server/session/yield.h"

#include "tscf-server/state.h"

#include <utlist.h>

void server_yield_enter(struct server_state *state, struct server_session *s, enum server_yield_state to)
{
	struct server_interface *i = s->interface;
	struct server_yield *y = &s->yield;

	if (y->state == SERVER_YIELD_CANDIDATE) {
		DL_DELETE2(i->candidates, s, yield.prev, yield.next);
		atomic_fetch_sub_explicit(&i->allocator->candidates, 1, memory_order_relaxed);
	} else if (y->state == SERVER_YIELD_ASKED) {
		DL_DELETE2(state->sessions.yielding, s, yield.prev, yield.next);
	}
	y->state = to;
	if (to == SERVER_YIELD_CANDIDATE) {
		DL_PREPEND2(i->candidates, s, yield.prev, yield.next);
		atomic_fetch_add_explicit(&i->allocator->candidates, 1, memory_order_relaxed);
	} else if (to == SERVER_YIELD_ASKED) {
		DL_APPEND2(state->sessions.yielding, s, yield.prev, yield.next);
	}
}
