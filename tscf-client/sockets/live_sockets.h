/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live_sockets.h - level changes of sockets that programs have already: the client takes a copy of each descriptor from
 * its process, and moves it as one that the library has sent (moves.h).
 */
#ifndef TSCF_CLIENT_LIVE_SOCKETS_H
#define TSCF_CLIENT_LIVE_SOCKETS_H

#include "common/control/control.h"

struct client;

/** Handle TSCF_CONTROL_LEVEL_OF: all sockets of a process, or all with a protocol and local port. */
void live_sockets_level_of(struct client *c, struct tscf_control_call_in *call);
/** The policies have changed: give those sockets of programs under the library another level that have one of a policy,
 * or may have one now. */
void live_sockets_policies_changed(struct client *c);

#endif
