/* SPDX-License-Identifier: GPL-3.0-or-later */
/* signature.h - signatures with SHA-256 by the key of a certificate: ECDSA (DER), or RSA as in PKCS #1 version 1.5. */
#ifndef TSCF_SIGNATURE_H
#define TSCF_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wolfssl/options.h>

#include <wolfssl/openssl/evp.h>
#include <wolfssl/ssl.h>

/** @return the private key, without a passphrase, from the PEM @p file; or NULL with errno, 0 if it holds none. */
WOLFSSL_EVP_PKEY *tscf_signature_key(const char *file);
/**
 * Sign @p length bytes at @p data.  *size is the room for the signature, then its length.  @return whether it
 * succeeded.
 */
bool tscf_signature_make(WOLFSSL_EVP_PKEY *key, const uint8_t *data, size_t length, uint8_t *signature, size_t *size);
/** @return the public key in a DER SubjectPublicKeyInfo, or NULL. */
WOLFSSL_EVP_PKEY *tscf_signature_public_key(const uint8_t *spki, size_t length);
/** @return whether @p signature is a valid signature of the data by that key, with that hash function. */
bool tscf_signature_with(WOLFSSL_EVP_PKEY *key, const WOLFSSL_EVP_MD *hash, const uint8_t *data, size_t length,
			 const uint8_t *signature, size_t size);
/** The same, with SHA-256. */
bool tscf_signature_by(WOLFSSL_EVP_PKEY *key, const uint8_t *data, size_t length, const uint8_t *signature,
		       size_t size);
/** The same, by the key of @p certificate. */
bool tscf_signature_good(WOLFSSL_X509 *certificate, const uint8_t *data, size_t length, const uint8_t *signature,
			 size_t size);

#endif
