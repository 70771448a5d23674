/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry_wire.h - the registry's messages: what registry.c has decided is told to the server here.
 *
 * With an encrypted tunnel, everything goes there (service BIND).  Without one, the plain tunnel carries what can only
 * forbid: shields, and the lifting of shields by a key that the server has the hash of (services SHIELD and UNSHIELD).
 * tscf(7), "BINDINGS" and "SHIELDS".
 *
 * registry_flush and registry_shield_all of registry.h are implemented here.
 */
#ifndef TSCF_CLIENT_REGISTRY_WIRE_H
#define TSCF_CLIENT_REGISTRY_WIRE_H

#include "tscf-client/sockets/registry.h"

/** Bindings in one message; an IPv4 one with remote takes 22 bytes. */
#define REGISTRY_OPS_PER_MESSAGE 40
/** How often a registration is sent at most: as long as it takes to know that the tunnel is dead. */
#define REGISTRY_TRIES 6

/** @return whether the server has been told something of that key and has not answered yet. */
bool registry_under_way(const struct client *c, const struct tscf_binding_key *key);

/** Tell who waits for this; 0: nobody. */
void registry_acknowledged(struct client *c, uint64_t waiter, int error);

/** Bind the whole internal address at the default level (registry.c). */
void registry_bind_whole_address(struct client *c);

#endif
