/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/agreement.h"

#include "common/auth/signature.h"
#include "common/base/bytes.h"
#include "common/crypto/hash.h"
#include "common/crypto/hkdf.h"

#include <errno.h>
#include <string.h>

#define DIGEST 32

#define TRANSCRIPT_LABEL "tscf plain tunnel 1"
#define LABEL_SIZE       24
#define TRANSCRIPT_MAX   (LABEL_SIZE + DIGEST + 8 + TSCF_PROBE_MAX)

/* --- computed by both ends --- */

/** Hash the request, and the response as far as it has been written: @p tlvs of @p length bytes. */
static void transcript(const uint8_t request[DIGEST], uint64_t tsid, const uint8_t *tlvs, uint32_t length,
		       uint8_t out[DIGEST])
{
	static const uint8_t label[LABEL_SIZE] = TRANSCRIPT_LABEL;
	uint8_t data[TRANSCRIPT_MAX];
	uint8_t *end = data;

	memcpy(end, label, LABEL_SIZE);
	end += LABEL_SIZE;
	memcpy(end, request, DIGEST);
	end += DIGEST;
	tscf_put_u64(end, tsid);
	end += 8;
	memcpy(end, tlvs, length);
	tscf_sha256(data, (size_t)(end - data) + length, out);
}

/** The keys that both ends come to. */
struct keys {
	uint8_t response[TSCF_CONTROL_KEY_SIZE];
	uint8_t client[TSCF_SEAL_KEY_SIZE], server[TSCF_SEAL_KEY_SIZE]; /* for the messages of that end */
};

static void expand(const uint8_t key[TSCF_HKDF_SIZE], const uint8_t label[LABEL_SIZE], const uint8_t hash[DIGEST],
		   uint8_t out[TSCF_HKDF_SIZE])
{
	uint8_t info[LABEL_SIZE + DIGEST];

	memcpy(info, label, LABEL_SIZE);
	memcpy(info + LABEL_SIZE, hash, DIGEST);
	tscf_hkdf_expand(key, info, sizeof(info), out, TSCF_HKDF_SIZE);
}

/** Compute the secret from which all keys are made. */
static void extract(const uint8_t shared[TSCF_X25519_SIZE], const uint8_t *psk, uint8_t key[TSCF_HKDF_SIZE])
{
	static const uint8_t zero[TSCF_HKDF_SIZE];
	uint8_t early[TSCF_HKDF_SIZE];

	tscf_hkdf_extract(zero, psk ? psk : zero, TSCF_HKDF_SIZE, early);
	tscf_hkdf_extract(early, shared, TSCF_X25519_SIZE, key);
	explicit_bzero(early, sizeof(early));
}

static void schedule(const uint8_t shared[TSCF_X25519_SIZE], const uint8_t *psk, const uint8_t hash[DIGEST],
		     struct keys *out)
{
	static const uint8_t response[LABEL_SIZE] = "tscf control, server",
			     client[LABEL_SIZE] = "tscf messages, client", server[LABEL_SIZE] = "tscf messages, server";
	uint8_t key[TSCF_HKDF_SIZE];

	extract(shared, psk, key);
	expand(key, response, hash, out->response);
	expand(key, client, hash, out->client);
	expand(key, server, hash, out->server);
	explicit_bzero(key, sizeof(key));
}

/**
 * Encrypt or decrypt a lasting key: XOR with bytes that only both ends can compute.  They depend on the request, and a
 * request gets only one lasting key, so they are never used for two.
 */
static void cover(const uint8_t shared[TSCF_X25519_SIZE], const uint8_t *psk, const uint8_t request[DIGEST],
		  const uint8_t in[TSCF_LASTING_KEY_SIZE], uint8_t out[TSCF_LASTING_KEY_SIZE])
{
	static const uint8_t label[LABEL_SIZE] = "tscf lasting key";
	uint8_t key[TSCF_HKDF_SIZE], mask[TSCF_HKDF_SIZE];

	extract(shared, psk, key);
	expand(key, label, request, mask);
	for (unsigned i = 0; i < TSCF_LASTING_KEY_SIZE; i++)
		out[i] = in[i] ^ mask[i];
	explicit_bzero(key, sizeof(key));
	explicit_bzero(mask, sizeof(mask));
}

static void take_keys(struct tscf_seal *seal, const uint8_t *send, const uint8_t *receive)
{
	*seal = (struct tscf_seal){.agreed = true};
	memcpy(seal->send_key, send, sizeof(seal->send_key));
	memcpy(seal->receive_key, receive, sizeof(seal->receive_key));
}

/* --- MACs --- */

