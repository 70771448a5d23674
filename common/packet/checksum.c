/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/checksum.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#define IPV4_ADDRESSES 12
#define IPV6_ADDRESSES 8

/**
 * Two 64-bit lanes, for which every x86-64 and arm64 has registers.  They are written out because gcc at -O2 does not
 * find them in a plain loop; wider ones gained less than a fifth here and would need a choice at run time.
 */
typedef uint64_t lanes __attribute__((vector_size(16)));
/** The same type, without alignment. */
typedef uint64_t unaligned_lanes __attribute__((vector_size(16), aligned(1), may_alias));

#define LANES_BYTES ((size_t)16)
#define BLOCK       (4 * LANES_BYTES)

/**
 * Lanes have no carry, so two sums are kept: of the words modulo 2^64, and of their upper halves.  The first sum minus
 * the second gives the sum of the lower halves.
 */
struct sums {
	lanes all, upper;
};

static inline lanes load(const uint8_t *at)
{
	return *(const unaligned_lanes *)at;
}

static inline void store(uint8_t *at, lanes value)
{
	*(unaligned_lanes *)at = value;
}

static inline void add(struct sums *s, lanes value)
{
	s->all += value;
	s->upper += value >> 32;
}

static inline uint64_t total(const struct sums *s)
{
	const lanes lower = s->all - (s->upper << 32);

	return lower[0] + lower[1] + s->upper[0] + s->upper[1];
}

/** Copy @p size bytes (a constant, at most 8) to @p to unless that is NULL.  @return them, followed by zeros. */
static inline uint64_t take(uint8_t *to, const uint8_t *from, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, from, size);
	if (to)
		memcpy(to, from, size);
	/* Fold the word here, so that whole 64-bit words cannot overflow the sum. */
	return (word & 0xffffffff) + (word >> 32);
}

/** Sum the last bytes, fewer than 64. */
static inline __attribute__((always_inline)) uint64_t sum_tail(uint8_t *to, const uint8_t *from, size_t length)
{
	uint64_t sum = 0;
	size_t at = 0;

	for (; length - at >= 8; at += 8)
		sum += take(to ? to + at : NULL, from + at, 8);
	if (length & 4) {
		sum += take(to ? to + at : NULL, from + at, 4);
		at += 4;
	}
	if (length & 2) {
		sum += take(to ? to + at : NULL, from + at, 2);
		at += 2;
	}
	if (length & 1)
		sum += take(to ? to + at : NULL, from + at, 1);
	return sum;
}

/** Both functions in one; when inlined with @p to NULL, no code for the copy is left. */
static inline __attribute__((always_inline)) uint64_t sum_copy(uint8_t *to, const uint8_t *from, size_t length)
{
	struct sums even = {0}, odd = {0};
	size_t at = 0;

	for (; length - at >= BLOCK; at += BLOCK) {
		const lanes a = load(from + at), b = load(from + at + LANES_BYTES);
		const lanes c = load(from + at + 2 * LANES_BYTES), d = load(from + at + 3 * LANES_BYTES);

		if (to) {
			store(to + at, a);
			store(to + at + LANES_BYTES, b);
			store(to + at + 2 * LANES_BYTES, c);
			store(to + at + 3 * LANES_BYTES, d);
		}
		add(&even, a);
		add(&odd, b);
		add(&even, c);
		add(&odd, d);
	}
	return total(&even) + total(&odd) + sum_tail(to ? to + at : NULL, from + at, length - at);
}

uint64_t tscf_checksum_add(const void *data, size_t length)
{
	return sum_copy(NULL, data, length);
}

uint64_t tscf_checksum_copy(void *to, const void *from, size_t length)
{
	return sum_copy(to, from, length);
}

uint64_t tscf_checksum_pseudo(const uint8_t *ip, uint8_t protocol, uint32_t length)
{
	const bool four = ip[0] >> 4 == 4;
	const uint64_t addresses =
	    four ? sum_tail(NULL, ip + IPV4_ADDRESSES, 8) : sum_tail(NULL, ip + IPV6_ADDRESSES, 32);

	return addresses + htons(protocol) + htonl(length);
}
