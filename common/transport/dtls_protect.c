/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/dtls_protect.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <nettle/chacha-poly1305.h>
#include <nettle/memops.h>
#include <string.h>

/* Offsets in a record. */
enum { TYPE = 0, VERSION = 1, SEQUENCE = 3, AFTER_SEQUENCE = 11 };

#define EPOCH          1
#define SEQUENCE_BITS  48
#define EXPLICIT_NONCE 8
#define IMPLICIT_NONCE 4
#define TAG            16
/* Size of the additional data: RFC 5246, 6.2.3.3, and RFC 9146, 5.3, for our length of connection id. */
#define ADDITIONAL_DATA    13
#define ADDITIONAL_DATA_ID (8 + 3 + 2 + 8 + TSCF_DTLS_ID + 2)

_Static_assert(TAG == TSCF_GCM_TAG && TAG == CHACHA_POLY1305_DIGEST_SIZE, "the two ciphers have tags of the same size");
_Static_assert(TSCF_PROTECT_IV == CHACHA_POLY1305_NONCE_SIZE && TSCF_PROTECT_IV == TSCF_GCM_NONCE, "and nonces");
_Static_assert(TSCF_PROTECT_OVERHEAD == TSCF_DTLS_RECORD_HEADER + TSCF_DTLS_ID + EXPLICIT_NONCE + 1 + TAG,
	       "as promised");

/** The data that is authenticated with a record but not encrypted. */
struct additional {
	uint8_t data[ADDITIONAL_DATA_ID];
	uint32_t length;
};

void tscf_protect_clear(struct tscf_protect *protect)
{
	tscf_gcm_free(protect->gcm);
	explicit_bzero(protect, sizeof(*protect));
}

static uint32_t explicit_nonce(const struct tscf_protect *protect)
{
	return protect->cipher == TSCF_PROTECT_AES_GCM ? EXPLICIT_NONCE : 0;
}

/* @p length is that of the encrypted part, before encryption. */
static void additional_data(struct additional *out, const uint8_t *record, const uint8_t *id, uint32_t length)
{
	uint8_t *at = out->data;

	if (id) {
		memset(at, 0xff, 8);
		at[8] = TSCF_DTLS_CONNECTION_ID;
		at[9] = TSCF_DTLS_ID;
		at[10] = TSCF_DTLS_CONNECTION_ID;
		memcpy(at + 11, record + VERSION, 2);
		memcpy(at + 13, record + SEQUENCE, 8);
		memcpy(at + 21, id, TSCF_DTLS_ID);
		at += 21 + TSCF_DTLS_ID;
	} else {
		memcpy(at, record + SEQUENCE, 8);
		at[8] = record[TYPE];
		memcpy(at + 9, record + VERSION, 2);
		at += 11;
	}
	tscf_put_u16(at, (uint16_t)length);
	out->length = (uint32_t)(at + 2 - out->data);
}

/* @p content begins with the explicit nonce, if the cipher has one. */
static void make_nonce(const struct tscf_protect *protect, const uint8_t *record, const uint8_t *content,
		       uint8_t nonce[TSCF_PROTECT_IV])
{
	memcpy(nonce, protect->iv, TSCF_PROTECT_IV);
	if (protect->cipher == TSCF_PROTECT_AES_GCM)
		memcpy(nonce + IMPLICIT_NONCE, content, EXPLICIT_NONCE);
	else
		for (unsigned i = 0; i < 8; i++)
			nonce[IMPLICIT_NONCE + i] ^= record[SEQUENCE + i];
}

static void chacha_begin(struct chacha_poly1305_ctx *context, const struct tscf_protect *protect, const uint8_t *nonce,
			 const struct additional *header)
{
	chacha_poly1305_set_key(context, protect->key);
	chacha_poly1305_set_nonce(context, nonce);
	chacha_poly1305_update(context, header->length, header->data);
}

static struct tscf_gcm_text gcm_text(const uint8_t *nonce, const struct additional *header, const uint8_t *data,
				     uint32_t length, uint8_t *out)
{
	return (struct tscf_gcm_text){.nonce = nonce,
				      .header = header->data,
				      .header_length = header->length,
				      .in = data,
				      .out = out,
				      .length = length};
}

