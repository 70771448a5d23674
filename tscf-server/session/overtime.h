/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * overtime.h - sessions end when the time that the RADIUS server has granted is over (allowance.h).
 */
#ifndef TSCF_SERVER_OVERTIME_H
#define TSCF_SERVER_OVERTIME_H

#include <stdint.h>

struct server_state;

/** End the sessions whose time is over, and tell their clients; call it about once a second. */
void server_overtime_tick(struct server_state *state, uint64_t now);

#endif
