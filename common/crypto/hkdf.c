/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/hkdf.h"

#include "common/crypto/hash.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <string.h>

void tscf_hkdf_extract(const uint8_t salt[TSCF_HKDF_SIZE], const void *secret, size_t length,
		       uint8_t key[TSCF_HKDF_SIZE])
{
	tscf_mac(salt, TSCF_HKDF_SIZE, secret, length, key);
}

void tscf_hkdf_expand(const uint8_t key[TSCF_HKDF_SIZE], const void *info, size_t info_length, uint8_t *out,
		      size_t length)
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, TSCF_HKDF_SIZE, key);
	hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update, (nettle_hash_digest_func *)hmac_sha256_digest,
		    SHA256_DIGEST_SIZE, info_length, info, length, out);
	explicit_bzero(&ctx, sizeof(ctx));
}
