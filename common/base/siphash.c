/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/siphash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

int tscf_siphash_key_init(struct tscf_siphash_key *key)
{
	ssize_t n;

	/* Only interrupted while the kernel's pool is not seeded yet; never short for so few bytes. */
	do {
		n = getrandom(key, sizeof(*key), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(*key) ? 0 : -EIO;
}

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static inline void compress(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t tscf_siphash(const struct tscf_siphash_key *key, const void *data, size_t length)
{
	/* The constants spell "somepseudorandomlygeneratedbytes". */
	struct state s = {
	    .v0 = key->k[0] ^ UINT64_C(0x736f6d6570736575),
	    .v1 = key->k[1] ^ UINT64_C(0x646f72616e646f6d),
	    .v2 = key->k[0] ^ UINT64_C(0x6c7967656e657261),
	    .v3 = key->k[1] ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *bytes = data;
	size_t rest = length % sizeof(uint64_t);
	uint64_t word;

	for (const uint8_t *end = bytes + (length - rest); bytes != end; bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		compress(&s, le64toh(word));
	}
	word = 0;
	if (rest > 0)
		memcpy(&word, bytes, rest);
	compress(&s, le64toh(word) | (uint64_t)length << 56);

	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
