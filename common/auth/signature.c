/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/signature.h"

#include "common/base/file.h"

#include <errno.h>
#include <stdio.h>

#include <wolfssl/openssl/pem.h>

WOLFSSL_EVP_PKEY *tscf_signature_key(const char *file)
{
	WOLFSSL_EVP_PKEY *key;
	FILE *f = tscf_file_stream(file);

	if (!f)
		return NULL;
	key = wolfSSL_PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	errno = 0;
	return key;
}

bool tscf_signature_make(WOLFSSL_EVP_PKEY *key, const uint8_t *data, size_t length, uint8_t *signature, size_t *size)
{
	WOLFSSL_EVP_MD_CTX *ctx = wolfSSL_EVP_MD_CTX_new();
	bool done = ctx && wolfSSL_EVP_DigestSignInit(ctx, NULL, wolfSSL_EVP_sha256(), NULL, key) == WOLFSSL_SUCCESS &&
		    wolfSSL_EVP_DigestSignUpdate(ctx, data, (unsigned)length) == WOLFSSL_SUCCESS &&
		    wolfSSL_EVP_DigestSignFinal(ctx, signature, size) == WOLFSSL_SUCCESS;

	wolfSSL_EVP_MD_CTX_free(ctx);
	return done;
}

WOLFSSL_EVP_PKEY *tscf_signature_public_key(const uint8_t *spki, size_t length)
{
	return wolfSSL_d2i_PUBKEY(NULL, &spki, (long)length);
}

bool tscf_signature_with(WOLFSSL_EVP_PKEY *key, const WOLFSSL_EVP_MD *hash, const uint8_t *data, size_t length,
			 const uint8_t *signature, size_t size)
{
	WOLFSSL_EVP_MD_CTX *ctx = wolfSSL_EVP_MD_CTX_new();
	bool right = ctx && wolfSSL_EVP_DigestVerifyInit(ctx, NULL, hash, NULL, key) == WOLFSSL_SUCCESS &&
		     wolfSSL_EVP_DigestVerifyUpdate(ctx, data, length) == WOLFSSL_SUCCESS &&
		     wolfSSL_EVP_DigestVerifyFinal(ctx, signature, size) == WOLFSSL_SUCCESS;

	wolfSSL_EVP_MD_CTX_free(ctx);
	return right;
}

bool tscf_signature_by(WOLFSSL_EVP_PKEY *key, const uint8_t *data, size_t length, const uint8_t *signature, size_t size)
{
	return tscf_signature_with(key, wolfSSL_EVP_sha256(), data, length, signature, size);
}

bool tscf_signature_good(WOLFSSL_X509 *certificate, const uint8_t *data, size_t length, const uint8_t *signature,
			 size_t size)
{
	WOLFSSL_EVP_PKEY *key = wolfSSL_X509_get_pubkey(certificate);
	bool right = key && tscf_signature_by(key, data, length, signature, size);

	wolfSSL_EVP_PKEY_free(key);
	return right;
}
