/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/dtls_protect.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <nettle/chacha-poly1305.h>
#include <nettle/memops.h>
#include <string.h>

/* Offsets in a record. */
enum { TYPE = 0, VERSION = 1, SEQUENCE = 3, LENGTH = 11, CONTENT = 13 };

#define EPOCH           1
#define SEQUENCE_BITS   48
#define EXPLICIT_NONCE  8
#define IMPLICIT_NONCE  4
#define TAG             16
#define ADDITIONAL_DATA 13

_Static_assert(TAG == TSCF_GCM_TAG && TAG == CHACHA_POLY1305_DIGEST_SIZE, "the two ciphers have tags of the same size");
_Static_assert(TSCF_PROTECT_IV == CHACHA_POLY1305_NONCE_SIZE && TSCF_PROTECT_IV == TSCF_GCM_NONCE, "and nonces");
_Static_assert(TSCF_PROTECT_OVERHEAD == CONTENT + EXPLICIT_NONCE + TAG, "as promised");

void tscf_protect_clear(struct tscf_protect *protect)
{
	tscf_gcm_free(protect->gcm);
	explicit_bzero(protect, sizeof(*protect));
}

static uint32_t explicit_nonce(const struct tscf_protect *protect)
{
	return protect->cipher == TSCF_PROTECT_AES_GCM ? EXPLICIT_NONCE : 0;
}

/* RFC 5246, 6.2.3.3: @p length is that of the content in clear. */
static void additional_data(uint8_t out[ADDITIONAL_DATA], const uint8_t *record, uint32_t length)
{
	memcpy(out, record + SEQUENCE, 8);
	out[8] = record[TYPE];
	memcpy(out + 9, record + VERSION, 2);
	tscf_put_u16(out + 11, (uint16_t)length);
}

static void make_nonce(const struct tscf_protect *protect, const uint8_t *record, uint8_t nonce[TSCF_PROTECT_IV])
{
	memcpy(nonce, protect->iv, TSCF_PROTECT_IV);
	if (protect->cipher == TSCF_PROTECT_AES_GCM)
		memcpy(nonce + IMPLICIT_NONCE, record + CONTENT, EXPLICIT_NONCE);
	else
		for (unsigned i = 0; i < 8; i++)
			nonce[IMPLICIT_NONCE + i] ^= record[SEQUENCE + i];
}

static void chacha_begin(struct chacha_poly1305_ctx *context, const struct tscf_protect *protect, const uint8_t *nonce,
			 const uint8_t *header)
{
	chacha_poly1305_set_key(context, protect->key);
	chacha_poly1305_set_nonce(context, nonce);
	chacha_poly1305_update(context, ADDITIONAL_DATA, header);
}

static void encrypt(struct tscf_protect *protect, const uint8_t *nonce, const uint8_t *header, const uint8_t *data,
		    uint32_t length, uint8_t *out)
{
	struct tscf_gcm_text text = {.nonce = nonce,
				     .header = header,
				     .header_length = ADDITIONAL_DATA,
				     .in = data,
				     .out = out,
				     .length = length};
	struct chacha_poly1305_ctx chacha;

	if (protect->cipher == TSCF_PROTECT_AES_GCM) {
		tscf_gcm_seal(protect->gcm, protect->key, protect->key_length, &text, out + length);
		return;
	}
	chacha_begin(&chacha, protect, nonce, header);
	chacha_poly1305_encrypt(&chacha, length, out, data);
	chacha_poly1305_digest(&chacha, TAG, out + length);
	explicit_bzero(&chacha, sizeof(chacha));
}

static bool decrypt(struct tscf_protect *protect, const uint8_t *nonce, const uint8_t *header, const uint8_t *data,
		    uint32_t length, uint8_t *out)
{
	struct tscf_gcm_text text = {.nonce = nonce,
				     .header = header,
				     .header_length = ADDITIONAL_DATA,
				     .in = data,
				     .out = out,
				     .length = length};
	struct chacha_poly1305_ctx chacha;
	uint8_t tag[TAG];
	bool good;

	if (protect->cipher == TSCF_PROTECT_AES_GCM)
		return tscf_gcm_open(protect->gcm, protect->key, protect->key_length, &text, data + length);
	chacha_begin(&chacha, protect, nonce, header);
	chacha_poly1305_decrypt(&chacha, length, out, data);
	chacha_poly1305_digest(&chacha, TAG, tag);
	explicit_bzero(&chacha, sizeof(chacha));
	good = memeql_sec(tag, data + length, TAG) != 0;
	/* Nobody shall see what an attacker made. */
	if (!good)
		memset(out, 0, length);
	return good;
}

uint32_t tscf_protect_seal(struct tscf_protect *protect, uint8_t type, const uint8_t *data, uint32_t length,
			   uint8_t *out)
{
	uint32_t nonce_length = explicit_nonce(protect);
	uint8_t header[ADDITIONAL_DATA], nonce[TSCF_PROTECT_IV];

	if (protect->sequence >> SEQUENCE_BITS != EPOCH)
		return 0;
	out[TYPE] = type;
	tscf_put_u16(out + VERSION, 0xfefd);
	tscf_put_u64(out + SEQUENCE, protect->sequence++);
	tscf_put_u16(out + LENGTH, (uint16_t)(nonce_length + length + TAG));
	if (nonce_length > 0)
		tscf_put_u64(out + CONTENT, protect->nonce++);
	additional_data(header, out, length);
	make_nonce(protect, out, nonce);
	encrypt(protect, nonce, header, data, length, out + CONTENT + nonce_length);
	return CONTENT + nonce_length + length + TAG;
}

int tscf_protect_open(struct tscf_protect *protect, const uint8_t *record, uint32_t length, uint8_t *out)
{
	uint32_t around = CONTENT + explicit_nonce(protect) + TAG;
	uint8_t header[ADDITIONAL_DATA], nonce[TSCF_PROTECT_IV];
	uint64_t sequence;

	if (length < around)
		return -EBADMSG;
	sequence = tscf_get_u64(record + SEQUENCE);
	if (sequence >> SEQUENCE_BITS != EPOCH ||
	    !tscf_replay_is_new(&protect->replay, sequence & ((1ULL << SEQUENCE_BITS) - 1)))
		return -EBADMSG;
	length -= around;
	additional_data(header, record, length);
	make_nonce(protect, record, nonce);
	if (!decrypt(protect, nonce, header, record + around - TAG, length, out))
		return -EBADMSG;
	tscf_replay_mark(&protect->replay, sequence & ((1ULL << SEQUENCE_BITS) - 1));
	return (int)length;
}
