/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_waiting.h - connections that wait to be accepted and are to have another level than their mark says.
 *
 * They are known by their cookies and stay in the kernel when the client is killed; the next one finds them there
 * (accept_queue.h).
 */
#ifndef TSCF_CLIENT_GUARD_WAITING_H
#define TSCF_CLIENT_GUARD_WAITING_H

#include "tscf-client/guard/guard_set.h"

/** Have packets of the connection judged by @p about->value.  @return 0 or -errno: -E2BIG there are too many. */
int guard_waiting_add(const struct guard_set *s, uint64_t cookie, const struct guard_waiting *about);
/** It bears its mark now, or is gone. */
void guard_waiting_remove(const struct guard_set *s, uint64_t cookie);
/** Call @p each for every one of this network namespace. */
void guard_waiting_each(const struct guard_set *s,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context);
/** Forget all of this network namespace. */
void guard_waiting_clear(const struct guard_set *s);

#endif
