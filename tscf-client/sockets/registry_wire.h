/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry_wire.h - the registry's messages: sends to the server what registry.c has decided.
 *
 * With an encrypted tunnel, everything goes there (service BIND).  Without one, the plain tunnel carries only what can
 * forbid: shields, and the lifting of shields by a key whose hash the server has (services SHIELD and UNSHIELD).
 * tscf(7), "BINDINGS" and "SHIELDS".
 *
 * registry_flush and registry_shield_all of registry.h are implemented here.
 */
#ifndef TSCF_CLIENT_REGISTRY_WIRE_H
#define TSCF_CLIENT_REGISTRY_WIRE_H

#include "tscf-client/sockets/registry.h"

/** Bindings in one message; an IPv4 one with remote takes 22 bytes. */
#define REGISTRY_OPS_PER_MESSAGE 40
/** How many times a registration is sent at most: enough to find out that the tunnel is dead. */
#define REGISTRY_TRIES 6

/** @return whether a message about that key has been sent to the server and is not yet answered. */
bool registry_under_way(const struct registry *r, const struct tscf_binding_key *key);

/** Notify the waiter of the outcome; 0: there is none. */
void registry_acknowledged(struct registry *r, uint64_t waiter, int error);

/** Bind the whole internal address at the default level (registry.c). */
void registry_bind_whole_address(struct registry *r);

#endif
