/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key agreement of a plain tunnel: published answers, both ends, and everything that must not pass. */
#include "common/auth/agreement.h"
#include "common/auth/signature.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/crypto/hkdf.h"
#include "common/crypto/x25519.h"
#include "common/tls/tls.h"
#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t psk[32] = {9, 8, 7};
static char error[TSCF_TLS_ERROR];
static struct tscf_identity *identity;
static struct tscf_offer offer;
static struct tscf_seal seal, server_seal; /* of the client, of the server */
static uint8_t request_bytes[TSCF_PROBE_MAX], bytes[TSCF_PROBE_MAX], leaf[4096];
static size_t leaf_length;
static struct tscf_message request, response;
static uint32_t length;

static void make_certificates(void)
{
	static const struct certs_spec specs[] = {
	    {.name = "ca", .ca = true},
	    {.name = "other", .ca = true},
	    {.name = "server", .issuer = "ca", .dns = {"server.example"}},
	    {.name = "second", .issuer = "ca", .dns = {"server.example"}},
	    {.name = "late", .issuer = "ca", .dns = {"server.example"}, .expired = true},
	    {.name = "between", .issuer = "ca", .ca = true},
	    {.name = "below", .issuer = "between", .dns = {"server.example"}},
	    {.name = "user", .issuer = "ca"},
	    {.name = "forged", .issuer = "user", .dns = {"server.example"}},
	    {.name = "phone", .issuer = "ca", .dns = {"server.example"}, .client = true},
	    {.name = "website", .issuer = "ca", .dns = {"server.example"}, .server = true},
	    {.name = "last", .issuer = "ca", .ca = true, .last = true},
	    {.name = "near", .issuer = "last", .dns = {"server.example"}},
	    {.name = "too-far", .issuer = "last", .ca = true},
	    {.name = "far", .issuer = "too-far", .dns = {"server.example"}},
	    {.name = "weak", .issuer = "ca", .dns = {"server.example"}, .sha1 = true},
	    {.name = "old-root", .ca = true, .sha1 = true},
	    {.name = "under-old", .issuer = "old-root", .dns = {"server.example"}},
	    {.name = "weak-ca", .issuer = "ca", .ca = true, .sha1 = true},
	    {.name = "below-weak", .issuer = "weak-ca", .dns = {"server.example"}},
	    {.name = "no-signer", .issuer = "ca", .ca = true, .no_signer = true},
	    {.name = "misused", .issuer = "no-signer", .dns = {"server.example"}},
	};

	certs_make_directory();
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		certs_make(&specs[i]);
	tscf_crypto_release();
}

static struct tscf_identity *read_identity(const char *cert, const char *key)
{
	struct tscf_identity *i = tscf_identity_read(certs_path(cert), certs_path(key), error, sizeof(error));

	ck_assert_msg(i != NULL, "%s", error);
	return i;
}

static void setup(void)
{
	tscf_log_init("test", TSCF_LOG_ERROR);
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	identity = read_identity("server.pem", "server.key");
	leaf_length = (size_t)certs_der("server", leaf, sizeof(leaf));
}

static void teardown(void)
{
	tscf_identity_free(identity);
	tscf_crypto_release();
}

/* --- published answers --- */

/* RFC 5869, A.1 and A.3: a key that is shorter than the hash's block is filled up with zeros. */
START_TEST(hkdf_gives_the_published_keys)
{
	static const uint8_t salt[2][32] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {0}};
	static const uint8_t info[10] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9};
	static const uint8_t key[2][8] = {{0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf},
					  {0x19, 0xef, 0x24, 0xa3, 0x2c, 0x71, 0x7b, 0x16}};
	static const uint8_t out[2][42] = {
	    {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36,
	     0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56,
	     0xec, 0xc4, 0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65},
	    {0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f, 0x71, 0x5f, 0x80, 0x2a, 0x06, 0x3c,
	     0x5a, 0x31, 0xb8, 0xa1, 0x1f, 0x5c, 0x5e, 0xe1, 0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f,
	     0x3c, 0x73, 0x8d, 0x2d, 0x9d, 0x20, 0x13, 0x95, 0xfa, 0xa4, 0xb6, 0x1a, 0x96, 0xc8}};
	uint8_t secret[22], extracted[32], expanded[42];

	memset(secret, 0x0b, sizeof(secret));
	tscf_hkdf_extract(salt[_i], secret, sizeof(secret), extracted);
	ck_assert_mem_eq(extracted, key[_i], sizeof(key[_i]));
	tscf_hkdf_expand(extracted, info, _i == 0 ? sizeof(info) : 0, expanded, sizeof(expanded));
	ck_assert_mem_eq(expanded, out[_i], sizeof(expanded));
}
END_TEST

