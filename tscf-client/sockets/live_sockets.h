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
/**
 * Give sockets the level that policies say now, if they have that of another policy, or none: those of programs under
 * the library, and, with a guard, those of all programs, since that knows policies with a number from a socket's birth
 * on.
 */
void live_sockets_classify(struct client *c);

#endif
