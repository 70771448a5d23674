/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sha256.h - SHA-256 (FIPS 180-4) by nettle, which uses the CPU's instructions for it, on a state in the caller's
 * memory.
 *
 * wolfSSL copies and drops the states of its digests without notice, so a state must not own memory: the whole state is
 * in these fields, which wolfSSL's own structure has too.  The headers of nettle and wolfSSL cannot be included
 * together, so this header includes nothing of nettle.
 */
#ifndef TSCF_SHA256_H
#define TSCF_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define TSCF_SHA256_SIZE 32

/** The state of an unfinished digest. */
struct tscf_sha256_state {
	uint32_t *words; /**< 8; at first the standard's initial value */
	uint8_t *block;  /**< 64; it begins with the bytes since the last whole block */
	uint64_t length; /**< bytes so far */
};

/** Add @p length more bytes. */
void tscf_sha256_update(struct tscf_sha256_state *state, const uint8_t *data, size_t length);
/** Write the digest; words and length get their initial values again. */
void tscf_sha256_finish(struct tscf_sha256_state *state, uint8_t digest[TSCF_SHA256_SIZE]);

#endif
