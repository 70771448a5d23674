/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/hash.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>

void tscf_sha256(const void *data, size_t length, unsigned char digest[32])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, length, data);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, digest);
}

void tscf_mac(const void *key, size_t key_length, const void *data, size_t length, unsigned char mac[32])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key_length, key);
	hmac_sha256_update(&ctx, length, data);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, mac);
	explicit_bzero(&ctx, sizeof(ctx));
}

bool tscf_equal_secret(const void *a, const void *b, size_t length)
{
	return memeql_sec(a, b, length);
}
