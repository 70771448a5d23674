/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gf256.h - arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), generator 2.
 *
 * Addition is XOR.  The polynomial is the one of RFC 5510, section 8.1.  Pure functions without tables that depend on
 * data in memory: eight bytes are multiplied at a time.
 */
#ifndef TSCF_GF256_H
#define TSCF_GF256_H

#include <stdint.h>

/** @return the generator to the power of @p exponent. */
uint8_t tscf_gf256_power(uint32_t exponent);
/** @return the product. */
uint8_t tscf_gf256_multiply(uint8_t a, uint8_t b);
/** @return the inverse of @p a, which is not 0. */
uint8_t tscf_gf256_inverse(uint8_t a);
/** Add @p factor times the @p length bytes at @p from to those at @p to; they do not overlap. */
void tscf_gf256_add(uint8_t *to, const uint8_t *from, uint32_t length, uint8_t factor);
/** Multiply the @p length bytes at @p data by @p factor. */
void tscf_gf256_scale(uint8_t *data, uint32_t length, uint8_t factor);

#endif