/* RFC 7748, 5.2 and 6.1. */
START_TEST(x25519_gives_the_published_secrets)
{
	static const uint8_t secret[32] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
					   0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
					   0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
	static const uint8_t theirs[32] = {0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61,
					   0xc2, 0xec, 0xe4, 0x35, 0x37, 0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78,
					   0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f};
	static const uint8_t expected[32] = {0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b,
					     0xf4, 0x80, 0x35, 0x0f, 0x25, 0xe0, 0x7e, 0x21, 0xc9, 0x47, 0xd1,
					     0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42};
	static const uint8_t one[32] = {1};
	uint8_t shared[32];

	ck_assert_int_eq(tscf_x25519_agree(secret, theirs, shared), 0);
	ck_assert_mem_eq(shared, expected, sizeof(shared));
	/* Of an order so small that the product is nothing. */
	ck_assert_int_eq(tscf_x25519_agree(secret, one, shared), -EINVAL);
}
END_TEST

/* HMAC-SHA-256 by another program, over a keepalive request with TSID 1 and sequence 2 and the beginning of its MAC. */
START_TEST(a_seal_is_what_the_specification_says)
{
	static const uint8_t expected[] = {0x10, 0x07, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
					   0x00, 0x00, 0x00, 0x02, 0x00, 0x23, 0x00, 0x10, 0x0e, 0x77, 0x2c, 0xc7,
					   0x80, 0x59, 0x6b, 0x44, 0x1b, 0xe4, 0xfa, 0xef, 0xe8, 0x54, 0x68, 0x95};
	uint8_t key[32];
	struct tscf_writer w;

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	tscf_write_begin(&w, bytes, sizeof(bytes), TSCF_KEEPALIVE_REQUEST, 1, 2);
	length = tscf_control_seal(bytes, (uint32_t)tscf_write_finish(&w), key);
	ck_assert_uint_eq(length, sizeof(expected));
	ck_assert_mem_eq(bytes, expected, sizeof(expected));
	for (uint32_t i = 0; i < length; i++) {
		bytes[i] ^= 1;
		if (tscf_message_decode(bytes, length, &response) == 0)
			ck_assert(!tscf_control_right(&response, key));
		bytes[i] ^= 1;
	}
	ck_assert_int_eq(tscf_message_decode(bytes, length, &response), 0);
	ck_assert(tscf_control_right(&response, key));
	key[0] ^= 1;
	ck_assert(!tscf_control_right(&response, key));
}
END_TEST

/* --- both ends --- */

static void make_request(void)
{
	struct tscf_writer w;
	int size;

	tscf_write_begin(&w, request_bytes, sizeof(request_bytes), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 5);
	tscf_offer_write(&offer, &w);
	tscf_write_pad(&w, 300);
	size = tscf_write_finish(&w);
	ck_assert_int_gt(size, 0);
	tscf_offer_sent(&offer, request_bytes, (uint32_t)size);
	ck_assert_int_eq(tscf_message_decode(request_bytes, (uint32_t)size, &request), 0);
}

/** The server's answer with something of the configuration, to be received. */
static void make_response(const uint8_t *key)
{
	struct tscf_writer w;
	int size;

	tscf_write_begin(&w, bytes, sizeof(bytes), TSCF_CONFIGURATION_RESPONSE, 77, 5);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, "");
	tscf_write_u16(&w, TSCF_TLV_MTU, 1340);
	size = tscf_agreement_answer(identity, &request, key, &w, &server_seal);
	ck_assert_int_gt(size, 0);
	ck_assert_uint_le((uint32_t)size, 16 + 6 + 6 + tscf_agreement_room(identity));
	length = (uint32_t)size;
	ck_assert_int_eq(tscf_message_decode(bytes, length, &response), 0);
}

static const char *taken(const uint8_t *key)
{
	return tscf_agreement_accept(&offer, &response, key, leaf, leaf_length, &seal);
}

