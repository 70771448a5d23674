/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_asked.h - what sockets ask for, for programs that read it by getsockopt(2) without the library.
 *
 * Programs ask by events (guard_events.h).  The client alone writes what has come of it, so a program reads the same as
 * with the library, whoever has asked.  A client that begins or stops leaves nothing of its namespace.
 */
#ifndef TSCF_CLIENT_GUARD_ASKED_H
#define TSCF_CLIENT_GUARD_ASKED_H

#include "tscf-client/guard/guard_set.h"

/** The socket with that cookie asks for @p what.  If there is no room, programs read that it asks for nothing. */
void guard_asked_set(const struct guard_set *s, uint64_t cookie, const struct guard_asked *what);
/** It is gone, or asks for nothing. */
void guard_asked_remove(const struct guard_set *s, uint64_t cookie);
/** No socket of this network namespace asks for anything. */
void guard_asked_clear(const struct guard_set *s);

#endif
