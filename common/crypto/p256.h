/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * p256.h - the elliptic curve P-256 (NIST SP 800-186) by nettle: ECDH (SP 800-56A) and ECDSA (FIPS 186-5).
 *
 * Several times as fast as the wolfSSL of the distribution.  Operations with secrets are side-channel silent.  Numbers
 * are big-endian, TSCF_P256_SIZE bytes each; a point is its x and its y.  The headers of nettle and wolfSSL cannot be
 * included together, so this header includes nothing of nettle.
 */
#ifndef TSCF_P256_H
#define TSCF_P256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSCF_P256_SIZE 32
/** Size of a point, or of a signature: r and s. */
#define TSCF_P256_PAIR (2 * TSCF_P256_SIZE)

/**
 * Call this before any other function here; repeated calls are allowed.  From then on memory that GMP frees is wiped,
 * because it has held secrets.
 */
void tscf_p256_begin(void);

/** Make a key. */
void tscf_p256_generate(uint8_t secret[TSCF_P256_SIZE], uint8_t point[TSCF_P256_PAIR]);

/**
 * Compute the x that both ends of a Diffie-Hellman exchange get (SP 800-56A, 5.7.1.2).
 *
 * @return 0, or -EINVAL: @p point is not on the curve, or @p secret is not between 1 and the order of the curve.
 */
int tscf_p256_agree(const uint8_t secret[TSCF_P256_SIZE], const uint8_t point[TSCF_P256_PAIR],
		    uint8_t shared[TSCF_P256_SIZE]);

/** Sign a digest with a random nonce.  @return 0, or -EINVAL: @p secret is invalid, as in tscf_p256_agree. */
int tscf_p256_sign(const uint8_t secret[TSCF_P256_SIZE], const uint8_t *digest, size_t length,
		   uint8_t signature[TSCF_P256_PAIR]);

/**
 * @return whether @p signature of the digest was made by the owner of @p point; also false if @p point is not on the
 * curve.
 */
bool tscf_p256_verify(const uint8_t point[TSCF_P256_PAIR], const uint8_t *digest, size_t length,
		      const uint8_t signature[TSCF_P256_PAIR]);

#endif