START_TEST(both_ends_come_to_the_same_key)
{
	make_request();
	make_response(_i ? psk : NULL);
	ck_assert_pstr_eq(taken(_i ? psk : NULL), NULL);
	/* Who has not the same pre-shared key has others. */
	ck_assert_str_eq(taken(_i ? NULL : psk), "the server has not come to the same keys");
}
END_TEST

/* The schedule once more, as tscf(7) tells it. */
START_TEST(the_key_is_what_the_specification_says)
{
	uint8_t transcript[24 + 32 + 8 + TSCF_PROBE_MAX] = "tscf plain tunnel 1", hash[32], shared[32], early[32],
					 key[32];
	uint8_t info[24 + 32] = "tscf control, server", expected[32];
	struct tscf_tlv share;
	size_t before;

	make_request();
	make_response(psk);
	ck_assert_pstr_eq(taken(psk), NULL);
	ck_assert(tscf_message_find(&response, TSCF_TLV_KEY_SHARE, &share));
	before = response.tlvs_length - 20;
	tscf_sha256(request_bytes, 300, transcript + 24);
	tscf_put_u64(transcript + 56, 77);
	memcpy(transcript + 64, response.tlvs, before);
	tscf_sha256(transcript, 64 + before, hash);
	ck_assert_int_eq(tscf_x25519_agree(offer.share.secret, share.value + 1, shared), 0);
	tscf_mac((uint8_t[32]){0}, 32, psk, 32, early);
	tscf_mac(early, 32, shared, 32, key);
	memcpy(info + 24, hash, 32);
	tscf_hkdf_expand(key, info, sizeof(info), expected, 32);
	ck_assert(tscf_control_right(&response, expected));
	memcpy(info, "tscf messages, client\0\0\0", 24);
	tscf_hkdf_expand(key, info, sizeof(info), expected, 32);
	ck_assert(seal.agreed && server_seal.agreed);
	ck_assert_mem_eq(seal.send_key, expected, 32);
	ck_assert_mem_eq(server_seal.receive_key, expected, 32);
	memcpy(info, "tscf messages, server\0\0\0", 24);
	tscf_hkdf_expand(key, info, sizeof(info), expected, 32);
	ck_assert_mem_eq(seal.receive_key, expected, 32);
	ck_assert_mem_eq(server_seal.send_key, expected, 32);
}
END_TEST

/* --- what must not pass --- */

START_TEST(nothing_of_the_response_can_be_changed)
{
	make_request();
	make_response(NULL);
	for (uint32_t i = 4; i < length; i++) {
		/* The sequence number is the request's, which is in the transcript. */
		bytes[i] ^= 1;
		if (tscf_message_decode(bytes, length, &response) == 0)
			ck_assert_ptr_nonnull(taken(NULL));
		bytes[i] ^= 1;
	}
	ck_assert_int_eq(tscf_message_decode(bytes, length, &response), 0);
	ck_assert_pstr_eq(taken(NULL), NULL);
}
END_TEST

START_TEST(nothing_of_the_request_can_be_changed)
{
	make_request();
	make_response(NULL);
	offer.request[0] ^= 1;
	ck_assert_str_eq(taken(NULL), "the server has not come to the same keys");
	offer.request[0] ^= 1;
	/* The answer to another attempt is none to this one. */
	make_request();
	ck_assert_str_eq(taken(NULL), "the server has not come to the same keys");
}
END_TEST

START_TEST(another_key_does_not_sign_for_the_server)
{
	make_request();
	make_response(NULL);
	leaf_length = (size_t)certs_der("second", leaf, sizeof(leaf));
	ck_assert_str_eq(taken(NULL), "the server does not have the key of its certificate");
}
END_TEST

