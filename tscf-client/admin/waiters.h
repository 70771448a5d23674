/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * waiters.h - callers at the control socket that wait until the tunnel is up (`status --wait-up`).
 */
#ifndef TSCF_CLIENT_WAITERS_H
#define TSCF_CLIENT_WAITERS_H

#include <stdint.h>

struct client;
struct tscf_control_call_in;

/** @p call waits from now on, as long as it asks for; too many are answered EBUSY. */
void waiters_add(struct client *c, struct tscf_control_call_in *call);
/** Answer those who wait if the tunnel is up, or their time is over. */
void waiters_check(struct client *c);
/** @return when to do so at the latest, in ms; UINT64_MAX: nobody waits. */
uint64_t waiters_next(const struct client *c);

#endif