uint32_t tscf_control_seal(uint8_t *data, uint32_t length, const uint8_t key[TSCF_CONTROL_KEY_SIZE])
{
	uint8_t *value = tscf_message_add_last(data, length, TSCF_TLV_MAC, TSCF_MAC_SIZE), mac[DIGEST];

	tscf_mac(key, TSCF_CONTROL_KEY_SIZE, data, (size_t)(value - data), mac);
	memcpy(value, mac, TSCF_MAC_SIZE);
	return length + TSCF_CONTROL_SEAL;
}

bool tscf_control_right(const struct tscf_message *m, const uint8_t key[TSCF_CONTROL_KEY_SIZE])
{
	uint32_t length;
	const uint8_t *data = tscf_message_bytes(m, &length);
	uint8_t mac[DIGEST];
	struct tscf_tlv tlv;

	if (!tscf_message_find(m, TSCF_TLV_MAC, &tlv) || tlv.value + tlv.length != data + length)
		return false;
	tscf_mac(key, TSCF_CONTROL_KEY_SIZE, data, length - TSCF_MAC_SIZE, mac);
	return tscf_equal_secret(mac, tlv.value, TSCF_MAC_SIZE);
}

/* --- the client begins --- */

int tscf_offer_write(struct tscf_offer *o, struct tscf_writer *w)
{
	int err = tscf_share_make(&o->share);

	if (err < 0)
		return err;
	tscf_write_bytes(w, TSCF_TLV_KEY_SHARE, o->share.bytes, sizeof(o->share.bytes));
	return 0;
}

void tscf_offer_write_share(struct tscf_offer *o, const struct tscf_share *share, struct tscf_writer *w)
{
	o->share = *share;
	tscf_write_bytes(w, TSCF_TLV_KEY_SHARE, o->share.bytes, sizeof(o->share.bytes));
}

void tscf_offer_sent(struct tscf_offer *o, const uint8_t *request, uint32_t length)
{
	tscf_sha256(request, length, o->request);
}

void tscf_offer_wipe(struct tscf_offer *o)
{
	explicit_bzero(o->share.secret, sizeof(o->share.secret));
}

/* --- the server answers --- */

bool tscf_agreement_offered(const struct tscf_message *request)
{
	struct tscf_tlv share;

	return tscf_message_find(request, TSCF_TLV_KEY_SHARE, &share) && share.value[0] == TSCF_SUITE;
}

uint32_t tscf_agreement_room(struct tscf_identity *identity)
{
	uint16_t signature;

	tscf_identity_lock(identity);
	tscf_identity_signature(identity, &signature);
	tscf_identity_unlock(identity);
	/* The length of ECDSA signatures differs by some bytes. */
	signature = (uint16_t)(signature < 72 ? 72 : signature);
	return TSCF_TLV_HEADER + TSCF_KEY_SHARE_SIZE + TSCF_TLV_HEADER + DIGEST + TSCF_TLV_HEADER + signature +
	       TSCF_CONTROL_SEAL;
}

/** Write the server's share and its proof.  @return 0 with the shared secret, or -EINVAL. */
static int answer_share(struct tscf_identity *identity, const struct tscf_tlv *offer, struct tscf_writer *w,
			uint8_t shared[TSCF_X25519_SIZE])
{
	const uint8_t *signature;
	uint16_t length;
	int err;

	tscf_identity_lock(identity);
	err = tscf_share_agree(tscf_identity_share(identity), offer->value, shared);
	tscf_write_bytes(w, TSCF_TLV_KEY_SHARE, tscf_identity_share(identity)->bytes, TSCF_KEY_SHARE_SIZE);
	tscf_write_bytes(w, TSCF_TLV_CHAIN_DIGEST, tscf_identity_digest(identity), DIGEST);
	signature = tscf_identity_signature(identity, &length);
	tscf_write_bytes(w, TSCF_TLV_SIGNATURE, signature, length);
	tscf_identity_unlock(identity);
	return err;
}

/** Finish the response; @p lasting is a key to give, or NULL, and @p seal may be NULL. */
static int answer(struct tscf_identity *identity, const struct tscf_message *request, const uint8_t *psk,
		  const uint8_t *lasting, struct tscf_writer *w, struct tscf_seal *seal)
{
	uint8_t covered[TSCF_LASTING_KEY_SIZE];
	uint8_t shared[TSCF_X25519_SIZE], asked[DIGEST], hash[DIGEST];
	struct keys keys;
	uint32_t size;
	const uint8_t *data = tscf_message_bytes(request, &size);
	struct tscf_tlv offer;
	int length;

	if (!tscf_message_find(request, TSCF_TLV_KEY_SHARE, &offer))
		return -EINVAL;
	tscf_sha256(data, size, asked);
	length = answer_share(identity, &offer, w, shared);
	if (length == 0 && lasting) {
		cover(shared, psk, asked, lasting, covered);
		tscf_write_bytes(w, TSCF_TLV_LASTING_KEY, covered, sizeof(covered));
	}
	if (length == 0)
		length = tscf_write_finish(w);
	if (length > 0 && w->size - w->length < TSCF_CONTROL_SEAL)
		length = -EMSGSIZE;
	if (length > 0) {
		transcript(asked, tscf_get_u64(w->data + 4), w->data + TSCF_MESSAGE_HEADER,
			   (uint32_t)length - TSCF_MESSAGE_HEADER, hash);
		schedule(shared, psk, hash, &keys);
		length = (int)tscf_control_seal(w->data, (uint32_t)length, keys.response);
		if (seal)
			take_keys(seal, keys.server, keys.client);
		explicit_bzero(&keys, sizeof(keys));
	}
	explicit_bzero(shared, sizeof(shared));
	return length;
}

