/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_waiting.h - connections that wait to be accepted and must have another level than their mark says.
 *
 * They are identified by their cookies.  The entries stay in the kernel when the client is killed, and the next client
 * finds them there (accept_queue.h).
 */
#ifndef TSCF_CLIENT_GUARD_WAITING_H
#define TSCF_CLIENT_GUARD_WAITING_H

#include "tscf-client/guard/guard_set.h"

/** Have the guard judge the connection's packets by @p about->value.  @return 0 or -errno: -E2BIG there are too
 * many. */
int guard_waiting_add(const struct guard_set *s, uint64_t cookie, const struct guard_waiting *about);
/** The connection has its mark now, or is gone. */
void guard_waiting_remove(const struct guard_set *s, uint64_t cookie);
/** Call @p each for every such connection of this network namespace. */
void guard_waiting_each(const struct guard_set *s,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context);

#endif
