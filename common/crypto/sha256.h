/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sha256.h - SHA-256 (FIPS 180-4) by nettle, which uses the CPU's instructions for it, on a state in the caller's
 * memory.
 *
 * wolfSSL copies and drops the states of its digests without asking, so that nothing may hang on them: all there is to
 * know is in these fields, which wolfSSL's own structure has too.  The headers of nettle and wolfSSL cannot be included
 * together, so nothing of nettle's is seen here.
 */
#ifndef TSCF_SHA256_H
#define TSCF_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define TSCF_SHA256_SIZE 32

/** A digest under way. */
struct tscf_sha256_state {
	uint32_t *words; /**< 8; at first the standard's initial value */
	uint8_t *block;  /**< 64; the bytes since the last whole block are at its beginning */
	uint64_t length; /**< bytes so far */
};

/** Take in @p length more bytes. */
void tscf_sha256_update(struct tscf_sha256_state *state, const uint8_t *data, size_t length);
/** Give the digest; words and length are what they are at first again. */
void tscf_sha256_finish(struct tscf_sha256_state *state, uint8_t digest[TSCF_SHA256_SIZE]);

#endif