static void encrypt(struct tscf_protect *protect, const uint8_t *nonce, const struct additional *header,
		    const uint8_t *data, uint32_t length, uint8_t *out)
{
	struct tscf_gcm_text text = gcm_text(nonce, header, data, length, out);
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

static bool decrypt(struct tscf_protect *protect, const uint8_t *nonce, const struct additional *header,
		    const uint8_t *data, uint32_t length, uint8_t *out)
{
	struct tscf_gcm_text text = gcm_text(nonce, header, data, length, out);
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
	/* Wipe it: no reader may see data from an attacker. */
	if (!good)
		memset(out, 0, length);
	return good;
}

/*
 * Write the header of the next record for @p length bytes of plaintext.  @return its length, explicit nonce included.
 */
static uint32_t begin_record(struct tscf_protect *protect, uint8_t type, uint32_t length, uint8_t *out)
{
	uint32_t nonce_length = explicit_nonce(protect), at = AFTER_SEQUENCE;

	out[TYPE] = protect->has_id ? TSCF_DTLS_CONNECTION_ID : type;
	tscf_put_u16(out + VERSION, 0xfefd);
	tscf_put_u64(out + SEQUENCE, protect->sequence++);
	if (protect->has_id) {
		memcpy(out + at, protect->id, TSCF_DTLS_ID);
		at += TSCF_DTLS_ID;
	}
	tscf_put_u16(out + at, (uint16_t)(nonce_length + length + TAG));
	at += 2;
	if (nonce_length > 0)
		tscf_put_u64(out + at, protect->nonce++);
	return at + nonce_length;
}

uint32_t tscf_protect_seal(struct tscf_protect *protect, uint8_t type, const uint8_t *data, uint32_t length,
			   uint8_t *out)
{
	uint8_t nonce[TSCF_PROTECT_IV];
	struct additional header;
	uint32_t before;

	if (protect->sequence >> SEQUENCE_BITS != EPOCH)
		return 0;
	before = begin_record(protect, type, length + protect->has_id, out);
	if (protect->has_id) {
		/* The type is encrypted with the content. */
		memcpy(out + before, data, length);
		out[before + length++] = type;
		data = out + before;
	}
	additional_data(&header, out, protect->has_id ? protect->id : NULL, length);
	make_nonce(protect, out, out + before - explicit_nonce(protect), nonce);
	encrypt(protect, nonce, &header, data, length, out + before);
	return before + length + TAG;
}

/*
 * RFC 9146, 4: the type is the last byte that is not zero.  @return the length of the content before the type, or
 * -EBADMSG.
 */
static int take_type(const uint8_t *data, uint32_t length, uint8_t *type)
{
	while (length > 0 && data[length - 1] == 0)
		length--;
	if (length == 0)
		return -EBADMSG;
	*type = data[length - 1];
	return (int)length - 1;
}

int tscf_protect_open(struct tscf_protect *protect, const struct tscf_dtls_record *record, uint8_t *out, uint8_t *type)
{
	uint32_t content = TSCF_DTLS_RECORD_HEADER + (record->id ? TSCF_DTLS_ID : 0);
	uint32_t around = content + explicit_nonce(protect) + TAG, length;
	uint8_t nonce[TSCF_PROTECT_IV];
	struct additional header;
	uint64_t sequence;

	if (record->length < around)
		return -EBADMSG;
	sequence = tscf_get_u64(record->data + SEQUENCE);
	if (sequence >> SEQUENCE_BITS != EPOCH ||
	    !tscf_replay_is_new(&protect->replay, sequence & ((1ULL << SEQUENCE_BITS) - 1)))
		return -EBADMSG;
	length = record->length - around;
	additional_data(&header, record->data, record->id, length);
	make_nonce(protect, record->data, record->data + content, nonce);
	if (!decrypt(protect, nonce, &header, record->data + around - TAG, length, out))
		return -EBADMSG;
	tscf_replay_mark(&protect->replay, sequence & ((1ULL << SEQUENCE_BITS) - 1));
	*type = record->type;
	return record->id ? take_type(out, length, type) : (int)length;
}
