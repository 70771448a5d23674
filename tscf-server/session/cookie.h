/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cookie.h - proof that a client can receive at its outer address.  Clients that cannot cost the server no memory.
 *
 * A cookie is a MAC, under a key that only this server has, over the outer address, the client identifier and the
 * present minute.  A client that sends it back received it at that address less than two minutes ago. tscf(7), "RETURN
 * ROUTABILITY".
 */
#ifndef TSCF_SERVER_COOKIE_H
#define TSCF_SERVER_COOKIE_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVER_COOKIE_SIZE 17

struct server_cookies {
	uint8_t key[32];
};

/** Draw the key. */
void server_cookies_init(struct server_cookies *cookies);

/**
 * Make the cookie of a client.
 *
 * @param client_id  16 bytes
 * @param now        monotonic milliseconds
 */
void server_cookie_make(const struct server_cookies *cookies, const union tscf_endpoint *outer,
			const uint8_t *client_id, uint64_t now, uint8_t cookie[SERVER_COOKIE_SIZE]);
/** @return whether the @p length bytes at @p value are a cookie of that client from this minute or the one before. */
bool server_cookie_valid(const struct server_cookies *cookies, const union tscf_endpoint *outer,
			 const uint8_t *client_id, uint64_t now, const uint8_t *value, uint32_t length);

#endif
