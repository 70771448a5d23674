/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/gcm.h"

#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(TSCF_GCM_NONCE == GCM_IV_SIZE && TSCF_GCM_TAG == GCM_DIGEST_SIZE, "the usual sizes");

struct tscf_gcm {
	uint8_t key[AES256_KEY_SIZE];
	uint32_t key_length; /* 0: no key yet */
	union {
		struct gcm_aes128_ctx aes128;
		struct gcm_aes256_ctx aes256;
	} context;
};

struct tscf_gcm *tscf_gcm_new(void)
{
	return calloc(1, sizeof(struct tscf_gcm));
}

void tscf_gcm_free(struct tscf_gcm *gcm)
{
	if (!gcm)
		return;
	explicit_bzero(gcm, sizeof(*gcm));
	free(gcm);
}

bool tscf_gcm_key_length_valid(uint32_t length)
{
	return length == AES128_KEY_SIZE || length == AES256_KEY_SIZE;
}

static void use_key(struct tscf_gcm *gcm, const uint8_t *key, uint32_t length)
{
	if (gcm->key_length == length && memeql_sec(gcm->key, key, length))
		return;
	memcpy(gcm->key, key, length);
	gcm->key_length = length;
	if (length == AES128_KEY_SIZE)
		gcm_aes128_set_key(&gcm->context.aes128, key);
	else
		gcm_aes256_set_key(&gcm->context.aes256, key);
}

void tscf_gcm_seal(struct tscf_gcm *gcm, const uint8_t *key, uint32_t key_length, const struct tscf_gcm_text *text,
		   uint8_t *tag)
{
	use_key(gcm, key, key_length);
	if (key_length == AES128_KEY_SIZE) {
		struct gcm_aes128_ctx *ctx = &gcm->context.aes128;

		gcm_aes128_set_iv(ctx, TSCF_GCM_NONCE, text->nonce);
		gcm_aes128_update(ctx, text->header_length, text->header);
		gcm_aes128_encrypt(ctx, text->length, text->out, text->in);
		gcm_aes128_digest(ctx, TSCF_GCM_TAG, tag);
	} else {
		struct gcm_aes256_ctx *ctx = &gcm->context.aes256;

		gcm_aes256_set_iv(ctx, TSCF_GCM_NONCE, text->nonce);
		gcm_aes256_update(ctx, text->header_length, text->header);
		gcm_aes256_encrypt(ctx, text->length, text->out, text->in);
		gcm_aes256_digest(ctx, TSCF_GCM_TAG, tag);
	}
}

/* Decrypt and compute the tag that the text should have. */
static void decrypt(struct tscf_gcm *gcm, const struct tscf_gcm_text *text, uint8_t *tag)
{
	if (gcm->key_length == AES128_KEY_SIZE) {
		struct gcm_aes128_ctx *ctx = &gcm->context.aes128;

		gcm_aes128_set_iv(ctx, TSCF_GCM_NONCE, text->nonce);
		gcm_aes128_update(ctx, text->header_length, text->header);
		gcm_aes128_decrypt(ctx, text->length, text->out, text->in);
		gcm_aes128_digest(ctx, TSCF_GCM_TAG, tag);
	} else {
		struct gcm_aes256_ctx *ctx = &gcm->context.aes256;

		gcm_aes256_set_iv(ctx, TSCF_GCM_NONCE, text->nonce);
		gcm_aes256_update(ctx, text->header_length, text->header);
		gcm_aes256_decrypt(ctx, text->length, text->out, text->in);
		gcm_aes256_digest(ctx, TSCF_GCM_TAG, tag);
	}
}

bool tscf_gcm_open(struct tscf_gcm *gcm, const uint8_t *key, uint32_t key_length, const struct tscf_gcm_text *text,
		   const uint8_t *tag)
{
	uint8_t right[TSCF_GCM_TAG];

	use_key(gcm, key, key_length);
	decrypt(gcm, text, right);
	if (memeql_sec(right, tag, sizeof(right)))
		return true;
	/* Wipe it: no reader may see data from an attacker. */
	memset(text->out, 0, text->length);
	return false;
}
