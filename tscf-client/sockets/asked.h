/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asked.h - programs have asked the guard for levels that it leaves to the client, and their sockets must be found.
 *
 * The guard cannot tell the descriptor.  It stores a number with the socket, and the client looks through all sockets
 * of the process for it (searches.h).  What a process asks for meanwhile is found together by the next search, so a
 * program with many sockets that asks for each is looked through a few times, not as often as it asks.
 */
#ifndef TSCF_CLIENT_ASKED_H
#define TSCF_CLIENT_ASKED_H

#include "tscf-client/guard/guard.h"
#include "tscf-client/sockets/moves.h"
#include "tscf-client/sockets/searches.h"

/** Requests of one process that wait: more than the guard's ring has room for. */
#define ASKED_MAX 16384

/** The owner sets the first three; zero: no program has asked. */
struct asked {
	struct moves *moves;
	struct guard *guard;
	struct searches *const *searches; /**< is there before the first request */
	struct asked_search *list;        /**< one for each process */
};

/** A program has asked for a level of a socket, by @p e: ASKS or CLASS.  @return false: too much waits, and it is
 * lost. */
bool asked_for(struct asked *a, const struct guard_event *e);

#endif
