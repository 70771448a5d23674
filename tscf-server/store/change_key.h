/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change_key.h - what a change is about, as bytes: the keys of the store's tables, and of what waits to be written.
 */
#ifndef TSCF_SERVER_CHANGE_KEY_H
#define TSCF_SERVER_CHANGE_KEY_H

#include "tscf-server/store/store.h"

#define SERVER_ADDRESS_KEY_SIZE 17
#define SERVER_BINDING_KEY_SIZE 40

void server_address_key_pack(const struct tscf_addr *a, uint8_t out[SERVER_ADDRESS_KEY_SIZE]);
/** @param any  none is an address too.  @return whether it is one. */
bool server_address_key_unpack(const uint8_t *in, bool any, struct tscf_addr *out);

void server_binding_key_pack(const struct tscf_binding_key *key, uint8_t out[SERVER_BINDING_KEY_SIZE]);
/** @return whether it is the key of a binding. */
bool server_binding_key_unpack(const uint8_t *in, struct tscf_binding_key *out);

/** Two changes with equal keys are about one thing: the later one is all that counts. */
struct server_change_key {
	uint8_t bytes[1 + SERVER_BINDING_KEY_SIZE];
};

void server_change_key_of(const struct server_change *change, struct server_change_key *out);

#endif
