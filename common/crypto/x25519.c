/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/x25519.h"

#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <errno.h>
#include <string.h>
#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/curve25519.h>

static int multiply(uint8_t out[TSCF_X25519_SIZE], const uint8_t secret[TSCF_X25519_SIZE],
		    const uint8_t point[TSCF_X25519_SIZE])
{
	uint8_t scalar[TSCF_X25519_SIZE];
	int result;

	/* RFC 7748, 5: wolfSSL expects the scalar with the bits already set that the function would set. */
	memcpy(scalar, secret, sizeof(scalar));
	scalar[0] &= 248;
	scalar[31] &= 127;
	scalar[31] |= 64;
	result = wc_curve25519_generic(TSCF_X25519_SIZE, out, sizeof(scalar), scalar, TSCF_X25519_SIZE, point);
	explicit_bzero(scalar, sizeof(scalar));
	return result == 0 ? 0 : -EINVAL;
}

int tscf_x25519_point(const uint8_t secret[TSCF_X25519_SIZE], uint8_t point[TSCF_X25519_SIZE])
{
	static const uint8_t base[TSCF_X25519_SIZE] = {9};

	return multiply(point, secret, base);
}

int tscf_x25519_generate(uint8_t secret[TSCF_X25519_SIZE], uint8_t point[TSCF_X25519_SIZE])
{
	tscf_random(secret, TSCF_X25519_SIZE);
	return tscf_x25519_point(secret, point);
}

int tscf_x25519_agree(const uint8_t secret[TSCF_X25519_SIZE], const uint8_t point[TSCF_X25519_SIZE],
		      uint8_t shared[TSCF_X25519_SIZE])
{
	static const uint8_t zero[TSCF_X25519_SIZE];

	if (multiply(shared, secret, point) < 0 || tscf_equal_secret(shared, zero, sizeof(zero)))
		return -EINVAL;
	return 0;
}