int tscf_agreement_answer(struct tscf_identity *identity, const struct tscf_message *request, const uint8_t *psk,
			  struct tscf_writer *w, struct tscf_seal *seal)
{
	return answer(identity, request, psk, NULL, w, seal);
}

int tscf_agreement_give(struct tscf_identity *identity, const struct tscf_message *request, const uint8_t psk[32],
			const uint8_t lasting[TSCF_LASTING_KEY_SIZE], struct tscf_writer *w)
{
	return answer(identity, request, psk, lasting, w, NULL);
}

/* --- the client checks --- */

const uint8_t *tscf_agreement_chain(const struct tscf_message *response)
{
	struct tscf_tlv tlv;

	return tscf_message_find(response, TSCF_TLV_CHAIN_DIGEST, &tlv) ? tlv.value : NULL;
}

/** @return whether the owner of the certificate has signed the key share. */
static bool is_signed(const uint8_t *digest, const uint8_t *share, const struct tscf_tlv *signature,
		      const uint8_t *leaf, size_t length)
{
	WOLFSSL_X509 *certificate = wolfSSL_X509_load_certificate_buffer(leaf, (int)length, WOLFSSL_FILETYPE_ASN1);
	uint8_t statement[TSCF_STATEMENT_SIZE];
	bool good;

	tscf_share_statement(digest, share, statement);
	good = certificate &&
	       tscf_signature_good(certificate, statement, sizeof(statement), signature->value, signature->length);
	wolfSSL_X509_free(certificate);
	return good;
}

const char *tscf_agreement_keys(const struct tscf_offer *o, const struct tscf_message *response, const uint8_t *psk,
				struct tscf_seal *seal)
{
	uint8_t shared[TSCF_X25519_SIZE], hash[DIGEST];
	struct keys keys;
	struct tscf_tlv share;
	bool right;

	if (response->tlvs_length < TSCF_CONTROL_SEAL || !tscf_message_find(response, TSCF_TLV_KEY_SHARE, &share))
		return "the server does not prove who it is";
	if (tscf_share_agree(&o->share, share.value, shared) < 0)
		return "the server's key share is of no use";
	transcript(o->request, response->tsid, response->tlvs, response->tlvs_length - TSCF_CONTROL_SEAL, hash);
	schedule(shared, psk, hash, &keys);
	explicit_bzero(shared, sizeof(shared));
	right = tscf_control_right(response, keys.response);
	if (right)
		take_keys(seal, keys.client, keys.server);
	explicit_bzero(&keys, sizeof(keys));
	return right ? NULL : "the server has not come to the same keys";
}

const char *tscf_agreement_accept(const struct tscf_offer *o, const struct tscf_message *response, const uint8_t *psk,
				  const uint8_t *leaf, size_t leaf_length, struct tscf_seal *seal)
{
	const uint8_t *digest = tscf_agreement_chain(response);
	struct tscf_tlv signature, share;

	if (!digest || !tscf_message_find(response, TSCF_TLV_SIGNATURE, &signature) ||
	    !tscf_message_find(response, TSCF_TLV_KEY_SHARE, &share))
		return "the server does not prove who it is";
	if (!is_signed(digest, share.value, &signature, leaf, leaf_length))
		return "the server does not have the key of its certificate";
	return tscf_agreement_keys(o, response, psk, seal);
}

const char *tscf_agreement_take(const struct tscf_offer *o, const struct tscf_message *response, const uint8_t psk[32],
				uint8_t lasting[TSCF_LASTING_KEY_SIZE])
{
	uint8_t shared[TSCF_X25519_SIZE];
	struct tscf_tlv covered, share;

	if (!tscf_message_find(response, TSCF_TLV_LASTING_KEY, &covered) ||
	    !tscf_message_find(response, TSCF_TLV_KEY_SHARE, &share) ||
	    tscf_share_agree(&o->share, share.value, shared) < 0)
		return "the server has given no lasting key";
	cover(shared, psk, o->request, covered.value, lasting);
	explicit_bzero(shared, sizeof(shared));
	return NULL;
}