/** Sign a key share with the key of the server, and have the client receive it; @p type is left out. */
static void make_response_by_hand(const uint8_t share[TSCF_KEY_SHARE_SIZE], uint16_t type)
{
	WOLFSSL_EVP_PKEY *key = tscf_signature_key(certs_path("server.key"));
	const uint8_t *digest = tscf_identity_digest(identity);
	uint8_t statement[TSCF_STATEMENT_SIZE], signature[TSCF_SIGNATURE_MAX];
	size_t size = sizeof(signature);
	struct tscf_writer w;

	ck_assert_ptr_nonnull(key);
	tscf_share_statement(digest, share, statement);
	ck_assert(tscf_signature_make(key, statement, sizeof(statement), signature, &size));
	wolfSSL_EVP_PKEY_free(key);
	tscf_write_begin(&w, bytes, sizeof(bytes), TSCF_CONFIGURATION_RESPONSE, 77, 5);
	if (type != TSCF_TLV_KEY_SHARE)
		tscf_write_bytes(&w, TSCF_TLV_KEY_SHARE, share, TSCF_KEY_SHARE_SIZE);
	if (type != TSCF_TLV_CHAIN_DIGEST)
		tscf_write_bytes(&w, TSCF_TLV_CHAIN_DIGEST, digest, 32);
	if (type != TSCF_TLV_SIGNATURE)
		tscf_write_bytes(&w, TSCF_TLV_SIGNATURE, signature, (uint16_t)size);
	length = tscf_control_seal(bytes, (uint32_t)tscf_write_finish(&w), psk);
	ck_assert_int_eq(tscf_message_decode(bytes, length, &response), 0);
}

/* Keys that the server itself has signed, which everybody can compute: a point of small order, or no suite. */
START_TEST(a_share_must_be_of_use)
{
	uint8_t share[TSCF_KEY_SHARE_SIZE];

	memcpy(share, tscf_identity_share(identity)->bytes, sizeof(share));
	make_request();
	make_response_by_hand(share, 0);
	ck_assert_str_eq(taken(NULL), "the server has not come to the same keys");
	if (_i == 0)
		memset(share + 1, 0, sizeof(share) - 1);
	else
		share[0] = TSCF_SUITE + 1;
	make_response_by_hand(share, 0);
	ck_assert_str_eq(taken(NULL), "the server's key share is of no use");
}
END_TEST

START_TEST(a_proof_has_all_its_parts)
{
	static const uint16_t parts[] = {TSCF_TLV_KEY_SHARE, TSCF_TLV_CHAIN_DIGEST, TSCF_TLV_SIGNATURE};

	make_request();
	make_response_by_hand(tscf_identity_share(identity)->bytes, parts[_i]);
	ck_assert_str_eq(taken(NULL), "the server does not prove who it is");
}
END_TEST

/* Nothing may stand where the MAC does not cover it. */
START_TEST(nothing_can_be_added)
{
	uint8_t copy[TSCF_PROBE_MAX];
	uint32_t at;

	make_request();
	make_response(NULL);
	/* Before the MAC, or behind it; or the MAC is left out. */
	at = _i == 0 ? length - TSCF_CONTROL_SEAL : length;
	memcpy(copy, bytes, at);
	memcpy(copy + at, "\0\x05\0\x04\xcb\0\x71\x35", 8);
	memcpy(copy + at + 8, bytes + at, length - at);
	if (_i == 2)
		length -= TSCF_CONTROL_SEAL;
	else
		length += 8;
	copy[3] = (uint8_t)(copy[3] + (_i == 2 ? -1 : 1));
	ck_assert_int_eq(tscf_message_decode(copy, length, &response), 0);
	ck_assert_str_eq(taken(NULL), "the server has not come to the same keys");
}
END_TEST

/* A key that the server has used before is as good as the present one to a client: it is the signature that counts. */
START_TEST(shares_are_made_anew)
{
	uint8_t first[TSCF_KEY_SHARE_SIZE];
	uint64_t now = tscf_clock_now();

	memcpy(first, tscf_identity_share(identity)->bytes, sizeof(first));
	tscf_identity_tick(identity, now);
	ck_assert_mem_eq(first, tscf_identity_share(identity)->bytes, sizeof(first));
	tscf_identity_tick(identity, now + TSCF_SHARE_MS);
	ck_assert_mem_ne(first, tscf_identity_share(identity)->bytes, sizeof(first));
	make_request();
	make_response(NULL);
	ck_assert_pstr_eq(taken(NULL), NULL);
}
END_TEST

