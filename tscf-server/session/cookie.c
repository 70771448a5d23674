/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/cookie.h"

#include "common/base/bytes.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <string.h>

#define PERIOD_MS      60000
#define CLIENT_ID_SIZE 16
#define MAC_SIZE       (SERVER_COOKIE_SIZE - 1)

void server_cookies_init(struct server_cookies *cookies)
{
	tscf_random(cookies->key, sizeof(cookies->key));
}

static void make(const struct server_cookies *cookies, const union tscf_endpoint *outer, const uint8_t *client_id,
		 uint64_t period, uint8_t cookie[SERVER_COOKIE_SIZE])
{
	const struct tscf_addr addr = tscf_endpoint_addr(outer);
	uint8_t data[8 + 1 + sizeof(addr.bytes) + 2 + CLIENT_ID_SIZE], mac[32], *at = data;

	tscf_put_u64(at, period);
	at += 8;
	*at++ = addr.family;
	memcpy(at, addr.bytes, sizeof(addr.bytes));
	at += sizeof(addr.bytes);
	tscf_put_u16(at, tscf_endpoint_port(outer));
	memcpy(at + 2, client_id, CLIENT_ID_SIZE);
	tscf_mac(cookies->key, sizeof(cookies->key), data, sizeof(data), mac);
	cookie[0] = (uint8_t)period;
	memcpy(cookie + 1, mac, MAC_SIZE);
}

void server_cookie_make(const struct server_cookies *cookies, const union tscf_endpoint *outer,
			const uint8_t *client_id, uint64_t now, uint8_t cookie[SERVER_COOKIE_SIZE])
{
	make(cookies, outer, client_id, now / PERIOD_MS, cookie);
}

bool server_cookie_valid(const struct server_cookies *cookies, const union tscf_endpoint *outer,
			 const uint8_t *client_id, uint64_t now, const uint8_t *value, uint32_t length)
{
	uint64_t period = now / PERIOD_MS;
	uint8_t cookie[SERVER_COOKIE_SIZE];

	if (length != SERVER_COOKIE_SIZE)
		return false;
	if (value[0] != (uint8_t)period && period > 0)
		period--;
	make(cookies, outer, client_id, period, cookie);
	return tscf_equal_secret(cookie, value, sizeof(cookie));
}
