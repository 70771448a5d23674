/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.h - how a server proves its identity on plain tunnels: its certificates, and a key share that is signed with
 * the key of the first certificate.
 *
 * The certificates are those of the encrypted tunnels.  From time to time a new share is made, and the old secret is
 * wiped.  Several threads may use an identity, also while it is renewed.
 */
#ifndef TSCF_IDENTITY_H
#define TSCF_IDENTITY_H

#include "common/crypto/x25519.h"
#include "common/packet/message.h"

#include <stddef.h>
#include <stdint.h>

/** Most bytes of all certificates of a server together. */
#define TSCF_CHAIN_MAX 8192
/** The only suite: X25519, SHA-256. */
#define TSCF_SUITE 1
/** How long one key share is used, in milliseconds. */
#define TSCF_SHARE_MS 600000
/** Size of the data that is signed. */
#define TSCF_STATEMENT_SIZE (64 + 26 + 32 + TSCF_KEY_SHARE_SIZE)

/** A key share and its secret. */
struct tscf_share {
	uint8_t secret[TSCF_X25519_SIZE];
	uint8_t bytes[TSCF_KEY_SHARE_SIZE];
};
/** Make a new key share.  @return 0, or -EINVAL: no key can be made. */
int tscf_share_make(struct tscf_share *share);
/** Make the key share of a secret that was made before.  @return as tscf_share_make. */
int tscf_share_from(const uint8_t secret[TSCF_X25519_SIZE], struct tscf_share *share);
/** @return 0 with the shared secret, or -EINVAL: @p theirs is of another suite, or an invalid point. */
int tscf_share_agree(const struct tscf_share *share, const uint8_t theirs[TSCF_KEY_SHARE_SIZE],
		     uint8_t shared[TSCF_X25519_SIZE]);
/** Write the data that the server signs: the digest of its certificates and the key share @p bytes. */
void tscf_share_statement(const uint8_t digest[32], const uint8_t bytes[TSCF_KEY_SHARE_SIZE],
			  uint8_t out[TSCF_STATEMENT_SIZE]);

struct tscf_identity;

/**
 * Read certificates, the server's own first, and its key, from PEM files.
 *
 * @return the identity, or NULL with an error of @p size bytes.
 */
struct tscf_identity *tscf_identity_read(const char *cert_file, const char *key_file, char *error, size_t size);
/** Replace the content of @p identity by that of @p fresh, which is freed. */
void tscf_identity_renew(struct tscf_identity *identity, struct tscf_identity *fresh);
/** Wipe and free; NULL is allowed. */
void tscf_identity_free(struct tscf_identity *identity);

/** Make a new key share if the last one is older than TSCF_SHARE_MS at @p now, monotonic milliseconds. */
void tscf_identity_tick(struct tscf_identity *identity, uint64_t now);

/** The identity is not renewed between lock and unlock. */
void tscf_identity_lock(struct tscf_identity *identity);
void tscf_identity_unlock(struct tscf_identity *identity);

/* Call these between lock and unlock. */
/** @return SHA-256 of the DER certificates, back to back; 32 bytes. */
const uint8_t *tscf_identity_digest(const struct tscf_identity *identity);
/** @return the part of the certificates that begins at @p offset and has at most @p most bytes. */
struct tscf_chain_part tscf_identity_part(const struct tscf_identity *identity, uint32_t offset, uint16_t most);
/** @return the present key share. */
const struct tscf_share *tscf_identity_share(const struct tscf_identity *identity);
/** @return the signature of the share; *length is its size. */
const uint8_t *tscf_identity_signature(const struct tscf_identity *identity, uint16_t *length);

#endif