START_TEST(only_points_are_answered)
{
	struct tscf_writer w;

	make_request();
	/* A point that gives the same to everybody, in the first TLV; then the suite. */
	memset(request_bytes + 16 + 4 + 1, 0, 32);
	ck_assert(tscf_agreement_offered(&request));
	tscf_write_begin(&w, bytes, sizeof(bytes), TSCF_CONFIGURATION_RESPONSE, 77, 5);
	ck_assert_int_eq(tscf_agreement_answer(identity, &request, NULL, &w, &server_seal), -EINVAL);
	request_bytes[16 + 4] = 2;
	ck_assert(!tscf_agreement_offered(&request));
	ck_assert_int_eq(tscf_agreement_answer(identity, &request, NULL, &w, &server_seal), -EINVAL);
}
END_TEST

START_TEST(an_answer_that_has_no_room_is_none)
{
	struct tscf_writer w;
	int size;

	make_request();
	for (uint32_t room = 16; room < 16 + tscf_agreement_room(identity); room++) {
		tscf_write_begin(&w, bytes, room, TSCF_CONFIGURATION_RESPONSE, 77, 5);
		size = tscf_agreement_answer(identity, &request, NULL, &w, &server_seal);
		/* A signature may be some bytes shorter than the longest. */
		ck_assert(size == -EMSGSIZE || (size > 0 && (uint32_t)size <= room));
	}
}
END_TEST

/* --- certificates --- */

static const char *judge(const char *ca, const char *name, const char *pin, const uint8_t *chain, size_t size)
{
	struct tscf_tls *tls = tscf_tls_client(ca ? certs_path(ca) : NULL, name, pin, error);
	const uint8_t *own;
	size_t own_length;
	int err;

	ck_assert_msg(tls != NULL, "%s", error);
	err = tscf_tls_check_chain(tls, chain, size, &own, &own_length, error);
	tscf_tls_free(tls);
	ck_assert_int_eq(err, error[0] ? -EINVAL : 0);
	if (err == 0)
		ck_assert_ptr_eq(own, chain);
	return err == 0 ? NULL : error;
}

static size_t chain_of(const char *const *names, uint8_t *chain, size_t size)
{
	size_t at = 0;

	for (; *names; names++)
		at += (size_t)certs_der(*names, chain + at, (int)(size - at));
	return at;
}

START_TEST(certificates_are_judged_as_in_a_handshake)
{
	static const struct {
		const char *names[4], *ca, *name, *why;
	} cases[] = {
	    {{"server"}, "ca.pem", "server.example", NULL},
	    {{"server", "other"}, "ca.pem", "server.example", NULL},
	    {{"server"}, "ca.pem", "other.example", "certificate is not valid for other.example"},
	    {{"server"}, "other.pem", "server.example", "certificate is not signed by a known CA"},
	    {{"late"}, "ca.pem", "server.example", "certificate has expired"},
	    {{"below", "between"}, "ca.pem", "server.example", NULL},
	    {{"below"}, "ca.pem", "server.example", "certificate is not signed by a known CA"},
	    /* Who has a certificate is no CA. */
	    {{"forged", "user"}, "ca.pem", "server.example", "certificate is not signed by a known CA"},
	    /* Nor is it a server. */
	    {{"phone"}, "ca.pem", "server.example", "certificate is not for servers"},
	    {{"website"}, "ca.pem", "server.example", NULL},
	    /* A CA may be limited. */
	    {{"near", "last"}, "ca.pem", "server.example", NULL},
	    {{"far", "too-far", "last"}, "ca.pem", "server.example", "certificate is not signed by a known CA"},
	    {{"weak"}, "ca.pem", "server.example", "certificate is signed with SHA-1 or MD5"},
	    {{"below-weak", "weak-ca"}, "ca.pem", "server.example", "certificate is signed with SHA-1 or MD5"},
	    /* The client has this one itself, so its signature proves nothing. */
	    {{"under-old", "old-root"}, "old-root.pem", "server.example", NULL},
	    {{"misused", "no-signer"}, "ca.pem", "server.example", "certificate is not signed by a known CA"},
	};
	uint8_t chain[8192];
	size_t size = chain_of(cases[_i].names, chain, sizeof(chain));

	ck_assert_pstr_eq(judge(cases[_i].ca, cases[_i].name, NULL, chain, size), cases[_i].why);
}
END_TEST

