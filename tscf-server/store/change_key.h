/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change_key.h - the object of a change as bytes: the key in the store's tables and among the changes that wait.
 */
#ifndef TSCF_SERVER_CHANGE_KEY_H
#define TSCF_SERVER_CHANGE_KEY_H

#include "tscf-server/store/store.h"

#define SERVER_ADDRESS_KEY_SIZE 17
#define SERVER_BINDING_KEY_SIZE 40

/** Write an address, or "no address", as bytes that are equal if the addresses are. */
void server_address_key_pack(const struct tscf_addr *a, uint8_t out[SERVER_ADDRESS_KEY_SIZE]);
/** @param any also accept "no address".  @return whether the bytes are an address. */
bool server_address_key_unpack(const uint8_t *in, bool any, struct tscf_addr *out);

/** The same of the key of a binding. */
void server_binding_key_pack(const struct tscf_binding_key *key, uint8_t out[SERVER_BINDING_KEY_SIZE]);
/** @return whether the bytes are the key of a binding. */
bool server_binding_key_unpack(const uint8_t *in, struct tscf_binding_key *out);

/** Two changes with equal keys are about the same object: only the later one counts. */
struct server_change_key {
	uint8_t bytes[1 + SERVER_BINDING_KEY_SIZE];
};

/** Get the key of the object that @p change is about. */
void server_change_key_of(const struct server_change *change, struct server_change_key *out);

#endif
