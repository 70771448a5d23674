/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gcm.h - AES-GCM (NIST SP 800-38D) by nettle; the key that was used last is kept prepared.
 *
 * Keys of 16 or 32 bytes, nonces of 12, tags of 16.  The headers of nettle and wolfSSL cannot be included together, so
 * this header includes nothing of nettle.
 */
#ifndef TSCF_GCM_H
#define TSCF_GCM_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_GCM_NONCE 12
#define TSCF_GCM_TAG   16

/** A prepared key. */
struct tscf_gcm;

/** One text to encrypt or decrypt.  in and out may be the same memory. */
struct tscf_gcm_text {
	const uint8_t *nonce;
	const uint8_t *header; /**< authenticated, not encrypted */
	uint32_t header_length;
	const uint8_t *in;
	uint8_t *out;
	uint32_t length;
};

/** @return an object without a key, or NULL when out of memory. */
struct tscf_gcm *tscf_gcm_new(void);
/** Wipe and free; NULL is allowed. */
void tscf_gcm_free(struct tscf_gcm *gcm);

/** @return whether a key may have @p length bytes: 16 or 32. */
bool tscf_gcm_key_length_valid(uint32_t length);
/** Encrypt; the key is prepared only if it differs from the last one. */
void tscf_gcm_seal(struct tscf_gcm *gcm, const uint8_t *key, uint32_t key_length, const struct tscf_gcm_text *text,
		   uint8_t *tag);
/** Decrypt.  @return whether @p tag is correct; if not, text->out is all zero. */
bool tscf_gcm_open(struct tscf_gcm *gcm, const uint8_t *key, uint32_t key_length, const struct tscf_gcm_text *text,
		   const uint8_t *tag);

#endif
