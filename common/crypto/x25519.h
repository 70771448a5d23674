/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * x25519.h - the Diffie-Hellman function X25519 (RFC 7748), by wolfSSL, the fastest implementation available.
 */
#ifndef TSCF_X25519_H
#define TSCF_X25519_H

#include <stdint.h>

#define TSCF_X25519_SIZE 32

/** Make a key.  @return 0, or -EINVAL: wolfSSL could not compute it. */
int tscf_x25519_generate(uint8_t secret[TSCF_X25519_SIZE], uint8_t point[TSCF_X25519_SIZE]);
/** Compute the public key of @p secret.  @return as tscf_x25519_generate. */
int tscf_x25519_point(const uint8_t secret[TSCF_X25519_SIZE], uint8_t point[TSCF_X25519_SIZE]);
/** Compute the secret that both ends get.  @return 0, or -EINVAL: the result is all zero (RFC 7748, 6.1). */
int tscf_x25519_agree(const uint8_t secret[TSCF_X25519_SIZE], const uint8_t point[TSCF_X25519_SIZE],
		      uint8_t shared[TSCF_X25519_SIZE]);

#endif