START_TEST(a_pin_needs_neither_clock_nor_ca)
{
	char pin[TSCF_PIN_TEXT];
	uint8_t chain[4096];
	size_t size = (size_t)certs_der("late", chain, sizeof(chain));

	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path("late.pem"), pin), 0);
	ck_assert_pstr_eq(judge(NULL, NULL, pin, chain, size), NULL);
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path("server.pem"), pin), 0);
	ck_assert_ptr_nonnull(strstr(judge(NULL, NULL, pin, chain, size), "pin does not match"));
	ck_assert_str_eq(judge(NULL, NULL, pin, chain, 0), "server has no certificate");
	ck_assert_str_eq(judge(NULL, NULL, pin, chain, size - 1), "server has no certificate");
}
END_TEST

START_TEST(certificates_come_in_parts)
{
	uint8_t whole[4096], digest[32];
	struct tscf_chain_part part;
	size_t have = 0;

	tscf_identity_lock(identity);
	do {
		part = tscf_identity_part(identity, (uint32_t)have, 100);
		ck_assert_uint_eq(part.total, leaf_length);
		ck_assert_uint_eq(part.offset, have);
		memcpy(whole + have, part.bytes, part.length);
		have += part.length;
	} while (have < part.total);
	ck_assert_uint_eq(tscf_identity_part(identity, UINT16_MAX, 100).length, 0);
	tscf_sha256(whole, have, digest);
	ck_assert_mem_eq(digest, tscf_identity_digest(identity), sizeof(digest));
	tscf_identity_unlock(identity);
	ck_assert_mem_eq(whole, leaf, leaf_length);
}
END_TEST

START_TEST(a_renewed_certificate_signs)
{
	tscf_identity_renew(identity, read_identity("second.pem", "second.key"));
	make_request();
	make_response(NULL);
	ck_assert_str_eq(taken(NULL), "the server does not have the key of its certificate");
	leaf_length = (size_t)certs_der("second", leaf, sizeof(leaf));
	ck_assert_pstr_eq(taken(NULL), NULL);
}
END_TEST

START_TEST(offer_is_wiped)
{
	static const uint8_t zero[TSCF_X25519_SIZE];
	struct tscf_offer o;

	ck_assert_int_eq(tscf_share_make(&o.share), 0);
	ck_assert_mem_ne(o.share.secret, zero, sizeof(zero));
	tscf_offer_wipe(&o);
	ck_assert_mem_eq(o.share.secret, zero, sizeof(zero));
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
	ck_assert_ptr_null(
	    tscf_identity_read(certs_path("server.key"), certs_path("server.key"), error, sizeof(error)));
	ck_assert_ptr_nonnull(strstr(error, "server.key: holds no certificate in PEM"));
	ck_assert_ptr_null(
	    tscf_identity_read(certs_path("server.pem"), certs_path("server.pem"), error, sizeof(error)));
	ck_assert_ptr_nonnull(strstr(error, "server.pem: holds no private key in PEM"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("agreement");
	TCase *tc = tcase_create("agreement");

	tcase_add_unchecked_fixture(tc, make_certificates, certs_remove);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, hkdf_gives_the_published_keys, 0, 2);
	tcase_add_test(tc, x25519_gives_the_published_secrets);
	tcase_add_test(tc, a_seal_is_what_the_specification_says);
	tcase_add_loop_test(tc, both_ends_come_to_the_same_key, 0, 2);
	tcase_add_test(tc, the_key_is_what_the_specification_says);
	tcase_add_test(tc, nothing_of_the_response_can_be_changed);
	tcase_add_test(tc, nothing_of_the_request_can_be_changed);
	tcase_add_test(tc, another_key_does_not_sign_for_the_server);
	tcase_add_loop_test(tc, a_share_must_be_of_use, 0, 2);
	tcase_add_loop_test(tc, a_proof_has_all_its_parts, 0, 3);
	tcase_add_loop_test(tc, nothing_can_be_added, 0, 3);
	tcase_add_test(tc, shares_are_made_anew);
	tcase_add_test(tc, only_points_are_answered);
	tcase_add_test(tc, an_answer_that_has_no_room_is_none);
	tcase_add_loop_test(tc, certificates_are_judged_as_in_a_handshake, 0, 16);
	tcase_add_test(tc, a_pin_needs_neither_clock_nor_ca);
	tcase_add_test(tc, certificates_come_in_parts);
	tcase_add_test(tc, a_renewed_certificate_signs);
	tcase_add_test(tc, offer_is_wiped);
	tcase_add_test(tc, what_cannot_be_read_is_named);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
