/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/gf256.h"

#include <string.h>

#define POLYNOMIAL 0x1dU
/** Number of elements that are not 0: the generator to this power is 1. */
#define ORDER 255
#define EACH  0x0101010101010101ULL

/** Multiply each of eight bytes by the generator: shift, and reduce those whose highest bit was set. */
static uint64_t twice(uint64_t eight)
{
	uint64_t high = (eight >> 7) & EACH;

	return ((eight & ~(EACH << 7)) << 1) ^ (high * POLYNOMIAL);
}

static uint64_t multiply_eight(uint64_t eight, uint8_t factor)
{
	uint64_t product = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		product ^= eight & -(uint64_t)(factor >> bit & 1);
		eight = twice(eight);
	}
	return product;
}

uint8_t tscf_gf256_multiply(uint8_t a, uint8_t b)
{
	return (uint8_t)multiply_eight(a, b);
}

uint8_t tscf_gf256_power(uint32_t exponent)
{
	uint8_t power = 1, square = 2;

	for (exponent %= ORDER; exponent; exponent >>= 1) {
		if (exponent & 1)
			power = tscf_gf256_multiply(power, square);
		square = tscf_gf256_multiply(square, square);
	}
	return power;
}

uint8_t tscf_gf256_inverse(uint8_t a)
{
	uint8_t inverse = 1, square = a;

	/* a to the power of ORDER - 1 = 254: all bits but the lowest. */
	for (unsigned bit = 1; bit < 8; bit++) {
		square = tscf_gf256_multiply(square, square);
		inverse = tscf_gf256_multiply(inverse, square);
	}
	return inverse;
}

void tscf_gf256_add(uint8_t *to, const uint8_t *from, uint32_t length, uint8_t factor)
{
	uint64_t source, sum;
	uint32_t at = 0;

	for (; length - at >= sizeof(source); at += (uint32_t)sizeof(source)) {
		memcpy(&source, from + at, sizeof(source));
		memcpy(&sum, to + at, sizeof(sum));
		sum ^= multiply_eight(source, factor);
		memcpy(to + at, &sum, sizeof(sum));
	}
	for (; at < length; at++)
		to[at] ^= tscf_gf256_multiply(from[at], factor);
}

void tscf_gf256_scale(uint8_t *data, uint32_t length, uint8_t factor)
{
	for (uint32_t at = 0; at < length; at++)
		data[at] = tscf_gf256_multiply(data[at], factor);
}
