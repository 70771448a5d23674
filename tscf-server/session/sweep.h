/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep.h - the sessions for which it is time (expiry.h): those that are not confirmed end, silent ones are asked
 * whether their clients are there, and end when they stay silent.
 */
#ifndef TSCF_SERVER_SWEEP_H
#define TSCF_SERVER_SWEEP_H

#include <stdint.h>

struct server_state;

/** Ask and end the sessions for which it is time; call it about once a second. */
void server_sessions_expire(struct server_state *state, uint64_t now);

#endif
