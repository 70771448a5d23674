/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * x25519.h - the Diffie-Hellman function X25519 (RFC 7748), by wolfSSL, which is the fastest of those that there are.
 */
#ifndef TSCF_X25519_H
#define TSCF_X25519_H

#include <stdint.h>

#define TSCF_X25519_SIZE 32

/** Make a key. */
void tscf_x25519_generate(uint8_t secret[TSCF_X25519_SIZE], uint8_t point[TSCF_X25519_SIZE]);
/** What both ends get.  @return 0, or -EINVAL: @p point gives nothing but zeros (RFC 7748, 6.1). */
int tscf_x25519_agree(const uint8_t secret[TSCF_X25519_SIZE], const uint8_t point[TSCF_X25519_SIZE],
		      uint8_t shared[TSCF_X25519_SIZE]);

#endif
