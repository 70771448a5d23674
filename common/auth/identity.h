/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.h - by what a server proves who it is on plain tunnels: its certificates, and a key share that is signed
 * with the key of the first of them.
 *
 * The certificate is that of the encrypted tunnels.  The share is made anew from time to time, and its secret
 * forgotten. All of it may be used by several threads, and be renewed meanwhile.
 */
#ifndef TSCF_IDENTITY_H
#define TSCF_IDENTITY_H

#include "common/crypto/x25519.h"
#include "common/packet/message.h"

#include <stddef.h>
#include <stdint.h>

/** Most bytes of all certificates of a server together. */
#define TSCF_CHAIN_MAX 8192
/** The only suite there is: X25519, SHA-256. */
#define TSCF_SUITE 1
/** How long one key share is used, in milliseconds. */
#define TSCF_SHARE_MS 600000
/** Bytes of what the signature is of. */
#define TSCF_STATEMENT_SIZE (64 + 26 + 32 + TSCF_KEY_SHARE_SIZE)

/** A key share and its secret. */
struct tscf_share {
	uint8_t secret[TSCF_X25519_SIZE];
	uint8_t bytes[TSCF_KEY_SHARE_SIZE];
};
void tscf_share_make(struct tscf_share *share);
/** @return 0 with what both ends get, or -EINVAL: @p theirs is of another suite, or gives nothing. */
int tscf_share_agree(const struct tscf_share *share, const uint8_t theirs[TSCF_KEY_SHARE_SIZE],
		     uint8_t shared[TSCF_X25519_SIZE]);
/** Write what the server signs: that the key share @p bytes is its own, with the digest of its certificates. */
void tscf_share_statement(const uint8_t digest[32], const uint8_t bytes[TSCF_KEY_SHARE_SIZE],
			  uint8_t out[TSCF_STATEMENT_SIZE]);

struct tscf_identity;

/**
 * Read certificates, the server's own first, and its key, PEM files.
 *
 * @return it, or NULL with an error of @p size bytes.
 */
struct tscf_identity *tscf_identity_read(const char *cert_file, const char *key_file, char *error, size_t size);
/** From now on @p identity is what @p fresh is, which is freed. */
void tscf_identity_renew(struct tscf_identity *identity, struct tscf_identity *fresh);
/** Wipe and free; NULL is allowed. */
void tscf_identity_free(struct tscf_identity *identity);

/** Make another key share if the last one is older than TSCF_SHARE_MS at @p now, monotonic milliseconds. */
void tscf_identity_tick(struct tscf_identity *identity, uint64_t now);

/** It is not renewed between these two. */
void tscf_identity_lock(struct tscf_identity *identity);
void tscf_identity_unlock(struct tscf_identity *identity);

/* These are called between the two. */
/** @return SHA-256 of the certificates, back to back in DER; 32 bytes. */
const uint8_t *tscf_identity_digest(const struct tscf_identity *identity);
/** @return the part of them that begins at @p offset and has at most @p most bytes. */
struct tscf_chain_part tscf_identity_part(const struct tscf_identity *identity, uint32_t offset, uint16_t most);
/** @return its key share. */
const struct tscf_share *tscf_identity_share(const struct tscf_identity *identity);
/** @return the signature of the share, of *length bytes. */
const uint8_t *tscf_identity_signature(const struct tscf_identity *identity, uint16_t *length);

#endif
