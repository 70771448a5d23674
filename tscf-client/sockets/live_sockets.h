/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live_sockets.h - level changes of sockets that programs have already: the client copies each descriptor out of its
 * process, and moves it like one that the library has sent (moves.h).
 */
#ifndef TSCF_CLIENT_LIVE_SOCKETS_H
#define TSCF_CLIENT_LIVE_SOCKETS_H

#include "common/control/control.h"
#include "tscf-client/guard/guard.h"
#include "tscf-client/sockets/moves.h"

#include <dirent.h>
#include <stdbool.h>

/**
 * Call @p each for a copy of each socket that a request names: all of a process, or all with a protocol and local port.
 * Only root may name sockets of other users.  @p each gets the descriptor.
 *
 * @return 0, or -errno of the first one that cannot be had.
 */
int live_sockets_each(struct ev_loop *loop, const struct tscf_control_call_in *call,
		      void (*each)(void *context, pid_t pid, int fd), void *context);
/** Handle TSCF_CONTROL_LEVEL_OF: all sockets of a process, or all with a protocol and local port. */
void live_sockets_level_of(struct moves *moves, struct tscf_control_call_in *call);
/**
 * Give sockets the level of the policies that hold now, if they have that of another policy, or none.  This concerns
 * sockets of programs under the library.  With a guard it concerns all programs, since the guard applies numbered
 * policies to every new socket.
 */
void live_sockets_classify(struct moves *moves, struct guard *guard);
/** The same for some further processes of @p proc, as processes_some: about 2 ms of work if each has ten sockets.
 * @return whether there may be more. */
bool live_sockets_classify_some(struct moves *moves, struct guard *guard, DIR *proc);

#endif
