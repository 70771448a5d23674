/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/crypto_curve.h"

#include "common/crypto/p256.h"

#include <stdbool.h>
#include <string.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/* A sequence of two integers of 32 bytes, each possibly with a zero byte in front. */
#define DER_MAX (2 + 2 * (2 + 1 + TSCF_P256_SIZE))

static bool is_p256(const ecc_key *key)
{
	return key->dp && key->dp->id == ECC_SECP256R1;
}

/* @return 0, or an error of wolfSSL: @p key has no secret. */
static int secret_of(ecc_key *key, uint8_t secret[TSCF_P256_SIZE])
{
	word32 length = TSCF_P256_SIZE;

	return wc_ecc_export_private_only(key, secret, &length);
}

static int point_of(ecc_key *key, uint8_t point[TSCF_P256_PAIR])
{
	word32 x = TSCF_P256_SIZE, y = TSCF_P256_SIZE;

	return wc_ecc_export_public_raw(key, point, &x, point + TSCF_P256_SIZE, &y);
}

static int generate(ecc_key *key, int curve, word32 size)
{
	uint8_t secret[TSCF_P256_SIZE], point[TSCF_P256_PAIR];
	int result;

	/* wolfSSL has chosen the curve already, by name or by the size of the key. */
	if (!is_p256(key) || (curve != ECC_CURVE_DEF && curve != ECC_SECP256R1) || size != TSCF_P256_SIZE)
		return CRYPTOCB_UNAVAILABLE;
	tscf_p256_generate(secret, point);
	result = wc_ecc_import_unsigned(key, point, point + TSCF_P256_SIZE, secret, ECC_SECP256R1);
	explicit_bzero(secret, sizeof(secret));
	return result;
}

static int agree(ecc_key *ours, ecc_key *theirs, byte *out, word32 *out_length)
{
	uint8_t secret[TSCF_P256_SIZE], point[TSCF_P256_PAIR];
	int result;

	if (!is_p256(ours) || !is_p256(theirs) || *out_length < TSCF_P256_SIZE)
		return CRYPTOCB_UNAVAILABLE;
	result = point_of(theirs, point);
	if (result == 0)
		result = secret_of(ours, secret);
	if (result == 0 && tscf_p256_agree(secret, point, out) < 0)
		result = IS_POINT_E;
	explicit_bzero(secret, sizeof(secret));
	if (result == 0)
		*out_length = TSCF_P256_SIZE;
	return result;
}

static int sign(ecc_key *key, const byte *digest, word32 length, byte *out, word32 *out_length)
{
	uint8_t secret[TSCF_P256_SIZE], signature[TSCF_P256_PAIR];
	int result;

	if (!is_p256(key))
		return CRYPTOCB_UNAVAILABLE;
	result = secret_of(key, secret);
	if (result == 0 && tscf_p256_sign(secret, digest, length, signature) < 0)
		result = ECC_PRIV_KEY_E;
	explicit_bzero(secret, sizeof(secret));
	if (result == 0)
		result = wc_ecc_rs_raw_to_sig(signature, TSCF_P256_SIZE, signature + TSCF_P256_SIZE, TSCF_P256_SIZE,
					      out, out_length);
	return result;
}

/* @return 0, or an error of wolfSSL: @p der does not have the usual form of a signature (RFC 5480, appendix A). */
static int read_signature(const byte *der, word32 length, uint8_t signature[TSCF_P256_PAIR])
{
	/* Not every wolfSSL checks the room for the two numbers: each is at most as long as the whole signature. */
	uint8_t r[DER_MAX], s[DER_MAX];
	word32 r_length = sizeof(r), s_length = sizeof(s);
	int result;

	if (length > DER_MAX)
		return ASN_ECC_KEY_E;
	result = wc_ecc_sig_to_rs(der, length, r, &r_length, s, &s_length);
	if (result != 0)
		return result;
	if (r_length > TSCF_P256_SIZE || s_length > TSCF_P256_SIZE)
		return ASN_ECC_KEY_E;
	memset(signature, 0, TSCF_P256_PAIR);
	memcpy(signature + TSCF_P256_SIZE - r_length, r, r_length);
	memcpy(signature + TSCF_P256_PAIR - s_length, s, s_length);
	return 0;
}

static int verify(ecc_key *key, const byte *digest, word32 length, const byte *given, word32 given_length, int *good)
{
	uint8_t point[TSCF_P256_PAIR], signature[TSCF_P256_PAIR];
	int result;

	if (!is_p256(key))
		return CRYPTOCB_UNAVAILABLE;
	*good = 0;
	result = read_signature(given, given_length, signature);
	if (result == 0)
		result = point_of(key, point);
	if (result == 0)
		*good = tscf_p256_verify(point, digest, length, signature);
	return result;
}

int tscf_crypto_curve(wc_CryptoInfo *info)
{
	switch (info->pk.type) {
	case WC_PK_TYPE_EC_KEYGEN:
		return generate(info->pk.eckg.key, info->pk.eckg.curveId, (word32)info->pk.eckg.size);
	case WC_PK_TYPE_ECDH:
		return agree(info->pk.ecdh.private_key, info->pk.ecdh.public_key, info->pk.ecdh.out,
			     info->pk.ecdh.outlen);
	case WC_PK_TYPE_ECDSA_SIGN:
		return sign(info->pk.eccsign.key, info->pk.eccsign.in, info->pk.eccsign.inlen, info->pk.eccsign.out,
			    info->pk.eccsign.outlen);
	case WC_PK_TYPE_ECDSA_VERIFY:
		return verify(info->pk.eccverify.key, info->pk.eccverify.hash, info->pk.eccverify.hashlen,
			      info->pk.eccverify.sig, info->pk.eccverify.siglen, info->pk.eccverify.res);
	default:
		return CRYPTOCB_UNAVAILABLE;
	}
}
