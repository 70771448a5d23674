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
#include "tscf-client/sockets/named.h"
#include "tscf-client/sockets/searches.h"

#include <stdbool.h>

/** What becomes of the sockets that a request names. */
struct live_user {
	void (*each)(void *context, pid_t pid, int fd); /**< the descriptor is the callee's */
	/** A socket is there and cannot be had: one->error.  NULL: no matter. */
	void (*missed)(void *context, const struct named_socket *one);
	/** There are no more.  @p call: NULL if the caller is gone; @p error: 0, or -errno of the whole search;
	 * @p first: 0, or -errno of the first socket that cannot be had. */
	void (*over)(void *context, struct tscf_control_call_in *call, int error, int first);
	void (*free)(void *context);
};

/**
 * Find the sockets that a request names: all of a process, or all with a protocol and local port.  Only root may name
 * sockets of other users.
 *
 * @param context  of @p user, which frees it
 * @return 0, or -errno: it is not begun, and has been freed.
 */
int live_sockets_search(struct searches *searches, struct tscf_control_call_in *call, const struct live_user *user,
			void *context);
/** Handle TSCF_CONTROL_LEVEL_OF: all sockets of a process, or all with a protocol and local port. */
void live_sockets_level_of(struct moves *moves, struct searches *searches, struct tscf_control_call_in *call);
/**
 * Give sockets the level of the policies that hold now, if they have that of another policy, or none.  This concerns
 * sockets of programs under the library.  With a guard it concerns all programs, since the guard applies numbered
 * policies to every new socket.
 */
void live_sockets_classify(struct moves *moves, struct guard *guard);
/**
 * The same, beside the loop.
 *
 * @param call  answered when all sockets have been looked at; NULL: nobody waits
 * @param under_way  true until then; may be NULL
 * @return false: out of memory; the call is still the caller's.
 */
bool live_sockets_classify_beside(struct moves *moves, struct guard *guard, struct searches *searches,
				  struct tscf_control_call_in *call, bool *under_way);

#endif
